"""SIMs: looked at, and brought into another state in the workspace they belong to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Workspace
from kit.action import action
from kit.admin.base import StaffAdmin, add_refusal
from kit.admin.filters import StaffFilter, choice_filter, condition_filter, related_filter
from kit.context import current_context
from kit.errors import DomainError
from kit.outcomes import Outcome
from kit.rendering import bdi, dash, identifier, number, state_badge, when, when_absolute
from sims.admin_parts import workspace_link
from sims.identifiers import iccid_with_luhn
from sims.inventory.admin.forms import InventoryForm
from sims.inventory.numbers import with_number, with_whole_number
from sims.inventory.services.allotment import assign_sims
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.models import Sim
from sims.states import SimStatus, sim_may_move

MOST_AT_ONCE = 10_000
SHOWN_REASONS = 5

VERBS = {
    "activate": (SimStatus.ACTIVATED, gettext_lazy("Activate"), "play"),
    "suspend": (SimStatus.SUSPENDED, gettext_lazy("Suspend"), "pause"),
    "factory-test": (SimStatus.FACTORY_TEST, gettext_lazy("Factory test"), "flask-conical"),
    "delete": (SimStatus.DELETED, gettext_lazy("Delete"), "trash-2"),
}


@dataclass
class StateChange:
    """What an action does to the SIMs of one workspace.

    Args:
        workspace: whose, `None` for SIMs nobody has registered.
        outcome: what would become, or became, of them.
        refusal: why none of them can be changed, "" otherwise.
        count: number of SIMs asked for.
    """

    workspace: Workspace | None
    count: int
    outcome: Outcome = field(default_factory=Outcome)
    refusal: str = ""

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Return the reasons why SIMs stay as they are, each with the number of SIMs."""
        if self.refusal:
            return [(self.refusal, self.count)]
        found = self.outcome.reasons()
        if self.outcome.unchanged:
            found.append((_("It is in this state already."), len(self.outcome.unchanged)))
        return found


def act(places: list[tuple[int, int | None]], to: int, *, preview: bool) -> list[StateChange]:
    """Bring SIMs of any workspaces into another state, or tell what would happen.

    Args:
        places: id of each SIM and of its workspace.
        to: the new state.
        preview: whether nothing is to be changed.
    """
    ids: dict[int | None, list[int]] = {}
    for sim_id, workspace_id in places:
        ids.setdefault(workspace_id, []).append(sim_id)
    workspaces = Workspace.objects.in_bulk([pk for pk in ids if pk is not None])
    service = preview_sim_status if preview else change_sim_status
    plans = []
    for workspace_id in sorted(ids, key=lambda pk: pk or 0):
        plan = StateChange(workspaces.get(workspace_id or 0), len(ids[workspace_id]))
        if workspace_id is None:
            plan.refusal = _("No workspace has registered it yet.")
        else:
            try:
                plan.outcome = service(workspace_id=workspace_id, sim_ids=ids[workspace_id], to=to)
            except DomainError as error:
                plan.refusal = error.message
        plans.append(plan)
    return plans


