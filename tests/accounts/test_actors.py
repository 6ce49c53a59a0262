"""From rows to actors."""

from __future__ import annotations

import pytest
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext

from accounts.actors import access_of, actor_of, actor_of_token, rights_of, staff_actor
from accounts.models import Membership, User, Workspace
from accounts.permissions import Permission
from kit.context import ActorKind, Person
from tests.accounts.conftest import Cast


def test_a_user_has_the_roles_of_the_memberships(cast: Cast) -> None:
    access = access_of(cast.member)
    assert access.actor.roles == {cast.home.pk: "User", cast.linked.pk: "Observer"}
    assert access.actor.person == Person(cast.member.pk, "Member Sample", "member@example.com")
    assert (access.actor.kind, access.actor.everywhere) == (ActorKind.USER, False)
    assert access.actor.label == f"User {cast.member.pk}", "no name of a person in it"
    assert [(entry.name, entry.role.value) for entry in access.entries] == [("Annex", "Observer"), ("Home", "User")]


def test_the_superadmin_has_all_linked_workspaces_without_a_membership(cast: Cast) -> None:
    """`docs/rules.md` section 8; the membership in the main organisation counts less."""
    assert actor_of(cast.owner).roles == {cast.home.pk: "SuperAdmin", cast.linked.pk: "SuperAdmin"}
    assert actor_of(cast.admin).roles == {cast.home.pk: "Administrator"}
    Workspace.objects.filter(pk=cast.linked.pk).update(main=None)
    assert actor_of(cast.owner).roles == {cast.home.pk: "SuperAdmin"}


def test_other_members_do_not_double_anything(cast: Cast) -> None:
    for number in range(5):
        user = User.objects.create_user(f"more{number}@example.com", name="More")
        Membership.objects.create(user=user, workspace=cast.home, role="User")
    assert [entry.id for entry in access_of(cast.owner).entries] == [cast.linked.pk, cast.home.pk]


def test_one_query_with_the_packages(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        access = access_of(cast.owner)
        assert {entry.workspace.package.name for entry in access.entries} == {"Pro EUR"}
        assert access.by_id[cast.home.pk].role == "SuperAdmin"
    assert len(queries) == 1


def test_in_a_suspended_workspace_everybody_only_looks(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.home.pk).update(status=Workspace.Status.SUSPENDED)
    access = access_of(cast.owner)
    assert access.actor.roles == {cast.home.pk: "Observer", cast.linked.pk: "SuperAdmin"}
    entry = access.by_id[cast.home.pk]
    assert (entry.suspended, entry.role.value) == (True, "SuperAdmin")
    cast.token.refresh_from_db()
    assert actor_of_token(cast.token).roles == {cast.home.pk: "Observer"}


def test_staff_act_everywhere_under_a_label_customers_may_read(cast: Cast) -> None:
    actor = staff_actor(cast.staff)
    assert (actor.kind, actor.everywhere, actor.label) == (ActorKind.STAFF, True, "Operator staff")
    assert actor.person == Person(cast.staff.pk, "Staff Sample", "staff@example.org")


def test_nobody_else_becomes_staff(cast: Cast) -> None:
    with pytest.raises(ValueError, match="not on the operator's staff"):
        staff_actor(cast.owner)
    cast.staff.status = User.Status.SUSPENDED
    with pytest.raises(ValueError, match="not on the operator's staff"):
        staff_actor(cast.staff)


def test_staff_in_the_portal_are_not_everywhere(cast: Cast) -> None:
    actor = actor_of(cast.staff)
    assert (actor.everywhere, dict(actor.roles)) == (False, {})


def test_an_application_token_has_one_workspace_and_no_person(cast: Cast) -> None:
    actor = actor_of_token(cast.token)
    assert actor.kind == ActorKind.APPLICATION_TOKEN
    assert (actor.person, actor.acted_for, actor.everywhere) == (None, None, False)
    assert actor.label == "Application token “ERP”"
    assert actor.roles == {cast.home.pk: "User"}
    cast.token.description = ""
    assert actor_of_token(cast.token).label == f"Application token “{cast.token.pk}”"


def test_rights_read_well_in_templates_and_hide_what_is_missing(cast: Cast) -> None:
    rights = rights_of(actor_of(cast.observer), cast.home.pk)
    template = Template("{% if may.SIM_UPDATE %}change{% endif %}{% if may.EVENT_READ %}read{% endif %}")
    assert template.render(Context({"may": rights})) == "read"
    assert "EVENT_READ" in rights
    assert "SIM_UPDATE" not in rights
    assert rights["EVENT_READ"] is True
    with pytest.raises(KeyError):
        rights["SIM_UPDAET"]
    assert set(rights_of(staff_actor(cast.staff), cast.home.pk)) == {permission.name for permission in Permission}
    assert rights_of(actor_of(cast.observer), cast.strange.pk) == frozenset()
