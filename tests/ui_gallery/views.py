from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.http import HttpResponse
from django.utils import timezone

from kit.bulk import BulkAction
from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter, TextFilter
from kit.htmx import problem, render_fragment, respond
from kit.lists import Empty, Listing
from kit.tables import ListColumn, ListTable
from sims.bulk.reports import ReasonGroup
from tests.ui_gallery.models import Sample

STATES = {
    "issued": "Issued",
    "activated": "Activated",
    "suspended": "Suspended",
    "factory_test": "Factory test",
    "deleted": "Deleted",
}


class SampleFilters(ListFilters):
    q = SearchFilter(fields=("iccid", "name"), placeholder="ICCID, name")
    iccid = TextFilter(field_name="iccid", label="ICCID", primary=True, complete=lambda value: len(value) >= 19)
    state = ChoicesFilter(field_name="state", label="State", choices=STATES.items(), primary=True)
    created = DateRangeFilter(field_name="created", label="Registered", primary=True)
    name = TextFilter(field_name="name", label="Device name")
    policy = ChoicesFilter(
        field_name="state", label="Service policy", choices=[(f"p{n}", f"Policy number {n}") for n in range(40)]
    )


class SampleTable(ListTable):
    list_name = "samples"
    caption = "SIM inventory"
    default_columns: ClassVar[Sequence[str]] = ("iccid", "name", "state", "imsi", "volume", "created")
    default_sort = "-created"
    noun = ("SIM", "SIMs")
    row_template = "gallery/_rows.html"
    iccid = ListColumn("ICCID", sort=("iccid",), required=True)
    name = ListColumn("Device", sort=("name",))
    state = ListColumn("State", sort=("state",))
    imsi = ListColumn("IMSI")
    volume = ListColumn("Usage this month", sort=("volume",), align="end")
    created = ListColumn("Registered", sort=("created",))


class EventTable(SampleTable):
    list_name = "events"
    caption = "Events"
    default_columns: ClassVar[Sequence[str]] = ("severity", "created", "iccid", "name", "state")
    noun = ("event", "events")
    newest_first = ("created", "id")
    severity = ListColumn("Severity")


def listing(request: Any, **options: Any) -> Listing:
    actions = [
        BulkAction(name, label, "/action/", icon=icon, danger=name == "delete")
        for name, label, icon in (
            ("activate", "Activate", "play"),
            ("suspend", "Suspend", "pause"),
            ("factory", "Factory test", "flask-conical"),
            ("transfer", "Transfer", "arrow-right-left"),
            ("delete", "Delete", "trash-2"),
        )
    ]
    return Listing(
        request,
        **{
            "table": SampleTable,
            "filters": SampleFilters,
            "queryset": Sample.objects.all(),
            "bulk": actions,
            "context": {"STATES": STATES, "expand": False},
            "empty": Empty("No SIMs yet", "Registered SIMs appear here.", "card-sim", "Register SIMs", "#"),
            **options,
        },
    )


def sims(request: Any, workspace_id: int) -> HttpResponse:
    return listing(request).respond("gallery/list.html", {"heading": "SIM inventory"})


def events(request: Any, workspace_id: int) -> HttpResponse:
    found = listing(
        request,
        table=EventTable,
        bulk=(),
        context={"STATES": STATES, "expand": True},
    )
    return found.respond("gallery/list.html", {"heading": "Events"})


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Shown in lists and events.")
    batch = forms.CharField(label="BIC", help_text="16 digits, printed on the card or the batch label.")
    state = forms.ChoiceField(choices=STATES.items())
    kind = forms.ChoiceField(choices=[("a", "Single SIM"), ("b", "SIM batch")], widget=forms.RadioSelect)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agree = forms.BooleanField(label="Assign the SIMs to devices at once", required=False)


def form(request: Any) -> HttpResponse:
    bound = SampleForm({"name": "Pump 7", "batch": "12"} if "wrong" in request.GET else None)
    if "wrong" in request.GET:
        bound.add_error("batch", "A BIC has 16 digits; this one has 2.")
        bound.add_error(None, "The batch was not registered.")
    return respond(request, "gallery/form.html", "gallery/form.html", {"form": bound})


def parts(request: Any, workspace_id: int = 0) -> HttpResponse:
    context = {
        "now": timezone.now(),
        "states": STATES,
        "tabs": [
            {"label": "Details", "url": "?tab=details", "active": True},
            {"label": "Events", "url": "?tab=events", "active": False, "count": "214"},
        ],
    }
    return respond(request, "gallery/parts.html", "gallery/parts.html", context)


GROUPS = [
    ReasonGroup.of("are Issued", [(f"89883030000000{n:05}", "#") for n in range(64)]),
    ReasonGroup.of("are Factory test", [("8988303000000000123", "#")]),
]


def dialog(request: Any, kind: str) -> HttpResponse:
    if kind in ("bulk", "danger"):
        danger = kind == "danger"
        made = {
            "title": "Delete 412 SIMs" if danger else "Suspend 412 SIMs",
            "url": "/action/",
            "verb": "Delete" if danger else "Suspend",
            "plan": "signed",
            "total": 412,
            "will_change": 347,
            "cannot": 65,
            "groups": GROUPS,
            "notes": ["Charging stops on 1 December."],
            "danger": danger,
            "confirm": "347" if danger else "",
            "confirm_label": "Type 347, the number that will change, to confirm",
        }
        return render_fragment(request, "sims/_bulk_dialog.html", {"dialog": made})
    if kind in ("progress", "bar"):
        job = SimpleNamespace(title="Suspend 9,412 SIMs", done=4200, total=9412)
        report = SimpleNamespace(job=job, state_text="Running", progress_url="/dialog/bar/", url="#")
        template = "sims/_bulk_progress.html" if kind == "progress" else "sims/_bulk_progress_bar.html"
        return render_fragment(request, template, {"report": report})
    report = SimpleNamespace(
        title="Suspended 347 SIMs",
        changed_count=347,
        skipped_count=65,
        failed_count=0,
        skipped_groups=GROUPS,
        outcome=SimpleNamespace(notes=[]),
        events_url="#",
        csv_url="#",
        permanent_note="This result stays readable.",
        job=SimpleNamespace(request_id="0b6d2b1e-3f0a-4b7e-9f53-0f7b2a11c0de", error=""),
    )
    return render_fragment(request, "sims/_bulk_result.html", {"report": report})


def panel(request: Any, pk: int) -> HttpResponse:
    return render_fragment(request, "gallery/_panel.html", {"sample": Sample.objects.get(pk=pk), "now": timezone.now()})


def broken(request: Any) -> HttpResponse:
    return problem(request, "Somebody changed this SIM in the meantime.", 409)


def preferences(request: Any) -> HttpResponse:
    return HttpResponse(status=204)
