"""Reversing one event that is about one thing: a policy, a person, a token, the workspace's own data, an order.

Each type has a function here that reads the event and what holds now, and returns the opposite action: what would
change, what is in the way, and the ordinary service that does it and has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, CompanyDetails, Invitation, Membership, Workspace
from accounts.people.services.invitations import withdraw_invitation
from accounts.people.services.members import change_role, remove_member
from accounts.permissions import Role
from accounts.tokens.services import describe_application_token, revoke_application_token
from accounts.workspaces.services.company import DETAIL_FIELDS, WORKSPACE_FIELDS, set_mfa_required, update_company
from events.selectors import persons_of
from events.text import complete_detail
from kit.action import action, retried
from kit.context import reversing
from kit.errors import DomainError
from kit.mobile_networks import ZONES, network_name
from orders.models import Order
from orders.services.orders import orders_cancel, refusal_text
from orders.states import OrderStatus, may_move
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.inventory.services.transfer import transfer_sims
from sims.models import (
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    CoveragePolicy,
    Device,
    ServicePolicy,
)
from sims.policies.services.coverage import (
    allow_policy_operator,
    choose_zones,
    use_allowance,
)
from sims.policies.services.policies import (
    COVERAGE_FIELDS,
    SERVICE_FIELDS,
    delete_coverage_policy,
    delete_service_policy,
    update_coverage_policy,
    update_service_policy,
)
from sims.states import DeviceStatus

Row = Mapping[str, Any]


class Gone(Exception):
    """The opposite action can't be done; the text says why."""


@dataclass(frozen=True)
class Difference:
    """One thing that would change: what it is, what holds now, and what would hold."""

    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Opposite:
    """The opposite of one event.

    Args:
        title: what would be done, as the head of a dialog.
        do: does it; raises `DomainError` where the service refuses.
        differences: what would change.
        note: what else it means, "" for nothing.
        danger: whether something ends by it.
    """

    title: str
    do: Callable[[], object]
    differences: Sequence[Difference] = field(default_factory=tuple)
    note: str = ""
    danger: bool = False


def opposite_of(row: Row) -> Opposite:
    """Return the opposite of an event that is reversed by itself.

    Args:
        row: of `selectors.event_row`, of a type that `reversals.TABLE` lists so.

    Raises:
        Gone: it can't be done as things are; the text says why.
    """
    detail = complete_detail(row["detail"], None, None)
    try:
        return _WAYS[row["type"]](row, detail if isinstance(detail, Mapping) else {})
    except (KeyError, TypeError, ValueError) as error:
        raise Gone(_("This event does not keep enough of what was before.")) from error


@retried
def reverse_alone(*, event_id: int, opposite: Opposite) -> None:
    """Do the opposite of one event; what is written names it.

    Args:
        event_id: the event.
        opposite: of `opposite_of`.

    Raises:
        DomainError: the service refuses; nothing was done.
    """
    with reversing(event=event_id), action():
        opposite.do()


# --- policies ---

_POLICIES: Final[Mapping[int, type[ServicePolicy] | type[CoveragePolicy]]] = {
    10005: ServicePolicy,
    10006: ServicePolicy,
    10008: CoveragePolicy,
    10009: CoveragePolicy,
}


def _policy(row: Row, detail: Mapping[str, Any]) -> Any:
    model = _POLICIES[row["type"]]
    found = model._default_manager.filter(workspace_id=row["workspace_id"], pk=detail["policy"]["id"]).first()
    if found is None:
        raise Gone(_("The policy has been deleted since."))
    return found


def _policy_created(row: Row, detail: Mapping[str, Any]) -> Opposite:
    policy = _policy(row, detail)
    service = isinstance(policy, ServicePolicy)
    column = "service_policy" if service else "coverage_policy"
    used = Device.objects.filter(**{column: policy}).exclude(status=DeviceStatus.DELETED).count()
    if used:
        text = _("“%(name)s” is used by %(count)s device(s). Give them another policy first.")
        raise Gone(text % {"name": policy.name, "count": f"{used:,}"})
    delete = delete_service_policy if service else delete_coverage_policy
    return Opposite(
        title=_("Delete policy “%(name)s”") % {"name": policy.name},
        do=lambda: delete(workspace_id=row["workspace_id"], policy_id=policy.pk),
        note=_("A deleted policy cannot be restored."),
        danger=True,
    )


