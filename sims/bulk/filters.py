"""Filters of the history of bulk actions, and the filter by which lists show the objects of one."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import STAFF_LABEL
from accounts.models import User
from kit.filter_values import Values
from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter, TextFilter
from kit.models import Job
from sims.bulk.actions import BULK, SPECS
from sims.models import ScheduledAction, ScheduledObject

STAFF: Final = "staff"
"""Stands for all of the operator's staff, who are not told apart here."""
_FINISHED: Final = (Job.State.DONE, Job.State.FAILED)


def _actions(_filters: ListFilters) -> list[tuple[str, str]]:
    return [(path, f"{spec.noun.title}: {spec.label}") for path, spec in SPECS.items()]


def _people(filters: ListFilters) -> list[tuple[str, str]]:
    """Return who has asked for bulk actions in the workspace. Two queries."""
    asked = Job.objects.filter(workspace_id=filters.workspace_id, kind=BULK).order_by().values("user_id").distinct()
    users = User.objects.filter(pk__in=[row["user_id"] for row in asked if row["user_id"] is not None])
    rows = list(users.order_by("name", "pk").values_list("pk", "name", "is_staff"))
    people = [(str(pk), name) for pk, name, staff in rows if not staff]
    return [*people, (STAFF, STAFF_LABEL)] if any(staff for _pk, _name, staff in rows) else people


class ResultFilters(ListFilters):
    """What the history of bulk actions can be narrowed by."""

    q = SearchFilter(fields=("title",), placeholder=gettext_lazy("What was asked for"))
    action = ChoicesFilter(field_name="name", label=gettext_lazy("Action"), choices=_actions, primary=True)
    person = ChoicesFilter(label=gettext_lazy("Person"), choices=_people, method="filter_person", primary=True)
    state = ChoicesFilter(
        field_name="state", label=gettext_lazy("State"), choices=list(Job.State.choices), primary=True
    )
    date = DateRangeFilter(field_name="created", label=gettext_lazy("Asked for"), primary=True)

    def filter_person(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """Keep what these people have asked for."""
        condition = Q(user_id__in=[int(item) for item in value if item != STAFF])
        if STAFF in value:
            condition |= Q(user_id__in=User.objects.filter(is_staff=True).values("pk"))
        return queryset.filter(condition)


def _result_id(value: str) -> uuid.UUID:
    return uuid.UUID(value)


class ResultFilter(TextFilter):
    """The objects that a bulk action has changed; while it waits or goes on, those that it is about."""

    def __init__(self, noun: str) -> None:
        super().__init__(
            label=gettext_lazy("Bulk action"),
            normalise=_result_id,
            wildcards=False,
            partial=False,
            hint=gettext_lazy("ID of the result."),
        )
        self.noun = noun

    def jobs(self, value: Values) -> list[Job]:
        """Return the bulk actions that are named, of this workspace and this list, without their objects. One query."""
        found = Job.objects.filter(
            pk__in=value.exact, workspace_id=self.parent.workspace_id, kind=BULK, name__startswith=f"{self.noun}/"
        )
        return list(found.only("pk", "title", "state"))

    def summary(self, value: Values) -> str:
        titles = {str(job.pk): job.title for job in self.jobs(value)}
        shown = [titles.get(str(each), _("unknown")) for each in value.exact]
        return ", ".join(shown[:2]) + (f" +{len(shown) - 2:,}" if len(shown) > 2 else "")

    def filter(self, qs: QuerySet[Any], value: Values | None) -> QuerySet[Any]:
        """Keep the objects. Their ids are read inside the database: there may be more than a statement can carry."""
        if value is None:
            return qs
        condition = Q(pk__in=[])
        for job in self.jobs(value):
            condition |= Q(pk__in=_ids_of(job))
        return qs.filter(condition)


class PlannedFilter(ChoicesFilter):
    """The objects for which something is scheduled, or nothing."""

    def __init__(self, noun: str) -> None:
        choices = (("any", gettext_lazy("Something is scheduled")), ("none", gettext_lazy("Nothing is scheduled")))
        super().__init__(label=gettext_lazy("Scheduled actions"), choices=choices)
        self.noun = noun

    def filter(self, qs: QuerySet[Any], value: list[Any] | None) -> QuerySet[Any]:
        """Keep the objects that scheduled actions of this workspace are about, or the others."""
        if not value or len(value) == 2:
            return qs
        waiting = ScheduledObject.objects.filter(
            noun=self.noun,
            action__workspace_id=self.parent.workspace_id,
            action__state=ScheduledAction.State.WAITING,
        )
        planned = Q(pk__in=waiting.order_by().values("object_id"))
        return qs.filter(planned if "any" in value else ~planned)


def _ids_of(job: Job) -> RawSQL:
    read, asked = _READ[connection.vendor]
    pk = job.pk if connection.vendor == "postgresql" else job.pk.hex
    return RawSQL(read if job.state in _FINISHED else asked, [pk])  # noqa: S611 - texts of our own, the id a parameter


_READ: Final = {
    "postgresql": (
        "SELECT jsonb_array_elements_text(result -> 'changed')::bigint FROM kit_job WHERE id = %s",
        "SELECT jsonb_array_elements_text(arguments -> 'ids')::bigint FROM kit_job WHERE id = %s",
    ),
    "sqlite": (
        "SELECT each.value FROM kit_job, json_each(kit_job.result, '$.changed') AS each WHERE kit_job.id = %s",
        "SELECT each.value FROM kit_job, json_each(kit_job.arguments, '$.ids') AS each WHERE kit_job.id = %s",
    ),
}
"""How the databases read the ids of what was changed, and of what was asked for."""
