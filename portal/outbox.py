"""The mails of a portal without a mail server, readable in the browser: for trying things out on one's own machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kit.context import current_context
from kit.erased_names import ErasedNames
from kit.htmx import render_fragment

SHOWN: Final = 50
_SEPARATOR: Final = b"-" * 79 + b"\n"
"""Django's file backend writes this line after each mail."""


@dataclass(frozen=True)
class Mail:
    """A mail that was not sent."""

    to: str
    subject: str
    date: str
    parts: list[tuple[str, bool]]
    """The text in pieces; the second says whether a piece is a link."""


FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Headers by which a proxy shows: behind one, the whole world seems to be this machine."""


def _allowed(request: HttpRequest) -> bool:
    """Tell whether mails may be shown: they hold live links, so only where they lie, and to this machine only."""
    if settings.PRODUCTION or settings.EMAIL_HOST or any(name in request.META for name in FORWARDED):
        return False
    address = current_context().ip
    return address is not None and ipaddress.ip_address(address).is_loopback


def _pieces(text: str) -> list[tuple[str, bool]]:
    found = []
    for line in text.splitlines(keepends=True):
        link = line.strip()
        found.append((link if link.startswith(("http://", "https://")) else line, link.startswith("http")))
    return found


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _body(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def forget(erased: ErasedNames) -> int:
    """Remove the mails that went to an erased person or name one; returns how many.

    Args:
        erased: what the person was called.
    """
    count = 0
    for path in sorted(_folder().glob("*.log")):
        kept = []
        raws = [raw for raw in path.read_bytes().split(_SEPARATOR) if raw.strip()]
        for raw in raws:
            message = message_from_bytes(raw, policy=policy.default)
            text = f"{message['To']}\n{message['Subject']}\n{_body(message)}"
            if erased.replaced(text) == text:
                kept.append(raw)
        if len(kept) == len(raws):
            continue
        count += len(raws) - len(kept)
        if kept:
            path.write_bytes(b"".join(raw + _SEPARATOR for raw in kept))
        else:
            path.unlink()
    return count


def mails() -> list[Mail]:
    """Return the newest mails, the last one first."""
    files = sorted(_folder().glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)[:SHOWN]
    found: list[Mail] = []
    for path in files:
        for raw in reversed(path.read_bytes().split(_SEPARATOR)):
            if not raw.strip():
                continue
            message = message_from_bytes(raw, policy=policy.default)
            found.append(
                Mail(str(message["To"]), str(message["Subject"]), str(message["Date"]), _pieces(_body(message)))
            )
    return found[:SHOWN]


@require_safe
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the mails."""
    if not _allowed(request):
        raise Http404(_("There is no outbox here."))
    return render_fragment(request, "portal/outbox.html", {"mails": mails()})
