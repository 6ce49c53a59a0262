"""Columns of the list of orders."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class OrderTable(ListTable):
    """The orders of a workspace; newest first until sorted."""

    list_name = "orders"
    caption = _("Orders")
    noun = (_("order"), _("orders"))
    row_template = "orders/_order_rows.jinja"
    tools = "orders/_order_tools.html"
    default_columns = ("number", "status", "sims", "total", "payment", "submitted", "shipped", "tracking")
    default_sort = "-number"

    number = ListColumn(_("Order"), sort=("id",), required=True)
    status = ListColumn(_("State"), sort=("status",))
    sims = ListColumn(_("SIMs"), sort=("sim_count",), align="end")
    total = ListColumn(_("Total"), align="end")
    payment = ListColumn(_("Payment"))
    note = ListColumn(_("Your reference"))
    submitted = ListColumn(_("Submitted"), sort=("submitted_at",), moment=True)
    # Not sorted: the databases disagree on where orders that were never paid or shipped belong.
    paid = ListColumn(_("Paid"), moment=True)
    shipped = ListColumn(_("Shipped"), moment=True)
    tracking = ListColumn(_("Tracking reference"))
