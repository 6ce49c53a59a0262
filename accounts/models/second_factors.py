"""The kinds of rows that a second factor has in allauth's table."""

from __future__ import annotations

from typing import Final

from allauth.mfa.models import Authenticator

PENDING: Final = "totp_pending"


ACTIVE: Final = Authenticator.Type.TOTP.value


RECOVERY: Final = Authenticator.Type.RECOVERY_CODES.value


KIND: Final = "Time-Based One-Time Password"
"""What the wire and the events call the only type there is."""
