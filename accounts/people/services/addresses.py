"""Another sign-in address for an account, which is verified like a new one (`docs/rules.md` section 17)."""

from __future__ import annotations

from typing import Final

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import mails, signals
from accounts.authority import refuse_own_account, require_managed, runs_a_workspace
from accounts.locking import lock_user
from accounts.mail_links import LinkMaker
from accounts.models import Invitation, TrustedDevice, User, Workspace
from accounts.people.services.notices import tell_administrators
from accounts.people.services.verification import ask_to_verify
from accounts.permissions import Permission, authorise, authorise_staff
from accounts.selectors import home_workspace_id, person_of, user_by_email
from accounts.sign_in.services.sessions import drop_sessions
from accounts.staff_roles import MOVE_ADMINISTRATOR
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import Person, current_actor, current_context
from kit.email_addresses import checked_email
from kit.errors import Conflict

_OPENED_BY_ADDRESS: Final = (
    *("email", "moved_by_staff", "status", "password", "token_epoch", "failed_sign_ins", "locked_until"),
)


@retried
def rename_account(*, workspace_id: int, user_id: int, email: str, link: LinkMaker) -> User:
    """Give somebody else's account another address; the one held already changes nothing.

    The account is activated anew: a mail asks the new mailbox to verify the address and choose a password (events 10075
    and 40). Until then nobody gets in: password, sessions, tokens and trusted devices end, and so do invitations that
    were sent to the old mailbox (10026), whose links would open the account to it. The old mailbox is told.

    Args:
        workspace_id: a workspace of the user, in whose log it is told.
        user_id: whose account.
        email: the new address.
        link: makes the address of the mail.

    Raises:
        NotFound: the user is not in this workspace.
        Forbidden: the actor may not manage this user, it is the actor's own account, or that of a SuperAdmin or
            Administrator and other staff than a superuser asks.
        Invalid: this is no address.
        Conflict: the address is taken, the account is suspended, or the operator's staff manage it.
    """
    actor = authorise(workspace_id, Permission.USER_MANAGE)
    refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    address = checked_address(email)
    with action():
        withhold(users=[user_id])
        _lock_places(user_id)
        user = require_managed(actor, workspace_id, user_id)
        _move(user, address, workspace_id, link)
    return user


@retried
def change_customer_address(*, user_id: int, email: str, link: LinkMaker) -> User:
    """Give a customer's account another address, as staff asked to help; the one held already changes nothing.

    What follows is as in `rename_account`: the new mailbox has to verify the address and choose a password. The old one
    is told, and so are the Administrators of the person's workspaces, so staff can't take over an account unseen. Of
    people who run a workspace superusers alone do it; and staff make nobody run one whose address they changed less
    than a month ago (`accounts.authority.require_settled`).

    Args:
        user_id: whose account.
        email: the new address.
        link: makes the address of the mail.

    Raises:
        NotFound: there is no such user.
        Forbidden: somebody else than staff who may change users asks; or other than a superuser about a SuperAdmin or
            Administrator.
        Invalid: this is no address.
        Conflict: the address is taken, the account is suspended or erased, or it is that of staff.
    """
    authorise_staff("accounts.change_user")
    address = checked_address(email)
    with action():
        withhold(users=[user_id])
        _lock_places(user_id)
        user = lock_user(user_id)
        if user.is_staff or user.is_superuser:
            raise Conflict(_("This is a member of the operator's staff."), code="staff", field="username")
        _move(user, address, home_workspace_id(user), link)
    return user


def _move(user: User, address: str, workspace_id: int, link: LinkMaker) -> None:
    """Give a locked account another address, and tell both mailboxes and a workspace."""
    if user.email == address:
        return
    if user.status == User.Status.SUSPENDED:
        raise Conflict(_("This account is suspended. Make it active before you change its address."))
    if current_actor().everywhere and runs_a_workspace(user.pk):
        authorise_staff(MOVE_ADMINISTRATOR)
    before, old = user.status, user.email
    store_address(user, address)
    for model in (EmailAddress, TrustedDevice):
        model._default_manager.filter(user=user).delete()
    drop_sessions(user.pk)
    _withdraw_invitations(user)
    signals.user_updated.send(
        sender=User,
        workspace_id=workspace_id,
        subject=person_of(user),
        what="updated: new address",
        changes={"status": {"from": before, "to": user.status}} if user.status != before else {},
    )
    mails.send_later("address_changed", old, {"user": user, "by_staff": current_actor().everywhere})
    ask_to_verify(user, workspace_id, link)
    tell_administrators(user, "address")


def checked_address(email: str) -> str:
    """Return an address as it is stored. Raises Invalid, at the field `username`."""
    return checked_email(email, field="username", code="invalid_format")


def _lock_places(user_id: int) -> None:
    """Lock the workspaces that the person is invited to before their row, as whoever accepts an invitation does."""
    asked = Invitation.objects.filter(user_id=user_id, accepted__isnull=True, withdrawn__isnull=True)
    rows = Workspace.objects.filter(pk__in=asked.order_by().values("workspace_id"))
    list(rows.select_for_update(of=("self",)).order_by("pk"))
    lock_user(user_id)


def store_address(user: User, address: str) -> None:
    """Give a locked account another address, to be verified: nothing opens it until then; part of actions that tell.

    Raises:
        Conflict: somebody else has the address.
    """
    user.email = address
    if current_actor().everywhere:
        user.moved_by_staff = current_context().now()
    user.status = User.Status.ACTIVATION_PENDING
    user.set_unusable_password()
    user.end_credentials()
    user.failed_sign_ins = 0
    user.locked_until = None
    found = user_by_email(address)
    taken = found is not None and found.pk != user.pk
    if not taken:
        try:
            with transaction.atomic():
                user.save(update_fields=_OPENED_BY_ADDRESS)
        except IntegrityError:
            # Somebody else took it at the same moment.
            taken = True
    if taken:
        raise Conflict(_("This address can't be used. Choose another one."), code="duplicate", field="username")


def _withdraw_invitations(user: User) -> None:
    asked = list(user.invitations.filter(accepted__isnull=True, withdrawn__isnull=True).order_by("workspace_id", "pk"))
    if not asked:
        return
    Invitation.objects.filter(pk__in=[each.pk for each in asked]).update(withdrawn=current_context().now())
    for invitation in asked:
        signals.member_removed.send(
            sender=Invitation,
            workspace_id=invitation.workspace_id,
            # There the person is known by the address that was typed, and by no other.
            subject=Person(user_id=user.pk, name=invitation.email, username=invitation.email),
            role=invitation.role,
            covers={"invitation": [invitation.pk]},
        )
