"""Making an account for oneself, and a forgotten password (`behaviour.md` sections 17, 18; events 17, 37, 40, 41)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import keys, mails, signals
from accounts.actors import actor_of
from accounts.models import Membership, PlatformPackage, User, Workspace
from accounts.permissions import Role
from accounts.selectors import home_workspace_id, person_of, user_by_email
from accounts.services.invitations import LinkMaker, PasswordChoice
from accounts.services.rows import lock_user
from accounts.services.users import choose_password, set_user_password
from accounts.services.workspaces import create_workspace
from kit.action import action
from kit.context import ANONYMOUS, SYSTEM, acting_within, current_context
from kit.errors import Conflict, Invalid

VERIFICATION_TIME: Final = timedelta(days=3)


def trial_package() -> PlatformPackage | None:
    """Return the package that new customers begin with; without one nobody can sign up."""
    return PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE, evaluation=True).order_by("pk").first()


def sign_up(*, email: str, name: str, organisation: str, link: LinkMaker, sign_in_url: str) -> None:
    """Make an account with a workspace of its own, and ask by mail to verify the address (events 17 and 40).

    Whoever asks learns nothing about an address that has an account: its owner gets a mail that says so. A password is
    chosen with the mail in hand, so that nobody holds one to an account whose address is another person's.

    Args:
        email: sign-in address.
        name: full name.
        organisation: name of the workspace.
        link: makes the address of the verification mail.
        sign_in_url: for the mail to somebody who has an account.

    Raises:
        Invalid: an input is wrong; `field` names it.
        Conflict: nobody can sign up here.
    """
    address, called, place = email.strip().lower(), " ".join(name.split()), " ".join(organisation.split())
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("Enter an e-mail address, for example name@example.com."), field="email") from error
    if not called or len(called) > 150:
        raise Invalid(_("A name has 1 to 150 characters."), field="name")
    if not place or len(place) > 120:
        raise Invalid(_("The name of a workspace has 1 to 120 characters."), field="organisation")
    package = trial_package()
    if package is None:
        raise Conflict(_("Nobody can sign up here at the moment."), code="closed")
    with acting_within(ANONYMOUS), action():
        found = user_by_email(address)
        if found is not None:
            _tell_owner(found, link, sign_in_url)
            return
        user = User(email=address, name=called, status=User.Status.ACTIVATION_PENDING, created=current_context().now())
        user.set_unusable_password()
        user.save(force_insert=True)
        with acting_within(SYSTEM):
            workspace = create_workspace(name=place, package_id=package.pk)
        Membership.objects.create(
            workspace=workspace, user=user, role=Role.ADMINISTRATOR, joined=current_context().now()
        )
        # The longest-standing Administrator is SuperAdmin (`behaviour.md` section 8).
        Workspace.objects.filter(pk=workspace.pk).update(super_admin=user)
        user.default_workspace = workspace
        user.save(update_fields=["default_workspace"])
        signals.user_signed_up.send(sender=User, workspace=workspace, subject=person_of(user))
        ask_to_verify(user, workspace.pk, link)


def _tell_owner(user: User, link: LinkMaker, sign_in_url: str) -> None:
    """Answer a sign-up for an address that is taken by a mail to it."""
    own = Workspace.objects.filter(super_admin=user).values_list("pk", flat=True).first()
    if user.status == User.Status.ACTIVATION_PENDING and own is not None:
        ask_to_verify(user, own, link)
    else:
        mails.send_later("account_exists", user.email, {"user": user, "link": sign_in_url})


def ask_to_verify(user: User, workspace_id: int, link: LinkMaker) -> None:
    """Send the mail that asks to verify an address (event 40); a part of actions that have decided to."""
    now = current_context().now()
    key = keys.issue(
        "verification", row_id=user.pk, number=user.token_epoch, issued=now, expires=now + VERIFICATION_TIME
    )
    signals.verification_requested.send(sender=User, workspace_id=workspace_id, subject=person_of(user), key=key)
    mails.send_later("verification", user.email, {"user": user, "link": link(key), "days": VERIFICATION_TIME.days})


@sensitive_variables("key")
def verification_of(key: str) -> User:
    """Return the account that a verification mail's link is about.

    Raises:
        KeyRefused: the link is not valid, over, or used.
    """
    user_id, number = keys.read("verification", key)
    user = User.objects.filter(
        pk=user_id, token_epoch=number, status=User.Status.ACTIVATION_PENDING, erased__isnull=True
    ).first()
    if user is None:
        raise keys.KeyRefused
    return user


@sensitive_variables("key", "password")
def verify_user(*, key: str, password: str = "", choose: PasswordChoice | None = None) -> User:
    """Verify an address and give the account its password (event 41).

    Args:
        key: from the mail's link.
        password: plain text.
        choose: in place of `password`: sets it on the user's row, for programs, which send its digest.

    Raises:
        KeyRefused: the link opens nothing.
        Invalid: the password is too weak; the text says why.
    """
    asked = verification_of(key)
    with acting_within(ANONYMOUS), action():
        user = lock_user(asked.pk)
        if user.token_epoch != asked.token_epoch or user.status != User.Status.ACTIVATION_PENDING:
            raise keys.KeyRefused
        if choose is None:
            choose_password(user, password)
        else:
            choose(user)
        user.status = User.Status.ACTIVE
        user.token_epoch += 1
        user.save(update_fields=["password", "status", "token_epoch"])
        workspace_id = home_workspace_id(user)
        if workspace_id is not None:
            with acting_within(actor_of(user)):
                signals.user_verified.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
    return user


@sensitive_variables("key")
def request_password_reset(*, user: User, key: str, link: str) -> None:
    """Send the mail with a link to a new password (event 37).

    Args:
        user: whose; only an active account is asked for.
        key: the secret of the link.
        link: its address.
    """
    with acting_within(ANONYMOUS), action():
        context = current_context()
        workspace_id = home_workspace_id(user)
        if workspace_id is not None:
            signals.password_reset_requested.send(
                sender=User,
                workspace_id=workspace_id,
                subject=person_of(user),
                key=key,
                ip=context.ip or "",
                user_agent=context.user_agent,
            )
        mails.send_later("password_reset", user.email, {"user": user, "link": link})


@sensitive_variables("password")
def reset_password(*, user: User, password: str) -> None:
    """Give an account the password its owner chose by the link of a mail (event 10023); all its sessions end.

    Args:
        user: whose; the link has shown that the mailbox is theirs.
        password: plain text.

    Raises:
        Invalid: it is too weak; the text says why.
    """
    with acting_within(actor_of(user)):
        set_user_password(user_id=user.pk, password=password)
