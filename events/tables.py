"""The columns of the log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class EventTable(ListTable):
    """Events, newest first; the order is fixed, because only one order is served at constant cost."""

    list_name = "events"
    caption = _("Events")
    default_columns = ("severity", "date", "source", "type", "device", "sim", "actor")

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


EMBEDDED_COLUMNS = ("severity", "date", "source", "type", "device", "sim", "actor", "open")
RECENT_COLUMNS = ("severity", "date", "type", "device", "sim", "actor", "open")
