"""Filters of the list of people."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Workspace
from accounts.people.selectors import ACCESS_STATES, SECURITY
from accounts.permissions import Permission, Role, actor_may
from kit.context import current_actor
from kit.filter_sets import ListFilters as AnyFilters
from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter, TextFilter


def administered(filters: AnyFilters) -> list[tuple[int, str]]:
    """Return the workspaces whose people the reader may know of. One query."""
    actor = current_actor()
    ids = [pk for pk in actor.roles if actor_may(actor, pk, Permission.USER_READ)]
    return list(Workspace.objects.filter(pk__in=ids).order_by("name", "pk").values_list("pk", "name"))


class WorkspacesFilter(ChoicesFilter):
    """People who are also in other workspaces that the reader administers, as members or as SuperAdmin."""

    def filter(self, qs: QuerySet[Any], value: list[Any] | None) -> QuerySet[Any]:
        """Find who is in any of these."""
        if not value:
            return qs
        places = Workspace.objects.filter(pk__in=value)
        led = [places.filter(super_admin__isnull=False), places.filter(main__super_admin__isnull=False)]
        return qs.filter(
            Q(pk__in=Membership.objects.filter(workspace_id__in=value).values("user_id"))
            | Q(pk__in=led[0].values("super_admin_id"))
            | Q(pk__in=led[1].values("main__super_admin_id"))
        )


class PeopleFilters(ListFilters):
    """Filters of the users."""

    q = SearchFilter(fields=("shown_name", "shown_email"), placeholder=_("Name or e-mail"))
    role = ChoicesFilter(field_name="held_role", label=_("User role"), choices=Role.choices, primary=True)
    access = ChoicesFilter(field_name="access", label=_("Access"), choices=ACCESS_STATES, primary=True)
    security = ChoicesFilter(field_name="security", label=_("Account security"), choices=SECURITY, primary=True)
    name = TextFilter(field_name="shown_name", label=_("Name"), ignore_case=True)
    email = TextFilter(field_name="shown_email", label=_("E-mail"), ignore_case=True)
    workspaces = WorkspacesFilter(field_name="pk", label=_("Workspaces"), choices=administered)
    created = DateRangeFilter(field_name="shown_created", label=_("Created"))
