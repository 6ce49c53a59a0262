"""Erasing a person on request: name and address go everywhere, what they did stays told (event 10027)."""

from __future__ import annotations

from typing import Final, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import models
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import (
    ApplicationToken,
    CompanyDetails,
    Invitation,
    Membership,
    SupportAccess,
    TrustedDevice,
    User,
    Workspace,
    WorkspaceRequest,
)
from accounts.selectors import home_workspace_id
from accounts.services.rows import lock_user
from accounts.services.sessions import drop_sessions, require_staff
from portal.kit import mail
from portal.kit.action import action
from portal.kit.context import Person, current_context
from portal.kit.errors import Conflict
from portal.kit.models import Job, OutgoingMail, SavedFilter
from portal.kit.names import ErasedNames

ERASED_NAME: Final = "Erased user"
"""What stands in place of a name that was erased."""
_TEXTS: Final[tuple[tuple[type[models.Model], tuple[str, ...]], ...]] = (
    (WorkspaceRequest, ("text", "answer")),
    (SupportAccess, ("reason",)),
    (ApplicationToken, ("description",)),
    (Job, ("actor", "title", "arguments", "result", "error")),
    (OutgoingMail, ("to", "subject", "body")),
)
"""Columns in which a person may be named by what somebody typed, or by what was worked out for them."""


def erased_username(user_id: int) -> str:
    """Return what stands in place of an address that was erased; texts of events show it."""
    return f"{ERASED_NAME} (User ID: {user_id})"


def erase_user(*, user_id: int) -> User:
    """Erase what the portal knows of a person. The id stays, so that old events still tell their deeds apart.

    The account, its memberships, keys and sessions end. In requests, reasons, notes and results the person is replaced;
    listeners of `user_erased` do that for what their apps hold. Two things stay: what somebody typed as the name of a
    thing (a device, a tag, a company), and free text in events, which nobody can change.

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
        names = _names_of(user)
        replacement = Person(user_id=user_id, name=ERASED_NAME, username=erased_username(user_id))
        known = _known_places(user)
        told = _leave(user, replacement)
        _erase_rows(user, ErasedNames(names, replacement))
        for workspace_id in told:
            signals.user_erased.send(
                sender=User,
                workspace_id=workspace_id,
                user_id=user_id,
                names=names,
                places=sorted({*known, *told}),
                replacement=replacement,
            )
    return user


def _names_of(user: User) -> list[str]:
    """Return every name and address that the account has and had, the present ones first."""
    names = [user.name, user.email]
    names += EmailAddress.objects.filter(user=user).order_by("pk").values_list("email", flat=True)
    for _receiver, former in signals.user_erasing.send(sender=User, user_id=user.pk):
        names += cast(list[str], former)
    return list(dict.fromkeys(names))


def _known_places(user: User) -> list[int]:
    """Return the workspaces that the person was asked into, and mostly joined."""
    return list(Invitation.objects.filter(user=user).order_by("workspace_id").values_list("workspace_id", flat=True))


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


def _erase_rows(user: User, erased: ErasedNames) -> None:
    now = current_context().now()
    nowhere = f"erased-{user.pk}@erased.invalid"
    Invitation.objects.filter(user=user, accepted__isnull=True, withdrawn__isnull=True).update(withdrawn=now)
    Invitation.objects.filter(user=user).update(name=ERASED_NAME, email=nowhere)
    SupportAccess.objects.filter(acted_for=user, ended__isnull=True).update(ended=now)
    for address in erased.addresses:
        WorkspaceRequest.objects.filter(contact_email__iexact=address).update(contact_email=nowhere)
        CompanyDetails.objects.filter(invoice_email__iexact=address).update(invoice_email="")
    mail.forget(erased.addresses)
    for model, fields in _TEXTS:
        erased.erase_in(model._default_manager.all(), fields)
    # The token of a list is made from its values, so a list can't change: it goes, with the address that names it.
    erased.found_in(SavedFilter.objects.all(), ["values"]).delete()
    # Whatever they asked for themselves, also under a name of one word.
    for job in Job.objects.filter(user_id=user.pk):
        job.actor = erased.replaced(job.actor)
        job.save(update_fields=["actor"])
    drop_sessions(user.pk)
    for model in (EmailAddress, Authenticator, TrustedDevice):
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
