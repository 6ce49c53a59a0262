"""The kinds of rows that a second factor has in allauth's table."""

from __future__ import annotations

from typing import Final

from allauth.mfa.models import Authenticator

APP: Final = Authenticator.Type.TOTP.value
"""A key of an authenticator app that works."""
APP_PENDING: Final = "totp_pending"
MAIL: Final = "email"
"""Codes by e-mail, proved by a first one."""
MAIL_PENDING: Final = "email_pending"
RECOVERY: Final = Authenticator.Type.RECOVERY_CODES.value

ACTIVE: Final = (APP, MAIL)
"""What somebody is asked for at sign-in; a person has one of them at most."""
PENDING: Final = {APP: APP_PENDING, MAIL: MAIL_PENDING}
"""A factor that waits for its first code, by what it becomes."""
ACTIVATED: Final = {waiting: active for active, waiting in PENDING.items()}
KINDS: Final = {APP: "Time-Based One-Time Password", MAIL: "Email One-Time Password"}
"""What the wire and the events call a factor; the first is published, the second ours."""
