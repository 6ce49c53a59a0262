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
    default_columns: ClassVar[Sequence[str]] = ("severity", "date", "source", "type", "device", "sim", "actor")

    severity = ListColumn(_("Severity"))
    date = ListColumn(_("Date"))
    source = ListColumn(_("Event source"))
    type = ListColumn(_("Event type"), required=True)
    description = ListColumn(_("Description"))
    device = ListColumn(_("Device"))
    sim = ListColumn(_("SIM"))
    actor = ListColumn(_("Actor"))
    request = ListColumn(_("Request"))
    open = ListColumn(_("Open"), required=True)


class EmbeddedEventTable(EventTable):
    """The log of one SIM or device on its page."""

    default_columns = ("severity", "date", "source", "type", "device", "sim", "actor", "open")


class RecentEventTable(EventTable):
    """The newest events on the dashboard."""

    caption = _("Recent events")
    region = _("Table of recent events")
    default_columns = ("severity", "date", "type", "device", "sim", "actor", "open")
