"""Filters of the list of people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.people.selectors import ACCESS_STATES, SECURITY
from accounts.permissions import Role
from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter


class PeopleFilters(ListFilters):
    """Filters of the users."""

    q = SearchFilter(fields=("shown_name", "shown_email"), placeholder=_("Name or e-mail"))
    role = ChoicesFilter(field_name="held_role", label=_("User role"), choices=Role.choices, primary=True)
    access = ChoicesFilter(field_name="access", label=_("Access"), choices=ACCESS_STATES, primary=True)
    security = ChoicesFilter(field_name="security", label=_("Account security"), choices=SECURITY, primary=True)
    created = DateRangeFilter(field_name="shown_created", label=_("Created"))
