"""Users: their account, the workspaces they are in, and the locks on their door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import Membership, User, Workspace
from accounts.people.admin.forms import EraseForm, NewUserForm, UserForm, UserPasswordForm
from accounts.people.services.addresses import change_customer_address
from accounts.people.services.erasure import erase_user
from accounts.people.services.staff_accounts import (
    create_user,
    reactivate_user,
    suspend_user,
    unlock_user,
    update_user,
)
from accounts.people.standings import FACTORS, MEANINGS, TONES, Standing, of_factor, with_standing
from accounts.permissions import Role
from accounts.selectors import without_administrator
from accounts.sign_in.services.password_reset import send_password_reset
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.second_factors import remove_second_factor
from kit.admin.base import StaffAdmin, add_refusal
from kit.admin.filters import choice_filter, condition_filter
from kit.errors import DomainError
from kit.rendering import badge, bdi, dash, when, when_absolute

SHOWN_WORKSPACES = 3
MOST_AT_ONCE = 500
_LOCK_ACTIONS: dict[str, Callable[..., User]] = {
    "suspend": suspend_user,
    "reactivate": reactivate_user,
    "unlock": unlock_user,
}


def _homeless(users: QuerySet[Any]) -> QuerySet[Any]:
    return users.filter(is_staff=False, memberships__isnull=True, default_workspace__isnull=True)


@admin.register(User)
class UserAdmin(StaffAdmin):
    """Accounts. Only a superuser changes accounts of staff: whoever may set their password may act as them."""

    creates = changes = True
    form = UserForm
    icon = "users"
    ordering = ("email",)
    change_form_template = "admin/accounts/user/change_form.html"
    list_display = ("name", "email", "state", "staff", "places", "second_factor", "signed_in")
    list_filter = (
        choice_filter("status", gettext_lazy("status"), "standing", Standing.choices),
        condition_filter(
            "factor",
            gettext_lazy("second factor"),
            {key: (label, partial(of_factor, factor=key)) for key, label in FACTORS},
        ),
        condition_filter(
            "kind",
            gettext_lazy("kind"),
            {
                "staff": (gettext_lazy("Operator staff"), lambda users: users.filter(is_staff=True)),
                "customer": (gettext_lazy("Customers"), lambda users: users.filter(is_staff=False)),
                "homeless": (gettext_lazy("In no workspace"), _homeless),
            },
        ),
    )
    search_fields = ("email", "name")
    search_help_text = gettext_lazy("Name, e-mail address or ID")
    actions = ("suspend_selected", "reactivate_selected", "unlock_selected")

    # --- who may ---

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not (obj.is_staff or obj.is_superuser) or request.user.is_superuser)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found: list[Any] = [(None, {"fields": ["email", "name"]})]
        if request.user.is_superuser:
            staff: list[Any] = [("is_staff", "is_superuser"), "staff_role"]
            found.append((_("Operator staff"), {"fields": staff if obj is not None else [*staff, "password"]}))
        return found

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewUserForm
            kwargs["fields"] = [name for name in kwargs.get("fields") or () if name != "password"]
        return super().get_form(request, obj, change, **kwargs)

    # --- writing ---

    def create(self, request: HttpRequest, form: Any) -> User:
        values = {name: value for name, value in form.cleaned_data.items() if name != "password"}
        return create_user(password=form.cleaned_data.get("password") or None, **values)

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        changes = dict(form.changes)
        customer = not User.objects.filter(pk=obj.pk, is_staff=True).exists()
        address = changes.pop("email", None) if customer else None
        if changes:
            update_user(user_id=obj.pk, changes=changes)
        if address is not None:
            change_customer_address(
                user_id=obj.pk,
                email=address,
                link=lambda secret: request.build_absolute_uri(reverse("account_verify_link", args=[secret])),
            )
            text = _("%(name)s gets a mail to verify the new address; the old one is told.") % {"name": obj.name}
            self.message_user(request, text, messages.WARNING)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own: list[Any] = [
            path("<path:object_id>/password/mail/", wrap(self.reset_view), name="accounts_user_reset"),
            path("<path:object_id>/password/", wrap(self.password_view), name="accounts_user_password"),
            path("<path:object_id>/second-factor/", wrap(self.second_factor_view), name="accounts_user_mfa"),
            path("<path:object_id>/lock/<slug:what>/", wrap(self.lock_view), name="accounts_user_lock"),
            path("<path:object_id>/erase/", wrap(self.erase_view), name="accounts_user_erase"),
        ]
        return own + super().get_urls()

    @method_decorator(sensitive_post_parameters("password"))
    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set the password of a colleague; customers get a mail."""
        user = self.found(request, object_id, change=True)
        if not user.is_staff:
            raise PermissionDenied(_("Staff don't choose a customer's password. Send a mail with a link to a new one."))
        form = UserPasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                set_user_password(user_id=user.pk, password=form.cleaned_data["password"])
            except DomainError as error:
                add_refusal(form, error)
            else:
                self.message_user(request, _("%(name)s has a new password.") % {"name": user.name}, messages.SUCCESS)
                return HttpResponseRedirect(self.url_of(user))
        context = {
            "form": form,
            "heading": _("New password for %(name)s") % {"name": user.name},
            "verb": _("Set password"),
            "back": self.url_of(user),
            "crumbs": [(user.name, self.url_of(user))],
        }
        return self.render(request, "admin/form_page.html", context, status=422 if form.errors else 200)

    def reset_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the mail with a link to a new password, as a button of the account's page asks."""
        if request.method != "POST":
            raise PermissionDenied(_("Use the button on the page of the account."))
        user = self.found(request, object_id, change=True)

        def link(secret: str) -> str:
            uid, _dash, key = secret.partition("-")
            return request.build_absolute_uri(reverse("account_reset_password_from_key", args=[uid, key]))

        try:
            send_password_reset(user_id=user.pk, link=link)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            text = _("%(name)s gets a mail with a link to a new password.") % {"name": user.name}
            self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(self.url_of(user))

    def lock_view(self, request: HttpRequest, object_id: str, what: str) -> HttpResponse:
        """Suspend, reactivate or unlock an account, as a button of its page asks."""
        if what not in _LOCK_ACTIONS:
            raise Http404
        if request.method != "POST":
            raise PermissionDenied(_("Use the button on the page of the account."))
        user = self.found(request, object_id, change=True)
        try:
            _LOCK_ACTIONS[what](user_id=user.pk)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, _done(what, [user.name]), messages.SUCCESS)
            if what == "suspend":
                self._warn_headless(request, without_administrator(user.pk))
        return HttpResponseRedirect(self.url_of(user))

    def second_factor_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what removing somebody's second factor does, and do it: for people who have lost their app."""
        user = self.found(request, object_id, change=True)
        form = forms.Form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                remove_second_factor(workspace_id=None, user_id=user.pk)
            except DomainError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                text = _("The second factor of %(name)s is removed.") % {"name": user.name}
                self.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(self.url_of(user))
        context = {
            "form": form,
            "heading": _("Remove the second factor of %(name)s") % {"name": user.name},
            "verb": _("Remove second factor"),
            "danger": True,
            "intro": _(
                "The person signs in with the password alone then, until a new app is set up. Do this only when you "
                "are sure who asked you: recovery codes and trusted devices go with it."
            ),
            "back": self.url_of(user),
            "crumbs": [(user.name, self.url_of(user))],
        }
        return self.render(request, "admin/form_page.html", context)

    def has_erase_permission(self, request: HttpRequest, obj: Any) -> bool:
        """Tell whether this person may erase that account."""
        return bool(request.user.has_perm("accounts.delete_user")) and obj.erased is None and not obj.is_staff

    def erase_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what erasing does, and do it when the user's id was typed."""
        user: User = self.found(request, object_id)
        if not self.has_erase_permission(request, user):
            raise PermissionDenied(_("Your rights do not allow erasing this account."))
        form = EraseForm(user, *((request.POST,) if request.method == "POST" else ()))
        if form.is_valid():
            try:
                headless = erase_user(user_id=user.pk).headless
            except DomainError as error:
                add_refusal(form, error)
            else:
                self.message_user(request, _("User %(id)s is erased.") % {"id": user.pk}, messages.SUCCESS)
                self._warn_headless(request, headless)
                return HttpResponseRedirect(self.url_of(user))
        context = {
            "form": form,
            "heading": _("Erase %(name)s") % {"name": user.name},
            "verb": _("Erase for ever"),
            "danger": True,
            "original": user,
            "places": places_of([user.pk])[user.pk],
            "headless": without_administrator(user.pk),
            "back": self.url_of(user),
            "crumbs": [(user.name, self.url_of(user))],
        }
        template = "admin/accounts/user/erase.html"
        return self.render(request, template, context, status=422 if form.errors else 200)

    def _warn_headless(self, request: HttpRequest, workspaces: Sequence[Workspace]) -> None:
        if workspaces:
            text = _("No Administrator is left in: %(names)s. Name one on their pages, under Members.")
            names = ", ".join(workspace.name for workspace in workspaces)
            self.message_user(request, text % {"names": names}, messages.WARNING)

    def _lock_many(self, request: HttpRequest, users: QuerySet[Any], what: str) -> None:
        chosen = list(users.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            text = _("Choose at most %(n)s accounts at once. Nothing was changed.") % {"n": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return
        done = []
        for user in chosen:
            if not self.has_change_permission(request, user):
                self.message_user(
                    request, _("%(name)s: only a superuser changes staff.") % {"name": user.name}, messages.WARNING
                )
                continue
            try:
                _LOCK_ACTIONS[what](user_id=user.pk)
            except DomainError as error:
                self.message_user(request, f"{user.name}: {error.message}", messages.WARNING)
            else:
                done.append(user.name)
        if done:
            self.message_user(request, _done(what, done), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Suspend"), permissions=["change"])
    def suspend_selected(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """Keep the accounts out; each leaves its event."""
        self._lock_many(request, users, "suspend")

    @admin.action(description=gettext_lazy("Reactivate"), permissions=["change"])
    def reactivate_selected(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """Let the accounts in again."""
        self._lock_many(request, users, "reactivate")

    @admin.action(description=gettext_lazy("Unlock"), permissions=["change"])
    def unlock_selected(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """End the lock after failed sign-ins."""
        self._lock_many(request, users, "unlock")

    # --- what is shown ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_standing(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in term.split():
            wanted = Q(email__icontains=word) | Q(name__icontains=word)
            if word.isascii() and word.isdigit() and len(word) < 19:
                wanted |= Q(pk=int(word))
            queryset = queryset.filter(wanted)
        return queryset, False

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        places = places_of([user.pk for user in rows])
        for user in rows:
            user.places = places[user.pk]

    def form_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        if obj is None:
            return {}
        may = self.has_change_permission(request, obj)
        events = reverse("admin:events_event_changelist")
        return {
            "places": places_of([obj.pk])[obj.pk],
            "may_lock": may and obj.pk != request.user.pk and obj.erased is None,
            "may_set_password": may and obj.is_staff,
            "may_reset": may and obj.is_active,
            "may_erase": self.has_erase_permission(request, obj),
            "may_remove_mfa": may and bool(obj.factor),
            "locked": _is_locked(obj),
            "events_url": f"{events}?q=user:{obj.pk}",
            "facts": [
                (_("User ID"), obj.pk),
                (_("Status"), self._state_line(obj)),
                (_("Created"), when_absolute(obj.created)),
                *([(_("Erased"), when_absolute(obj.erased))] if obj.erased else []),
                (_("Last sign-in"), when_absolute(obj.last_login)),
                (_("Second factor"), self.second_factor(obj)),
                (_("Locked until"), when_absolute(obj.locked_until) if _is_locked(obj) else dash()),
            ],
        }

    @admin.display(description=gettext_lazy("status"), ordering="standing")
    def state(self, user: Any) -> SafeString:
        return badge(str(Standing(user.standing).label), TONES[user.standing])

    def _state_line(self, user: Any) -> SafeString:
        return format_html('{} <span class="muted">{}</span>', self.state(user), MEANINGS.get(user.standing, ""))

    @admin.display(description=gettext_lazy("second factor"), ordering="factor")
    def second_factor(self, user: Any) -> str:
        return str(dict(FACTORS)[user.factor or "none"])

    @admin.display(description=gettext_lazy("staff"), ordering="is_staff")
    def staff(self, user: User) -> SafeString:
        if not user.is_staff:
            return dash()
        if user.is_superuser:
            return badge(_("Superuser"), "accent")
        return badge(user.get_staff_role_display().partition(":")[0] or _("Staff without a role"), "accent")

    @admin.display(description=gettext_lazy("workspaces"))
    def places(self, user: Any) -> SafeString:
        if not user.places:
            return dash()
        shown = format_html_join(
            ", ",
            '<a href="{}">{}</a> <span class="muted">{}</span>',
            (
                (reverse("admin:accounts_workspace_change", args=[pk]), bdi(name), role)
                for pk, name, role in user.places[:SHOWN_WORKSPACES]
            ),
        )
        more = len(user.places) - SHOWN_WORKSPACES
        if more <= 0:
            return shown
        text = ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
        return format_html('{} <span class="muted">{}</span>', shown, text)

    @admin.display(description=gettext_lazy("last sign-in"), ordering="last_login")
    def signed_in(self, user: User) -> SafeString:
        return when(user.last_login)


def _is_locked(user: User) -> bool:
    return user.locked_until is not None and user.locked_until > timezone.now()


def _done(what: str, names: Sequence[str]) -> str:
    who = names[0] if len(names) == 1 else ngettext("%(n)s account", "%(n)s accounts", len(names)) % {"n": len(names)}
    text = {
        "suspend": _("%(who)s suspended; sessions and tokens ended."),
        "reactivate": _("%(who)s reactivated."),
        "unlock": _("%(who)s unlocked."),
    }[what]
    return text % {"who": who}


def places_of(user_ids: Sequence[int]) -> dict[int, list[tuple[int, str, str]]]:
    """Return the workspaces of users: id, name and role, by name; linked ones of a SuperAdmin stand behind the main.

    Two queries, whatever the number of users.
    """
    found: dict[int, list[tuple[int, str, str]]] = {pk: [] for pk in user_ids}
    mains = Workspace.objects.filter(super_admin_id__in=user_ids).values_list("super_admin_id", "pk", "name")
    for user_id, pk, name in mains:
        found[user_id].append((pk, name, str(Role.SUPERADMIN.label)))
    held = {(user_id, pk) for user_id, places in found.items() for pk, _name, _role in places}
    members = (
        Membership.objects.filter(user_id__in=user_ids)
        .order_by("workspace__name", "workspace_id")
        .values_list("user_id", "workspace_id", "workspace__name", "role")
    )
    for user_id, pk, name, role in members:
        if (user_id, pk) not in held:
            found[user_id].append((pk, name, str(Role(role).label)))
    return found