def _policy_updated(row: Row, detail: Mapping[str, Any]) -> Opposite:
    policy = _policy(row, detail)
    changes = dict(detail["changes"])
    # What was chosen of a data plan is chosen again after the plan itself.
    special = {name: changes.pop(name) for name in _SPECIAL if name in changes}
    service = isinstance(policy, ServicePolicy)
    fields = SERVICE_FIELDS if service else COVERAGE_FIELDS
    values: dict[str, Any] = {}
    differences = []
    for name, change in changes.items():
        column = f"{name}_id" if f"{name}_id" in fields else name
        held = getattr(policy, column)
        if held != change["to"] and held != change["from"]:
            raise Gone(_changed_since(name))
        if held != change["from"]:
            values[column] = change["from"]
            differences.append(Difference(_word(name), _text(held), _text(change["from"])))
    later: list[Callable[[], object]] = []
    for name, change in special.items():
        differences += _SPECIAL[name](policy, change, later, moved="data_plan" in changes)
    if not differences:
        raise Gone(_("Everything is as it was before."))
    update = update_service_policy if service else update_coverage_policy

    def do() -> None:
        if values:
            update(workspace_id=policy.workspace_id, policy_id=policy.pk, values=values)
        for each in later:
            each()

    return Opposite(
        title=_("Change policy “%(name)s” back") % {"name": policy.name},
        do=do,
        differences=differences,
        note=_("It holds for all devices of the policy, from their next connection on."),
    )


def _zones(policy: CoveragePolicy, change: Row, later: list[Callable[[], object]], *, moved: bool) -> list[Difference]:
    keys = {name: key for key, name in ZONES.items()}
    before = {keys[name] for name in change["from"]}
    held = set(CoverageExcludedZone.objects.filter(policy=policy).values_list("zone", flat=True))
    if held == before:
        return []
    if held != {keys[name] for name in change["to"]}:
        raise Gone(_changed_since("excluded_zones"))
    place = {"workspace_id": policy.workspace_id, "policy_id": policy.pk}
    # A data plan that goes back chooses all zones by itself.
    if more := before - (set() if moved else held):
        later.append(lambda: choose_zones(**place, zones=more, chosen=False))
    if not moved and (less := held - before):
        later.append(lambda: choose_zones(**place, zones=less, chosen=True))
    return [Difference(_word("excluded_zones"), _names(ZONES[key] for key in held), _names(change["from"]))]


def _networks(
    policy: CoveragePolicy, change: Row, later: list[Callable[[], object]], *, moved: bool
) -> list[Difference]:
    blocked = CoverageBlockedOperator.objects.filter(policy=policy).values_list("operator_id", flat=True)
    held = {network_name(pk): pk for pk in blocked}
    place = {"workspace_id": policy.workspace_id, "policy_id": policy.pk}
    came, went = set(change["to"]) - set(change["from"]), set(change["from"]) - set(change["to"])
    if went:
        # An event tells the names of networks, which several can share.
        raise Gone(_("The event tells the names of networks alone. Block them again on the page of the policy."))
    back = sorted(held[name] for name in came if name in held)
    later += [partial(allow_policy_operator, **place, operator_id=pk) for pk in back]
    if not back:
        return []
    rest = [name for name, pk in held.items() if pk not in back]
    return [Difference(_word("operator_blocklist"), _names(held), _names(rest))]


def _allowance(
    policy: CoveragePolicy, change: Row, later: list[Callable[[], object]], *, moved: bool
) -> list[Difference]:
    before = bool(change["from"])
    if policy.uses_allowance == before:
        return []
    later.append(lambda: use_allowance(workspace_id=policy.workspace_id, policy_id=policy.pk, uses=before))
    return [Difference(_word("uses_allowance"), _text(not before), _text(before))]


_SPECIAL: Final[Mapping[str, Callable[..., list[Difference]]]] = {
    "excluded_zones": _zones,
    "operator_blocklist": _networks,
    "uses_allowance": _allowance,
}
"""What of a coverage policy has services of its own."""


def _blocklist(row: Row, detail: Mapping[str, Any]) -> Opposite:
    network, blocked = detail["operator"], bool(detail["blocked"])
    device = Device.objects.of(row["workspace_id"]).filter(pk=row["device_id"]).exclude(status=DeviceStatus.DELETED)
    if (found := device.first()) is None:
        raise Gone(_("The device is not in this workspace any more, or deleted."))
    held = BlockedOperator.objects.filter(device_id=found.pk, operator_id=network["id"]).exists()
    if held != blocked:
        raise Gone(_("Everything is as it was before."))
    names = {"network": network["name"], "device": found.name}
    do = allow_operator if blocked else block_operator
    return Opposite(
        title=(_("Allow %(network)s for “%(device)s”") if blocked else _("Block %(network)s for “%(device)s”")) % names,
        do=lambda: do(workspace_id=row["workspace_id"], device_id=found.pk, operator_id=network["id"]),
    )


