"""Erasing a person on request: name and address go everywhere, what they did stays told (event 10027)."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import CompanyDetails, Invitation, Membership, SupportAccess, User, Workspace, WorkspaceRequest
from accounts.selectors import home_workspace_id
from accounts.services.rows import lock_user
from accounts.services.sessions import require_staff
from portal.kit.action import action
from portal.kit.context import Person, current_context
from portal.kit.errors import Conflict
from portal.kit.models import Job

ERASED_NAME: Final = "Erased user"
"""What stands in place of a name that was erased."""


def erased_username(user_id: int) -> str:
    """Return what stands in place of an address that was erased; texts of events show it."""
    return f"{ERASED_NAME} (User ID: {user_id})"


def erase_user(*, user_id: int) -> User:
    """Erase what the portal knows of a person. The id stays, so that old events still tell their deeds apart.

    The account, its memberships, keys and sessions end. Free texts that somebody wrote about the person (a reason, a
    note, the name of a device) are theirs and stay; listeners of `user_erased` erase what their apps hold.

    Args:
        user_id: whom.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: there is no such user.
        Conflict: erased already, or a member of staff, whose rights have to be taken first.
    """
    require_staff("user_erase")
    with action():
        user = lock_user(user_id)
        if user.erased is not None:
            raise Conflict(_("This user was erased already."), code="erased")
        if user.is_staff:
            raise Conflict(_("This is a member of the operator's staff. Take the staff rights first."), code="staff")
        names = [user.name, user.email]
        replacement = Person(user_id=user_id, name=ERASED_NAME, username=erased_username(user_id))
        places = _leave(user, replacement)
        _erase_rows(user, names, replacement)
        for workspace_id in places:
            signals.user_erased.send(
                sender=User, workspace_id=workspace_id, user_id=user_id, names=names, replacement=replacement
            )
    return user


def _leave(user: User, replacement: Person) -> list[int]:
    """Take the person out of all workspaces, and return those in which the erasure is told."""
    home = home_workspace_id(user)
    memberships = list(Membership.objects.filter(user=user).order_by("workspace_id"))
    for membership in memberships:
        signals.member_removed.send(
            sender=Membership, workspace_id=membership.workspace_id, subject=replacement, role=membership.role
        )
    Membership.objects.filter(user=user).delete()
    ids = [membership.workspace_id for membership in memberships]
    ids += Workspace.objects.filter(super_admin=user).order_by("pk").values_list("pk", flat=True)
    Workspace.objects.filter(super_admin=user).update(super_admin=None)
    found = list(dict.fromkeys(ids))
    return found or ([home] if home is not None else [])


def _erase_rows(user: User, names: list[str], replacement: Person) -> None:
    now = current_context().now()
    address = user.email
    Invitation.objects.filter(user=user, accepted__isnull=True, withdrawn__isnull=True).update(withdrawn=now)
    nowhere = f"erased-{user.pk}@erased.invalid"
    Invitation.objects.filter(user=user).update(name=ERASED_NAME, email=nowhere)
    WorkspaceRequest.objects.filter(contact_email__iexact=address).update(contact_email=nowhere)
    CompanyDetails.objects.filter(invoice_email__iexact=address).update(invoice_email="")
    SupportAccess.objects.filter(acted_for=user, ended__isnull=True).update(ended=now)
    for job in Job.objects.filter(user_id=user.pk):
        job.actor = _without(job.actor, names, replacement)
        job.save(update_fields=["actor"])
    for model in (EmailAddress, Authenticator, UserSession):
        model.objects.filter(user=user).delete()
    user.name, user.email = ERASED_NAME, nowhere
    user.set_unusable_password()
    user.status = User.Status.SUSPENDED
    user.default_workspace = None
    user.token_epoch += 1
    user.preferences = {}
    user.last_login = None
    user.erased = now
    user.save()


def _without(value: Any, names: list[str], replacement: Person) -> Any:
    """Return JSON in which the person's name and address are replaced."""
    if isinstance(value, dict):
        return {key: _without(item, names, replacement) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, names, replacement) for item in value]
    if value == names[0]:
        return replacement.name
    return replacement.username if value == names[1] else value
