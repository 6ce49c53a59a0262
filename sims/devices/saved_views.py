"""The device list as a list whose views can be saved."""

from django.utils.translation import gettext_lazy as _

from accounts.saved_views.lists import ViewedList, register
from sims.devices.tables import DeviceTable

register(ViewedList(DeviceTable.list_name, _("Connected devices"), _("All devices"), "sims:device_list"))