# --- people and tokens ---


def _person(row: Row) -> Any:
    person = persons_of([row]).get(row["subject_id"])
    if person is None:
        raise Gone(_("This event does not keep enough of what was before."))
    return person


def _membership(row: Row, user_id: int) -> Membership:
    found = Membership.objects.filter(workspace_id=row["workspace_id"], user_id=user_id).select_related("user").first()
    if found is None:
        raise Gone(_("The person is no member of this workspace any more."))
    return found


def _role(row: Row, detail: Mapping[str, Any]) -> Opposite:
    held = _membership(row, _person(row).user_id)
    before, after = Role(detail["role"]["from"]), Role(detail["role"]["to"])
    if held.role == before:
        raise Gone(_("Everything is as it was before."))
    if held.role != after:
        raise Gone(_changed_since("role"))
    return Opposite(
        title=_("Role of %(name)s") % {"name": held.user.name},
        do=lambda: change_role(workspace_id=row["workspace_id"], user_id=held.user_id, role=before.value),
        differences=[Difference(_word("role"), str(after.label), str(before.label))],
        note=_("Application tokens that the person made never get more rights back."),
    )


def _joined(row: Row, detail: Mapping[str, Any]) -> Opposite:
    held = _membership(row, _person(row).user_id)
    return Opposite(
        title=_("Remove %(name)s") % {"name": held.user.name},
        do=lambda: remove_member(workspace_id=row["workspace_id"], user_id=held.user_id),
        note=_(
            "%(name)s can no longer enter this workspace, at once. Application tokens of the person are revoked, and "
            "an account whose last workspace this is ends with it."
        )
        % {"name": held.user.name},
        danger=True,
    )


def _invited(row: Row, detail: Mapping[str, Any]) -> Opposite:
    person = _person(row)
    found = Invitation.objects.of(row["workspace_id"]).filter(
        user_id=person.user_id, accepted__isnull=True, withdrawn__isnull=True
    )
    invitation = found.first()
    if invitation is None:
        raise Gone(_("The invitation was accepted or withdrawn since."))
    return Opposite(
        title=_("Withdraw the invitation of %(email)s") % {"email": invitation.email},
        do=lambda: withdraw_invitation(workspace_id=row["workspace_id"], invitation_id=invitation.pk),
        note=_("The link in the mail stops working at once."),
        danger=True,
    )


def _token(row: Row, detail: Mapping[str, Any]) -> ApplicationToken:
    tokens = ApplicationToken.objects.of(row["workspace_id"])
    found = tokens.filter(pk=detail["application_token"]["id"]).first()
    if found is None:
        raise Gone(_("There is no such application token any more."))
    return found


def _token_created(row: Row, detail: Mapping[str, Any]) -> Opposite:
    token = _token(row, detail)
    if token.status == ApplicationToken.Status.REVOKED:
        raise Gone(_("The token is revoked already."))
    return Opposite(
        title=_("Revoke application token “%(name)s”") % {"name": token.description or token.pk},
        do=lambda: revoke_application_token(workspace_id=row["workspace_id"], token_id=token.pk),
        note=_("What is signed in with it is refused from its next call on. A revoked token stays revoked."),
        danger=True,
    )


def _token_changed(row: Row, detail: Mapping[str, Any]) -> Opposite:
    change = detail["changes"].get("description")
    if change is None:
        raise Gone(_("The rights of a token are never raised. Create a new one with the role that is needed."))
    token = _token(row, detail)
    if token.description == change["from"]:
        raise Gone(_("Everything is as it was before."))
    if token.description != change["to"]:
        raise Gone(_changed_since("description"))
    return Opposite(
        title=_("Describe application token %(id)s as before") % {"id": token.pk},
        do=lambda: describe_application_token(
            workspace_id=row["workspace_id"], token_id=token.pk, description=change["from"]
        ),
        differences=[Difference(_word("description"), _text(token.description), _text(change["from"]))],
    )


# --- the workspace ---


