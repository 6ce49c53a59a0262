"""Who may do what, and the actions on people: what changes and what is stated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import signals
from accounts.actors import actor_of_token, staff_actor
from accounts.models import DataPlan, Membership, PlatformPackage, User, Workspace
from accounts.packages.services.catalogue import create_data_plan, create_package, update_package
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.people.services.staff_accounts import create_user, reactivate_user, suspend_user, unlock_user, update_user
from accounts.people.services.super_admins import set_super_admin
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.sessions import switch_workspace
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.context import SYSTEM, NoActor, NoContext, Person, acting_as
from kit.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from tests.accounts.conftest import Facts, Firm, by, by_system


def subject(user: User) -> Person:
    return Person(user.pk, user.name, user.email)


def lower_package() -> PlatformPackage:
    return PlatformPackage.objects.get_or_create(name="Lower")[0]


def with_a_plan(workspace: Workspace) -> Workspace:
    workspace.data_plans.add(DataPlan.objects.get_or_create(name="Regional")[0])
    return workspace


# --- who may ---


STAFF_ONLY: dict[str, Callable[[Firm], object]] = {
    "create_user": lambda firm: create_user(email="new@example.com", name="New"),
    "update_user": lambda firm: update_user(user_id=firm.member.pk, changes={"name": "New"}),
    "set_user_password": lambda firm: set_user_password(user_id=firm.member.pk, password="x" * 20),
    "suspend_user": lambda firm: suspend_user(user_id=firm.member.pk),
    "reactivate_user": lambda firm: reactivate_user(user_id=firm.member.pk),
    "unlock_user": lambda firm: unlock_user(user_id=firm.member.pk),
    "create_workspace": lambda firm: create_workspace(name="New", package_id=firm.acme.package.pk),
    "downgrade": lambda firm: set_package(workspace_id=firm.acme.pk, package_id=lower_package().pk),
    "remove_data_plan": lambda firm: set_data_plans(workspace_id=with_a_plan(firm.acme).pk, data_plan_ids=[]),
    "add_member": lambda firm: add_member(workspace_id=firm.acme.pk, user_id=firm.outsider.pk, role="User"),
    "set_super_admin": lambda firm: set_super_admin(workspace_id=firm.acme.pk, user_id=firm.admin.pk),
    "create_package": lambda firm: create_package(values={"name": "New"}),
    "update_package": lambda firm: update_package(package_id=firm.acme.package.pk, changes={"max_users": 1}),
    "create_data_plan": lambda firm: create_data_plan(values={"name": "New"}),
    "settings": lambda firm: update_workspace(workspace_id=firm.acme.pk, changes={"event_days": 30}),
}


@pytest.mark.parametrize("name", STAFF_ONLY)
def test_customers_are_refused_what_is_the_staffs(firm: Firm, facts: Facts, name: str) -> None:
    with by(firm.owner), pytest.raises(Forbidden):
        STAFF_ONLY[name](firm)
    assert facts.names == []


@pytest.mark.parametrize("name", STAFF_ONLY)
def test_without_an_actor_nothing_happens(firm: Firm, facts: Facts, name: str) -> None:
    with pytest.raises(NoContext):
        STAFF_ONLY[name](firm)
    with by_system() as opened:
        opened.actor = None
        with pytest.raises(NoActor):
            STAFF_ONLY[name](firm)
    assert facts.names == []


WITH_A_RIGHT: dict[str, tuple[Callable[[Firm], object], set[str]]] = {
    "change_role": (
        lambda firm: change_role(workspace_id=firm.acme.pk, user_id=firm.observer.pk, role="User"),
        {"owner", "admin"},
    ),
    "remove_member": (
        lambda firm: remove_member(workspace_id=firm.acme.pk, user_id=firm.observer.pk),
        {"owner", "admin"},
    ),
    "update_workspace": (
        lambda firm: update_workspace(workspace_id=firm.acme.pk, changes={"name": "New"}),
        {"owner", "admin"},
    ),
    "create_application_token": (
        lambda firm: create_application_token(workspace_id=firm.acme.pk),
        {"owner", "admin", "member", "observer"},
    ),
    "revoke_application_token": (
        lambda firm: revoke_application_token(workspace_id=firm.acme.pk, token_id=firm.erp.pk),
        {"owner", "admin"},
    ),
}


@pytest.mark.parametrize("who", ["owner", "admin", "member", "observer", "outsider"])
@pytest.mark.parametrize("name", WITH_A_RIGHT)
def test_the_table_decides_in_a_workspace(firm: Firm, facts: Facts, name: str, who: str) -> None:
    run, allowed = WITH_A_RIGHT[name]
    user = getattr(firm, who)
    with by(user):
        if who in allowed:
            run(firm)
            assert len(facts.names) == 1
            return
        with pytest.raises(NotFound if who == "outsider" else Forbidden):
            run(firm)
    assert facts.names == []


# --- users ---


def test_an_account_is_made_and_told_to_the_operator(firm: Firm, facts: Facts) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with acting_as(SYSTEM, moment=moment):
        user = create_user(email=" New@Example.com", name="New Person", password="a believable phrase")
    user.refresh_from_db()
    assert (user.email, user.created, user.is_active) == ("new@example.com", moment, True)
    assert user.check_password("a believable phrase")
    assert facts.seen == [("user_created", {"workspace_id": firm.operator.pk, "subject": subject(user)})]


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"email": "MAX.MEMBER@example.com"}, Conflict, "email"),
        ({"email": "nonsense"}, Invalid, "email"),
        ({"name": " "}, Invalid, "name"),
        ({"password": "short"}, Invalid, "password"),
        ({"password": "new@example.com"}, Invalid, "password"),
    ],
)
def test_bad_accounts_are_refused_with_the_field(
    firm: Firm, facts: Facts, values: dict[str, str], error: type[DomainError], field: str
) -> None:
    with by_system(), pytest.raises(error) as caught:
        create_user(**{"email": "new@example.com", "name": "New", "password": None, **values})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert facts.names == []


def test_a_new_password_ends_lock_sessions_and_tokens(firm: Firm, facts: Facts) -> None:
    User.objects.filter(pk=firm.member.pk).update(locked_until=timezone.now() + timedelta(minutes=5))
    before = firm.member.get_session_auth_hash()
    with by_system():
        set_user_password(user_id=firm.member.pk, password="another long phrase")
    firm.member.refresh_from_db()
    assert firm.member.check_password("another long phrase")
    assert firm.member.get_session_auth_hash() != before
    assert (firm.member.token_epoch, firm.member.locked_until) == (1, None)
    assert facts.seen == [("password_changed", {"workspace_id": firm.acme.pk, "subject": subject(firm.member)})]


def test_everybody_may_change_their_own_password(firm: Firm, facts: Facts) -> None:
    with by(firm.observer):
        set_user_password(user_id=firm.observer.pk, password="another long phrase")
    assert facts.names == ["password_changed"]


def test_suspending_and_reactivating(firm: Firm, facts: Facts) -> None:
    with by(staff_actor(firm.staff)):
        suspend_user(user_id=firm.member.pk)
        suspend_user(user_id=firm.member.pk)
        reactivate_user(user_id=firm.member.pk)
    firm.member.refresh_from_db()
    assert (firm.member.status, firm.member.token_epoch) == (User.Status.ACTIVE, 2)
    assert [(fact["what"], fact["changes"]) for _name, fact in facts.seen] == [
        ("suspended", {"status": {"from": 1, "to": 2}}),
        ("reactivated", {"status": {"from": 2, "to": 1}}),
    ]


def test_pending_and_own_accounts_are_not_suspended(firm: Firm, facts: Facts) -> None:
    User.objects.filter(pk=firm.member.pk).update(status=User.Status.ACTIVATION_PENDING)
    with by(staff_actor(firm.staff)):
        with pytest.raises(Conflict):
            suspend_user(user_id=firm.member.pk)
        with pytest.raises(DomainError):
            suspend_user(user_id=firm.staff.pk)
        with pytest.raises(DomainError):
            update_user(user_id=firm.staff.pk, changes={"is_superuser": False})
        with pytest.raises(NotFound):
            suspend_user(user_id=999_999)
    assert facts.names == []


def test_unlocking_is_told_when_there_was_a_lock(firm: Firm, facts: Facts) -> None:
    with by(staff_actor(firm.staff)):
        unlock_user(user_id=firm.member.pk)
        assert facts.names == []
        User.objects.filter(pk=firm.member.pk).update(locked_until=timezone.now() + timedelta(minutes=5))
        unlock_user(user_id=firm.member.pk)
    assert facts.one("user_updated")["what"] == "unlocked"


def test_personal_data_stands_with_the_person_and_not_in_the_changes(firm: Firm, facts: Facts) -> None:
    with by(staff_actor(firm.staff)):
        update_user(user_id=firm.member.pk, changes={"name": "Other Name"})
        update_user(user_id=firm.member.pk, changes={"name": "Other Name", "email": firm.member.email})
    fact = facts.one("user_updated")
    assert fact["subject"] == Person(firm.member.pk, "Other Name", firm.member.email)
    assert fact["changes"] == {}
    Membership.objects.filter(user=firm.member).delete()
    facts.clear()
    with by(staff_actor(firm.staff)):
        update_user(user_id=firm.member.pk, changes={"is_staff": True})
        with pytest.raises(Conflict):
            update_user(user_id=firm.member.pk, changes={"email": firm.owner.email})
        with pytest.raises(ValueError, match="can't be set here"):
            update_user(user_id=firm.member.pk, changes={"password": "x"})
    fact = facts.one("user_updated")
    assert (fact["workspace_id"], fact["changes"]) == (firm.operator.pk, {"is_staff": {"from": False, "to": True}})


# --- members ---


def test_the_first_workspace_joined_is_the_default(firm: Firm, facts: Facts) -> None:
    with by_system():
        user = create_user(email="new@example.com", name="New")
        facts.clear()
        add_member(workspace_id=firm.bolt.pk, user_id=user.pk, role="Observer")
        add_member(workspace_id=firm.acme.pk, user_id=user.pk, role="User")
    user.refresh_from_db()
    assert user.default_workspace == firm.bolt
    joined = {each.workspace_id: {"membership": [each.pk], "invitation": []} for each in user.memberships.all()}
    assert facts.seen == [
        (
            "member_added",
            {"workspace_id": place.pk, "subject": subject(user), "role": role, "covers": joined[place.pk]},
        )
        for place, role in ((firm.bolt, "Observer"), (firm.acme, "User"))
    ]


def test_nobody_joins_twice_or_as_superadmin_or_past_the_package(firm: Firm, facts: Facts) -> None:
    with by_system():
        with pytest.raises(Conflict):
            add_member(workspace_id=firm.acme.pk, user_id=firm.member.pk, role="User")
        with pytest.raises(Invalid):
            add_member(workspace_id=firm.acme.pk, user_id=firm.outsider.pk, role="SuperAdmin")
        PlatformPackage.objects.update(max_users=4)
        with pytest.raises(Conflict, match="4 users"):
            add_member(workspace_id=firm.acme.pk, user_id=firm.outsider.pk, role="User")
    assert facts.names == []


def test_changing_a_role(firm: Firm, facts: Facts) -> None:
    with by(firm.admin):
        change_role(workspace_id=firm.acme.pk, user_id=firm.member.pk, role="Observer")
        change_role(workspace_id=firm.acme.pk, user_id=firm.member.pk, role="Observer")
    covers = {"membership": [firm.member.memberships.get(workspace=firm.acme).pk]}
    expected = {"workspace_id": firm.acme.pk, "subject": subject(firm.member), "old": "User", "new": "Observer"}
    expected["covers"] = covers
    assert facts.seen[0] == ("role_changed", expected)
    # The token that the member made has no more rights than the member.
    assert facts.names == ["role_changed", "application_token_lowered"]
    assert facts.one("application_token_lowered")["old"] == "User"
    firm.erp.refresh_from_db()
    assert firm.erp.role == "Observer"
    assert firm.member.memberships.get(workspace=firm.acme).role == "Observer"
    assert firm.member.memberships.get(workspace=firm.bolt).role == "Observer"


@pytest.mark.parametrize("act", [remove_member, lambda **ids: change_role(**ids, role="User")])
def test_own_account_superadmin_and_strangers(firm: Firm, facts: Facts, act: Callable[..., object]) -> None:
    with by(firm.admin):
        with pytest.raises(Forbidden):
            act(workspace_id=firm.acme.pk, user_id=firm.admin.pk)
        with pytest.raises(Conflict):
            act(workspace_id=firm.acme.pk, user_id=firm.owner.pk)
        with pytest.raises(NotFound):
            act(workspace_id=firm.acme.pk, user_id=firm.outsider.pk)
    assert facts.names == []


def test_the_next_workspace_joined_becomes_the_default(firm: Firm, facts: Facts) -> None:
    membership_id = firm.member.memberships.get(workspace=firm.acme).pk
    with by(firm.admin):
        remove_member(workspace_id=firm.acme.pk, user_id=firm.member.pk)
    firm.member.refresh_from_db()
    assert firm.member.default_workspace == firm.bolt
    expected = {
        "workspace_id": firm.acme.pk,
        "subject": subject(firm.member),
        "role": "User",
        "covers": {"membership": [membership_id]},
    }
    assert facts.seen[0] == ("member_removed", expected)
    assert facts.names == ["member_removed", "application_token_revoked"], "the token that the member made goes too"
    with by_system():
        remove_member(workspace_id=firm.bolt.pk, user_id=firm.member.pk)
    firm.member.refresh_from_db()
    assert firm.member.default_workspace is None


def test_there_is_one_superadmin(firm: Firm, facts: Facts) -> None:
    with by(staff_actor(firm.staff)):
        set_super_admin(workspace_id=firm.acme.pk, user_id=firm.member.pk)
        set_super_admin(workspace_id=firm.acme.pk, user_id=firm.member.pk)
        with pytest.raises(Conflict):
            set_super_admin(workspace_id=firm.bolt.pk, user_id=firm.member.pk)
    assert [(fact["subject"].user_id, fact["old"], fact["new"]) for _name, fact in facts.seen] == [
        (firm.owner.pk, "SuperAdmin", "Administrator"),
        (firm.member.pk, "User", "SuperAdmin"),
    ]


# --- switching ---


def test_switching_needs_a_person_and_a_membership(firm: Firm, facts: Facts) -> None:
    with by(firm.member):
        switch_workspace(workspace_id=firm.bolt.pk)
        with pytest.raises(NotFound):
            switch_workspace(workspace_id=firm.umbra.pk)
    with by(actor_of_token(firm.erp)), pytest.raises(Forbidden):
        switch_workspace(workspace_id=firm.acme.pk)
    assert facts.seen == [("workspace_switched", {"workspace_id": firm.bolt.pk, "user_id": firm.member.pk})]


def test_a_listener_that_fails_undoes_the_change(firm: Firm) -> None:
    def fails(**arguments: Any) -> None:
        raise RuntimeError("no row")

    signals.member_removed.connect(fails)
    try:
        with by(firm.admin), pytest.raises(RuntimeError):
            remove_member(workspace_id=firm.acme.pk, user_id=firm.member.pk)
    finally:
        signals.member_removed.disconnect(fails)
    assert Membership.objects.filter(user=firm.member, workspace=firm.acme).exists()
