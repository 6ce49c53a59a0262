"""Batches: made, filled from a file and handed to a workspace, before a customer sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.action import action
from kit.admin.base import add_refusal
from kit.admin.filters import choice_filter, condition_filter, related_filter
from kit.admin.lists import prefix_range
from kit.errors import DomainError
from kit.rendering import badge, dash, identifier, number, when, when_absolute
from sims.admin_parts import workspace_link
from sims.identifiers import digits_in, iccid_with_luhn
from sims.inventory.admin.forms import InventoryForm, WorkspaceChoiceForm
from sims.inventory.admin.imports import ImportPages
from sims.inventory.services.allotment import assign_batch, reserve_batch
from sims.inventory.services.stock import (
    create_batch,
)
from sims.models import SimBatch, SimModel

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Way:
    """A way to hand out batches.

    Args:
        form: asks to whom, and what else it takes.
        do: hands one batch out, with the form's values.
        verb: of buttons.
        heading, done: of the page of one batch, and the sentence afterwards.
        done_many: the sentence after many.
    """

    form: Callable[..., WorkspaceChoiceForm]
    do: Callable[[SimBatch, dict[str, Any]], object]
    verb: Any
    heading: Any
    done: Any
    done_many: Any


RESERVE = Way(
    WorkspaceChoiceForm,
    lambda batch, values: reserve_batch(batch_id=batch.pk, workspace_id=values["workspace"].pk),
    gettext_lazy("Reserve"),
    gettext_lazy("Reserve batch %(bic)s"),
    gettext_lazy("Batch %(bic)s is reserved for %(workspace)s."),
    gettext_lazy("%(batches)s batches with %(sims)s SIMs reserved for %(workspace)s."),
)
ASSIGN = Way(
    InventoryForm,
    lambda batch, values: assign_batch(batch_id=batch.pk, workspace_id=values["workspace"].pk, status=values["status"]),
    gettext_lazy("Put into inventory"),
    gettext_lazy("Put batch %(bic)s into an inventory"),
    gettext_lazy("The SIMs of batch %(bic)s are in the inventory of %(workspace)s."),
    gettext_lazy("%(batches)s batches with %(sims)s SIMs are in the inventory of %(workspace)s."),
)


def _place(name: Any, **conditions: Any) -> tuple[Any, Any]:
    return name, lambda batches: batches.filter(**conditions)


def model_choices() -> list[tuple[int, str]]:
    """Return the kinds of SIMs."""
    return list(SimModel.objects.values_list("pk", "description"))


@admin.register(SimBatch)
class SimBatchAdmin(ImportPages):
    """Batches."""

    creates = True
    icon = "boxes"
    page_template = "admin/sims/simbatch/page.html"
    list_display = ("bic", "place", "owner", "model", "sims", "created_at", "assigned", "registered")
    list_filter = (
        condition_filter(
            "place",
            gettext_lazy("place"),
            {
                "empty": _place(gettext_lazy("Empty"), quantity=0),
                "stock": _place(gettext_lazy("In stock"), workspace__isnull=True, quantity__gt=0),
                "reserved": _place(gettext_lazy("Reserved"), workspace__isnull=False, registered_at__isnull=True),
                "registered": _place(gettext_lazy("In an inventory"), registered_at__isnull=False),
            },
        ),
        choice_filter("model", gettext_lazy("SIM model"), "model_id", model_choices),
        related_filter("workspace", gettext_lazy("Workspace"), "workspace"),
    )
    search_fields = ("bic",)
    search_help_text = gettext_lazy("BIC, or its first digits")
    ordering = ("-id",)
    list_select_related = ("workspace", "model")
    fields = ("bic", "model")
    actions = ("assign_selected", "reserve_selected")

    # --- writing ---

    def create(self, request: HttpRequest, form: Any) -> SimBatch:
        return create_batch(bic=form.cleaned_data["bic"], model=form.cleaned_data["model"])

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own: list[Any] = [
            path("<path:object_id>/assign/", wrap(self.assign_view), name="sims_simbatch_assign"),
            path("<path:object_id>/reserve/", wrap(self.reserve_view), name="sims_simbatch_reserve"),
        ]
        return own + super().get_urls()

    def assign_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the SIMs of a batch into a workspace's inventory."""
        return self._hand_out(request, object_id, ASSIGN)

    def reserve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Keep a batch for a workspace."""
        return self._hand_out(request, object_id, RESERVE)

    def _hand_out(self, request: HttpRequest, object_id: str, way: Way) -> HttpResponse:
        batch = self._batch(request, object_id)
        form = way.form(self.admin_site, request.POST if request.method == "POST" else None, count=batch.quantity)
        if form.is_valid():
            try:
                way.do(batch, form.cleaned_data)
            except DomainError as error:
                add_refusal(form, error)
            else:
                values = {"bic": batch.bic, "workspace": form.cleaned_data["workspace"].name}
                self.message_user(request, way.done % values, messages.SUCCESS)
                return HttpResponseRedirect(self.url_of(batch))
        context = {
            "form": form,
            "heading": way.heading % {"bic": batch.bic},
            "verb": way.verb,
            "back": self.url_of(batch),
            "crumbs": [(batch.bic, self.url_of(batch))],
        }
        return self.render(request, "admin/form_page.html", context, status=422 if form.errors else 200)

    @admin.action(description=gettext_lazy("Put into an inventory"), permissions=["assign"])
    def assign_selected(self, request: HttpRequest, batches: QuerySet[Any]) -> HttpResponse | None:
        """Put the SIMs of many batches into one workspace's inventory."""
        return self._hand_out_many(request, batches, ASSIGN, "assign_selected")

    @admin.action(description=gettext_lazy("Reserve for a workspace"), permissions=["assign"])
    def reserve_selected(self, request: HttpRequest, batches: QuerySet[Any]) -> HttpResponse | None:
        """Keep many batches for one workspace."""
        return self._hand_out_many(request, batches, RESERVE, "reserve_selected")

    def _hand_out_many(self, request: HttpRequest, batches: QuerySet[Any], way: Way, name: str) -> HttpResponse | None:
        """Hand many batches to one workspace; those that can't go there are named with their reason."""
        chosen = list(batches.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            text = _("Choose at most %(n)s batches at once. Nothing was changed.") % {"n": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return None
        confirmed = "confirm" in request.POST
        count = sum(batch.quantity for batch in chosen if not _why_not(batch))
        form = way.form(self.admin_site, request.POST if confirmed else None, count=count)
        if confirmed and form.is_valid():
            self._give(request, chosen, way, form.cleaned_data)
            return None
        total = sum(batch.quantity for batch in chosen)
        shown = ngettext("%(n)s batch", "%(n)s batches", len(chosen)) % {"n": len(chosen)}
        context = {
            "form": form,
            "heading": _("%(verb)s: %(batches)s") % {"verb": way.verb, "batches": shown},
            "intro": ngettext("%(n)s SIM in all.", "%(n)s SIMs in all.", total) % {"n": number(total)},
            "verb": way.verb,
            "back": request.get_full_path(),
            "crumbs": [],
            "action": name,
            "checkbox": ACTION_CHECKBOX_NAME,
            "ids": [batch.pk for batch in chosen],
            "skipped": [(batch, _why_not(batch)) for batch in chosen if _why_not(batch)],
        }
        return self.render(request, "admin/sims/simbatch/assign.html", context, status=422 if form.errors else 200)

    def _give(self, request: HttpRequest, batches: list[SimBatch], way: Way, values: dict[str, Any]) -> None:
        done, sims = 0, 0
        refused: list[str] = []
        with action():
            for batch in batches:
                try:
                    way.do(batch, values)
                except DomainError as error:
                    refused.append(_("Batch %(bic)s: %(why)s") % {"bic": batch.bic, "why": error.message})
                else:
                    done, sims = done + 1, sims + batch.quantity
        for reason in refused[:10]:
            self.message_user(request, reason, messages.WARNING)
        if len(refused) > 10:
            self.message_user(request, _("%(n)s more were refused.") % {"n": len(refused) - 10}, messages.WARNING)
        if done:
            told = {"batches": done, "sims": number(sims), "workspace": values["workspace"].name}
            self.message_user(request, way.done_many % told, messages.SUCCESS)

    # --- what is shown ---

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not term.strip():
            return queryset, False
        digits = digits_in(term)
        if not digits:
            return queryset.none(), False
        return queryset.filter(**prefix_range("bic", digits)), False

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        ends = obj.sims.aggregate(first=Min("iccid"), last=Max("iccid"))
        sims = f"{reverse('admin:sims_sim_changelist')}?batch={obj.bic}"
        return {
            "heading": _("Batch %(bic)s") % {"bic": obj.bic},
            "may_assign": self.has_assign_permission(request) and obj.registered_at is None,
            "links": [(_("SIMs"), sims, "card-sim")] if obj.quantity else [],
            "under_way": [
                (made, reverse("admin:sims_simbatch_import_page", args=[obj.pk, made.pk]))
                for made in obj.imports.filter(ended__isnull=True).defer("file")
            ],
            "facts": [
                (_("BIC"), identifier(obj.bic, "BIC")),
                (_("Place"), self.place(obj)),
                (_("Workspace"), self.owner(obj)),
                (_("SIM model"), str(obj.model)),
                (_("SIMs"), number(obj.quantity)),
                (_("First ICCID"), identifier(iccid_with_luhn(ends["first"]), "ICCID") if ends["first"] else dash()),
                (_("Last ICCID"), identifier(iccid_with_luhn(ends["last"]), "ICCID") if ends["last"] else dash()),
                (_("Created"), when_absolute(obj.created)),
                (_("Assigned"), when_absolute(obj.assigned_at)),
                (_("Registered"), when_absolute(obj.registered_at)),
            ],
        }

    @admin.display(description=gettext_lazy("place"))
    def place(self, batch: SimBatch) -> SafeString:
        if batch.registered_at is not None:
            return badge(_("In an inventory"), "good")
        if batch.workspace_id is not None:
            return badge(_("Reserved"), "info")
        return badge(_("In stock"), "neutral") if batch.quantity else badge(_("Empty"), "muted")

    @admin.display(description=gettext_lazy("workspace"), ordering="workspace__name")
    def owner(self, batch: SimBatch) -> SafeString:
        return workspace_link(batch.workspace)

    @admin.display(description=gettext_lazy("SIMs"), ordering="quantity")
    def sims(self, batch: SimBatch) -> str:
        return number(batch.quantity)

    @admin.display(description=gettext_lazy("created"), ordering="created")
    def created_at(self, batch: SimBatch) -> SafeString:
        return when(batch.created)

    @admin.display(description=gettext_lazy("assigned"), ordering="assigned_at")
    def assigned(self, batch: SimBatch) -> SafeString:
        return when(batch.assigned_at)

    @admin.display(description=gettext_lazy("registered"), ordering="registered_at")
    def registered(self, batch: SimBatch) -> SafeString:
        return when(batch.registered_at)


def _why_not(batch: SimBatch) -> str:
    if batch.registered_at is not None:
        return _("in an inventory already")
    return "" if batch.quantity else _("empty")
