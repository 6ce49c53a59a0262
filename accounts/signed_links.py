"""The secrets in the links of our mails: signed by Django, each for one purpose, and over by themselves.

A secret names its row and a counter on it, so that it works once and only the newest mail counts. Whoever holds one
has read the mailbox; it stands in the mail and in the `detail` of its event, where every reader but the operator's own
stream sees a mask (`docs/rules.md` decision 30).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from django.core import signing
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from kit.errors import DomainError

LinkPurpose = Literal["invitation", "verification"]


class LinkRefused(DomainError):
    """A link opens nothing: forged, over, used, or replaced by a newer mail."""

    status = 404

    def __init__(self, *, expired: bool = False) -> None:
        if expired:
            message = _("This link is over. Ask for a new mail.")
        else:
            message = _("This link is not valid. It was used already, replaced by a newer mail, or is not whole.")
        super().__init__(message, code="link_expired" if expired else "link_invalid")


def _salt(purpose: LinkPurpose) -> str:
    """Return what keeps a secret made for one purpose from being taken for another."""
    return f"portal mail links: {purpose}"


def issue(purpose: LinkPurpose, *, row_id: int, number: int) -> str:
    """Return the secret of a new link, which begins to age now.

    Args:
        purpose: what it is good for; it passes for nothing else.
        row_id: id of the invitation or user.
        number: counter on that row; the link is over when it has moved on.
    """
    return signing.dumps([row_id, number], salt=_salt(purpose))


@sensitive_variables("link_secret")
def read(purpose: LinkPurpose, link_secret: str, *, max_age: timedelta) -> tuple[int, int]:
    """Return the row id and the number that a link names; `SECRET_KEY_FALLBACKS` are good for reading.

    Args:
        purpose: what the link is to be good for.
        link_secret: from the link.
        max_age: how long a link works.

    Raises:
        LinkRefused: it is none of ours, for something else, or over.
    """
    try:
        row_id, number = signing.loads(link_secret, salt=_salt(purpose), max_age=max_age)
    except signing.SignatureExpired as error:
        raise LinkRefused(expired=True) from error
    except signing.BadSignature as error:
        raise LinkRefused from error
    return row_id, number
