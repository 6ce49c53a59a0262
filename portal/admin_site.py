"""The admin site of the operator's staff, in the look of the portal and behind the portal's own door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from accounts.sign_in.services.passwords import change_own_password
from accounts.sign_in.services.sessions import follow_session
from kit.admin.base import StaffAdmin, add_refusal
from kit.errors import DomainError
from kit.jobs import wake
from portal.staff.queue import stuck_jobs, work_for
from portal.staff.search import search
from portal.version import version

ORDER: Final = (
    ("accounts", ("workspace", "workspacerequest", "user", "platformpackage", "dataplan")),
    ("sims", ("simbatch", "sim", "device", "servicepolicy", "coveragepolicy", "simmodel")),
    ("orders", ("order", "article", "shippingoption", "shippingprovider", "moneytransfer")),
    ("events", ("event", "frozenperson", "retentionreceipt", "sealcheck", "replaycheck")),
    ("kit", ("outgoingmail",)),
)
"""Apps and their pages in the order of the menu."""
MOST_WOKEN: Final = 500


class PasswordForm(forms.Form):
    """A new password for the person who asks."""

    old_password = forms.CharField(
        label=gettext_lazy("Current password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        help_text=gettext_lazy("12 characters or more. It ends your other sessions."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("New password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new_password"):
            raise forms.ValidationError(_("The two differ."))
        return again


class PortalAdminSite(AdminSite):
    """Pages for staff. Signing in and out is the portal's; only pages that write through services are let in."""

    site_header = gettext_lazy("Operator staff")
    site_title = gettext_lazy("Operator portal")
    index_title = gettext_lazy("Overview")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take our pages. Those that libraries bring (groups, e-mail addresses) would write past the services."""
        if isinstance(admin_class, type) and issubclass(admin_class, StaffAdmin):
            super().register(model_or_iterable, admin_class, **options)

    # --- the door ---

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the portal's sign-in, which leads back.

        Raises:
            PermissionDenied: somebody is signed in who is not on the staff.
        """
        target = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(target)
        if request.user.is_authenticated:
            raise PermissionDenied(_("The admin site is for the operator's staff."))
        return redirect_to_login(target, resolve_url("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send to the portal's sign-out."""
        return HttpResponseRedirect(reverse("account_logout"))

    @method_decorator(sensitive_post_parameters("old_password", "new_password", "again"))
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change one's own password, by the service."""
        user = cast(User, request.user)
        form = PasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            kept = request.session.session_key or ""
            values = form.cleaned_data
            try:
                user = change_own_password(
                    user_id=user.pk, old=values["old_password"], new=values["new_password"], keep=kept
                )
            except DomainError as error:
                add_refusal(form, error)
            else:
                update_session_auth_hash(request, user)
                follow_session(old_key=kept, new_key=request.session.session_key or "")
                messages.success(request, _("Your password is changed."))
                return HttpResponseRedirect(reverse("admin:index", current_app=self.name))
        request.current_app = self.name
        context = {**self.each_context(request), "title": _("Change password"), "form": form}
        return TemplateResponse(request, "admin/password.html", context, status=422 if form.errors else 200)

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Lead to the overview, where the message says that the password was changed."""
        return HttpResponseRedirect(reverse("admin:index", current_app=self.name))

    # --- the menu ---

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page of the site has; the version stands at the foot of the menu."""
        search_url = reverse("admin:search", current_app=self.name)
        return {**super().each_context(request), "version": version(), "staff_search_url": search_url}

    @method_decorator(never_cache)
    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The overview: what waits for this person."""
        return super().index(request, {**(extra_context or {}), "work": work_for(request)})

    def get_urls(self) -> list[Any]:
        own = [
            path("search/", self.admin_view(self.search_view), name="search"),
            path("jobs/wake/", self.admin_view(self.wake_jobs_view), name="wake_jobs"),
        ]
        return [*own, *super().get_urls()]

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Look for something in everything; what is named for certain is opened at once."""
        text = request.GET.get("q", "")
        answer = search(self, request, text)
        if answer.to:
            return HttpResponseRedirect(answer.to)
        request.current_app = self.name
        context = {**self.each_context(request), "title": _("Search"), "query": text.strip(), "groups": answer.groups}
        return TemplateResponse(request, "admin/search.html", context)

    def wake_jobs_view(self, request: HttpRequest) -> HttpResponse:
        """Ask workers to take up the jobs that stand still, as a button of the overview asks."""
        if request.method != "POST" or not request.user.has_perm("kit.change_job"):
            raise PermissionDenied(_("Your rights do not allow waking jobs, or a link tried to."))
        ids = [str(pk) for pk in stuck_jobs().values_list("pk", flat=True)[:MOST_WOKEN]]
        for job_id in ids:
            wake(job_id)
        text = ngettext("Workers are asked to take up %(n)s job.", "Workers are asked to take up %(n)s jobs.", len(ids))
        messages.success(request, text % {"n": len(ids)})
        return HttpResponseRedirect(reverse("admin:index", current_app=self.name))

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return nothing: Django's own log is not kept, every change has its event."""
        return ()

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Return the pages this person may see, in our order, each with its icon."""
        found: dict[str, Any] = self._build_app_dict(request, app_label)
        places = {app: dict(zip(models, range(len(models)), strict=True)) for app, models in ORDER}
        apps = [found[app] for app in self._ordered(found, places)]
        for app in apps:
            order = places.get(app["app_label"], {})
            app["models"].sort(key=lambda model: (order.get(model["object_name"].lower(), 99), str(model["name"])))
            for model in app["models"]:
                model["icon"] = cast(StaffAdmin, self._registry[model["model"]]).icon
        return apps

    @staticmethod
    def _ordered(found: Iterable[str], places: dict[str, Any]) -> list[str]:
        ranks = list(places)
        return sorted(found, key=lambda app: (ranks.index(app) if app in ranks else len(ranks), app))
