"""Reversing one event about one thing, at the page's door: the opposite is done, and its event names the reversed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import ApplicationToken, CompanyDetails, Invitation, Membership, User, Workspace
from accounts.people.services.invitations import invite_user
from accounts.people.services.members import add_member, change_role
from accounts.tokens.services import create_application_token, describe_application_token, revoke_application_token
from accounts.workspaces.services.company import set_mfa_required, update_company
from accounts.workspaces.services.workspaces import update_workspace
from events.models import Event
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.inventory.services.transfer import transfer_sims
from sims.models import BlockedOperator, CoverageExcludedZone, CoveragePolicy, ServicePolicy, Sim
from sims.policies.services.coverage import block_policy_operator, choose_zones, use_allowance
from sims.policies.services.policies import (
    create_coverage_policy,
    create_service_policy,
    update_coverage_policy,
    update_service_policy,
)
from tests.cast import Cast
from tests.events.reverse.conftest import Door, newest, since
from tests.log import last

pytestmark = pytest.mark.django_db

TELEKOM = 26201


def reversed_at(door: Door, event: Any) -> list[tuple[int, Any]]:
    """Reverse an event in the portal and return what was written by it."""
    answer = door.ask(event)
    assert answer.status_code == 200, answer.content
    done = door.confirm(answer)
    assert "HX-Redirect" in done.headers, done.content
    return [(each.type, (each.detail or {}).get("reverses")) for each in since(event)]


def test_the_settings_of_a_service_policy(cast: Cast, door: Door) -> None:
    policy, _coverage = cast.policies()
    with cast.acting(cast.owner):
        update_service_policy(
            workspace_id=cast.acme.pk, policy_id=policy.pk, values={"name": "Renamed", "allowed_2g": False}
        )
    event = last()
    assert reversed_at(door, event) == [(10006, {"event": event.pk})]
    policy.refresh_from_db()
    assert (policy.name, policy.allowed_2g) == ("Standard", True)


def test_what_a_coverage_policy_lets_its_devices_use(cast: Cast, door: Door) -> None:
    _service, policy = cast.policies()
    place: dict[str, Any] = {"workspace_id": cast.acme.pk, "policy_id": policy.pk}
    acts: list[Callable[[], object]] = [
        lambda: choose_zones(**place, zones=[2, 3], chosen=False),
        lambda: choose_zones(**place, zones=[3], chosen=True),
        lambda: use_allowance(**place, uses=False),
        lambda: block_policy_operator(**place, operator_id=TELEKOM),
    ]
    events = []
    for act in acts:
        with cast.acting(cast.owner):
            act()
        events.append(last())
    for event in reversed(events):
        with_others = reversed_at(door, event)
        assert (10009, {"event": event.pk}) in with_others
    policy.refresh_from_db()
    assert policy.uses_allowance
    assert not policy.blocked_operators.exists()
    assert not CoverageExcludedZone.objects.filter(policy=policy).exists()


def test_the_data_plan_of_a_coverage_policy_with_what_was_chosen_of_it(cast: Cast, door: Door) -> None:
    _service, policy = cast.policies()
    other = type(cast.plan).objects.create(name="Other", included_mb=5)
    cast.acme.data_plans.add(other)
    with cast.acting(cast.owner):
        choose_zones(workspace_id=cast.acme.pk, policy_id=policy.pk, zones=[4], chosen=False)
        use_allowance(workspace_id=cast.acme.pk, policy_id=policy.pk, uses=False)
        update_coverage_policy(workspace_id=cast.acme.pk, policy_id=policy.pk, values={"data_plan_id": other.pk})
    event = last()
    written = reversed_at(door, event)
    assert {type_id for type_id, _named in written} == {10009}
    policy.refresh_from_db()
    assert policy.data_plan_id == cast.plan.pk
    assert not policy.uses_allowance
    assert list(CoverageExcludedZone.objects.filter(policy=policy).values_list("zone", flat=True)) == [4]


@pytest.mark.parametrize("kind", ["service", "coverage"])
def test_a_created_policy(cast: Cast, door: Door, kind: str) -> None:
    with cast.acting(cast.owner):
        made: Any
        if kind == "service":
            made = create_service_policy(workspace_id=cast.acme.pk, values={"name": "Fresh"})
        else:
            values = {"name": "Fresh", "data_plan_id": cast.plan.pk}
            made = create_coverage_policy(workspace_id=cast.acme.pk, values=values)
    event = last()
    assert reversed_at(door, event) == [(10007 if kind == "service" else 10010, {"event": event.pk})]
    model = ServicePolicy if kind == "service" else CoveragePolicy
    assert not model._default_manager.filter(pk=made.pk).exists()


def test_a_created_policy_that_is_used_stays_and_says_so(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        made = create_service_policy(workspace_id=cast.acme.pk, values={"name": "Fresh"})
    event = last()
    device = cast.device()
    device.service_policy = made
    device.save()
    answer = door.ask(event)
    assert "used by 1 device" in answer.content.decode()
    assert door.confirm(answer).status_code == 422
    assert ServicePolicy.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("blocked", [True, False])
def test_a_network_of_a_device(cast: Cast, door: Door, blocked: bool) -> None:
    device = cast.device()
    with cast.acting(cast.owner):
        block_operator(workspace_id=cast.acme.pk, device_id=device.pk, operator_id=TELEKOM)
        if not blocked:
            allow_operator(workspace_id=cast.acme.pk, device_id=device.pk, operator_id=TELEKOM)
    event = last()
    assert reversed_at(door, event) == [(10012, {"event": event.pk})]
    assert BlockedOperator.objects.filter(device=device).exists() is not blocked


def test_a_role_goes_back_and_tokens_stay_low(cast: Cast, door: Door) -> None:
    with cast.acting(cast.member):
        token = create_application_token(workspace_id=cast.acme.pk).token
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
    event = newest(10024)
    lowered = newest(10085)
    written = reversed_at(door, event)
    assert written == [(10085, None), (10024, {"event": event.pk})], "the lowering was part of the first change"
    assert Membership.objects.get(workspace=cast.acme, user=cast.member).role == "User"
    assert ApplicationToken.objects.get(pk=token.pk).role == "Observer"
    page = door.client.get(f"{door.base}/events/{lowered.pk}/").content.decode()
    assert "never raised" in page
    assert "Reverse this" not in page


def test_a_role_that_was_changed_again_is_left_alone(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
        event = last()
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Administrator")
    answer = door.ask(event)
    assert "It was changed since" in answer.content.decode()
    assert (
        door.client.post(f"{door.base}/events/{event.pk}/reverse/", headers={"HX-Request": "true"}).status_code == 422
    )
    assert Membership.objects.get(workspace=cast.acme, user=cast.member).role == "Administrator"


def test_the_last_administrator_is_refused_by_the_service_itself(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Administrator")
    event = last()
    # The service has the last word, whatever the dialog foresaw: nobody changes the own role.
    other = Door(cast.client(cast.member), cast.acme.pk)
    answer = other.ask(event)
    assert answer.status_code == 200
    refused = other.confirm(answer)
    assert refused.status_code == 422
    assert since(event) == []


def test_an_invitation_and_a_membership(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        invite_user(
            workspace_id=cast.acme.pk,
            name="Nina New",
            email="nina@example.com",
            role="User",
            link=lambda key: f"https://x/{key}",
        )
    event = newest(36)
    assert reversed_at(door, event) == [(46, {"event": event.pk})]
    assert Invitation.objects.get(email="nina@example.com").withdrawn is not None
    joining = User.objects.create_user("late@example.com", "correct horse battery", name="Lara Late")
    with cast.staffing():
        add_member(workspace_id=cast.acme.pk, user_id=joining.pk, role="User")
    event = newest(10025)
    assert reversed_at(door, event) == [(46, {"event": event.pk})]
    assert not Membership.objects.filter(user=joining).exists()


def test_a_token_is_revoked_and_described(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        token = create_application_token(workspace_id=cast.acme.pk, description="ERP").token
        made = last()
        describe_application_token(workspace_id=cast.acme.pk, token_id=token.pk, description="Other")
    described = last()
    assert reversed_at(door, described) == [(10085, {"event": described.pk})]
    token.refresh_from_db()
    assert token.description == "ERP"
    assert (10031, {"event": made.pk}) in reversed_at(door, made)
    token.refresh_from_db()
    assert token.status == ApplicationToken.Status.REVOKED
    assert "revoked already" in door.ask(made).content.decode()


def test_company_details(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        update_company(workspace_id=cast.acme.pk, changes={"city": "Köln"})
        update_company(
            workspace_id=cast.acme.pk,
            changes={"city": "Bonn", "name": "Acme Ltd", "verification_type": 1, "verification": "DE123456789"},
        )
    event = last()
    assert reversed_at(door, event) == [(31, {"event": event.pk})]
    company = CompanyDetails.objects.get(workspace=cast.acme)
    assert (company.city, company.verification_type, company.verification) == ("Köln", None, "")
    assert Workspace.objects.get(pk=cast.acme.pk).name == "Acme"


def test_the_second_factor_that_a_workspace_demands(cast: Cast, door: Door) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(mfa_required=True)
    with cast.staffing():
        set_mfa_required(workspace_id=cast.acme.pk, required=False)
        set_mfa_required(workspace_id=cast.acme.pk, required=True)
        set_mfa_required(workspace_id=cast.acme.pk, required=False)
        update_workspace(workspace_id=cast.acme.pk, changes={"factory_test_days": 90})
    required, staff_setting = newest(10040), last()
    assert "operator’s" in door.ask(staff_setting).content.decode()
    event = Event.objects.filter(type=10040, detail__setting="mfa_required", detail__to="optional").latest("pk")
    # Whoever demands it needs one: the service refuses, and says what to do first.
    answer = door.confirm(door.ask(event))
    assert answer.status_code == 422
    assert "Set up your own second factor first" in answer.content.decode()
    assert required.pk


def test_a_transfer_goes_back_from_either_side(cast: Cast, door: Door) -> None:
    sims = cast.sims(2)
    ids = [sim.pk for sim in sims]
    for workspace in (cast.bolt, cast.acme):
        with cast.acting(cast.owner):
            transfer_sims(target_id=cast.bolt.pk, sim_ids=ids, dry_run=False)
        event = Event.objects.filter(type=69, workspace=workspace).latest("pk")
        marker = last()
        there = Door(door.client, workspace.pk)
        answer = there.ask(event)
        assert answer.status_code == 200, answer.content
        there.confirm(answer)
        assert set(Sim.objects.filter(pk__in=ids).values_list("workspace_id", flat=True)) == {cast.acme.pk}
        assert [(each.type, each.detail["reverses"]) for each in since(marker)] == [(69, {"event": event.pk})] * 2
    assert "already" in Door(door.client, cast.acme.pk).ask(event).content.decode()


def test_a_transfer_into_a_workspace_that_is_closed_to_the_reader(cast: Cast) -> None:
    ids = [sim.pk for sim in cast.sims(1)]
    with cast.staffing():
        transfer_sims(target_id=cast.umbra.pk, sim_ids=ids, dry_run=False)
    event = Event.objects.filter(type=69, workspace=cast.umbra).latest("pk")
    door = Door(cast.client(cast.outsider), cast.umbra.pk)
    answer = door.ask(event)
    assert "not found" in answer.content.decode()
    door.client.post(f"{door.base}/events/{event.pk}/reverse/", headers={"HX-Request": "true"})
    assert Sim.objects.get(pk=ids[0]).workspace_id == cast.umbra.pk


def test_an_event_that_keeps_too_little_is_no_error(cast: Cast, door: Door) -> None:
    with cast.acting(cast.owner):
        token = create_application_token(workspace_id=cast.acme.pk).token
        revoke_application_token(workspace_id=cast.acme.pk, token_id=token.pk)
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
    event = last()
    cast.member.memberships.all().delete()
    assert "no member" in door.ask(event).content.decode()
