"""The members of a workspace: added, given another role and removed by staff, each by its service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, User, Workspace
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.permissions import Role
from kit.admin.base import add_refusal
from kit.admin.filters import Picker
from kit.errors import DomainError, Invalid

ROLES = [(role.value, role.label) for role in Role.assignable()]


class MemberForm(forms.Form):
    """Somebody who joins."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES, initial=Role.USER.value)

    def __init__(self, site: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"] = forms.ModelChoiceField(
            queryset=User.objects.all(),
            label=_("User"),
            help_text=_("Search by name or e-mail address. Who has no account needs one first."),
            widget=Picker(Membership._meta.get_field("user"), site, _("Search users")),
        )
        self.order_fields(["user", "role"])


def members_of(workspace: Workspace) -> list[Membership]:
    """Return the members of a workspace by name. One query."""
    return list(workspace.memberships.select_related("user").order_by("user__name", "user__email"))


def join(workspace: Workspace, form: MemberForm) -> str:
    """Add a member as a form says, and return what to tell; "" when the form shows an error."""
    if not form.is_valid():
        return ""
    user = form.cleaned_data["user"]
    try:
        add_member(workspace_id=workspace.pk, user_id=user.pk, role=form.cleaned_data["role"])
    except DomainError as error:
        add_refusal(form, error)
        return ""
    return _("%(name)s joined as %(role)s.") % {"name": user.name, "role": Role(form.cleaned_data["role"]).label}


def change(workspace: Workspace, what: str, user_id: str, role: str) -> str:
    """Change or remove a member as the buttons of the list say, and return what to tell.

    Args:
        what: "role" or "remove".
        user_id: as posted.
        role: as posted, for "role".

    Raises:
        DomainError: refused, or nothing that a button sends.
    """
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) < 19) or what not in ("role", "remove"):
        raise Invalid(_("Use the buttons beside the member."))
    if what == "remove":
        remove_member(workspace_id=workspace.pk, user_id=int(user_id))
        return _("Removed from the workspace.")
    membership = change_role(workspace_id=workspace.pk, user_id=int(user_id), role=role)
    return _("%(name)s is %(role)s now.") % {"name": membership.user.name, "role": Role(membership.role).label}
