"""Verifying the address of an account (events 40 and 41)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.views.decorators.debug import sensitive_variables

from accounts import mails, signals, signed_links
from accounts.actors import actor_of
from accounts.locking import lock_user
from accounts.mail_links import LinkMaker
from accounts.models import User
from accounts.selectors import home_workspace_id, person_of
from accounts.sign_in.services.passwords import encoded_digest, encoded_password
from kit.action import action, retried
from kit.context import ANONYMOUS, acting_within

VERIFICATION_TIME: Final = timedelta(days=3)


def ask_to_verify(user: User, workspace_id: int, link: LinkMaker) -> None:
    """Send the mail that asks to verify an address (event 40); a part of actions that have decided to."""
    link_secret = signed_links.issue("verification", row_id=user.pk, number=user.token_epoch)
    signals.verification_requested.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
    mails.send_later(
        "verification", user.email, {"user": user, "link": link(link_secret), "days": VERIFICATION_TIME.days}
    )


@sensitive_variables("link_secret")
def verification_of(link_secret: str) -> User:
    """Return the account that a verification mail's link is about.

    Raises:
        LinkRefused: the link is not valid, over, or used.
    """
    user_id, number = signed_links.read("verification", link_secret, max_age=VERIFICATION_TIME)
    user = User.objects.filter(
        pk=user_id, token_epoch=number, status=User.Status.ACTIVATION_PENDING, erased__isnull=True
    ).first()
    if user is None:
        raise signed_links.LinkRefused
    return user


@retried
@sensitive_variables("link_secret", "password", "digest")
def verify_user(*, link_secret: str, password: str = "", digest: str | None = None) -> User:
    """Verify an address and give the account its password (event 41).

    Args:
        link_secret: from the mail's link.
        password: plain text.
        digest: in place of `password`: its SHA-1 hex, as programs send it.

    Raises:
        LinkRefused: the link opens nothing.
        Invalid: the password is too weak; the text says why.
    """
    asked = verification_of(link_secret)
    encoded = encoded_password(password, asked) if digest is None else encoded_digest(digest, asked)
    with acting_within(ANONYMOUS), action():
        user = lock_user(asked.pk)
        if user.token_epoch != asked.token_epoch or user.status != User.Status.ACTIVATION_PENDING:
            raise signed_links.LinkRefused
        user.password = encoded
        user.status = User.Status.ACTIVE
        user.end_credentials()
        # The link works once, so it gives no second try at anything; whoever tried before had no mail.
        user.failed_sign_ins = 0
        user.locked_until = None
        user.save(update_fields=["password", "status", "token_epoch", "failed_sign_ins", "locked_until"])
        workspace_id = home_workspace_id(user)
        with acting_within(actor_of(user)):
            signals.user_verified.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
    return user
