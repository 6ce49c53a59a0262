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
from tests.accounts.conftest import Firm


def test_a_user_has_the_roles_of_the_memberships(firm: Firm) -> None:
    access = access_of(firm.member)
    assert access.actor.roles == {firm.acme.pk: "User", firm.bolt.pk: "Observer"}
    assert access.actor.person == Person(firm.member.pk, "Max Member", "max.member@example.com")
    assert (access.actor.kind, access.actor.everywhere) == (ActorKind.USER, False)
    assert access.actor.label == f"User {firm.member.pk}", "no name of a person in it"
    assert [(entry.name, entry.role.value) for entry in access.entries] == [("Acme", "User"), ("Bolt", "Observer")]


def test_the_superadmin_has_all_linked_workspaces_without_a_membership(firm: Firm) -> None:
    """`docs/rules.md` section 8; the membership in the main organisation counts less."""
    assert actor_of(firm.owner).roles == {firm.acme.pk: "SuperAdmin", firm.bolt.pk: "SuperAdmin"}
    assert actor_of(firm.admin).roles == {firm.acme.pk: "Administrator"}
    Workspace.objects.filter(pk=firm.bolt.pk).update(main=None)
    assert actor_of(firm.owner).roles == {firm.acme.pk: "SuperAdmin"}


def test_other_members_do_not_double_anything(firm: Firm) -> None:
    for number in range(5):
        user = User.objects.create_user(f"more{number}@example.com", name="More")
        Membership.objects.create(user=user, workspace=firm.acme, role="User")
    assert [entry.id for entry in access_of(firm.owner).entries] == [firm.acme.pk, firm.bolt.pk]


def test_one_query_with_the_packages(firm: Firm) -> None:
    with CaptureQueriesContext(connection) as queries:
        access = access_of(firm.owner)
        assert {entry.workspace.package.name for entry in access.entries} == {"Plus EUR"}
        assert access.by_id[firm.acme.pk].role == "SuperAdmin"
    assert len(queries) == 1


def test_in_a_suspended_workspace_everybody_only_looks(firm: Firm) -> None:
    Workspace.objects.filter(pk=firm.acme.pk).update(status=Workspace.Status.SUSPENDED)
    access = access_of(firm.owner)
    assert access.actor.roles == {firm.acme.pk: "Observer", firm.bolt.pk: "SuperAdmin"}
    entry = access.by_id[firm.acme.pk]
    assert (entry.suspended, entry.role.value) == (True, "SuperAdmin")
    firm.erp.refresh_from_db()
    assert actor_of_token(firm.erp).roles == {firm.acme.pk: "Observer"}


def test_staff_act_everywhere_under_a_label_customers_may_read(firm: Firm) -> None:
    actor = staff_actor(firm.staff)
    assert (actor.kind, actor.everywhere, actor.label) == (ActorKind.STAFF, True, "Operator staff")
    assert actor.person == Person(firm.staff.pk, "Stella Staff", "stella.staff@example.com")


def test_nobody_else_becomes_staff(firm: Firm) -> None:
    with pytest.raises(ValueError, match="not on the operator's staff"):
        staff_actor(firm.owner)
    firm.staff.status = User.Status.SUSPENDED
    with pytest.raises(ValueError, match="not on the operator's staff"):
        staff_actor(firm.staff)


def test_staff_in_the_portal_are_not_everywhere(firm: Firm) -> None:
    actor = actor_of(firm.staff)
    assert (actor.everywhere, dict(actor.roles)) == (False, {})


def test_an_application_token_has_one_workspace_and_no_person(firm: Firm) -> None:
    actor = actor_of_token(firm.erp)
    assert actor.kind == ActorKind.APPLICATION_TOKEN
    assert (actor.person, actor.acted_for, actor.everywhere) == (None, None, False)
    assert actor.label == f"Application token “ERP” (ID {firm.erp.pk})"
    assert actor.roles == {firm.acme.pk: "User"}
    firm.erp.description = ""
    assert actor_of_token(firm.erp).label == f"Application token “{firm.erp.pk}” (ID {firm.erp.pk})"


def test_rights_read_well_in_templates_and_hide_what_is_missing(firm: Firm) -> None:
    rights = rights_of(actor_of(firm.observer), firm.acme.pk)
    template = Template("{% if may.SIM_UPDATE %}change{% endif %}{% if may.EVENT_READ %}read{% endif %}")
    assert template.render(Context({"may": rights})) == "read"
    assert "EVENT_READ" in rights
    assert "SIM_UPDATE" not in rights
    assert rights["EVENT_READ"] is True
    with pytest.raises(KeyError):
        rights["SIM_UPDAET"]
    assert set(rights_of(staff_actor(firm.staff), firm.acme.pk)) == {permission.name for permission in Permission}
    assert rights_of(actor_of(firm.observer), firm.umbra.pk) == frozenset()
