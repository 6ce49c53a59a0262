"""Pages about seals: the proof of an event, the seals of a workspace, and what anybody may read without signing in."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.form_fields import show_refusal
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.settings_tabs import settings_tabs
from events.seals import mirror, proofs
from events.seals.export import sealed_log_lines
from events.seals.merkle import HASH, WIDTH, tile_path
from events.seals.models import SealCheckpoint, SealLog, SealTile
from events.seals.proofs import Reader, Seal
from events.seals.selectors import last_check, log_of_seals, newest_checkpoints, witness_lines
from events.seals.services import set_mail_to
from events.selectors import event_row
from events.services import record_export
from kit.errors import Invalid, NotFound
from kit.htmx import private, redirect_to, render_fragment, respond

_TILE: Final = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?")
_YEAR: Final = 31_536_000  # seconds
_SHORT: Final = 5  # seconds


def _reader(request: WorkspacePageRequest) -> Reader:
    return Reader(staff=request.user.is_staff, context=Permission.EVENT_CONTEXT_READ.name in request.may)


def _seal(workspace_id: int, event_id: int) -> Seal | None:
    """Return the seal of an event of this workspace.

    Raises:
        NotFound: there is no such event here.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    if event_row(workspace_id=workspace_id, event_id=event_id) is None:
        raise NotFound(_("There is no event %(id)s in this workspace.") % {"id": event_id})
    return proofs.seal_of(workspace_id, event_id)


@require_safe
def proof(request: WorkspacePageRequest, workspace_id: int, event_id: int) -> HttpResponse:
    """The proof of one event: in its panel as a fragment, else as a page of its own.

    Raises:
        NotFound: unknown, or of another workspace.
    """
    seal = _seal(workspace_id, event_id)
    context: dict[str, Any] = {"seal": seal, "event_id": event_id, "workspace_id": workspace_id}
    if seal is not None and seal.checkpoint is not None:
        signed = seal.checkpoint.cosignatures.order_by("pk").values_list("witness", flat=True)
        context["witnesses"] = list(signed)
    return respond(request, "events/proof.html", "events/_proof.html", context)


@require_safe
def proof_download(request: WorkspacePageRequest, workspace_id: int, event_id: int) -> HttpResponse:
    """Everything that proves an event, for `verify_log.py`.

    Raises:
        NotFound: unknown, of another workspace, or not sealed yet.
    """
    seal = _seal(workspace_id, event_id)
    bundle = proofs.bundle_of(seal, event_id, _reader(request)) if seal is not None else None
    if bundle is None:
        raise NotFound(_("Event %(id)s is not sealed yet. It is within a minute.") % {"id": event_id})
    return _download(bundle, f"event-{event_id}-proof.json")


def _download(value: dict[str, Any], name: str) -> HttpResponse:
    response = HttpResponse(orjson.dumps(value, option=orjson.OPT_INDENT_2), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


# --- the seals of a workspace ---


class MailForm(forms.Form):
    """Who gets the daily mail."""

    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("At most five, one a line. They need no account here. Empty for no mail."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def seals(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show checkpoints, keys and witnesses to all of the workspace; Administrators say who gets the daily mail."""
    authorise(workspace_id, Permission.EVENT_READ)
    log = log_of_seals(workspace_id)
    failed = False
    form = MailForm(initial={"addresses": "\n".join(log.mail_to) if log else ""})
    if request.method == "POST":
        authorise(workspace_id, Permission.WORKSPACE_UPDATE)
        form = MailForm(request.POST)
        if form.is_valid():
            try:
                set_mail_to(workspace_id=workspace_id, addresses=re.split(r"[\s,;]+", form.cleaned_data["addresses"]))
            except Invalid as error:
                show_refusal(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect_to(request, reverse("seals:page", args=[workspace_id]))
        failed = True
    page: dict[str, Any] = {
        "tabs": settings_tabs(request, "seals"),
        "log": log,
        "form": form,
        "may_change": Permission.WORKSPACE_UPDATE.name in request.may,
        "check": last_check(),
    }
    if log is not None:
        checkpoints = newest_checkpoints(log)
        page |= {
            "checkpoints": checkpoints,
            "newest": proofs.note_of(checkpoints[0]) if checkpoints else "",
            "keys": proofs.keys_of(log.origin)[::-1],
            "witnesses": witness_lines(log),
            "public_url": request.build_absolute_uri(reverse("seals:checkpoint", args=[log.token])),
        }
    return render_fragment(request, "events/seals.html", page, status=422 if failed else 200)


@require_safe
def consistency(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """The proof that a checkpoint (`new`, its id) continues an older one (`old`).

    Raises:
        NotFound: one of them is not this workspace's.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    ids = [request.GET.get(name, "") for name in ("old", "new")]
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in ids):
        raise NotFound(_("Name two checkpoints of this workspace."))
    rows = SealCheckpoint.objects.filter(log__workspace_id=workspace_id, pk__in=ids).select_related("log")
    found = {str(row.pk): row for row in rows}
    if any(each not in found for each in ids):
        raise NotFound(_("Name two checkpoints of this workspace."))
    old, new = sorted((found[each] for each in ids), key=lambda row: (row.size, row.pk))
    return _download(proofs.consistency_of(old, new), f"checkpoints-{old.size}-{new.size}.json")


@require_POST
def export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The whole sealed log, for `verify_log.py`. Writes event 10051.

    Raises:
        NotFound: no checkpoint is signed yet.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    log = log_of_seals(workspace_id)
    newest = SealCheckpoint.objects.filter(log=log).order_by("-pk").first() if log is not None else None
    if log is None or newest is None:
        raise NotFound(_("Nothing is sealed here yet. Try again in a minute."))
    record_export(workspace_id=workspace_id, count=newest.size, filters={}, columns=["seal"])
    lines = sealed_log_lines(log, newest, _reader(request))
    response = StreamingHttpResponse(lines, content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="sealed-log-{workspace_id}.jsonl"'
    patch_cache_control(response, private=True, no_store=True)
    return response


# --- what anybody may read: no names, no numbers of workspaces ---


def _log(token: str) -> SealLog:
    log = SealLog.objects.filter(token=token).first()
    if log is None:
        raise Http404
    return log


def _public(data: bytes | str, content_type: str, seconds: int) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    patch_cache_control(response, public=True, max_age=seconds)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def checkpoint(request: HttpRequest, token: str) -> HttpResponse:
    """The newest checkpoint of a log with its witnesses' signatures (C2SP tlog-tiles)."""
    newest = SealCheckpoint.objects.filter(log=_log(token)).order_by("-pk").first()
    if newest is None:
        raise Http404
    return _public(proofs.note_of(newest), "text/plain; charset=utf-8", _SHORT)


@require_safe
def tile(request: HttpRequest, token: str, level: int, place: str) -> HttpResponse:
    """A tile of a log (C2SP tlog-tiles)."""
    found = _TILE.fullmatch(place)
    if found is None or level > 63:
        raise Http404
    number = int(found[1].replace("x", "").replace("/", "")[-18:])
    width = int(found[2]) if found[2] else WIDTH
    if not 1 <= width <= WIDTH or f"tile/{level}/{place}" != tile_path(level, number, width):
        raise Http404
    row = SealTile.objects.filter(log=_log(token), level=level, number=number, width__gte=width).first()
    if row is None:
        raise Http404
    return _public(bytes(row.hashes)[: width * HASH], "application/octet-stream", _YEAR)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of this portal, old and new."""
    return _public(mirror.keys_text(), "text/plain; charset=utf-8", _SHORT)
