"""What the dashboard says first: the steps of a new workspace, and what needs somebody's attention.

Both come from what there is, by one query: a step that is done ticks itself, and a button leads only where its form can
be completed.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Exists, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApplicationToken, Workspace
from accounts.models.workspaces import DataPlanBooking
from accounts.permissions import Permission
from kit.context import current_context
from orders.models import Order
from orders.states import OrderStatus
from sims.models import CoveragePolicy, ServicePolicy, Sim, UsageDay
from sims.states import DeviceStatus, SimStatus

DISMISSED: Final = "guides_dismissed"
"""Preference of a user: ids of the workspaces whose first steps they put away."""
TOKENS_END_IN: Final = timedelta(days=14)


@dataclass(frozen=True)
class Step:
    """One step of a new workspace.

    Args:
        title, text: what to do.
        done: whether it is.
        actions: label and address of what does it, the best first.
        waits: what has to come before, or who can do it, where there is no button.
    """

    title: str
    text: str
    done: bool
    actions: tuple[tuple[str, str], ...] = ()
    waits: str = ""


@dataclass(frozen=True)
class Matter:
    """Something that needs attention: what, where it is seen, and the word on the button."""

    text: str
    url: str
    label: str


def facts_of(workspace: Workspace) -> dict[str, Any]:
    """Return what steps and matters depend on, by name. One query."""
    sims = Sim.objects.filter(workspace_id=workspace.pk)
    on_device = sims.filter(device__isnull=False)
    near = Q(tested_bytes__gte=-(-workspace.factory_test_bytes * 4 // 5)) | Q(
        tested_sms__gte=-(-workspace.factory_test_sms * 4 // 5)
    )
    tokens = ApplicationToken.objects.filter(workspace_id=workspace.pk, status=ApplicationToken.Status.ACTIVATED)
    now = current_context().now()
    found = (
        Workspace.objects.filter(pk=workspace.pk)
        .values(
            services=Exists(ServicePolicy.objects.filter(workspace_id=workspace.pk)),
            coverage=Exists(CoveragePolicy.objects.filter(workspace_id=workspace.pk)),
            plan=Exists(DataPlanBooking.objects.filter(workspace_id=workspace.pk)),
            equipped=Exists(on_device),
            used=Exists(UsageDay.objects.filter(workspace_id=workspace.pk)),
            unused=_number(sims.filter(status=SimStatus.ACTIVATED, device__isnull=True)),
            near=_number(sims.filter(near, status=SimStatus.FACTORY_TEST)),
            dark=_number(
                on_device.filter(
                    status__in=(SimStatus.ISSUED, SimStatus.SUSPENDED), device__status=DeviceStatus.ENABLED
                )
            ),
            idle=_number(on_device.filter(status=SimStatus.ACTIVATED, device__status=DeviceStatus.DISABLED)),
            unpaid=_number(Order.objects.filter(workspace_id=workspace.pk, status=OrderStatus.SUBMITTED)),
            tokens=_number(tokens.filter(expiry_date__gt=now, expiry_date__lte=now + TOKENS_END_IN)),
        )
        .get()
    )
    return dict(found)


def _number(rows: QuerySet[Any]) -> Coalesce:
    """Return the number of rows of one workspace as an expression; 0 for none."""
    counted = rows.order_by().values("workspace_id").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), Value(0))


# --- first steps ---


def first_steps(
    workspace: Workspace, facts: dict[str, Any], *, has_sims: bool, may: Container[str], dismissed: bool
) -> list[Step]:
    """Return the steps of a new workspace; none when all are done, put away, or not the reader's to do.

    Args:
        workspace: whose.
        facts: of `facts_of`.
        has_sims: whether there is any SIM in the inventory.
        may: names of the reader's rights.
        dismissed: whether the reader has put them away.
    """
    if dismissed or not {Permission.SIM_REGISTER.name, Permission.DEVICE_UPDATE.name} & _held(may):
        return []
    steps = [_sims(workspace, has_sims, may), _policies(workspace, facts, may)]
    steps += [_device(workspace, facts, may, ready=steps[1].done, has_sims=has_sims), _test(workspace, facts)]
    return [] if all(step.done for step in steps) else steps


def _held(may: Container[str]) -> set[str]:
    return {permission.name for permission in Permission if permission.name in may}


def _url(name: str, workspace: Workspace, *more: Any) -> str:
    return reverse(name, args=[workspace.pk, *more])


def _sims(workspace: Workspace, has_sims: bool, may: Container[str]) -> Step:
    actions = []
    if Permission.SIM_REGISTER.name in may:
        actions.append((_("Register SIMs"), _url("sims:register", workspace)))
    if Permission.ORDER_CREATE.name in may:
        actions.append((_("Order SIMs"), _url("orders:shop", workspace)))
    text = _("Register SIMs that you hold by the code on the card or the label of the batch, or order some.")
    return Step(_("Get SIMs"), text, has_sims, tuple(actions))


def _policies(workspace: Workspace, facts: dict[str, Any], may: Container[str]) -> Step:
    text = _("A service policy says what devices may use, a coverage policy where and at which data plan.")
    step = Step(_("Have the policies ready"), text, facts["services"] and facts["coverage"])
    url, label, waits = "", "", ""
    if step.done:
        url, label = _url("sims:policy_list", workspace), _("Look at the policies")
    elif not facts["plan"]:
        waits = _("A coverage policy needs a data plan, which an Administrator books.")
        if Permission.PACKAGE_UPDATE.name in may:
            url, label, waits = _url("accounts:workspace_package", workspace), _("Book a data plan"), ""
    elif Permission.POLICY_UPDATE.name in may:
        kind = "coverage" if facts["services"] else "service"
        url = _url("sims:policy_create", workspace, kind)
        label = _("Create coverage policy") if kind == "coverage" else _("Create service policy")
    else:
        waits = _("An Administrator creates them.")
    return Step(step.title, step.text, step.done, ((label, url),) if url else (), waits)


def _device(workspace: Workspace, facts: dict[str, Any], may: Container[str], *, ready: bool, has_sims: bool) -> Step:
    title, text = _("Create a device"), _("A device takes one SIM and gets its rules from the two policies.")
    if not ready or not has_sims:
        waits = _("The policies come first.") if has_sims else _("SIMs come first.")
        return Step(title, text, facts["equipped"], waits="" if facts["equipped"] else waits)
    actions = ((_("Create device"), _url("sims:device_create", workspace)),)
    return Step(title, text, facts["equipped"], actions if Permission.DEVICE_UPDATE.name in may else ())


def _test(workspace: Workspace, facts: dict[str, Any]) -> Step:
    text = _("Put the SIM into the device and switch it on. Its first data or SMS shows on the page of the SIM.")
    if not facts["equipped"]:
        return Step(_("See it connect"), text, facts["used"], waits=_("The device comes first."))
    return Step(
        _("See it connect"), text, facts["used"], ((_("Connected devices"), _url("sims:device_list", workspace)),)
    )


# --- what needs attention ---


def matters(workspace: Workspace, facts: dict[str, Any], may: Container[str]) -> list[Matter]:
    """Return what needs attention, the dearest first."""
    sims, devices = _url("sims:sim_list", workspace), _url("sims:device_list", workspace)
    review = _("Review and suspend") if Permission.SIM_UPDATE.name in may else _("Show them")
    lines = (
        (
            facts["unused"],
            ngettext(
                "%(n)s unused but charged SIM card detected.",
                "%(n)s unused but charged SIM cards detected.",
                facts["unused"],
            ),
            f"{sims}?status={SimStatus.ACTIVATED.value}&device=none",
            review,
        ),
        (
            facts["idle"],
            ngettext(
                "%(n)s device is Disabled although its SIM is Activated and charged.",
                "%(n)s devices are Disabled although their SIMs are Activated and charged.",
                facts["idle"],
            ),
            f"{devices}?status={DeviceStatus.DISABLED.value}&sim={SimStatus.ACTIVATED.value}",
            _("Show them"),
        ),
        (
            facts["dark"],
            ngettext(
                "%(n)s device is Enabled but cannot connect: its SIM is Issued or Suspended.",
                "%(n)s devices are Enabled but cannot connect: their SIMs are Issued or Suspended.",
                facts["dark"],
            ),
            f"{devices}?status={DeviceStatus.ENABLED.value}&sim={SimStatus.ISSUED.value},{SimStatus.SUSPENDED.value}",
            _("Show them"),
        ),
        (
            facts["near"],
            ngettext(
                "%(n)s SIM is near a limit of its factory test; at the limit it becomes Activated and charged.",
                "%(n)s SIMs are near a limit of their factory test; at the limit they become Activated and charged.",
                facts["near"],
            ),
            f"{sims}?near=1",
            _("Show them"),
        ),
        (
            facts["unpaid"],
            ngettext("%(n)s order waits for its payment.", "%(n)s orders wait for their payment.", facts["unpaid"]),
            f"{_url('orders:order_list', workspace)}?status={OrderStatus.SUBMITTED.value}",
            _("Show them"),
        ),
        (
            facts["tokens"],
            ngettext(
                "%(n)s application token ends within two weeks.",
                "%(n)s application tokens end within two weeks.",
                facts["tokens"],
            ),
            _url("accounts:integrations", workspace),
            _("Show them"),
        ),
    )
    return [Matter(text % {"n": f"{count:,}"}, url, label) for count, text, url, label in lines if count]
