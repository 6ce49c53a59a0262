"""Columns of the SIM inventory."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class SimTable(ListTable):
    """The SIM inventory; newest first until sorted."""

    list_name = "sims"
    caption = _("SIM inventory")
    noun = (_("SIM"), _("SIMs"))
    row_template = "sims/_sim_rows.jinja"
    tools = "sims/_sim_tools.html"
    default_columns = ("iccid", "imsi", "status", "charged", "device", "batch", "activated", "updated")

    iccid = ListColumn(_("ICCID"), sort=("iccid",), required=True)
    imsi = ListColumn(_("IMSI"), sort=("imsi",))
    msisdn = ListColumn(_("MSISDN"))
    eid = ListColumn(_("EID"))
    status = ListColumn(_("State"), sort=("status",))
    # Not sorted: whether a SIM is charged depends on the month.
    charged = ListColumn(_("Charged this month"))
    # Not sorted: it is three counters in one.
    test = ListColumn(_("Factory test"))
    device = ListColumn(_("Device"))
    tags = ListColumn(_("Device tags"))
    batch = ListColumn(_("Batch (BIC)"), sort=("batch_id",))
    model = ListColumn(_("SIM model"))
    # Not sorted: the moment stands in another table, which no index can order a million SIMs by.
    registered = ListColumn(_("Registered"), moment=True)
    # Not sorted: the databases disagree on where SIMs that were never activated belong.
    activated = ListColumn(_("First activated"), moment=True)
    note = ListColumn(_("Note"))
    updated = ListColumn(_("Last updated"), sort=("last_updated",), moment=True)
