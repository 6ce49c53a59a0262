"""The timeline of an order, made from its events alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from events.selectors import list_rows, log_of, persons_of
from events.who import Who, doubles_among, who_of
from kit.htmx import respond
from orders.models import OrderBatch, ShippingProvider
from orders.selectors import order_of_workspace
from orders.states import OrderStatus

SUBMITTED: Final = 38
UPDATED: Final = 39
REGISTERED: Final = 48
MOST_STEPS: Final = 120


@dataclass(frozen=True, slots=True)
class Milestone:
    """One event of an order, in words."""

    text: str
    note: str
    moment: datetime
    who: Who
    url: str


def steps_of(*, workspace_id: int, order_id: int, staff: bool) -> list[Milestone]:
    """Return what happened to an order, oldest first. Six queries.

    Args:
        workspace_id: whose order; its log is read and no other.
        order_id: which one.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    condition = Q(type__in=(SUBMITTED, UPDATED), detail__id=order_id)
    batches = dict(OrderBatch.objects.filter(line__order=order_id).values_list("batch_id", "batch__bic"))
    if batches:
        condition |= Q(type=REGISTERED, detail__sim_batch__id__in=list(batches))
    events = log_of(workspace_id).filter(condition).order_by("timestamp", "id")[:MOST_STEPS]
    details = dict(events.values_list("pk", "detail"))
    rows = list_rows(events)
    persons = persons_of(rows)
    doubles = doubles_among(workspace_id, rows, persons, staff=staff)
    carriers = dict(ShippingProvider.objects.values_list("pk", "name"))
    return [
        Milestone(
            *_words(row["type"], details[row["id"]] or {}, carriers, batches),
            moment=row["timestamp"],
            who=who_of(row, persons, doubles=doubles, staff=staff),
            url=reverse("events:detail", args=[workspace_id, row["id"]]),
        )
        for row in rows
    ]


def _words(type_id: int, detail: dict[str, Any], carriers: dict[int, str], batches: dict[int, str]) -> tuple[str, str]:
    if type_id == SUBMITTED:
        return str(OrderStatus.SUBMITTED.label), ""
    if type_id == REGISTERED:
        batch = detail.get("sim_batch", {})
        count = batch.get("batch_size", 0)
        text = ngettext("%(n)s SIM registered", "%(n)s SIMs registered", count) % {"n": f"{count:,}"}
        return text, f"BIC {batches.get(batch.get('id'), '')}"
    status = detail.get("status", {}).get("id")
    text = str(OrderStatus(status).label) if status in OrderStatus.values else _("Updated")
    carrier = carriers.get(detail.get("shipped_with_provider_id", 0), "")
    return text, " ".join(part for part in (carrier, detail.get("ext_shipping_reference", "")) if part)


@require_safe
def order_timeline(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Show the events of an order as a timeline.

    Raises:
        NotFound: no such order, or it belongs to another workspace.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    order = order_of_workspace(workspace_id, order_id)
    context = {
        "order": order,
        "steps": steps_of(workspace_id=workspace_id, order_id=order.pk, staff=request.user.is_staff),
        "list_url": f"{reverse('events:list', args=[workspace_id])}?type={SUBMITTED},{UPDATED}",
    }
    return respond(request, "events/order_timeline.html", "events/_order_timeline.html", context)
