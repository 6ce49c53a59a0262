"""The messages sent to a device."""

from __future__ import annotations

from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kit.rendering import badge, bdi, when
from kit.tables import ListColumn, ListTable
from sims.models import Sms, SmsStatus

TONES: Final = {
    SmsStatus.PENDING: "info",
    SmsStatus.DELIVERED: "good",
    SmsStatus.FAILED: "bad",
    SmsStatus.EXPIRED: "warn",
}


class SmsTable(ListTable):
    """Messages to a device. A row holds the `sms` and its `state` as of now."""

    caption = _("Messages to the device")
    region = _("Table of messages to the device")

    submitted = ListColumn(_("Sent"), moment=True)
    payload = ListColumn(_("Text"), classes="wrap", heads_row=True)
    sender = ListColumn(_("Sender"))
    state = ListColumn(_("State"))
    delivered = ListColumn(_("Delivered"), moment=True)

    def render_submitted(self, record: dict[str, Any]) -> SafeString:
        """Draw when it was handed over."""
        return when(record["sms"].submitted)

    def render_payload(self, record: dict[str, Any]) -> SafeString:
        """Draw its text."""
        return bdi(record["sms"].payload)

    def render_sender(self, record: dict[str, Any]) -> SafeString:
        """Draw what the device sees as the sender."""
        return bdi(record["sms"].source_address)

    def render_state(self, record: dict[str, Any]) -> SafeString:
        """Draw what became of it; of what still waits, when the attempt ends."""
        sms: Sms = record["sms"]
        state: SmsStatus = record["state"]
        shown = badge(str(state.label), TONES[state])
        if state != SmsStatus.PENDING:
            return shown
        return format_html('{} <span class="muted small">{} {}</span>', shown, _("ends"), when(sms.expires))

    def render_delivered(self, record: dict[str, Any]) -> SafeString:
        """Draw when the network delivered it."""
        return when(record["sms"].delivered)
