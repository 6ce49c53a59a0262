"""The columns of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class EventTable(ListTable):
    """Events, newest first; the order is fixed, because only one order is served at constant cost."""

    list_name = "events"
    caption = _("Events")
    noun = (_("event"), _("events"))
    newest_first = ("timestamp", "id")
    row_template = "events/_event_rows.html"
    tools = "events/_list_tools.html"
    default_columns: ClassVar[Sequence[str]] = ("severity", "date", "type", "actor", "device", "sim", "source")

    severity = ListColumn(_("Severity"))
    date = ListColumn(_("Date"), moment=True)
    type = ListColumn(_("Event type"), required=True)
    # Who did it stands with what was done, before what may be out of sight in a narrow window.
    actor = ListColumn(_("Actor"))
    device = ListColumn(_("Device"))
    sim = ListColumn(_("SIM"))
    description = ListColumn(_("Description"))
    source = ListColumn(_("Event source"))
    request = ListColumn(_("Request"))
    open = ListColumn(_("Open"), required=True)


class EmbeddedEventTable(EventTable):
    """The log of one SIM or device on its page."""

    default_columns = ("severity", "date", "type", "actor", "device", "sim", "source", "open")


class RecentEventTable(EventTable):
    """The newest events on the dashboard."""

    caption = _("Recent events")
    region = _("Table of recent events")
    default_columns = ("severity", "date", "type", "actor", "device", "sim", "open")
