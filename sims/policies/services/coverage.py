"""What a coverage policy lets its devices use: rate zones, networks, and the allowance of its data plan.

The rate zones of a data plan are the parts of the world (`kit.mobile_networks.ZONES`). A new policy chooses all
of them and keeps off no network. What is taken away here is refused to every device of the policy from then on: usage
records of such a network are rejected (`services.usage`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, NotFound
from kit.mobile_networks import ZONES, network_name, networks
from sims import signals
from sims.bars import lift
from sims.models import CoverageBlockedOperator, CoverageExcludedZone, CoveragePolicy


@retried
def block_policy_operator(*, workspace_id: int, policy_id: int, operator_id: int) -> None:
    """Keep all devices of a coverage policy off a network (event 10009).

    Args:
        workspace_id: owner of the policy.
        policy_id: the policy.
        operator_id: the network, as `kit.mobile_networks` numbers them.

    Raises:
        Forbidden: the actor may not change policies here.
        NotFound: no such policy; with field "operator" no such network.
        Conflict: it is blocked already.
    """
    authorise(workspace_id, Permission.POLICY_UPDATE)
    if operator_id not in networks():
        raise NotFound(_("Operator with Id '%(id)s' not found.") % {"id": operator_id}, field="operator")
    with action():
        policy = _locked(workspace_id, policy_id)
        before = _blocked(policy)
        if operator_id in before:
            raise Conflict(
                f"Operator with Id '{operator_id}' is already blocked on Tariff profile with Id '{policy_id}'.",
                code="duplicate",
            )
        CoverageBlockedOperator.objects.create(policy=policy, operator_id=operator_id, created=current_context().now())
        _tell_operators(policy, before, sorted([*before, operator_id]))


@retried
def allow_policy_operator(*, workspace_id: int, policy_id: int, operator_id: int) -> None:
    """Let the devices of a coverage policy use a network again (event 10009).

    Args: as `block_policy_operator`.

    Raises:
        Forbidden: the actor may not change policies here.
        NotFound: no such policy; with field "operator": this network is not blocked in it.
    """
    authorise(workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy = _locked(workspace_id, policy_id)
        before = _blocked(policy)
        if operator_id not in before:
            raise NotFound(
                f"Operator with Id '{operator_id}' is not blocked on Tariff profile with Id '{policy_id}'.",
                field="operator",
            )
        lift(CoverageBlockedOperator.objects.filter(policy=policy, operator_id=operator_id))
        _tell_operators(policy, before, [each for each in before if each != operator_id])


@retried
def choose_zones(*, workspace_id: int, policy_id: int, zones: Iterable[int], chosen: bool) -> None:
    """Choose rate zones of a policy's data plan, or give them up (event 10009); what holds already writes nothing.

    Args:
        workspace_id: owner of the policy.
        policy_id: the policy.
        zones: keys of `ZONES`.
        chosen: whether its devices may use them.

    Raises:
        Forbidden, NotFound: the actor may not change policies here, or there is no such policy.
    """
    authorise(workspace_id, Permission.POLICY_UPDATE)
    wanted = set(zones) & ZONES.keys()
    with action():
        policy = _locked(workspace_id, policy_id)
        before = set(CoverageExcludedZone.objects.filter(policy=policy).values_list("zone", flat=True))
        after = before - wanted if chosen else before | wanted
        if after == before:
            return
        now = current_context().now()
        lift(CoverageExcludedZone.objects.filter(policy=policy, zone__in=before - after))
        CoverageExcludedZone.objects.bulk_create(
            CoverageExcludedZone(policy=policy, zone=zone, created=now) for zone in sorted(after - before)
        )
        _tell(policy, "excluded_zones", [ZONES[each] for each in sorted(before)], [ZONES[z] for z in sorted(after)])


@retried
def use_allowance(*, workspace_id: int, policy_id: int, uses: bool) -> None:
    """Let the SIMs of a policy take part in what its data plan includes, or not (event 10009).

    It is recorded for billing; nothing here is computed from it.

    Args:
        workspace_id: owner of the policy.
        policy_id: the policy.
        uses: whether they do.

    Raises:
        Forbidden: the actor may not change policies here.
        NotFound: no such policy; with field "inclusive_volume": it does not use the allowance anyway.
        Conflict: it uses it already.
    """
    authorise(workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy = _locked(workspace_id, policy_id)
        if policy.uses_allowance == uses and uses:
            raise Conflict(_("'%(name)s' uses this allowance already.") % {"name": policy.name}, code="duplicate")
        if policy.uses_allowance == uses:
            raise NotFound(
                _("'%(name)s' does not use this allowance.") % {"name": policy.name}, field="inclusive_volume"
            )
        policy.uses_allowance = uses
        policy.save(update_fields=["uses_allowance"])
        _tell(policy, "uses_allowance", not uses, uses)


def _locked(workspace_id: int, policy_id: int) -> CoveragePolicy:
    found = CoveragePolicy.objects.of(workspace_id).filter(pk=policy_id).select_for_update(of=("self",)).first()
    if found is None:
        raise NotFound(_("Coverage policy with Id '%(id)s' not found.") % {"id": policy_id})
    return found


def _blocked(policy: CoveragePolicy) -> list[int]:
    blocked = CoverageBlockedOperator.objects.filter(policy=policy).order_by("operator_id")
    return list(blocked.values_list("operator_id", flat=True))


def _tell_operators(policy: CoveragePolicy, before: list[int], after: list[int]) -> None:
    _tell(policy, "operator_blocklist", [network_name(each) for each in before], [network_name(e) for e in after])


def _tell(policy: CoveragePolicy, name: str, before: Any, after: Any) -> None:
    signals.policy_changed.send(
        sender=CoveragePolicy,
        workspace_id=policy.workspace_id,
        kind="coverage",
        what="updated",
        policy_id=policy.pk,
        name=policy.name,
        changes={name: {"from": before, "to": after}},
    )
