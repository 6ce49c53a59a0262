"""A forgotten password: the mail with the link, and the new password (events 37 and 10023)."""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables

from accounts import mails, signals
from accounts.actors import actor_of
from accounts.models import User
from accounts.selectors import home_workspace_id, person_of
from accounts.sign_in.services.passwords import set_user_password
from kit.action import action, retried
from kit.context import ANONYMOUS, acting_within, current_context


@retried
@sensitive_variables("link_secret")
def request_password_reset(*, user: User, link_secret: str, link: str) -> None:
    """Send the mail with a link to a new password (event 37).

    Args:
        user: whose; only an active account is asked for.
        link_secret: the secret of the link.
        link: its address.
    """
    with acting_within(ANONYMOUS), action():
        context = current_context()
        workspace_id = home_workspace_id(user)
        signals.password_reset_requested.send(
            sender=User,
            workspace_id=workspace_id,
            subject=person_of(user),
            link_secret=link_secret,
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
