"""Rows of real actions against the published objects: type by type, door by door, whoever acted.

The keys are those of emnify's published examples; a list of objects is written with `[]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from accounts.actors import actor_of, staff_actor
from accounts.models import DataPlan, PlatformPackage
from accounts.people.services.invitations import invite_user
from accounts.people.services.members import remove_member
from accounts.sign_in.services.password_reset import request_password_reset
from accounts.support.services import start_support_access
from accounts.workspaces.services.company import update_billing, update_company
from accounts.workspaces.services.staff_changes import change_workspace
from events.models import Event
from events.selectors import persons_of
from events.wire import WIRE_FIELDS, wire
from kit.context import SCHEDULE, Actor, acting_as
from orders.services.orders import order_submit, orders_mark_paid
from orders.services.shipping import order_ship
from sims.devices.services.status import disable_devices, enable_devices
from sims.inventory.services.assignment import release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import SimStatus
from tests.api.conftest import Program, exchange, make_token, sign_in
from tests.cast import Cast
from tests.orders.conftest import Shop, shop
from tests.sims.test_bulk import Desk

__all__ = ["shop"]

COMMON: Final = {
    "alert", "description", "event_severity", "event_source", "event_type", "id", "organisation", "timestamp",
}  # fmt: skip
CARD: Final = {"endpoint", "sim", "imsi"}
OBJECTS: Final[dict[int, set[str]]] = {
    8: CARD, 9: CARD, 42: CARD, 43: CARD, 45: CARD, 50: CARD, 51: CARD, 48: {"sim"},
}  # fmt: skip
"""Objects of an event, where it concerns one SIM on a device."""
DETAILS: Final[dict[int, set[str]]] = {
    13: {"support_user_org.id", "support_user_org.name", "support_username", "target_username"},
    31: {"changed_data[].city.new", "changed_data[].city.old"},
    32: {"billing_config.charging_model.id", "billing_config.payment_term.id", "billing_config.vatin"},
    33: {
        "tariff_plan.currency.id", "tariff_plan.end_date", "tariff_plan.evaluation", "tariff_plan.expiry_time",
        "tariff_plan.id", "tariff_plan.name", "tariff_plan.price.sim_activated_rate[].rate",
        "tariff_plan.price.sim_activated_rate[].scale_start", "tariff_plan.rate", "tariff_plan.service_level.id",
        "tariff_plan.start_date", "tariff_plan.yearly_rate",
    },
    34: {
        "inclusive_volume.cost", "inclusive_volume.currency_id", "inclusive_volume.end_date",
        "inclusive_volume.excess_traffic", "inclusive_volume.id", "inclusive_volume.pooled", "inclusive_volume.rate",
        "inclusive_volume.ratezone.id", "inclusive_volume.ratezone.name",
        "inclusive_volume.ratezone_inclusive_volume_id", "inclusive_volume.start_date", "inclusive_volume.volume",
    },
    36: {"activationKey", "id", "name", "organisationId", "userFederated", "username"},
    37: {"activationKey", "id", "name", "organisationId", "sourceIp", "userAgent", "username"},
    38: {"id", "location"},
    46: {"user.id", "user.username"},
    48: {
        "sim_batch.batch_size", "sim_batch.first_iccid", "sim_batch.id", "sim_batch.last_iccid",
        "sim_batch.sim_model.id",
    },
    51: {"imei"},
}  # fmt: skip
OURS: Final[dict[int, set[str]]] = {13: {"reason"}}
"""Keys that stand beside the published ones."""


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Return the paths of all keys of a detail."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from paths(item, f"{at}[]")
    else:
        yield at


def read(type_id: int) -> dict[str, Any]:
    """Return the newest event of a type as staff read it."""
    row = Event.objects.filter(type=type_id).newest().values(*WIRE_FIELDS)[0]
    return wire(row, persons_of([row]), {}, staff=True)


# --- one action through every door ---


def _portal(cast: Cast, sim: Sim) -> None:
    assert Desk(cast, cast.owner).do("activate", [sim.pk]).status_code == 200


def _patch(program: Program, sim: Sim) -> None:
    assert program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}).status_code == 204


def _by_user(cast: Cast, sim: Sim) -> None:
    _patch(sign_in(cast.owner), sim)


def _by_program(cast: Cast, sim: Sim) -> None:
    _patch(exchange(make_token(cast, cast.acme, by=cast.owner)[1]), sim)


def _support_page(cast: Cast, sim: Sim) -> None:
    desk = Desk(cast, cast.staff)
    desk.client.post(f"/support/{cast.acme.pk}/", {"user": cast.member.pk, "reason": "Ticket 4711"})
    assert desk.do("activate", [sim.pk]).status_code == 200


def _support_call(cast: Cast, sim: Sim) -> None:
    body = {"role": "1", "organisation": {"id": cast.acme.pk}, "reason": "Ticket 4711"}
    answer = sign_in(cast.staff).call("POST", f"/user/{cast.member.pk}/support_token", body, version=2)
    _patch(Program(token=answer.json()["support_token"]), sim)


def _admin(cast: Cast, sim: Sim) -> None:
    cast.client(cast.staff).post(f"/admin/sims/sim/{sim.pk}/state/activate/", {"confirm": "yes"})


DOORS: Final[dict[str, tuple[Callable[[Cast, Sim], None], str, bool]]] = {
    # What is done, whose credentials act ("" for nobody's), and whether it is in somebody's place.
    "portal": (_portal, "owner", False),
    "API, a user's token": (_by_user, "owner", False),
    "API, an application token": (_by_program, "", False),
    "support access, portal": (_support_page, "staff", True),
    "support access, API": (_support_call, "staff", True),
    "admin site": (_admin, "staff", False),
}


@pytest.mark.parametrize("door", DOORS)
def test_who_acted_is_told_by_every_door(cast: Cast, door: str) -> None:
    (sim,) = cast.sims(status=SimStatus.SUSPENDED)
    cast.device(sim=sim)
    act, who, in_place = DOORS[door]
    act(cast, sim)
    event = read(8)
    assert set(event) == COMMON | CARD | ({"user"} if who else set()) | ({"acting_for"} if in_place else set())
    if who:
        assert event["user"]["username"] == getattr(cast, who).email
    if in_place:
        assert event["acting_for"]["username"] == cast.member.email


# --- every type that has a published detail or object ---


def _state(to: int, was: int = SimStatus.SUSPENDED) -> Callable[[Cast, Shop], None]:
    def act(cast: Cast, _shop: Shop) -> None:
        (sim,) = cast.sims(status=was)
        cast.device(sim=sim)
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=to)

    return act


def _switched(cast: Cast, _shop: Shop) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    disable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk])
    enable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk])
    release_sims(workspace_id=cast.acme.pk, device_ids=[device.pk])


def _assigned(cast: Cast, _shop: Shop) -> None:
    (sim,) = cast.sims()
    device = cast.device(imei="490154203237518")
    client = exchange(make_token(cast, cast.acme, by=cast.owner)[1])
    assert client.patch(f"/endpoint/{device.pk}", {"sim": {"id": sim.pk}}).status_code == 204


def _registered(cast: Cast, _shop: Shop) -> None:
    register_batch(workspace_id=cast.acme.pk, bic=cast.batch(count=1).bic)


def _company(cast: Cast, _shop: Shop) -> None:
    update_company(workspace_id=cast.acme.pk, changes={"city": "Bremen"})


def _billing(cast: Cast, _shop: Shop) -> None:
    update_billing(workspace_id=cast.acme.pk, changes={"vatin": "DE136695976"})


def _package(cast: Cast, _shop: Shop) -> None:
    new = PlatformPackage.objects.get(pk=cast.acme.package_id)
    new.pk, new.name = None, "New"
    new.sim_rates = [{"scale_start": 1, "rate": 0.75}, {"scale_start": 100, "rate": 0.65}]
    new.save()
    change_workspace(workspace_id=cast.acme.pk, changes={"package_id": new.pk})


def _plan(cast: Cast, _shop: Shop) -> None:
    plan = DataPlan.objects.create(name="Further", included_mb=1, currency=cast.acme.currency)
    change_workspace(workspace_id=cast.acme.pk, changes={"data_plan_ids": [plan.pk]})


def _plan_gone(cast: Cast, _shop: Shop) -> None:
    cast.acme.data_plans.add(cast.plan)
    change_workspace(workspace_id=cast.acme.pk, changes={"data_plan_ids": []})


def _invited(cast: Cast, _shop: Shop) -> None:
    invite_user(workspace_id=cast.acme.pk, email="n@example.net", name="N N", role="User", link=lambda key: f"/{key}")


def _reset(cast: Cast, _shop: Shop) -> None:
    request_password_reset(user=cast.member, link="/u-k")


def _deleted(cast: Cast, _shop: Shop) -> None:
    remove_member(workspace_id=cast.acme.pk, user_id=cast.observer.pk)


def _visit(cast: Cast, _shop: Shop) -> None:
    start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason="Ticket 4711")


def _ordered(cast: Cast, shop: Shop) -> None:
    order_submit(workspace_id=cast.acme.pk, purchase=shop.purchase(), key="k")


def _shipped(_cast: Cast, shop: Shop) -> None:
    orders_mark_paid(order_ids=[shop.order().pk])
    order_ship(order_id=shop.paid((shop.single, 1)).pk, provider_id=shop.provider.pk, reference="T")


ACTIONS: Final[dict[str, tuple[Callable[[Cast, Shop], None], set[int], str]]] = {
    # What is done, the types it leaves, and who does it.
    "activate": (_state(SimStatus.ACTIVATED), {8}, "customer token"),
    "suspend": (_state(SimStatus.SUSPENDED, SimStatus.ACTIVATED), {9}, "customer token staff"),
    "test": (_state(SimStatus.FACTORY_TEST, SimStatus.ISSUED), {45}, "customer token staff"),
    "switch": (_switched, {42, 43, 50}, "customer token"),
    "assign": (_assigned, {51}, "itself"),
    "register": (_registered, {48}, "customer token"),
    "company": (_company, {31}, "customer staff"),
    "billing": (_billing, {32}, "customer staff"),
    "package": (_package, {33}, "staff"),
    "plan": (_plan, {34}, "staff"),
    "plan removed": (_plan_gone, {34}, "staff"),
    "invite": (_invited, {36}, "customer staff"),
    "reset": (_reset, {37}, "nobody"),
    "leave": (_deleted, {46}, "customer"),
    "visit": (_visit, {13}, "staff"),
    "order": (_ordered, {38}, "customer token"),
    "ship": (_shipped, {39}, "staff"),
}
WALK: Final = [(name, who) for name, (_act, _types, people) in ACTIONS.items() for who in people.split()]


@pytest.mark.parametrize(("name", "who"), WALK)
def test_rows_of_real_actions_have_the_published_keys(cast: Cast, shop: Shop, name: str, who: str) -> None:
    act, types, _people = ACTIONS[name]
    actors: dict[str, Callable[[], Actor]] = {
        "customer": lambda: actor_of(cast.owner),
        "token": cast.token,
        "staff": lambda: staff_actor(cast.staff),
        "nobody": lambda: SCHEDULE,
        "itself": lambda: SCHEDULE,
    }
    with acting_as(actors[who](), ip="192.0.2.7", user_agent="test"):
        act(cast, shop)
    persons = {"customer": cast.owner, "staff": cast.staff}
    concerned = {13: cast.member, 37: cast.member}
    for type_id in types:
        event = read(type_id)
        user = concerned.get(type_id) or persons.get(who)
        assert ("user" in event) == (user is not None), event
        if user is not None:
            assert event["user"]["id"] == user.pk
        assert set(event) - COMMON - {"user", "detail"} == OBJECTS.get(type_id, set())
        published = DETAILS.get(type_id)
        if published is not None:
            assert set(paths(event["detail"])) == published | OURS.get(type_id, set())
