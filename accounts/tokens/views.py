"""The Integrations page: application tokens of a workspace, and examples that are ready to paste."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.actors import token_label, token_name
from accounts.models import ApplicationToken, Workspace
from accounts.permissions import Permission, Role, authorise
from accounts.requests import WorkspacePageRequest
from accounts.selectors import application_tokens, usable
from accounts.shown_once import show_once, take_once
from accounts.tokens.services import create_application_token, revoke_application_token, roles_below
from accounts.tokens.tables import TokenTable
from kit.context import current_actor, current_context
from kit.errors import DomainError
from kit.htmx import redirect_to, respond, wants_fragment
from kit.rendering import relative_text
from kit.sent_once import sent_once

PLACEHOLDER: Final = "YOUR_APPLICATION_TOKEN"
USUAL_LIFE: Final = timedelta(days=90)
"""How long a token works unless somebody chooses otherwise: one that is forgotten ends by itself."""


class TokenForm(forms.Form):
    """A new application token."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=200,
        help_text=gettext_lazy("What uses it, for example “ERP connector”. The log names it so."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    expiry_date = forms.DateField(
        label=gettext_lazy("Expires"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("From the beginning of this day (UTC) it is refused. Empty for no end."),
    )
    ip = forms.CharField(
        label=gettext_lazy("Address range"),
        required=False,
        max_length=49,
        help_text=gettext_lazy("Who may use it, in CIDR notation, for example 192.0.2.0/24. Empty for any address."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = roles_below(current_actor(), workspace.pk)
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101 - declared above
        role.choices = [(each.value, each.label) for each in roles]
        # What most programs need, and the least that lets them do it.
        role.initial = (Role.USER if Role.USER in roles else roles[-1]).value
        self.fields["expiry_date"].initial = (current_context().now().astimezone(UTC) + USUAL_LIFE).date()

    def expires(self) -> datetime | None:
        """Return the beginning of the chosen day."""
        day = self.cleaned_data["expiry_date"]
        return datetime.combine(day, time(), tzinfo=UTC) if day else None


@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
@sensitive_variables()
def integrations(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the tokens of a workspace, and this once the value of one that was just made; POST makes one."""
    authorise(workspace_id, Permission.TOKEN_CREATE if request.method == "POST" else Permission.INVENTORY_READ)
    form = TokenForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST" and form.is_valid() and _create(request, form):
        return redirect_to(request, reverse("accounts:integrations", args=[workspace_id]))
    made = take_once(request.session, _waiting(workspace_id)) if request.method == "GET" else None
    response = render(request, "accounts/integrations.html", _context(request, form, made))
    response.status_code = 422 if form.errors else 200
    # The value of a new token is on this page and must stay nowhere.
    response.headers["Cache-Control"] = "no-store"
    return response


def _waiting(workspace_id: int) -> str:
    return f"token:{workspace_id}"


@sensitive_variables()
def _create(request: WorkspacePageRequest, form: TokenForm) -> bool:
    """Make a token and keep its value for the next page; say at its field what is in the way."""
    workspace_id = request.workspace.pk
    try:
        made = create_application_token(
            workspace_id=workspace_id,
            description=form.cleaned_data["description"],
            role=form.cleaned_data["role"],
            expiry_date=form.expires(),
            ip=form.cleaned_data["ip"],
        )
    except DomainError as error:
        field = getattr(error, "field", None)
        form.add_error(field if field in form.fields else None, error.message)
        return False
    label = token_label(token_name(made.token), made.token.pk)
    show_once(request.session, _waiting(workspace_id), {"label": label, "value": made.value})
    return True


def _context(request: WorkspacePageRequest, form: TokenForm, made: dict[str, str] | None) -> dict[str, Any]:
    now = current_context().now()
    rows: list[dict[str, Any]] = [
        {"token": token, "name": token_name(token), "works": usable(token, now)}
        for token in application_tokens(request.workspace.pk)
    ]
    active = sum(row["works"] for row in rows)
    return {
        "form": form,
        "made": made,
        "tokens": TokenTable(rows, hidden=() if Permission.TOKEN_REVOKE.name in request.may else ("actions",)),
        "count": ngettext("%(n)d active token", "%(n)d active tokens", active) % {"n": active},
        "may_create": Permission.TOKEN_CREATE.name in request.may,
        "examples": _examples(request, made),
        "docs_url": request.build_absolute_uri("/api/docs"),
        "base": request.build_absolute_uri("/").rstrip("/"),
    }


def _examples(request: WorkspacePageRequest, made: dict[str, str] | None) -> list[dict[str, str]]:
    """Return the same three calls for a shell and for Python, with the address of this portal."""
    base = request.build_absolute_uri("/").rstrip("/")
    value = made["value"] if made is not None else PLACEHOLDER
    return [
        {"id": "example-curl", "title": "curl", "text": _CURL % {"base": base, "token": value}},
        {"id": "example-python", "title": "Python", "text": _PYTHON % {"base": base, "token": value}},
    ]


_CURL: Final = """AUTH_TOKEN=$(curl -s -X POST %(base)s/api/v1/authenticate \\
  -H "Content-Type: application/json" \\
  -d '{"application_token": "%(token)s"}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["auth_token"])')

# the first SIMs of this workspace
curl -s "%(base)s/api/v1/sim?per_page=5" -H "Authorization: Bearer $AUTH_TOKEN"

# activate one of them
curl -s -X PATCH %(base)s/api/v1/sim/SIM_ID -H "Authorization: Bearer $AUTH_TOKEN" \\
  -H "Content-Type: application/json" -d '{"status": {"id": 1}}'

# and see what it left in the log
curl -s "%(base)s/api/v1/event?sort=-id&per_page=5" -H "Authorization: Bearer $AUTH_TOKEN"
"""

_PYTHON: Final = """import json
import urllib.request

BASE = "%(base)s/api/v1"


def call(method, path, body=None, token=""):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        content = answer.read()
        return json.loads(content) if content else None


token = call("POST", "/authenticate", {"application_token": "%(token)s"})["auth_token"]
for sim in call("GET", "/sim?per_page=5", token=token):
    print(sim["iccid"], sim["status"]["description"])
for event in call("GET", "/event?sort=-id&per_page=5", token=token):
    print(event["timestamp"], event["description"])
"""


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: WorkspacePageRequest, workspace_id: int, token_id: int) -> HttpResponse:
    """Ask, then revoke a token."""
    authorise(workspace_id, Permission.TOKEN_REVOKE)
    token = ApplicationToken.objects.of(workspace_id).filter(pk=token_id).first()
    if token is None:
        raise Http404(_("There is no such application token in this workspace."))
    label = token_label(token_name(token), token.pk)
    if request.method == "POST":
        revoke_application_token(workspace_id=workspace_id, token_id=token_id)
        messages.success(request, _("%(token)s is revoked.") % {"token": label})
        return redirect_to(request, reverse("accounts:integrations", args=[workspace_id]))
    used = token.last_used and _("Last used: %(moment)s") % {"moment": relative_text(token.last_used, timezone.now())}
    context = {
        "title": _("Revoke %(token)s") % {"token": label},
        "text": _(
            "Programs that use this token are refused from their next call on. It can't be undone; create another "
            "token instead."
        ),
        "more": used or "",
        "verb": _("Revoke"),
        "dialog": "accounts/_confirm.html",
        "back": reverse("accounts:integrations", args=[workspace_id]),
        "back_label": _("Integrations"),
        "beside_settings": True,
        "url": request.path,
        "as_page": not wants_fragment(request),
    }
    return respond(request, "accounts/dialog_page.html", "accounts/_confirm.html", context)
