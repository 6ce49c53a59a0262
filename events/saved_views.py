"""The log as a list whose views can be saved."""

from django.utils.translation import gettext_lazy as _

from accounts.saved_views.lists import ViewedList, register
from events.tables import EventTable

register(ViewedList(EventTable.list_name, _("Events"), _("All events"), "events:list"))
