"""What stands around every request: the action context, the actor of a session, the workspace of an address."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import NO_RIGHTS, access_of, rights_of, staff_actor
from accounts.models import SupportAccess, User
from accounts.requests import PortalRequest
from accounts.selectors import may_support, zone_of
from accounts.session_keys import LAST_WORKSPACE, SUPPORT_ACCESS
from accounts.sign_in.second_factors import enough_for_staff
from accounts.sign_in.services.sessions import note_activity, switch_workspace
from accounts.support.services import access_under, end_support_access
from kit.context import ActionContext, Surface, acting_within, bind_actor, context, current_context
from kit.errors import DomainError, Forbidden
from kit.htmx import HtmxRequest, current_path, problem, redirect_to, render_fragment, wants_fragment
from kit.ip_addresses import client_address_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]

SEEN: Final = "seen"
"""Session key: when its use was noted last, in seconds."""
SEEN_EVERY: Final = 300  # seconds


HEADERS: Final = {
    # Nothing of ours asks the browser for these, so nothing that got into a page may.
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), "
        "payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"
    ),
    # Pages of others don't take ours, nor our files, into themselves.
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # Pages bring their own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Files say how long they may be kept; what says nothing may hold somebody's data.
    "Cache-Control": "private, no-store",
}
"""What every answer says, unless it says something else itself."""


class HeadersMiddleware:
    """Tell browsers what they may do with an answer: pages, the API, files, downloads and errors alike.

    Django's own middleware adds `Referrer-Policy`, `Cross-Origin-Opener-Policy` and `X-Content-Type-Options`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.method == "HEAD":
            leave_out_body(response)
        return response


def leave_out_body(response: HttpResponseBase) -> None:
    """Keep the head of an answer only, with the length that its body would have; the web server warns of a body."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""


def surface_of(path: str) -> Surface:
    """Return which door an address belongs to."""
    first = path.lstrip("/").split("/", 1)[0]
    return {"api": Surface.API, "admin": Surface.ADMIN}.get(first, Surface.PORTAL)


def client_ip(request: HttpRequest) -> str | None:
    """Return the client's address, or `None` when there is none (a Unix socket) or it is malformed.

    With `TRUSTED_PROXY_COUNT` n, the nth address from the end of X-Forwarded-For was written by our own outermost
    proxy; what stands before it is the client's own claim. Without proxies the header is not looked at. Ports behind
    an address do not count, and IPv4 addresses are shown as such (`docs/rules.md` section 24).
    """
    found = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.TRUSTED_PROXY_COUNT
    if proxies:
        forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        # A shorter chain did not come through all our proxies; the peer is then all we know.
        if len(forwarded) >= proxies and forwarded[-proxies]:
            found = forwarded[-proxies]
    return client_address_of(found)


_VERSIONED: Final = re.compile(r"/api/v\d+(?=/)", re.IGNORECASE)


class ApiPathMiddleware:
    """Find the call that `/API/V1/sim/` means: clients write the first words as they like and slashes at the end."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if found := _VERSIONED.match(path):
            request.path_info = found[0].lower() + path[found.end() :].rstrip("/")
            request.path = request.path[: len(request.path) - len(path)] + request.path_info
        return self.get_response(request)


class ActionContextMiddleware:
    """Open the context of the request; nobody acts in it until somebody has authenticated."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = uuid.uuid4()
        cast(PortalRequest, request).request_id = request_id
        opened = ActionContext(
            actor=None,
            request_id=request_id,
            ip=client_ip(request),
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:256],
            surface=surface_of(request.path_info),
        )
        with context(opened):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = str(request_id)
        return response


class SessionActorMiddleware:
    """Bind the session's user, and their time zone. One query for customers, none for staff in the admin site.

    Never for the API: there a cookie, which browsers send along on their own, must not open anything.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        extended = cast(PortalRequest, request)
        extended.access = extended.support = None
        surface = current_context().surface
        if surface == Surface.API:
            request.user = AnonymousUser()
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        _note_activity(request)
        if surface == Surface.ADMIN and user.is_staff:
            bind_actor(staff_actor(user))
        else:
            extended.support = self._support(request, user) if user.is_staff else None
            extended.access = access_under(extended.support) if extended.support else access_of(user)
            bind_actor(extended.access.actor)
        with timezone.override(zone_of(user)):
            return self.get_response(request)

    @staticmethod
    def _support(request: HttpRequest, staff: User) -> SupportAccess | None:
        """Return the support access of the session while it lasts.

        It is ended when its time is over, when its staff have lost the right to it, and when the user acted for may
        not act any more.
        """
        access_id = request.session.get(SUPPORT_ACCESS)
        if access_id is None:
            return None
        access = (
            SupportAccess.objects.select_related("workspace", "staff", "acted_for")
            .filter(pk=access_id, staff=staff, ended__isnull=True)
            .first()
        )
        timed_out = access is not None and access.expires <= current_context().now()
        if access is not None and not timed_out and may_support(staff) and access.acted_for.is_active:
            return access
        del request.session[SUPPORT_ACCESS]
        request.session.pop(LAST_WORKSPACE, None)
        if access is not None:
            with acting_within(staff_actor(staff)):
                end_support_access(access_id=access.pk, timed_out=timed_out)
        return None


