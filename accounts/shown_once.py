"""Secrets that a page shows once: the value of a new token, recovery codes.

What makes one is a POST and is answered by a redirect, so that neither reload nor Back does it again. Until the next
page takes it, the secret waits in the session, encrypted: whoever reads the database reads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.views.decorators.debug import sensitive_variables

WAITS: Final = 600
"""Seconds that a secret waits for the page that shows it."""
_KEY: Final = "shown_once"
"""Session key: what waits, by name."""


def _cipher() -> MultiFernet:
    """Return what encrypts with `SECRET_KEY`, and reads what its `SECRET_KEY_FALLBACKS` encrypted."""
    made = []
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = hmac.new(secret.encode(), b"portal shown once, Fernet, 1", hashlib.sha256).digest()
        made.append(Fernet(base64.urlsafe_b64encode(key)))
    return MultiFernet(made)


@sensitive_variables()
def show_once(session: SessionBase, name: str, value: Any) -> None:
    """Keep something for the next page; it takes the place of what waited under the name.

    Args:
        session: of the reader.
        name: of the page that will show it.
        value: what JSON can hold.
    """
    session[_KEY] = {**session.get(_KEY, {}), name: _cipher().encrypt(orjson.dumps(value)).decode()}


@sensitive_variables()
def take_once(session: SessionBase, name: str) -> Any:
    """Return what waited for this page and forget it; `None` where nothing waits or it waited too long."""
    waiting: dict[str, str] = session.get(_KEY, {})
    if name not in waiting:
        return None
    rest = {key: kept for key, kept in waiting.items() if key != name}
    if rest:
        session[_KEY] = rest
    else:
        del session[_KEY]
    try:
        return orjson.loads(_cipher().decrypt(waiting[name].encode(), ttl=WAITS))
    except InvalidToken:
        return None