def _sent_again(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields that choose the same SIMs when a preview is confirmed."""
    across = request.POST.get("select_across") == "1"
    hidden = [("action", request.POST["action"]), ("select_across", "1" if across else "0")]
    # Across pages the filter is sent again and not each id: it is evaluated anew.
    return hidden + [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]


class BatchFilter(StaffFilter):
    """SIMs of one batch, which a link from its page names."""

    title = gettext_lazy("batch")
    parameter_name = "batch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        bic = request.GET.get("batch", "")
        return [(bic, bic)] if bic else []

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(batch__bic=value)


@admin.register(Sim)
class SimAdmin(StaffAdmin):
    """SIMs of all workspaces."""

    icon = "card-sim"
    page_template = "admin/sims/sim/page.html"
    list_display = ("iccid_number", "imsi_number", "state", "owner", "device_name", "batch_code", "changed")
    list_filter = (
        choice_filter("status", gettext_lazy("state"), "status", SimStatus.choices),
        condition_filter(
            "use",
            gettext_lazy("use"),
            {
                "unused": (
                    gettext_lazy("Unused but charged"),
                    lambda sims: sims.filter(status=SimStatus.ACTIVATED, device__isnull=True, workspace__isnull=False),
                ),
                "stock": (gettext_lazy("In stock"), lambda sims: sims.filter(workspace__isnull=True)),
            },
        ),
        BatchFilter,
        related_filter("workspace", gettext_lazy("Workspace"), "workspace"),
    )
    search_fields = ("iccid",)
    search_help_text = gettext_lazy("Any 3 digits or more of ICCID, IMSI, MSISDN or EID")
    ordering = ("-id",)
    sortable_by = ()
    list_select_related = ("workspace", "device", "batch")
    actions = ("activate", "suspend", "factory_test", "remove", "assign")

    def has_stock_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may hand out stock: the right to change batches."""
        return bool(request.user.has_perm("sims.change_simbatch"))

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may change the state of SIMs: the right to change SIMs."""
        return bool(request.user.has_perm("sims.change_sim"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("workspace", "device", "batch__model")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not term.strip():
            return queryset, False
        wanted = with_whole_number(term)
        found = queryset.filter(wanted) if wanted is not None else queryset.none()
        if wanted is not None and found.exists():
            return found, False
        part = with_number(term)
        return (queryset.none() if part is None else queryset.filter(part)), False

    # --- changing the state ---

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.state_view)
        return [path("<path:object_id>/state/<slug:verb>/", view, name="sims_sim_state"), *super().get_urls()]

    def state_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Change the state of one SIM: the buttons of its page."""
        sim = self.found(request, object_id)
        if not self.has_act_permission(request) or verb not in VERBS:
            raise PermissionDenied
        sims = self.get_queryset(request).filter(pk=sim.pk)
        response = self._state(request, sims, verb, back=self.url_of(sim), hidden=[])
        return response or HttpResponseRedirect(self.url_of(sim))

    def _selected(self, request: HttpRequest, sims: QuerySet[Any], verb: str) -> HttpResponse | None:
        return self._state(request, sims, verb, back=request.get_full_path(), hidden=_sent_again(request))

    def _state(
        self, request: HttpRequest, sims: QuerySet[Any], verb: str, *, back: str, hidden: list[tuple[str, str]]
    ) -> HttpResponse | None:
        to, label, _icon = VERBS[verb]
        rows = sims.select_related(None).order_by("pk").values_list("pk", "workspace_id")
        places = list(rows[: MOST_AT_ONCE + 1])
        if self._too_many(request, places):
            return None
        if request.method == "POST" and "confirm" in request.POST:
            with action():
                plans = act(places, to, preview=False)
            self._tell(request, plans, to)
            return None
        plans = act(places, to, preview=True)
        count = sum(len(plan.outcome.changed) for plan in plans)
        shown = ngettext("%(n)s SIM", "%(n)s SIMs", len(places)) % {"n": number(len(places))}
        context = {
            "form": forms.Form(),
            "heading": _("%(verb)s: %(sims)s") % {"verb": label, "sims": shown},
            "verb": _("%(verb)s %(n)s") % {"verb": label, "n": number(count)},
            "danger": to == SimStatus.DELETED,
            "back": back,
            "crumbs": [],
            "hidden": hidden,
            "plans": plans,
            "total": len(places),
            "count": count,
            "notes": list(dict.fromkeys(note for plan in plans for note in plan.outcome.notes)),
        }
        return self.render(request, "admin/sims/sim/state.html", context)

    def _tell(self, request: HttpRequest, plans: list[StateChange], to: SimStatus) -> None:
        """Say what became of the SIMs: how many changed, and each reason of those that did not."""
        changed = sum(len(plan.outcome.changed) for plan in plans)
        if changed:
            shown = ngettext("%(n)s SIM is %(state)s.", "%(n)s SIMs are %(state)s.", changed)
            text = shown % {"n": number(changed), "state": to.label}
            events = f"{reverse('admin:events_event_changelist')}?q={current_context().request_id}"
            link = format_html('{} <a href="{}">{}</a>', text, events, _("Show the events"))
            self.message_user(request, link, messages.SUCCESS)
        reasons: Counter[str] = Counter()
        for plan in plans:
            for reason, count in plan.reasons:
                reasons[reason] += count
        for reason, count in reasons.most_common(SHOWN_REASONS):
            text = ngettext("%(n)s SIM was not changed: %(why)s", "%(n)s SIMs were not changed: %(why)s", count)
            self.message_user(request, text % {"n": number(count), "why": reason}, messages.WARNING)

    @admin.action(description=gettext_lazy("Activate"), permissions=["act"])
    def activate(self, request: HttpRequest, sims: QuerySet[Any]) -> HttpResponse | None:
        """Activate SIMs, after a preview."""
        return self._selected(request, sims, "activate")

    @admin.action(description=gettext_lazy("Suspend"), permissions=["act"])
    def suspend(self, request: HttpRequest, sims: QuerySet[Any]) -> HttpResponse | None:
        """Suspend SIMs, after a preview."""
        return self._selected(request, sims, "suspend")

    @admin.action(description=gettext_lazy("Factory test"), permissions=["act"])
    def factory_test(self, request: HttpRequest, sims: QuerySet[Any]) -> HttpResponse | None:
        """Begin the factory test of SIMs, after a preview."""
        return self._selected(request, sims, "factory-test")

    @admin.action(description=gettext_lazy("Delete"), permissions=["act"])
    def remove(self, request: HttpRequest, sims: QuerySet[Any]) -> HttpResponse | None:
        """Take SIMs out of the inventory, after a preview."""
        return self._selected(request, sims, "delete")

    @admin.action(description=gettext_lazy("Put into an inventory"), permissions=["stock"])
    def assign(self, request: HttpRequest, sims: QuerySet[Any]) -> HttpResponse | None:
        """Put SIMs from stock into a workspace's inventory."""
        rows = sims.select_related(None).order_by("pk").values_list("pk", "workspace_id")
        places = list(rows[: MOST_AT_ONCE + 1])
        if self._too_many(request, places):
            return None
        free = sum(owner is None for _pk, owner in places)
        form = InventoryForm(self.admin_site, request.POST if "confirm" in request.POST else None, count=free)
        if form.is_valid():
            try:
                outcome = assign_sims(
                    sim_ids=[pk for pk, _owner in places],
                    workspace_id=form.cleaned_data["workspace"].pk,
                    status=form.cleaned_data["status"],
                )
            except DomainError as error:
                add_refusal(form, error)
            else:
                self._tell_assigned(request, outcome, form.cleaned_data["workspace"])
                return None
        taken = len(places) - free
        shown = ngettext("%(n)s SIM", "%(n)s SIMs", free) % {"n": number(free)}
        intro = ngettext(
            "%(n)s more is in a workspace already and stays there.",
            "%(n)s more are in a workspace already and stay there.",
            taken,
        )
        context = {
            "form": form,
            "heading": _("Put into an inventory: %(sims)s") % {"sims": shown},
            "intro": intro % {"n": number(taken)} if taken else "",
            "verb": _("Put into inventory"),
            "back": request.get_full_path(),
            "crumbs": [],
            "hidden": _sent_again(request),
        }
        return self.render(request, "admin/sims/sim/assign.html", context, status=422 if form.errors else 200)

    def _tell_assigned(self, request: HttpRequest, outcome: Outcome, workspace: Workspace) -> None:
        done = len(outcome.changed)
        if done:
            text = ngettext(
                "%(n)s SIM is in the inventory of %(workspace)s.",
                "%(n)s SIMs are in the inventory of %(workspace)s.",
                done,
            )
            self.message_user(request, text % {"n": number(done), "workspace": workspace.name}, messages.SUCCESS)
        for reason, count in outcome.reasons()[:SHOWN_REASONS]:
            text = ngettext("%(n)s SIM was not changed: %(why)s", "%(n)s SIMs were not changed: %(why)s", count)
            self.message_user(request, text % {"n": number(count), "why": reason}, messages.WARNING)

    def _too_many(self, request: HttpRequest, places: list[Any]) -> bool:
        """Tell whether more SIMs are chosen than an action takes, and say so."""
        if len(places) <= MOST_AT_ONCE:
            return False
        text = _("Choose at most %(n)s SIMs at once, by a filter. Nothing was changed.")
        self.message_user(request, text % {"n": number(MOST_AT_ONCE)}, messages.ERROR)
        return True

    # --- what is shown ---

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        events = reverse("admin:events_event_changelist")
        may = self.has_act_permission(request) and obj.workspace_id is not None
        return {
            "heading": identifier(iccid_with_luhn(obj.iccid), "ICCID"),
            "links": [(_("Events"), f"{events}?q=sim:{obj.pk}", "scroll-text")],
            "verbs": [
                (name, label, icon)
                for name, (to, label, icon) in VERBS.items()
                if may and sim_may_move(obj.status, to) and not (to == SimStatus.DELETED and obj.device_id)
            ],
            "facts": [
                (_("SIM ID"), obj.pk),
                (_("State"), self.state(obj)),
                (_("ICCID"), identifier(iccid_with_luhn(obj.iccid), "ICCID")),
                (_("IMSI"), identifier(obj.imsi, "IMSI")),
                (_("MSISDN"), obj.msisdn or dash()),
                (_("EID"), identifier(obj.eid, "EID")),
                (_("Workspace"), workspace_link(obj.workspace)),
                (_("Device"), self.device_name(obj)),
                (_("Batch"), self.batch_code(obj)),
                (_("SIM model"), str(obj.batch.model)),
                (_("Produced"), when_absolute(obj.production_date)),
                (_("Imported"), when_absolute(obj.imported)),
                (_("First activated"), when_absolute(obj.activation_date)),
                (_("In factory test since"), when_absolute(obj.factory_test_since)),
                (_("Last updated"), when_absolute(obj.last_updated)),
            ],
        }

    @admin.display(description=gettext_lazy("ICCID"))
    def iccid_number(self, sim: Sim) -> SafeString:
        return identifier(iccid_with_luhn(sim.iccid), "ICCID", copy=False)

    @admin.display(description=gettext_lazy("IMSI"))
    def imsi_number(self, sim: Sim) -> SafeString:
        return identifier(sim.imsi, "IMSI", copy=False)

    @admin.display(description=gettext_lazy("state"))
    def state(self, sim: Sim) -> SafeString:
        state = SimStatus(sim.status)
        return state_badge(state.name.lower(), str(state.label))

    @admin.display(description=gettext_lazy("workspace"))
    def owner(self, sim: Sim) -> SafeString:
        return workspace_link(sim.workspace)

    @admin.display(description=gettext_lazy("device"))
    def device_name(self, sim: Sim) -> SafeString:
        if sim.device is None:
            return dash()
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:sims_device_change", args=[sim.device_id]), bdi(sim.device)
        )

    @admin.display(description=gettext_lazy("batch"))
    def batch_code(self, sim: Sim) -> SafeString:
        url = reverse("admin:sims_simbatch_change", args=[sim.batch_id])
        return format_html('<a href="{}" class="mono">{}</a>', url, sim.batch.bic)

    @admin.display(description=gettext_lazy("last updated"))
    def changed(self, sim: Sim) -> SafeString:
        return when(sim.last_updated)