def _note_activity(request: HttpRequest) -> None:
    """Remember where a session is used, every few minutes: at each request it would be a write for each reading."""
    now = int(current_context().now().timestamp())
    if now - request.session.get(SEEN, 0) < SEEN_EVERY or request.session.session_key is None:
        return
    request.session[SEEN] = now
    context = current_context()
    note_activity(session_key=request.session.session_key, ip=context.ip, user_agent=context.user_agent[:200])


class WorkspaceMiddleware:
    """Open the workspace named in the address, for its members only, and turn domain errors into answers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        extended = cast(PortalRequest, request)
        extended.workspace = None
        extended.role = ""
        extended.workspaces = extended.access.entries if extended.access else []
        extended.may = NO_RIGHTS
        response = self.get_response(request)
        # Asked anew, because `process_view` sets it in between.
        entered = cast(PortalRequest, request).workspace
        if entered is not None and response.status_code < 400:
            self._remember(extended, entered.pk)
        return response

    def process_view(
        self, request: HtmxRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Check membership before any view of a workspace runs.

        Raises:
            Http404: the user is not in this workspace, or there is none of this id; the two look the same. Staff are
                no exception: what they do for a customer goes through support access.
        """
        workspace_id = kwargs.get("workspace_id")
        surface = current_context().surface
        match = request.resolver_match
        visiting = match is not None and match.view_name == "accounts:support_start"
        if (surface == Surface.ADMIN or visiting) and _staff_must_set_up(request):
            return _to_set_up(request)
        if workspace_id is None or surface != Surface.PORTAL:
            return None
        extended = cast(PortalRequest, request)
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        entry = extended.access.by_id.get(workspace_id) if extended.access else None
        if entry is None or extended.access is None:
            raise Http404(_("There is no such workspace, or you are not a member of it."))
        if entry.id in extended.access.actor.closed or _staff_must_set_up(request):
            return _to_set_up(request)
        extended.workspace = entry.workspace
        extended.role = entry.role.value
        extended.may = rights_of(extended.access.actor, workspace_id)
        return None

    def process_exception(self, request: HtmxRequest, exception: Exception) -> HttpResponse | None:
        """Answer what a service refused: a page, or for htmx the text of a toast."""
        if not isinstance(exception, DomainError) or current_context().surface == Surface.API:
            return None
        if isinstance(exception, Forbidden) and not request.htmx:
            page = {"message": exception.message, "status": 403, "permission": exception.permission}
            return render_fragment(request, "403.html", page, status=403)
        return problem(request, exception.message, exception.status)

    @staticmethod
    def _remember(request: HtmxRequest, workspace_id: int) -> None:
        """Note which workspace a person is in; going to another one by a whole page is event 67."""
        if request.method != "GET" or wants_fragment(request) or "prefetch" in request.headers.get("Sec-Purpose", ""):
            return
        last = request.session.get(LAST_WORKSPACE)
        if last == workspace_id:
            return
        if last is not None or not _is_first_page(request, workspace_id):
            switch_workspace(workspace_id=workspace_id)
        request.session[LAST_WORKSPACE] = workspace_id


def _is_first_page(request: HttpRequest, workspace_id: int) -> bool:
    """Tell whether a session without a history starts where sign-in leads."""
    default = request.user.default_workspace_id if isinstance(request.user, User) else None
    return default is None or default == workspace_id


def _staff_must_set_up(request: HttpRequest) -> bool:
    """Tell whether somebody of the staff has to set up a second factor first (setting `STAFF_MFA_REQUIRED`)."""
    user = request.user
    if not settings.STAFF_MFA_REQUIRED or not isinstance(user, User) or not user.is_staff:
        return False
    match = request.resolver_match
    return (match is None or match.url_name != "logout") and not enough_for_staff(user.pk)


def _to_set_up(request: HtmxRequest) -> HttpResponseBase:
    """Lead to the page where the second factor is set up, and from there back to the page that was wanted."""
    wanted = current_path(request) or request.get_full_path()
    query = urlencode({"next": wanted}) if request.method in ("GET", "HEAD") else ""
    url = reverse("accounts:account_mfa_setup")
    return redirect_to(request, f"{url}?{query}" if query else url)


def _to_sign_in(request: HtmxRequest) -> HttpResponseBase:
    if request.htmx:
        # The page around the fragment is what the person wants back.
        shown = current_path(request) or request.get_full_path()
        return redirect_to(request, redirect_to_login(shown, resolve_url(settings.LOGIN_URL)).url)
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
