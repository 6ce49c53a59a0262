"""Mails about accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string

from kit import mail


def send_later(template: str, to: str, context: Mapping[str, Any]) -> None:
    """Send a mail once the running transaction is committed.

    Args:
        template: name below `templates/accounts/mail`; `<name>.txt` holds the subject in its first line.
        to: address.
        context: for the template.
    """
    subject, _line, body = render_to_string(f"accounts/mail/{template}.txt", dict(context)).strip().partition("\n")
    mail.post([mail.Letter([to], subject, body.strip() + "\n")])
