"""Columns of the history of bulk actions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class ResultTable(ListTable):
    """The bulk actions of a workspace; newest first until sorted."""

    list_name = "results"
    caption = _("Bulk actions")
    noun = (_("bulk action"), _("bulk actions"))
    row_template = "sims/_result_rows.jinja"
    default_sort = "-created"

    action = ListColumn(_("Asked for"), required=True)
    state = ListColumn(_("State"), sort=("state",))
    created = ListColumn(_("When"), sort=("created",))
    due = ListColumn(_("Scheduled for"))
    person = ListColumn(_("By"))
    changed = ListColumn(_("Changed"), align="end")
    skipped = ListColumn(_("Not changed"), align="end")
    total = ListColumn(_("Objects"), sort=("total",), align="end")
    log = ListColumn(_("Log"))
