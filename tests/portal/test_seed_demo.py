"""The demo: what it promises, that a second run leaves it alone, and that it keeps away from other people's data."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

import events.handlers
from accounts.models import ApplicationToken, Invitation, SupportAccess, User, Workspace
from accounts.people.services.members import add_member
from accounts.people.services.staff_accounts import create_user
from accounts.permissions import Role
from accounts.sign_in.authentication import sign_in_with_password
from accounts.tokens.services import revoke_application_token
from accounts.tokens.user_tokens import authenticate_application
from accounts.workspaces.services.workspaces import create_workspace
from events import writer
from events.models import Event, FrozenPerson
from events.registry import find
from kit.context import ANONYMOUS, SYSTEM, ActorKind, acting_as
from portal.demo import ForeignDatabase, master_data, secrets
from portal.demo.shipments import WAITING
from sims.identifiers import normalise_bic, normalise_iccid, normalise_imei, normalise_imsi
from sims.inventory.services.registration import register_batch
from sims.models import (
    CoveragePolicy,
    Device,
    FactoryTestWatch,
    ServicePolicy,
    Sim,
    SimBatch,
    SimTenure,
    UsageRecord,
)
from sims.states import DeviceStatus, SimStatus

Described = dict[str, Any]


pytestmark = pytest.mark.django_db
"""On every test, for the database is only made when a test that is run is marked."""


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Described]:
    """The demo, loaded once for all tests here and taken away afterwards; its JSON."""
    with django_db_blocker.unblock():
        writer.forget_persons()
        with transaction.atomic():
            yield described(seed("--json"))
            transaction.set_rollback(True)


@pytest.fixture
def demo(seeded: Described, db: None) -> Described:
    """The shared demo; what a test changes is undone."""
    return seeded


def seed(*arguments: str) -> str:
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def described(printed: str) -> Described:
    """Return the JSON object of the last line."""
    found: Described = json.loads(printed.rstrip("\n").rsplit("\n", 1)[-1])
    return found


def types_with_a_handler() -> set[int]:
    """Return the ids of the event types that handlers write, read off their sources."""
    found: set[int] = set()
    for path in Path(events.handlers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pending":
                if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int):
                    found.add(node.args[0].value)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id.endswith("_TYPES"):
                    values = (value.value for value in node.value.values if isinstance(value, ast.Constant))
                    found.update(value for value in values if isinstance(value, int))
    return found


# --- what is printed ---


def test_json_has_what_programs_need(demo: Described) -> None:
    assert set(demo) == {"workspaces", "staff", "network_feed_token"}
    assert set(demo["staff"]) == {"email", "password"}
    for workspace in demo["workspaces"]:
        assert set(workspace) == {
            "id", "name", "package", "application_token", "bics", "service_profile", "tariff_profile", "users"
        }  # fmt: skip
        assert ServicePolicy.objects.filter(pk=workspace["service_profile"], workspace=workspace["id"]).exists()
        assert CoveragePolicy.objects.filter(pk=workspace["tariff_profile"], workspace=workspace["id"]).exists()
        for user in workspace["users"]:
            assert set(user) == {"id", "name", "email", "password", "role"}
            assert user["role"] in {"SuperAdmin", "Administrator", "User", "Observer"}


def test_every_workspace_has_every_role(demo: Described) -> None:
    for workspace in demo["workspaces"]:
        assert {user["role"] for user in workspace["users"]} == {role.value for role in Role}


def test_somebody_has_different_roles(demo: Described) -> None:
    roles: dict[str, set[str]] = {}
    for workspace in demo["workspaces"]:
        for user in workspace["users"]:
            roles.setdefault(user["email"], set()).add(user["role"])
    assert any(len(held) > 1 for held in roles.values())


def test_bics_are_three_single_and_three_of_25(demo: Described) -> None:
    for workspace in demo["workspaces"]:
        batches = SimBatch.objects.in_bulk(workspace["bics"], field_name="bic")
        assert [batches[bic].quantity for bic in workspace["bics"]] == [1, 1, 1, 25, 25, 25]
        for bic, batch in batches.items():
            assert normalise_bic(bic) == bic
            assert (batch.workspace_id, batch.registered_at) == (workspace["id"], None)


def test_linked_workspaces_and_a_stranger(demo: Described) -> None:
    rows = [Workspace.objects.select_related("package").get(pk=each["id"]) for each in demo["workspaces"]]
    first, *_others, last = rows
    assert first.factory_test_allowed
    assert first.linked.count() >= 2
    assert len({row.package_id for row in rows}) >= 4
    assert last.main_id is None
    assert not last.linked.exists()
    of_stranger = {user["id"] for user in demo["workspaces"][-1]["users"]}
    of_others = {user["id"] for workspace in demo["workspaces"][:-1] for user in workspace["users"]}
    assert not of_stranger & of_others
    assert not set(last.memberships.values_list("user_id")) & set(
        User.objects.filter(memberships__workspace__in=rows[:-1]).values_list("pk")
    )


def test_secrets_open_the_doors(demo: Described) -> None:
    staff = demo["staff"]
    for door in (staff, demo["workspaces"][0]["users"][0], demo["workspaces"][-1]["users"][-1]):
        with acting_as(ANONYMOUS):
            assert sign_in_with_password(email=door["email"], password=door["password"]).email == door["email"]
    for workspace in demo["workspaces"]:
        with acting_as(ANONYMOUS, ip="198.51.100.77"):
            assert authenticate_application(value=workspace["application_token"])
    assert demo["network_feed_token"] == secrets.network_feed_token()


def test_nobody_is_near_a_lock(demo: Described) -> None:
    emails = {user["email"] for workspace in demo["workspaces"] for user in workspace["users"]}
    for user in User.objects.filter(email__in=[*emails, demo["staff"]["email"]]):
        assert (user.failed_sign_ins, user.locked_until, user.status) == (0, None, User.Status.ACTIVE)


def test_table_names_everybody(demo: Described) -> None:
    printed = seed()
    for workspace in demo["workspaces"]:
        for user in workspace["users"]:
            assert user["email"] in printed
            assert user["password"] in printed
    assert demo["staff"]["email"] in printed


def test_secrets_depend_on_the_key_alone(settings: Any) -> None:
    before = (secrets.password_of("marco"), secrets.application_token("water"), secrets.network_feed_token())
    again = (secrets.password_of("marco"), secrets.application_token("water"), secrets.network_feed_token())
    settings.SECRET_KEY = "another" * 10
    other = (secrets.password_of("marco"), secrets.application_token("water"), secrets.network_feed_token())
    assert before == again
    assert not set(before) & set(other)


# --- what is in it ---


def test_sims_in_all_states(demo: Described) -> None:
    assert 2_700 <= Sim.objects.count() <= 3_400
    for status in SimStatus:
        assert Sim.objects.filter(status=status, workspace__isnull=False).exists(), status
    assert Sim.objects.filter(workspace=None, batch__workspace=None).exists()
    assert set(SimBatch.objects.values_list("quantity", flat=True)) == {0, 1, 25, 100, 500}
    assert 1_000 <= Device.objects.exclude(status=DeviceStatus.DELETED).count() <= 1_400
    assert set(Device.objects.values_list("status", flat=True)) == set(DeviceStatus)
    first = demo["workspaces"][0]["id"]
    assert Sim.objects.of(first).filter(status=SimStatus.ACTIVATED, device=None).exists()


def test_numbers_are_valid(demo: Described) -> None:
    for iccid, imsi in Sim.objects.values_list("iccid", "imsi"):
        assert (normalise_iccid(iccid), normalise_imsi(imsi)) == (iccid, imsi)
        assert iccid.startswith("8988303")
        assert imsi.startswith("90143")
    for imei in Device.objects.exclude(imei="").values_list("imei", flat=True):
        assert normalise_imei(imei) == imei
    addresses = [address for address in Device.objects.values_list("ip_address", flat=True) if address]
    assert len(addresses) == len(set(addresses))


def test_every_type_with_a_handler_occurs(demo: Described) -> None:
    expected = types_with_a_handler()
    assert {6, 8, 51, 67, 10022} <= expected
    missing = expected - set(Event.objects.values_list("type", flat=True))
    assert not missing, [(type_id, getattr(find(type_id), "description", "?")) for type_id in sorted(missing)]


def test_tenures_say_what_has_become_of_every_sim(demo: Described) -> None:
    """Also where it was done in the past; and usage is booked on whoever held the SIM then."""
    columns = ("workspace_id", "device_id", "status")
    devices = ("device__status", "device__service_policy_id", "device__coverage_policy_id")
    present = Sim.objects.filter(workspace__isnull=False).values_list("pk", *columns, *devices)
    names = ("device_status", "service_policy_id", "coverage_policy_id")
    newest = {row[0]: row for row in SimTenure.objects.order_by("since").values_list("sim_id", *columns, *names)}
    assert newest == {row[0]: row for row in present}
    assert not SimTenure.objects.filter(since__gt=timezone.now()).exists()
    used = UsageRecord.objects.values_list("sim_id", "workspace_id").distinct()
    held = set(SimTenure.objects.values_list("sim_id", "workspace_id"))
    assert used.exists()
    assert set(used) <= held


def test_people_come_and_go(demo: Described) -> None:
    """What the pages of people, requests and visits are for is there to be seen."""
    cold = Workspace.objects.get(name="Kestrel Cold Chain")
    assert sorted(cold.requests.values_list("kind", "status")) == [("linked", 0), ("new", 1), ("new", 2)]
    assert Workspace.objects.get(name="Kestrel Returns").main == cold
    now = timezone.now()
    open_ones = Invitation.objects.filter(accepted=None, withdrawn=None).order_by("expires")
    assert [(row.name, row.expired(now)) for row in open_ones] == [("Omar Said", True), ("Greta Lund", False)]
    assert SupportAccess.objects.filter(ended=None).count() == 0
    assert SupportAccess.objects.count() == 2
    assert not User.objects.filter(name="Petra Novak").exists()
    assert not FrozenPerson.objects.filter(name="Petra Novak").exists()
    assert FactoryTestWatch.objects.filter(late_since__isnull=False).count() == 0
    # Nobody who is printed needs more than the password.
    emails = {user["email"] for workspace in demo["workspaces"] for user in workspace["users"]}
    assert not Authenticator.objects.filter(user__email__in=emails).exists()


def test_events_are_a_month_in_order(demo: Described) -> None:
    moments = list(Event.objects.order_by("pk").values_list("timestamp", flat=True))
    assert moments == sorted(moments)
    assert (moments[-1] - moments[0]).days in range(27, 36)
    days = {moment.date() for moment in moments}
    assert len(days) >= 28


def test_every_event_has_an_actor(demo: Described) -> None:
    assert not Event.objects.filter(actor_label="").exists()
    people = (ActorKind.USER, ActorKind.STAFF)
    assert not Event.objects.filter(actor_kind__in=people, actor=None).exists()
    assert not Event.objects.filter(actor_kind__in=people, ip=None).exists()
    kinds = set(Event.objects.values_list("actor_kind", flat=True))
    assert kinds >= {*people, ActorKind.APPLICATION_TOKEN, ActorKind.ANONYMOUS, ActorKind.SYSTEM}
    assert not Event.objects.filter(actor_kind=ActorKind.APPLICATION_TOKEN, user_id__isnull=False).exists()


# --- running it again ---


def test_a_second_run_changes_nothing(demo: Described) -> None:
    counts = (Event.objects.count(), Sim.objects.count(), User.objects.count(), ApplicationToken.objects.count())
    assert described(seed("--json")) == demo
    assert counts == (
        Event.objects.count(), Sim.objects.count(), User.objects.count(), ApplicationToken.objects.count()
    )  # fmt: skip


def test_used_bics_are_replaced(demo: Described) -> None:
    workspace = demo["workspaces"][0]
    used = [workspace["bics"][0], workspace["bics"][5]]
    with acting_as(SYSTEM):
        for bic in used:
            register_batch(workspace_id=workspace["id"], bic=bic)
    topped_up = described(seed("--json"))["workspaces"][0]["bics"]
    assert len(topped_up) == sum(WAITING.values())
    assert not set(used) & set(topped_up)
    assert set(workspace["bics"]) - set(used) < set(topped_up)
    assert not SimBatch.objects.filter(bic__in=topped_up, registered_at__isnull=False).exists()


def test_a_revoked_token_is_replaced(demo: Described) -> None:
    workspace = demo["workspaces"][0]
    token = ApplicationToken.objects.filter(workspace=workspace["id"], description="Meter head-end").get()
    with acting_as(SYSTEM):
        revoke_application_token(workspace_id=workspace["id"], token_id=token.pk)
    fresh = described(seed("--json"))["workspaces"][0]["application_token"]
    assert fresh != workspace["application_token"]
    assert fresh == described(seed("--json"))["workspaces"][0]["application_token"]
    with acting_as(ANONYMOUS, ip="198.51.100.77"):
        assert authenticate_application(value=fresh)


def test_peoples_own_data_does_not_make_it_foreign(demo: Described) -> None:
    with acting_as(SYSTEM):
        user = create_user(email="new@example.com", name="New Person")
        workspace = create_workspace(
            name="New", package_id=Workspace.objects.get(pk=demo["workspaces"][0]["id"]).package_id
        )
        add_member(workspace_id=workspace.pk, user_id=user.pk, role=Role.USER)
    Workspace.objects.filter(type=Workspace.Type.OPERATOR).update(name="Renamed")
    assert described(seed("--json")) == demo


def test_another_key_is_refused(demo: Described, settings: Any) -> None:
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(CommandError, match="another SECRET_KEY"):
        seed()


def test_the_refusal_is_a_domain_error() -> None:
    assert ForeignDatabase.status == 409


def test_addresses_are_documentation_domains() -> None:
    for person in (*master_data.STAFF.values(), *master_data.EVERYBODY.values()):
        assert person.email.endswith((".example.com", ".example.org", ".example.net"))
