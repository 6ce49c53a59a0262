"""Inviting people into a workspace, and their way in (`docs/rules.md` section 18; events 36, 41, 10025)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import mails, signals, signed_links
from accounts.actors import actor_of
from accounts.authority import require_customer, require_settled
from accounts.locking import lock_user, lock_workspace
from accounts.mail_links import LinkMaker
from accounts.models import Invitation, Membership, TrustedDevice, User, Workspace
from accounts.naming import person_name, require_unlike_members
from accounts.people.services.seats import seat_taken
from accounts.permissions import Permission, Role, authorise
from accounts.selectors import is_super_admin, person_of, user_by_email
from accounts.sign_in.services.passwords import encoded_digest, encoded_password
from kit.action import action, retried
from kit.context import ANONYMOUS, Person, acting_within, current_context
from kit.email_addresses import checked_email
from kit.errors import Conflict, Invalid, NotFound


def lifetime() -> timedelta:
    """Return how long a link is good for: setting `INVITATION_DAYS` (`docs/rules.md` decision 16)."""
    return timedelta(days=settings.INVITATION_DAYS)


@retried
def invite_user(*, workspace_id: int, email: str, name: str, role: str, link: LinkMaker | None) -> Invitation:
    """Invite somebody (event 36); a new address gets an account that is not activated yet.

    Args:
        workspace_id: what they are asked to join.
        email: their address, in any case.
        name: how the mail addresses them; an account that exists keeps its own name.
        role: Administrator, User or Observer.
        link: makes the address for the mail; `None` sends none: the person asks for it with `resend_activation`.

    Raises:
        NotFound, Forbidden: the actor may not manage users here, or staff changed the address of this account lately.
        Invalid: an input is wrong; `field` names it.
        Conflict: a member or invited already, invited elsewhere and not activated yet, the person's account is
            suspended or was erased, they are on the operator's staff, or the package is full or has no room for people
            of other workspaces.
    """
    inviter = authorise(workspace_id, Permission.USER_MANAGE).person
    address, called = _checked(email, name, role)
    now = current_context().now()
    with action():
        workspace = lock_workspace(workspace_id)
        user = _invited_account(workspace, address, called)
        require_settled(user, role)
        invitation = Invitation.objects.create(
            workspace=workspace,
            user=user,
            name=called,
            email=address,
            role=role,
            inviter_id=inviter.user_id if inviter else None,
            created=now,
            sent=now,
            expires=now + lifetime(),
        )
        send_invitation(invitation, workspace, link)
    return invitation


def _checked(email: str, name: str, role: str) -> tuple[str, str]:
    address, called = checked_email(email, field="email"), person_name(name)
    if role not in {assignable.value for assignable in Role.assignable()}:
        raise Invalid(_("A member is Administrator, User or Observer."), code="invalid_role", field="role")
    return address, called


def _invited_account(workspace: Workspace, address: str, called: str) -> User:
    """Return the account of an address, made when there is none, if it may be invited."""
    found = user_by_email(address)
    if found is None:
        seat_taken(workspace)
        require_unlike_members(called, [workspace.pk])
        made = User(email=address, name=called, status=User.Status.ACTIVATION_PENDING, created=current_context().now())
        made.set_unusable_password()
        made.save(force_insert=True)
        return made
    user = lock_user(found.pk)
    _require_joinable(user, workspace)
    if workspace.memberships.filter(user=user).exists() or is_super_admin(user_id=user.pk, workspace_id=workspace.pk):
        raise Conflict(_("This person is in the workspace already."), code="duplicate", field="email")
    open_ones = user.invitations.filter(accepted__isnull=True, withdrawn__isnull=True)
    if open_ones.filter(workspace=workspace).exists():
        raise Conflict(_("This person is invited already. Send the invitation again instead."), field="email")
    if user.status == User.Status.ACTIVATION_PENDING:
        if open_ones.filter(expires__gt=current_context().now()).exists():
            # `docs/rules.md` section 18: the first workspace has to be accepted before others can be joined.
            raise Conflict(
                _("This person has not accepted an earlier invitation yet. Invite them again after that."),
                field="email",
            )
    elif not workspace.package.workspaces_allowed and _is_elsewhere(user):
        # `docs/rules.md` section 8: inviting an existing user fails if the package has no workspaces.
        raise Conflict(
            _("The package %(package)s does not allow users of other workspaces. Choose another package first.")
            % {"package": workspace.package.name},
            code="package",
            field="email",
        )
    seat_taken(workspace)
    return user


def _require_joinable(user: User, workspace: Workspace) -> None:
    """Check that somebody could accept an invitation. Raises Conflict, at the field in which the address was typed."""
    if user.status == User.Status.SUSPENDED:
        raise Conflict(
            _("This person’s account is suspended, so they can't join. The operator's staff can tell you why."),
            code="not_active",
            field="email",
        )
    try:
        require_customer(user, workspace)
    except Conflict as error:
        error.field = "email"
        raise


def _is_elsewhere(user: User) -> bool:
    return user.memberships.exists() or Workspace.objects.filter(super_admin=user).exists()


def subject_of(invitation: Invitation, user: User) -> Person:
    """Return the invited person for the log of a workspace they have not joined.

    An account that exists is shown by the address that was typed: its name belongs to workspaces it is in.
    """
    if user.status == User.Status.ACTIVATION_PENDING:
        return person_of(user)
    return Person(user_id=user.pk, name=invitation.email, username=invitation.email)


def link_secret_of(invitation: Invitation) -> str:
    """Return the secret of the link in the newest mail of an invitation."""
    return signed_links.issue("invitation", row_id=invitation.pk, number=invitation.number)


def send_invitation(invitation: Invitation, workspace: Workspace, link: LinkMaker | None) -> None:
    """Tell an open invitation (event 36) and send its mail, if a link for it is made; a part of actions that decide."""
    signals.user_invited.send(
        sender=Invitation,
        workspace_id=workspace.pk,
        subject=subject_of(invitation, invitation.user),
        role=invitation.role,
        expires=invitation.expires,
        invitation_id=invitation.pk,
    )
    if link is None:
        return
    mails.send_later(
        "invitation",
        invitation.email,
        {
            "invitation": invitation,
            "workspace": workspace,
            "inviter": invitation.inviter.name if invitation.inviter else "",
            "role": Role(invitation.role).label,
            "link": link(link_secret_of(invitation)),
        },
    )


@retried
def resend_invitation(*, workspace_id: int, invitation_id: int, link: LinkMaker) -> Invitation:
    """Send an invitation again with a new time to answer (event 36); links of earlier mails end.

    Args:
        workspace_id: the workspace.
        invitation_id: which one.
        link: makes the address for the mail.

    Raises:
        NotFound, Forbidden: there is none, or the actor may not manage users here.
        Conflict: it was accepted or withdrawn, its person may not join any more, or it is over and the package is full.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    with action():
        workspace = lock_workspace(workspace_id)
        invitation = _locked(workspace_id, invitation_id)
        _require_joinable(lock_user(invitation.user_id), workspace)
        renew_invitation(invitation, workspace, link)
    return invitation


