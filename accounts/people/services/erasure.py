"""Erasing a person on request: name and address go everywhere, what they did stays told (event 10027)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import signals
from accounts.locking import lock_user
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
from accounts.people.services.super_admins import keep_super_admin
from accounts.permissions import authorise_staff
from accounts.saved_views.leaving import erase_in_views, forget_views
from accounts.selectors import ERASED_NAME, entries_of, home_workspace_id, person_of, without_administrator
from accounts.sign_in.services.sessions import drop_sessions
from accounts.standing import withhold
from accounts.support.services import end_support_access
from accounts.tokens.services import end_tokens
from kit import mail
from kit.action import action, retried
from kit.context import current_context
from kit.erased_names import ErasedNames
from kit.errors import Conflict
from kit.models import Job, OutgoingMail, SavedFilter

_TEXTS: Final[tuple[tuple[type[models.Model], tuple[str, ...]], ...]] = (
    (WorkspaceRequest, ("text", "answer")),
    (SupportAccess, ("reason",)),
    (ApplicationToken, ("description",)),
    (Job, ("title", "arguments", "result", "error")),
    (OutgoingMail, ("to", "subject", "body")),
)
"""Columns in which a person may be named by what somebody typed, or by what was worked out for them."""
_KINDS: Final[dict[type[models.Model], str]] = {
    WorkspaceRequest: "request",
    SupportAccess: "support_access",
    ApplicationToken: "token",
}
"""What the log calls those of them that don't change in silence."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did.

    Args:
        user: the row as it is now.
        headless: workspaces that have no Administrator now, by name; staff have to name one.
    """

    user: User
    headless: list[Workspace]


@retried
def erase_user(*, user_id: int) -> Erasure:
    """Erase what the portal knows of a person. The id stays, so that old events still tell their deeds apart.

    The account, its memberships, keys, sessions and visits of staff in its place end. Erasing is a duty, so the last
    Administrator goes too; a main organisation gets a new SuperAdmin. In requests, reasons, notes and results the
    person is replaced; listeners of `user_erased` do that for what their apps hold. Company data on invoices, names of
    workspaces and policies, and what somebody typed into an event stay (`docs/rules.md` section 18).

    Args:
        user_id: whom.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: there is no such user.
        Conflict: erased already, or a member of staff, whose rights have to be taken first.
    """
    authorise_staff("accounts.delete_user")
    with action():
        withhold(users=[user_id])
        places = _locked_places(user_id)
        user = lock_user(user_id)
        if user.is_staff:
            raise Conflict(_("This is a member of the operator's staff. Take the staff rights first."), code="staff")
        headless = without_administrator(user_id)
        names = _names_of(user)
        known = _known_places(user)
        home = home_workspace_id(user)
        # From here on the row is the erased person's, so that no event of this action remembers the name anew.
        _erase_account(user)
        replacement = person_of(user)
        covers = {"user": [user_id], **_erase_rows(user, ErasedNames(names, replacement))}
        told = _leave(user, places) or [home]
        for workspace_id in told:
            signals.user_erased.send(
                sender=User,
                workspace_id=workspace_id,
                user_id=user_id,
                names=names,
                places=sorted({*known, *told}),
                replacement=replacement,
                covers=covers,
            )
    return Erasure(user=user, headless=headless)


def _locked_places(user_id: int) -> list[Workspace]:
    """Lock the workspaces that a person is in, before their row, as whoever needs both does."""
    memberships = Membership.objects.filter(user_id=user_id).order_by()
    rows = Workspace.objects.filter(Q(pk__in=memberships.values("workspace_id")) | Q(super_admin_id=user_id))
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _names_of(user: User) -> list[str]:
    """Return every name and address that the account has and had, the present ones first."""
    names = [user.name, user.email]
    names += EmailAddress.objects.filter(user=user).order_by("pk").values_list("email", flat=True)
    for _receiver, former in signals.user_erasing.send(sender=User, user_id=user.pk):
        names += cast(list[str], former)
    return list(dict.fromkeys(names))


def _known_places(user: User) -> list[int]:
    """Return the workspaces that the person was asked into, and mostly joined, and those they could enter."""
    asked = Invitation.objects.filter(user=user).order_by("workspace_id").values_list("workspace_id", flat=True)
    return [*asked, *(entry.id for entry in entries_of(user.pk))]


def _leave(user: User, places: Sequence[Workspace]) -> list[int]:
    """Take the person out of all workspaces, and return those in which the erasure is told."""
    for access_id in SupportAccess.objects.filter(acted_for=user, ended__isnull=True).values_list("pk", flat=True):
        end_support_access(access_id=access_id)
    memberships = list(Membership.objects.filter(user=user).order_by("workspace_id"))
    for membership in memberships:
        signals.member_removed.send(
            sender=Membership,
            workspace_id=membership.workspace_id,
            subject=person_of(user),
            role=membership.role,
            covers={"membership": [membership.pk]},
        )
    Membership.objects.filter(user=user).delete()
    end_tokens(creator_id=user.pk)
    led = [workspace for workspace in places if workspace.super_admin_id == user.pk]
    for workspace in led:
        keep_super_admin(workspace, leaving=user.pk)
    return list(dict.fromkeys([*(each.workspace_id for each in memberships), *(each.pk for each in led)]))


def _erase_account(user: User) -> None:
    """Empty a locked account: the id stays, and nobody signs in with it."""
    user.name, user.email = ERASED_NAME, _nowhere(user)
    user.set_unusable_password()
    user.status = User.Status.SUSPENDED
    user.default_workspace = None
    user.end_credentials()
    user.preferences = {}
    user.last_login = None
    user.erased = current_context().now()
    user.save()
    drop_sessions(user.pk)


def _nowhere(user: User) -> str:
    return f"erased-{user.pk}@erased.invalid"


def _erase_rows(user: User, erased: ErasedNames) -> dict[str, list[int]]:
    """Take the person out of what others hold, and return the ids of it, by the kinds that the log knows."""
    now = current_context().now()
    nowhere = _nowhere(user)
    Invitation.objects.filter(user=user, accepted__isnull=True, withdrawn__isnull=True).update(withdrawn=now)
    Invitation.objects.filter(user=user).update(name=ERASED_NAME, email=nowhere)
    covers: dict[str, list[int]] = {
        "invitation": list(Invitation.objects.filter(user=user).order_by("pk").values_list("pk", flat=True)),
        "workspace": [],
        **{kind: [] for kind in _KINDS.values()},
    }
    for address in erased.addresses:
        asked = WorkspaceRequest.objects.filter(contact_email__iexact=address)
        covers["request"] += asked.values_list("pk", flat=True)
        asked.update(contact_email=nowhere)
        companies = CompanyDetails.objects.filter(invoice_email__iexact=address)
        covers["workspace"] += companies.values_list("workspace_id", flat=True)
        companies.update(invoice_email="")
    mail.forget(erased.addresses)
    forget_views(user_id=user.pk)
    erase_in_views(erased)
    for model, fields in _TEXTS:
        changed = erased.erase_in(model._default_manager.all(), fields)
        if model in _KINDS:
            covers[_KINDS[model]] += changed
    # The token of a list is made from its values, so a list can't change: it goes, with the address that names it.
    erased.found_in(SavedFilter.objects.all(), ["values"]).delete()
    # Whatever they asked for themselves, also under a name of one word, and what staff asked for in their place.
    for jobs in (Job.objects.filter(user_id=user.pk), erased.found_in(Job.objects.all(), ["actor"])):
        for job in jobs:
            # Nothing but the persons: what else stands there (roles, labels) may be called as somebody is.
            persons = {name: erased.replaced(job.actor[name]) for name in ("person", "acted_for") if name in job.actor}
            job.actor = {**job.actor, **persons}
            job.save(update_fields=["actor"])
    for model in (EmailAddress, Authenticator, TrustedDevice):
        model.objects.filter(user=user).delete()
    return {kind: ids for kind, ids in covers.items() if ids}
