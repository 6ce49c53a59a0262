"""Mailing the code of a second factor: not more often than once a minute, and six times an hour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import mails
from accounts.locking import lock_user
from accounts.models import User
from accounts.models.second_factors import MAIL, MAIL_PENDING
from accounts.sign_in.authentication import AccountLocked, SignInRefused
from accounts.sign_in.mail_codes import keep_code, may_send_at, new_code, waits_for_code
from kit.action import action, retried
from kit.api.counters import add
from kit.context import ANONYMOUS, acting_within, current_context

MOST: Final = 6
"""Mails with a code that a person gets in an hour; whoever has the password could send any number otherwise."""
_HOUR: Final = 3600


class TooManyCodes(SignInRefused):
    """No further code is mailed for a while.

    Args:
        until: from when one is again.
    """

    def __init__(self, until: datetime) -> None:
        self.until = until
        seconds = max(1, round((until - current_context().now()).total_seconds()))
        message = _("A code was sent a moment ago. Another one can be sent in %(n)s seconds.")
        if seconds > 60:
            message = _("Too many codes were sent. Another one can be sent in %(n)s minutes.")
            seconds = -(-seconds // 60)
        super().__init__(message % {"n": seconds}, code="too_many_codes")


@retried
def send_sign_in_code(*, user_id: int, again: bool = False) -> None:
    """Mail somebody whose password was right the code that the second step asks for, if theirs comes by mail.

    A code that was sent within the last minute is not sent again, so that a double click makes one mail.

    Args:
        user_id: whose sign-in waits.
        again: whether the person asks for another one.

    Raises:
        TooManyCodes: none is sent for a while, and none that was sent is still good; or another one is asked for too
            early.
        AccountLocked: too many failures; no code would be taken.
    """
    now = current_context().now()
    with acting_within(ANONYMOUS), action():
        user = lock_user(user_id)
        row = Authenticator.objects.filter(user=user, type=MAIL).first()
        if row is None:
            return
        if user.locked_until is not None and user.locked_until > now:
            raise AccountLocked(user.locked_until)
        if now.timestamp() < may_send_at(row):
            if again:
                raise TooManyCodes(datetime.fromtimestamp(may_send_at(row), UTC))
            if waits_for_code(row, now):
                return
        if not _send(user, row, now) and (again or not waits_for_code(row, now)):
            raise TooManyCodes(_next_hour(now))


def send_first_code(user: User, row: Authenticator) -> None:
    """Mail the code that shows that codes arrive; a part of actions that have decided to, with the user locked.

    Raises:
        TooManyCodes: none is sent for a while.
    """
    now = current_context().now()
    if now.timestamp() < may_send_at(row):
        raise TooManyCodes(datetime.fromtimestamp(may_send_at(row), UTC))
    if not _send(user, row, now):
        raise TooManyCodes(_next_hour(now))


@retried
def send_first_code_again(*, user_id: int, key_id: int) -> None:
    """Mail another code to whoever sets up codes by e-mail; their password has been asked for.

    Args:
        user_id: the actor's own account.
        key_id: the factor that waits.

    Raises:
        TooManyCodes: too early, or too often.
    """
    with action():
        user = lock_user(user_id)
        row = Authenticator.objects.filter(user=user, type=MAIL_PENDING, pk=key_id).first()
        if row is not None:
            send_first_code(user, row)


def _next_hour(now: datetime) -> datetime:
    return datetime.fromtimestamp((int(now.timestamp()) // _HOUR + 1) * _HOUR, UTC)


@sensitive_variables("code")
def _send(user: User, row: Authenticator, now: datetime) -> bool:
    """Mail a new code unless there were too many in this hour. Tells whether it went."""
    if add(f"mail-code:{user.pk}", int(now.timestamp()) // _HOUR, 1, _HOUR * 2) > MOST:
        return False
    code = new_code()
    keep_code(row, user, code, now)
    mails.send_later("code", user.email, {"user": user, "code": code, "minutes": settings.EMAIL_CODE_MINUTES})
    return True