def renew_invitation(invitation: Invitation, workspace: Workspace, link: LinkMaker) -> None:
    """Give a locked invitation new time and a new link, and send it (event 36); a part of actions that decide."""
    now = current_context().now()
    if invitation.expired(now):
        # It has lost its seat, and takes one again.
        seat_taken(workspace)
    invitation.number += 1
    invitation.sent = now
    invitation.expires = now + lifetime()
    invitation.save(update_fields=["number", "sent", "expires"])
    send_invitation(invitation, workspace, link)


@retried
def withdraw_invitation(*, workspace_id: int, invitation_id: int) -> None:
    """Take an invitation back; its link ends at once (event 10026, or 46 when nothing is left of the account).

    Args and errors as `resend_invitation`.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    with action():
        lock_workspace(workspace_id)
        invitation = _locked(workspace_id, invitation_id)
        withdraw_locked(invitation, lock_user(invitation.user_id))


def withdraw_locked(invitation: Invitation, user: User) -> None:
    """Take a locked invitation of a locked account back; a part of actions that decide."""
    invitation.withdrawn = current_context().now()
    invitation.save(update_fields=["withdrawn"])
    facts = {
        "sender": Invitation,
        "workspace_id": invitation.workspace_id,
        "subject": subject_of(invitation, user),
        "covers": {"invitation": [invitation.pk]},
    }
    left = user.invitations.filter(accepted__isnull=True, withdrawn__isnull=True).exists()
    if user.status != User.Status.ACTIVE and not user.has_usable_password() and not left and not _is_elsewhere(user):
        if user.status == User.Status.SUSPENDED:
            # Whoever invites the person next begins anew.
            user.status = User.Status.ACTIVATION_PENDING
            user.save(update_fields=["status"])
        signals.user_deleted.send(**facts)
    else:
        signals.member_removed.send(**facts, role=invitation.role)


def _locked(workspace_id: int, invitation_id: int) -> Invitation:
    invitation = Invitation.objects.of(workspace_id).select_for_update(of=("self",)).filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound(_("Invitation with Id '%(id)s' not found.") % {"id": invitation_id})
    if not invitation.is_open:
        raise Conflict(_("This invitation was accepted or withdrawn already."), code="closed")
    return invitation


# --- the invited person ---


@sensitive_variables("link_secret")
def invitation_of(link_secret: str) -> Invitation:
    """Return the invitation a mail's link opens, with its workspace and account.

    Raises:
        LinkRefused: the link is not valid, over, used, or replaced by a newer mail.
    """
    invitation_id, number = signed_links.read("invitation", link_secret, max_age=lifetime())
    found = (
        Invitation.objects.select_related("workspace__package", "user", "inviter")
        .filter(pk=invitation_id, number=number, accepted__isnull=True, withdrawn__isnull=True)
        .first()
    )
    if found is None:
        raise signed_links.LinkRefused
    if found.expired(current_context().now()):
        raise signed_links.LinkRefused(expired=True)
    return found


@retried
@sensitive_variables("link_secret", "password", "digest")
def accept_invitation(
    *, link_secret: str, name: str = "", password: str | None = None, digest: str | None = None
) -> Membership:
    """Join by the link of a mail. Nobody is signed in: the link shows whose mailbox it is.

    A new account gets name and password and is verified (event 41); one that exists only joins (10025).

    Args:
        link_secret: from the link.
        name: of a new account.
        password: of a new account, plain text.
        digest: in place of `password`: its SHA-1 hex, as programs send it.

    Raises:
        LinkRefused: the link opens nothing.
        Invalid: name or password of a new account.
        Conflict: the account is suspended or joined the operator's staff, or the package is full by now.
    """
    asked = invitation_of(link_secret)
    now = current_context().now()
    fresh = asked.user.status == User.Status.ACTIVATION_PENDING
    if fresh:
        called = person_name(name)
        encoded = _encoded(asked.user, called, password, digest)
    with acting_within(ANONYMOUS), action():
        workspace = lock_workspace(asked.workspace_id)
        invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=asked.pk)
        # Read again under the lock: it may have been used, withdrawn or sent anew meanwhile.
        if not invitation.is_open or invitation.number != asked.number:
            raise signed_links.LinkRefused
        user = lock_user(invitation.user_id)
        if user.status == User.Status.SUSPENDED:
            raise Conflict(_("This account is suspended. The operator's staff can tell you why."), code="not_active")
        require_customer(user, workspace)
        if workspace.memberships.filter(user=user).exists():
            raise Conflict(_("You are in this workspace already. Sign in."), code="duplicate")
        seat_taken(workspace, besides=invitation)
        if fresh != (user.status == User.Status.ACTIVATION_PENDING):
            # The account was activated meanwhile by another mail.
            raise signed_links.LinkRefused
        require_unlike_members(called if fresh else user.name, [workspace.pk], besides=user.pk)
        if fresh:
            _activate(user, called, encoded)
        if user.default_workspace_id is None:
            user.default_workspace = workspace
            user.save(update_fields=["default_workspace"])
        membership = Membership.objects.create(workspace=workspace, user=user, role=invitation.role, joined=now)
        invitation.accepted = now
        invitation.save(update_fields=["accepted"])
        with acting_within(actor_of(user)):
            facts = {"workspace_id": workspace.pk, "subject": person_of(user)}
            if fresh:
                signals.user_verified.send(sender=User, **facts)
            covers = {"membership": [membership.pk], "invitation": [invitation.pk]}
            signals.member_added.send(sender=Membership, **facts, role=invitation.role, covers=covers)
    return membership


@sensitive_variables("password", "digest")
def _encoded(user: User, name: str, password: str | None, digest: str | None) -> str:
    """Return the value to store for the password of a new account, which must not resemble the name it gets."""
    if password is None and digest is None:
        raise Invalid(_("Choose a password."), field="password", code="required")
    user.name = name
    return encoded_password(password, user) if digest is None else encoded_digest(digest, user)


def _activate(user: User, name: str, encoded: str) -> None:
    user.name = name
    # Whatever was chosen before the address was shown to be theirs opens nothing any more.
    user.password = encoded
    user.status = User.Status.ACTIVE
    user.end_credentials()
    user.failed_sign_ins = 0
    user.locked_until = None
    user.save(update_fields=["name", "password", "status", "token_epoch", "failed_sign_ins", "locked_until"])
    TrustedDevice.objects.filter(user=user).delete()
