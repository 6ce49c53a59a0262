"""Creating devices from a file: upload, look at what will be created, confirm, and see what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.csv_files import csv_parts
from kit.delimited import FileRefused, LineError
from kit.errors import Conflict, Invalid, NotFound
from kit.htmx import private, redirect_to, refreshed, render_fragment, wants_fragment
from kit.models import Job
from kit.sent_once import sent_once
from sims.devices.services.files import HEADINGS, MOST_ROWS, Checked, check_file, create_from_file, keep_file
from sims.form_fields import sim_states
from sims.models import CoveragePolicy, DeviceFile, ServicePolicy
from sims.states import SimStatus

MOST_BYTES = 4 * 1024 * 1024
SHOWN_ROWS = 50
SHOWN_ERRORS = 500
TEMPLATE_ROW = ("Pump 12", "", "", "", "", "", "north, roof", "", "By the gate")


class DeviceFileForm(forms.Form):
    """The file, and what holds for lines that leave it out."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("CSV, TSV or Unicode text with a heading line; only the column name is needed."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    service_policy = forms.ModelChoiceField(
        label=gettext_lazy("Service policy"),
        queryset=ServicePolicy.objects.none(),
        required=False,
        empty_label=gettext_lazy("As in the file"),
        help_text=gettext_lazy("For lines that name none."),
    )
    coverage_policy = forms.ModelChoiceField(
        label=gettext_lazy("Coverage policy"),
        queryset=CoveragePolicy.objects.none(),
        required=False,
        empty_label=gettext_lazy("As in the file"),
        help_text=gettext_lazy("For lines that name none."),
    )
    status = forms.TypedChoiceField(
        label=gettext_lazy("State of the SIMs"),
        required=False,
        coerce=int,
        empty_value=None,
        initial=SimStatus.ACTIVATED.value,
    )
    ignore_unknown = forms.BooleanField(
        label=gettext_lazy("Ignore other columns"),
        required=False,
        help_text=gettext_lazy("Columns that mean nothing here are not stored anywhere."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, policies in (
            ("service_policy", ServicePolicy.objects.of(workspace.pk)),
            ("coverage_policy", CoveragePolicy.objects.of(workspace.pk)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker what stands above
            field.queryset = policies
            self.initial[name] = policies.values_list("pk", flat=True).first()
        states = self.fields["status"]
        assert isinstance(states, forms.TypedChoiceField)  # noqa: S101 - tells the type checker what stands above
        states.choices = sim_states(workspace)

    def clean_file(self) -> Any:
        """Refuse a file that is too large to be read at once."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 4 MB. Cut it into several."))
        return file

    def options(self) -> dict[str, Any]:
        """Return what holds for lines that leave it out."""
        values = self.cleaned_data
        policies = {
            f"{name}_id": values[name].pk if values[name] is not None else None
            for name in ("service_policy", "coverage_policy")
        }
        return {**policies, "status": values["status"], "ignore_unknown": values["ignore_unknown"]}


@require_http_methods(["GET", "HEAD", "POST"])
def device_file(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show and take the form of a file; all that is wrong in the file is listed, line by line."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    posted = request.method == "POST"
    form = DeviceFileForm(*((request.POST, request.FILES) if posted else ()), workspace=request.workspace)
    errors: list[LineError] = []
    if posted and form.is_valid():
        content: bytes = form.cleaned_data["file"].read()
        try:
            checked = check_file(workspace_id=workspace_id, content=content, options=form.options())
        except FileRefused as error:
            errors = error.errors
            form.add_error("file", error.message)
        except (Invalid, NotFound, Conflict) as error:
            form.add_error(None, error.message)
        else:
            kept = keep_file(
                workspace_id=workspace_id,
                content=content,
                name=form.cleaned_data["file"].name or "",
                options=form.options(),
                total=len(checked.rows),
            )
            return redirect_to(request, _url(kept))
    context = {
        "form": form,
        "columns": ", ".join(HEADINGS),
        "most": f"{MOST_ROWS:,}",
        "template_url": reverse("sims:device_file_template", args=[workspace_id]),
        "list_url": reverse("sims:device_list", args=[workspace_id]),
        **_listed(errors),
    }
    return render_fragment(request, "sims/device_file.html", context, status=422 if form.errors else 200)


def _url(kept: DeviceFile) -> str:
    return reverse("sims:device_file_check", args=[kept.workspace_id, kept.pk])


def _listed(errors: list[LineError]) -> dict[str, Any]:
    return {"line_errors": errors[:SHOWN_ERRORS], "more_errors": max(0, len(errors) - SHOWN_ERRORS)}


@require_safe
def template_file(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Give a file to fill in."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    text = "".join(csv_parts(HEADINGS, [TEMPLATE_ROW]))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="devices.csv"'
    return private(response)


@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
def device_file_check(request: WorkspacePageRequest, workspace_id: int, file_id: uuid.UUID) -> HttpResponse:
    """Show what a file will create, and create it when it is confirmed; afterwards what came of it."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    kept = _kept(workspace_id, file_id)
    errors: list[LineError] = []
    checked, refusal = None, ""
    if kept.state == DeviceFile.State.UPLOADED:
        try:
            if request.method == "POST":
                return redirect_to(request, _url(create_from_file(workspace_id=workspace_id, file_id=file_id)))
            checked = check_file(workspace_id=workspace_id, content=bytes(kept.content), options=kept.options)
        except FileRefused as error:
            errors, refusal = error.errors, error.message
        except (Invalid, NotFound, Conflict) as error:
            refusal = error.message
    elif request.method == "POST":
        return redirect_to(request, _url(kept))
    context = {**_page(request, kept, checked), "refusal": refusal, **_listed(errors)}
    running = kept.state == DeviceFile.State.RUNNING
    if wants_fragment(request) and running and context["job_state"] != Job.State.FAILED:
        return render_fragment(request, "sims/_device_file_progress.html", context)
    response = render_fragment(request, "sims/device_file_check.html", context, status=422 if refusal else 200)
    return refreshed(response) if wants_fragment(request) else response


def _kept(workspace_id: int, file_id: uuid.UUID) -> DeviceFile:
    found = DeviceFile.objects.of(workspace_id).filter(pk=file_id).first()
    if found is None:
        raise NotFound(_("There is no such file here. Upload it again."))
    return found


def _page(request: WorkspacePageRequest, kept: DeviceFile, checked: Checked | None) -> dict[str, Any]:
    """Return what the page of a file shows, before, while and after its devices are created."""
    workspace_id = kept.workspace_id
    job = Job.objects.filter(pk=kept.job_id).first() if kept.job_id is not None else None
    devices = reverse("sims:device_list", args=[workspace_id])
    return {
        "kept": kept,
        "checked": checked,
        "rows": checked.rows[:SHOWN_ROWS] if checked is not None else [],
        "more_rows": max(0, len(checked.rows) - SHOWN_ROWS) if checked is not None else 0,
        "job": job,
        "job_state": job.state if job is not None else "",
        "here": _url(kept),
        "refused": [LineError(*line) for line in kept.refused[:SHOWN_ERRORS]],
        "csv_url": reverse("sims:device_file_csv", args=[workspace_id, kept.pk]),
        "again_url": reverse("sims:device_file", args=[workspace_id]),
        "list_url": devices,
        "events_url": f"{reverse('events:list', args=[workspace_id])}?request={job.request_id}" if job else "",
    }


@require_safe
def device_file_csv(request: WorkspacePageRequest, workspace_id: int, file_id: uuid.UUID) -> HttpResponseBase:
    """Send the lines of a file that were refused."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    kept = _kept(workspace_id, file_id)
    parts = csv_parts((_("line"), _("column"), _("What is wrong")), kept.refused)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{kept.pk}.csv"'
    return private(response)
