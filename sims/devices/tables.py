"""Columns of the device list."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class DeviceTable(ListTable):
    """Connected devices. How they are connected is asked for only where a column of it is shown."""

    list_name = "devices"
    caption = _("Connected devices")
    noun = (_("device"), _("devices"))
    row_template = "sims/_device_rows.jinja"
    tools = "sims/_device_tools.html"
    default_columns = (
        "name",
        "status",
        "connection",
        "sim",
        "sim_status",
        "imei",
        "tags",
        "service_policy",
        "last_updated",
    )
    default_sort = "-id"

    name = ListColumn(_("Name"), sort=("name",), required=True)
    status = ListColumn(_("State"), sort=("status",))
    connection = ListColumn(_("Connection"))
    network = ListColumn(_("Network"))
    country = ListColumn(_("Country"))
    radio = ListColumn(_("Radio technology"))
    session_ip = ListColumn(_("Address in session"))
    seen = ListColumn(_("Last seen"), moment=True)
    sim = ListColumn(_("SIM"), sort=("sim__iccid",))
    sim_status = ListColumn(_("SIM state"), sort=("sim__status",))
    imei = ListColumn(_("IMEI"), sort=("imei",))
    ip_address = ListColumn(_("IP address"), sort=("ip_address",))
    tags = ListColumn(_("Tags"))
    note = ListColumn(_("Note"))
    service_policy = ListColumn(_("Service policy"), sort=("service_policy__name",))
    coverage_policy = ListColumn(_("Coverage policy"), sort=("coverage_policy__name",))
    created = ListColumn(_("Created"), sort=("created",), moment=True)
    last_updated = ListColumn(_("Last updated"), sort=("last_updated",), moment=True)
    id = ListColumn(_("Device ID"), sort=("id",), align="end")
