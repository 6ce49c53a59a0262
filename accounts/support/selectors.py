"""Questions about support access. Nothing here changes anything."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, F, FilteredRelation, Q, QuerySet, Value, When

from accounts.models import Membership, User, Workspace
from accounts.permissions import Role


def people_to_act_for(workspace: Workspace) -> QuerySet[Any]:
    """Return the people whom staff may act for in a workspace, by name, with the `held_role` of each. Two queries.

    These are its active members and its SuperAdmin; never staff.
    """
    super_admin_id = workspace.super_admin_id if workspace.main is None else workspace.main.super_admin_id
    # Two indexed look-ups, so that the people of other workspaces do not count.
    ids = [*Membership.objects.of(workspace.pk).values_list("user_id", flat=True), super_admin_id]
    return (
        User.objects.filter(pk__in=[pk for pk in ids if pk], status=User.Status.ACTIVE, is_staff=False)
        .annotate(own=FilteredRelation("memberships", condition=Q(memberships__workspace=workspace)))
        .annotate(
            held_role=Case(
                When(pk=super_admin_id, then=Value(Role.SUPERADMIN.value)),
                default=F("own__role"),
                output_field=CharField(),
            )
        )
        .order_by("name", "pk")
    )
