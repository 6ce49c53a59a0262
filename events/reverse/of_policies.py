"""The opposites of events about policies and blocklists; each function reads the event and what holds now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _

from events.reverse.opposites import Difference, Gone, Opposite, Row, changed_since, names, text, word
from kit.mobile_networks import ZONES, network_name
from sims.connectivity.services.blocklist import allow_operator, block_operator
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


def policy_created(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Delete a policy that was made."""
    policy = _policy(row, detail)
    service = isinstance(policy, ServicePolicy)
    column = "service_policy" if service else "coverage_policy"
    used = Device.objects.filter(**{column: policy}).exclude(status=DeviceStatus.DELETED).count()
    if used:
        said = _("“%(name)s” is used by %(count)s device(s). Give them another policy first.")
        raise Gone(said % {"name": policy.name, "count": f"{used:,}"})
    delete = delete_service_policy if service else delete_coverage_policy
    return Opposite(
        title=_("Delete policy “%(name)s”") % {"name": policy.name},
        do=lambda: delete(workspace_id=row["workspace_id"], policy_id=policy.pk),
        note=_("A deleted policy cannot be restored."),
        danger=True,
    )


def policy_updated(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Change a policy back."""
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
            raise Gone(changed_since(name))
        if held != change["from"]:
            values[column] = change["from"]
            differences.append(Difference(word(name), text(held), text(change["from"])))
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
        raise Gone(changed_since("excluded_zones"))
    place = {"workspace_id": policy.workspace_id, "policy_id": policy.pk}
    # A data plan that goes back chooses all zones by itself.
    if more := before - (set() if moved else held):
        later.append(lambda: choose_zones(**place, zones=more, chosen=False))
    if not moved and (less := held - before):
        later.append(lambda: choose_zones(**place, zones=less, chosen=True))
    return [Difference(word("excluded_zones"), names(ZONES[key] for key in held), names(change["from"]))]


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
    return [Difference(word("operator_blocklist"), names(held), names(rest))]


def _allowance(
    policy: CoveragePolicy, change: Row, later: list[Callable[[], object]], *, moved: bool
) -> list[Difference]:
    before = bool(change["from"])
    if policy.uses_allowance == before:
        return []
    later.append(lambda: use_allowance(workspace_id=policy.workspace_id, policy_id=policy.pk, uses=before))
    return [Difference(word("uses_allowance"), text(not before), text(before))]


_SPECIAL: Final[Mapping[str, Callable[..., list[Difference]]]] = {
    "excluded_zones": _zones,
    "operator_blocklist": _networks,
    "uses_allowance": _allowance,
}
"""What of a coverage policy has services of its own."""


def blocklist(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Allow a network that was blocked for a device, or block it again."""
    network, blocked = detail["operator"], bool(detail["blocked"])
    device = Device.objects.of(row["workspace_id"]).filter(pk=row["device_id"]).exclude(status=DeviceStatus.DELETED)
    if (found := device.first()) is None:
        raise Gone(_("The device is not in this workspace any more, or deleted."))
    held = BlockedOperator.objects.filter(device_id=found.pk, operator_id=network["id"]).exists()
    if held != blocked:
        raise Gone(_("Everything is as it was before."))
    called = {"network": network["name"], "device": found.name}
    do = allow_operator if blocked else block_operator
    return Opposite(
        title=(_("Allow %(network)s for “%(device)s”") if blocked else _("Block %(network)s for “%(device)s”"))
        % called,
        do=lambda: do(workspace_id=row["workspace_id"], device_id=found.pk, operator_id=network["id"]),
    )
