"""Mails about accounts, sent once the change is committed. A mail server that fails undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from portal.kit.context import current_context


def send_later(template: str, to: str, context: Mapping[str, Any]) -> None:
    """Send a mail after the running transaction.

    Nobody is told of the demo's past: its moments are set, and its addresses are made up.

    Args:
        template: name below `templates/accounts/mail`; `<name>.txt` holds the subject in its first line.
        to: address.
        context: for the template.
    """
    if current_context().moment is not None:
        return
    transaction.on_commit(partial(_send, template, to, dict(context)), robust=True)


def _send(template: str, to: str, context: dict[str, Any]) -> None:
    subject, _line, body = render_to_string(f"accounts/mail/{template}.txt", context).strip().partition("\n")
    # A workspace's name stands in the subject: a line break in it must not become a header.
    send_mail(" ".join(subject.split()), body.strip() + "\n", None, [to])
