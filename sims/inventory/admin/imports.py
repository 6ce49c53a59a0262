"""The pages by which staff fill a batch from a file: the form, the progress of a large file, and its errors."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.admin.base import StaffAdmin, add_refusal
from kit.csv_files import csv_parts
from kit.delimited import LineError
from kit.errors import Conflict, DomainError
from kit.htmx import HtmxRequest, private, refreshed
from kit.rendering import number
from kit.sent_once import sent_once_method
from sims.inventory.services.imports import AT_ONCE, cancel_import, import_sims, start_import
from sims.inventory.services.stock import (
    COLUMNS,
    ImportRefused,
    SimFile,
    read_sim_csv,
)
from sims.models import SimBatch, SimImport

MOST_BYTES = 16 * 1024 * 1024
SHOWN_ERRORS = 500
TEMPLATE_ROW = ("8988303000000000001", "901430000000001", "", "", "2026-11-22")


class BatchImportForm(forms.Form):
    """The file of an import."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "CSV, TSV or Unicode text with a heading line. Columns: iccid and imsi, and if you like msisdn, eid, "
            "production_date."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    ignore_unknown = forms.BooleanField(
        label=gettext_lazy("Ignore other columns"),
        required=False,
        help_text=gettext_lazy("Columns that mean nothing here, such as PIN1 and PUK1, are not stored anywhere."),
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 16 MB. Cut it into several."))
        return file


def _lines(content: bytes) -> int:
    """Return how many lines a file has at most; whatever ends them, in whatever encoding."""
    return max(content.count(b"\n"), content.count(b"\r"))


def _notices(file: SimFile) -> list[str]:
    """Return what whoever imported a file should know: columns left out, numbers that two SIMs share."""
    found = []
    if file.ignored:
        found.append(_("Ignored columns: %(all)s.") % {"all": ", ".join(name or "–" for name in file.ignored)})
    if file.notices:
        first = file.notices[0]
        text = ngettext(
            "%(n)s line has a number that another line has too, which is imported all the same. "
            "Line %(line)s, %(column)s: %(message)s",
            "%(n)s lines have a number that another line has too, which is imported all the same. The first is "
            "line %(line)s, %(column)s: %(message)s",
            len(file.notices),
        )
        values = {"n": number(len(file.notices)), "line": first.line, "column": first.column, "message": first.message}
        found.append(text % values)
    return found


class ImportPages(StaffAdmin):
    """What the pages of batches have for imports."""

    def has_assign_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may fill batches and hand them out: the right to change batches."""
        return bool(request.user.has_perm("sims.change_simbatch"))

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own: list[Any] = [
            path("template.csv", wrap(self.template_view), name="sims_simbatch_template"),
            path("<path:object_id>/import/", wrap(self.import_view), name="sims_simbatch_import"),
            path("<path:object_id>/import/<int:import_id>/", wrap(self.import_page), name="sims_simbatch_import_page"),
            path(
                "<path:object_id>/import/<int:import_id>/csv/", wrap(self.import_csv), name="sims_simbatch_import_csv"
            ),
            path(
                "<path:object_id>/import/<int:import_id>/cancel/",
                wrap(self.import_cancel),
                name="sims_simbatch_import_cancel",
            ),
        ]
        return own + super().get_urls()

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Give a file to fill in."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = HttpResponse(
            f"{','.join(COLUMNS)}\r\n{','.join(TEMPLATE_ROW)}\r\n", content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="sims.csv"'
        return response

    @sent_once_method
    def import_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Fill a batch from a file: all of it, or, when a line is wrong, nothing. A large file becomes a job."""
        batch = self._batch(request, object_id)
        form = BatchImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
        errors: list[LineError] = []
        if form.is_valid():
            try:
                values = form.cleaned_data
                return self._import(request, batch, values["file"], ignore_unknown=values["ignore_unknown"])
            except ImportRefused as error:
                errors = error.errors
                add_refusal(form, error)
            except DomainError as error:
                form.add_error(None, error.message)
        context = {
            "form": form,
            "heading": _("Import SIMs into batch %(bic)s") % {"bic": batch.bic},
            "verb": _("Import"),
            "back": self.url_of(batch),
            "crumbs": [(batch.bic, self.url_of(batch))],
            "line_errors": errors[:SHOWN_ERRORS],
            "more_errors": max(0, len(errors) - SHOWN_ERRORS),
            "template_url": reverse("admin:sims_simbatch_template"),
            "most": number(AT_ONCE),
        }
        return self.render(request, "admin/sims/simbatch/import.html", context, status=422 if form.errors else 200)

    def _import(
        self, request: HttpRequest, batch: SimBatch, sent: UploadedFile[Any], *, ignore_unknown: bool
    ) -> HttpResponse:
        content: bytes = sent.read()
        if _lines(content) > AT_ONCE:
            made = start_import(
                batch_id=batch.pk, content=content, file_name=sent.name or "", ignore_unknown=ignore_unknown
            )
            return HttpResponseRedirect(reverse("admin:sims_simbatch_import_page", args=[batch.pk, made.pk]))
        file = read_sim_csv(content, ignore_unknown=ignore_unknown)
        count = import_sims(batch_id=batch.pk, records=file.records)
        text = ngettext("%(n)s SIM imported.", "%(n)s SIMs imported.", count) % {"n": number(count)}
        self.message_user(request, text, messages.SUCCESS)
        for notice in _notices(file):
            self.message_user(request, notice, messages.WARNING)
        return HttpResponseRedirect(self.url_of(batch))

    def _made(self, request: HttpRequest, object_id: str, import_id: int) -> SimImport:
        """Return an import of a batch for one of its pages."""
        batch = self._batch(request, object_id)
        made = SimImport.objects.select_related("batch").defer("file").filter(pk=import_id, batch=batch).first()
        if made is None:
            raise Http404(_("There is no import %(id)s of batch %(bic)s.") % {"id": import_id, "bic": batch.bic})
        return made

    def import_page(self, request: HttpRequest, object_id: str, import_id: int) -> HttpResponse:
        """Show how far an import is, and what came of it; htmx asks for the part that changes."""
        made = self._made(request, object_id, import_id)
        errors = [LineError(*error) for error in made.errors]
        context = {
            "original": made.batch,
            "made": made,
            "heading": _("Import into batch %(bic)s") % {"bic": made.batch.bic},
            "line_errors": errors[:SHOWN_ERRORS],
            "more_errors": max(0, len(errors) - SHOWN_ERRORS),
            "batch_url": self.url_of(made.batch),
            "urls": {
                name: reverse(f"admin:sims_simbatch_import_{name}", args=[made.batch_id, made.pk])
                for name in ("page", "csv", "cancel")
            },
            "again_url": reverse("admin:sims_simbatch_import", args=[made.batch_id]),
        }
        asked_by_htmx = bool(cast(HtmxRequest, request).htmx)
        if asked_by_htmx and made.ended is None:
            return self.render(request, "admin/sims/simbatch/_import_progress.html", context)
        response = self.render(request, "admin/sims/simbatch/import_page.html", context)
        return refreshed(response) if asked_by_htmx else response

    def import_csv(self, request: HttpRequest, object_id: str, import_id: int) -> HttpResponseBase:
        """Send the refused lines of an import."""
        made = self._made(request, object_id, import_id)
        parts = csv_parts((_("line"), _("column"), _("What is wrong")), made.errors)
        response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{made.pk}.csv"'
        return private(response)

    def import_cancel(self, request: HttpRequest, object_id: str, import_id: int) -> HttpResponse:
        """End an import that is under way."""
        made = self._made(request, object_id, import_id)
        if request.method != "POST":
            raise PermissionDenied(_("This page shows and changes nothing."))
        try:
            cancel_import(import_id=made.pk)
        except Conflict as error:
            self.message_user(request, error.message, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:sims_simbatch_import_page", args=[made.batch_id, made.pk]))

    def _batch(self, request: HttpRequest, object_id: str) -> SimBatch:
        batch: SimBatch = self.found(request, object_id)
        if not self.has_assign_permission(request):
            raise PermissionDenied(_("Your rights do not allow changing SIM batches."))
        return batch
