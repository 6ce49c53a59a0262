"""The SIM inventory as a list whose views can be saved."""

from django.utils.translation import gettext_lazy as _

from accounts.saved_views.lists import ViewedList, register
from sims.inventory.tables import SimTable

register(ViewedList(SimTable.list_name, _("SIM inventory"), _("All SIMs"), "sims:sim_list"))