def _organisation(row: Row, detail: Mapping[str, Any]) -> Opposite:
    workspace = Workspace.objects.get(pk=row["workspace_id"])
    company = CompanyDetails.objects.filter(workspace=workspace).first() or CompanyDetails(workspace=workspace)
    values: dict[str, Any] = {}
    differences = []
    for each in detail["changed_data"]:
        for wire_name, change in each.items():
            name = wire_name.removesuffix("_id") if wire_name == "verification_type_id" else wire_name
            if name not in (*WORKSPACE_FIELDS, *DETAIL_FIELDS):
                raise Gone(_("This event does not keep enough of what was before."))
            held = getattr(workspace if name in WORKSPACE_FIELDS else company, name)
            old = "" if change["old"] == "null" else change["old"]
            new = "" if change["new"] == "null" else change["new"]
            shown = "" if held is None else str(held)
            if shown == old:
                continue
            if shown != new:
                raise Gone(_changed_since(name))
            values[name] = (int(old) if old else None) if name == "verification_type" else old
            differences.append(Difference(_word(name), _text(shown), _text(old)))
    if not values:
        raise Gone(_("Everything is as it was before."))
    return Opposite(
        title=_("Change the company details back"),
        do=lambda: update_company(workspace_id=workspace.pk, changes=values),
        differences=differences,
    )


def _setting(row: Row, detail: Mapping[str, Any]) -> Opposite:
    if detail["setting"] != "mfa_required":
        raise Gone(_("This setting is the operator’s, who can change it back."))
    required = detail["from"] == "required"
    workspace = Workspace.objects.get(pk=row["workspace_id"])
    if workspace.mfa_required == required:
        raise Gone(_("Everything is as it was before."))
    words = {True: _("required"), False: _("optional")}
    return Opposite(
        title=_("Change the setting back"),
        do=lambda: set_mfa_required(workspace_id=workspace.pk, required=required),
        differences=[Difference(_("Second factor"), words[not required], words[required])],
        note=_("Whoever has none sees only the page where it is set up, until it is.") if required else "",
    )


# --- orders and transfers ---


def _order(row: Row, detail: Mapping[str, Any]) -> Opposite:
    order = Order.objects.filter(workspace_id=row["workspace_id"], pk=detail["id"]).first()
    if order is None:
        raise Gone(_("There is no such order any more."))
    if not may_move(order.status, OrderStatus.CANCELED):
        raise Gone(refusal_text(order, OrderStatus.CANCELED))
    return Opposite(
        title=_("Cancel order %(id)s") % {"id": order.pk},
        do=lambda: orders_cancel(order_ids=[order.pk], workspace_id=row["workspace_id"]).raise_if_refused(),
        note=_("Nothing is shipped, and what was paid is given back."),
        danger=True,
    )


def _transfer(row: Row, detail: Mapping[str, Any]) -> Opposite:
    source, target = detail["source"], detail["target"]
    ids = [sim["id"] for sim in detail["sims"]]
    try:
        foreseen = transfer_sims(target_id=source["id"], sim_ids=ids, dry_run=True)
    except DomainError as error:
        raise Gone(error.message) from error
    elsewhere = [pk for pk, workspace_id in foreseen.sources.items() if workspace_id != target["id"]]
    problems = [problem.message for problem in foreseen.problems]
    if elsewhere and not problems:
        problems = [_("SIMs have been transferred on since.")]
    if problems:
        raise Gone(" ".join(problems))
    return Opposite(
        title=_("Transfer %(count)s SIM(s) back") % {"count": f"{len(ids):,}"},
        do=lambda: transfer_sims(target_id=source["id"], sim_ids=ids, dry_run=False),
        differences=[Difference(_("Workspace"), target["name"], source["name"])],
        note=_("Activated SIMs are suspended on the way. Devices stay where they are."),
    )


# --- words ---


def _changed_since(name: str) -> str:
    return _("It was changed since: “%(what)s” is another one now.") % {"what": _word(name)}


def _word(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value not in (None, "") else "–"


def _names(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "–"


_WAYS: Final[Mapping[int, Callable[[Row, Mapping[str, Any]], Opposite]]] = {
    31: _organisation,
    36: _invited,
    38: _order,
    69: _transfer,
    10005: _policy_created,
    10006: _policy_updated,
    10008: _policy_created,
    10009: _policy_updated,
    10012: _blocklist,
    10024: _role,
    10025: _joined,
    10030: _token_created,
    10040: _setting,
    10085: _token_changed,
}
"""The opposite of each type that is reversed by itself."""
