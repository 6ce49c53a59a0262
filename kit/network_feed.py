"""The key with which the network delivers its records."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from django.conf import settings

PREFIX: Final = "portal_feed_"
_PURPOSE: Final = b"portal demo, 1"


def network_feed_token() -> str:
    """Return the key that is set, else the one that follows from the SECRET_KEY; empty where nothing is taken in.

    A production portal has no key until somebody sets one. An embedded one derives its own: the same at each start,
    and another in every portal.
    """
    configured: str = settings.NETWORK_FEED_TOKEN
    if configured or settings.PRODUCTION:
        return configured
    key = hmac.new(settings.SECRET_KEY.encode(), _PURPOSE, hashlib.sha256).digest()
    digest = hmac.new(key, b"network feed", hashlib.sha256).digest()
    return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")
