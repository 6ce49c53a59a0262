"""An authenticator app for tests, and people who have one."""

from __future__ import annotations

import re
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.actors import actor_of
from accounts.authority import account_actor
from accounts.models import User
from accounts.models.second_factors import MAIL
from accounts.sign_in.one_time_codes import PERIOD, code_of, counter_at
from accounts.sign_in.services.second_factors import activate_second_factor, start_second_factor
from kit.context import Surface, acting_as
from kit.models import OutgoingMail


class App:
    """An authenticator app with one key.

    Args:
        secret: Base32, with or without blanks.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret.replace(" ", "")

    def code(self, *, periods: int = 0) -> str:
        """Return the code of now, or of some periods of 30 seconds later."""
        return code_of(self.secret, counter_at(timezone.now().timestamp()) + periods)

    def wrong(self) -> str:
        """Return a code that is not right now or near now."""
        near = {self.code(periods=at) for at in range(-3, 4)}
        return next(code for code in (f"{number:06d}" for number in range(100)) if code not in near)


def set_up(user: User) -> tuple[App, list[str], Authenticator]:
    """Give a user a second factor through the services, and return app, recovery codes and key.

    Its first code belongs to the period before this one, so that the present code is still good.
    """
    with acting_as(actor_of(user), surface=Surface.PORTAL, ip="192.0.2.7"):
        made = start_second_factor(user_id=user.pk)
        app = App(made.secret)
        codes = activate_second_factor(user_id=user.pk, key_id=made.row.pk, code=app.code(periods=-1))
    return app, codes, Authenticator.objects.get(pk=made.row.pk)


def mailed_code() -> str:
    """Return the code in the newest mail that waits to be sent."""
    found = re.search(r"^([A-Z2-9]{6})$", OutgoingMail.objects.latest("pk").body, re.MULTILINE)
    assert found is not None
    return found[1]


def wrong_code() -> str:
    """Return a code that is not the one in the newest mail."""
    return "AAAAAA" if mailed_code() != "AAAAAA" else "BBBBBB"


def set_up_by_mail(user: User) -> tuple[list[str], Authenticator]:
    """Let a user have codes by e-mail through the services, and return recovery codes and factor."""
    with acting_as(account_actor(user), surface=Surface.PORTAL, ip="192.0.2.7"):
        made = start_second_factor(user_id=user.pk, kind=MAIL)
        codes = activate_second_factor(user_id=user.pk, key_id=made.row.pk, code=mailed_code())
    return codes, Authenticator.objects.get(pk=made.row.pk)


LATER = timedelta(seconds=PERIOD)
