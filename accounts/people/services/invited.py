"""What Administrators change of somebody who has not accepted yet: a user in state 0 for programs.

Until an invitation is accepted its workspace knows what was typed into it, and no more. The account itself is changed
where it was made for this invitation and belongs to nobody else.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import signals
from accounts.authority import require_settled
from accounts.locking import lock_user, lock_workspace
from accounts.mail_links import LinkMaker
from accounts.models import Invitation, User, Workspace
from accounts.naming import person_name, require_unlike_members
from accounts.people.selectors import used_elsewhere
from accounts.people.services.addresses import checked_address, store_address
from accounts.people.services.invitations import renew_invitation, subject_of, withdraw_locked
from accounts.people.services.profiles import invalid_status
from accounts.permissions import Permission, Role, authorise, authorise_staff
from accounts.signals import Changes
from accounts.staff_roles import MOVE_ADMINISTRATOR
from kit.action import action, retried
from kit.context import current_actor
from kit.errors import Conflict, Invalid, NotFound


@retried
def change_invited(
    *,
    workspace_id: int,
    user_id: int,
    link: LinkMaker,
    name: str | None = None,
    email: str | None = None,
    status: int | None = None,
) -> None:
    """Change name, address or state of somebody invited (event 10075); values that hold already change nothing.

    Another address, and the way back from Suspended, send the invitation again, and earlier links end (event 36).

    Args:
        workspace_id: who has invited.
        user_id: whom.
        link: makes the address of the mail.
        name: what the mail calls them.
        email: another address.
        status: 2 to suspend the account, 0 to take that back.

    Raises:
        NotFound: nobody invited here, or the actor is not in this workspace.
        Forbidden: the actor may not manage users here.
        Invalid: a value is wrong, or the state can't be reached from the present one.
        Conflict: the account is not this workspace's alone, or the address is taken.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    address = checked_address(email) if email is not None else None
    called = person_name(name) if name is not None else None
    with action():
        workspace, invitation, user = _locked(workspace_id, user_id)
        again = False
        if called is not None and called != invitation.name:
            _rename(invitation, user, called)
        if address is not None and address != invitation.email:
            _readdress(invitation, user, address)
            again = True
        if status is not None and status != _shown_status(invitation, user):
            _move(invitation, user, status)
            again = again or status == User.Status.ACTIVATION_PENDING
        if again:
            renew_invitation(invitation, workspace, link)


@retried
def change_invited_role(*, workspace_id: int, user_id: int, role: str) -> None:
    """Say that somebody invited is to join in another role (event 10024); the one held already changes nothing.

    Args:
        workspace_id: who has invited.
        user_id: whom.
        role: Administrator, User or Observer.

    Raises:
        NotFound: nobody invited here, or the actor is not in this workspace.
        Forbidden: the actor may not manage users here.
        Invalid: not a role a member can have.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    if role not in {assignable.value for assignable in Role.assignable()}:
        raise Invalid(_("A member is Administrator, User or Observer."), code="invalid_role", field="role")
    with action():
        _workspace, invitation, user = _locked(workspace_id, user_id)
        old = invitation.role
        if old == role:
            return
        require_settled(user, role)
        invitation.role = role
        invitation.save(update_fields=["role"])
        signals.role_changed.send(
            sender=Invitation,
            workspace_id=workspace_id,
            subject=subject_of(invitation, user),
            old=old,
            new=role,
            covers={"invitation": [invitation.pk]},
        )


@retried
def withdraw_from(*, workspace_id: int, user_id: int) -> None:
    """Take the invitation of a person back, as `withdraw_invitation` does that of a number (event 10026, or 46).

    Args:
        workspace_id: who has invited.
        user_id: whom.

    Raises:
        NotFound: nobody invited here, or the actor is not in this workspace.
        Forbidden: the actor may not manage users here.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    with action():
        _workspace, invitation, user = _locked(workspace_id, user_id)
        withdraw_locked(invitation, user)


def _locked(workspace_id: int, user_id: int) -> tuple[Workspace, Invitation, User]:
    workspace = lock_workspace(workspace_id)
    invitation = (
        Invitation.objects.of(workspace_id)
        .select_for_update(of=("self",))
        .filter(user_id=user_id, accepted__isnull=True, withdrawn__isnull=True)
        .first()
    )
    if invitation is None:
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    user = lock_user(user_id)
    # What is stored below is this row, and none that was read before its lock.
    invitation.user = user
    return workspace, invitation, user


def _made_for_it(invitation: Invitation, user: User) -> bool:
    """Tell whether an account is there for this invitation alone: never activated, and in no other workspace."""
    if user.status == User.Status.ACTIVE or user.is_staff or user.has_usable_password():
        return False
    elsewhere = User.objects.filter(pk=user.pk).filter(used_elsewhere(invitation.workspace_id, user.pk))
    return not elsewhere.exists()


def _require_made_for_it(invitation: Invitation, user: User) -> None:
    if not _made_for_it(invitation, user):
        raise Conflict(
            _("This person has an account that other workspaces use. Withdraw the invitation and make another one."),
            code="elsewhere",
        )


def _rename(invitation: Invitation, user: User, called: str) -> None:
    invitation.name = called
    invitation.save(update_fields=["name"])
    if _made_for_it(invitation, user):
        require_unlike_members(called, [invitation.workspace_id], besides=user.pk)
        user.name = called
        user.save(update_fields=["name"])
    _tell(invitation, user, "updated")


def _readdress(invitation: Invitation, user: User, address: str) -> None:
    _require_made_for_it(invitation, user)
    if current_actor().everywhere and invitation.role == Role.ADMINISTRATOR and user.created < invitation.created:
        # The account of somebody who was here before: an Administrator's address is changed by superusers.
        authorise_staff(MOVE_ADMINISTRATOR)
    if user.status == User.Status.SUSPENDED:
        raise Conflict(_("This account is suspended. Make it active before you change its address."))
    store_address(user, address)
    invitation.email = address
    invitation.save(update_fields=["email"])
    _tell(invitation, user, "updated: new address")


def _shown_status(invitation: Invitation, user: User) -> int:
    """Return the state that the inviting workspace sees: that of the account where it is theirs."""
    return user.status if _made_for_it(invitation, user) else User.Status.ACTIVATION_PENDING


def _move(invitation: Invitation, user: User, status: int) -> None:
    before = _shown_status(invitation, user)
    moves = {
        (User.Status.ACTIVATION_PENDING, User.Status.SUSPENDED): "suspended",
        (User.Status.SUSPENDED, User.Status.ACTIVATION_PENDING): "reactivated",
    }
    what = moves.get((User.Status(before), User.Status(status))) if status in User.Status.values else None
    if what is None:
        if status == User.Status.ACTIVE:
            raise Invalid(
                _("Somebody who is invited becomes active by accepting the invitation."),
                code="invalid_status",
                field="status",
            )
        raise invalid_status(before, status)
    _require_made_for_it(invitation, user)
    user.status = status
    user.end_credentials()
    user.save(update_fields=["status", "token_epoch"])
    _tell(invitation, user, what, {"status": {"from": before, "to": status}})


def _tell(invitation: Invitation, user: User, what: str, changes: Changes | None = None) -> None:
    signals.user_updated.send(
        sender=Invitation,
        workspace_id=invitation.workspace_id,
        subject=subject_of(invitation, user),
        what=what,
        changes=changes or {},
        covers={"invitation": [invitation.pk]},
    )
