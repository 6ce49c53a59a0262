"""What a staff role may do is checked by the services too (`docs/rules.md` section 9): roles × services."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_of, staff_actor
from accounts.models import User
from accounts.packages.services.catalogue import create_data_plan, create_package, update_data_plan, update_package
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.people.services.addresses import change_customer_address
from accounts.people.services.erasure import erase_user
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.people.services.staff_accounts import (
    create_user,
    reactivate_user,
    suspend_user,
    unlock_user,
    update_user,
)
from accounts.people.services.super_admins import drop_super_admin, set_super_admin
from accounts.permissions import STAFF_RIGHTS, Permission, authorise, authorise_staff
from accounts.sign_in.services.password_reset import send_password_reset
from accounts.sign_in.services.second_factors import remove_second_factor
from accounts.staff_roles import TABLE, StaffRole
from accounts.support.services import start_support_access
from accounts.workspaces.services.company import update_billing
from accounts.workspaces.services.request_answers import (
    create_requested_workspace,
    decline_workspace_request,
    link_requested_workspace,
)
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit import mail
from kit.context import NETWORK, SCHEDULE, SYSTEM, acting_as
from kit.errors import DomainError, Forbidden
from orders.models import ShippingOption, ShippingProvider
from orders.services import transfers
from orders.services.catalogue import article_create, article_update, offer_create, offer_update
from orders.services.orders import cancel_unpaid, orders_cancel, orders_mark_paid
from orders.services.shipping import order_ship
from sims.inventory.services.allotment import assign_batch, assign_sims, reserve_batch
from sims.inventory.services.imports import cancel_import, import_sims, start_import
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.stock import create_batch
from sims.states import SimStatus
from tests.cast import PASSWORD, Cast

Service = Callable[[Cast], Any]
NOBODY = 999_999

SUPPORT, SHOP, OPERATIONS = "support", "shop", "operations"
SERVICES: dict[str, tuple[Service, set[str]]] = {
    "create_user": (lambda cast: create_user(email="n@example.com", name="Nora"), {SUPPORT}),
    "create_user, staff": (lambda cast: create_user(email="n@example.com", name="Nora", is_staff=True), set()),
    "create_user, superuser": (
        lambda cast: create_user(email="n@example.com", name="N", is_staff=True, is_superuser=True),
        set(),
    ),
    "update_user": (lambda cast: update_user(user_id=cast.member.pk, changes={"name": "Max"}), {SUPPORT}),
    "update_user, staff rights": (
        lambda cast: update_user(user_id=_free(cast), changes={"is_staff": True}),
        set(),
    ),
    "update_user, a colleague": (lambda cast: update_user(user_id=cast.staff.pk, changes={"name": "S"}), set()),
    "suspend_user": (lambda cast: suspend_user(user_id=cast.member.pk), {SUPPORT}),
    "suspend_user, a colleague": (lambda cast: suspend_user(user_id=cast.staff.pk), set()),
    "reactivate_user": (lambda cast: reactivate_user(user_id=cast.member.pk), {SUPPORT}),
    "unlock_user": (lambda cast: unlock_user(user_id=cast.member.pk), {SUPPORT}),
    "unlock_user, a colleague": (lambda cast: unlock_user(user_id=cast.staff.pk), set()),
    "send_password_reset": (lambda cast: send_password_reset(user_id=cast.member.pk, link=str), {SUPPORT}),
    "send_password_reset, a colleague": (lambda cast: send_password_reset(user_id=cast.staff.pk, link=str), set()),
    "change_customer_address": (
        lambda cast: change_customer_address(user_id=cast.member.pk, email="new@example.com", link=str),
        {SUPPORT},
    ),
    "change_customer_address, an Administrator": (
        lambda cast: change_customer_address(user_id=cast.owner.pk, email="new@example.com", link=str),
        set(),
    ),
    "erase_user": (lambda cast: erase_user(user_id=cast.member.pk), set()),
    "remove_second_factor": (
        lambda cast: remove_second_factor(workspace_id=None, user_id=cast.member.pk),
        {SUPPORT},
    ),
    "add_member": (
        lambda cast: add_member(workspace_id=cast.acme.pk, user_id=cast.outsider.pk, role="User"),
        {SUPPORT},
    ),
    "change_role": (
        lambda cast: change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer"),
        {SUPPORT},
    ),
    "remove_member": (lambda cast: remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk), {SUPPORT}),
    "set_super_admin": (
        lambda cast: set_super_admin(workspace_id=cast.acme.pk, user_id=cast.owner.pk),
        {SUPPORT},
    ),
    "drop_super_admin": (lambda cast: drop_super_admin(workspace_id=cast.acme.pk), {SUPPORT, OPERATIONS}),
    "create_workspace": (
        lambda cast: create_workspace(name="Delta", package_id=cast.acme.package_id),
        {SUPPORT},
    ),
    "update_workspace": (
        lambda cast: update_workspace(workspace_id=cast.acme.pk, changes={"status": 1}),
        {SUPPORT, OPERATIONS},
    ),
    "update_billing": (
        lambda cast: update_billing(workspace_id=cast.acme.pk, changes={"payment_term": 1}),
        {SUPPORT, OPERATIONS},
    ),
    "set_package": (
        lambda cast: set_package(workspace_id=cast.acme.pk, package_id=cast.acme.package_id),
        {SUPPORT, OPERATIONS},
    ),
    "set_data_plans": (
        lambda cast: set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[]),
        {SUPPORT, OPERATIONS},
    ),
    "create_requested_workspace": (
        lambda cast: create_requested_workspace(request_id=NOBODY, name="D", package_id=1),
        {SUPPORT},
    ),
    "link_requested_workspace": (
        lambda cast: link_requested_workspace(request_id=NOBODY, workspace_id=cast.umbra.pk),
        {SUPPORT},
    ),
    "decline_workspace_request": (
        lambda cast: decline_workspace_request(request_id=NOBODY, answer="No room."),
        {SUPPORT},
    ),
    "start_support_access": (
        lambda cast: start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason="Ticket 4711"),
        {SUPPORT},
    ),
    "create_package": (lambda cast: create_package(values={"name": "New"}), {OPERATIONS}),
    "update_package": (
        lambda cast: update_package(package_id=cast.acme.package_id, changes={"name": "New"}),
        {OPERATIONS},
    ),
    "create_data_plan": (lambda cast: create_data_plan(values={"name": "New", "included_mb": 1}), {OPERATIONS}),
    "update_data_plan": (
        lambda cast: update_data_plan(data_plan_id=cast.plan.pk, changes={"name": "New"}),
        {OPERATIONS},
    ),
    "create_batch": (lambda cast: create_batch(bic="1" * 16, model=cast.model), {OPERATIONS}),
    "import_sims": (lambda cast: import_sims(batch_id=NOBODY, records=[]), {OPERATIONS, SHOP}),
    "start_import": (lambda cast: start_import(batch_id=NOBODY, content=b""), {OPERATIONS, SHOP}),
    "cancel_import": (lambda cast: cancel_import(import_id=NOBODY), {OPERATIONS, SHOP}),
    "assign_batch": (lambda cast: assign_batch(batch_id=NOBODY, workspace_id=cast.acme.pk), {OPERATIONS, SHOP}),
    "assign_sims": (lambda cast: assign_sims(sim_ids=[NOBODY], workspace_id=cast.acme.pk), {OPERATIONS, SHOP}),
    "reserve_batch": (lambda cast: reserve_batch(batch_id=NOBODY, workspace_id=cast.acme.pk), {OPERATIONS, SHOP}),
    "change_sim_status": (
        lambda cast: change_sim_status(workspace_id=cast.acme.pk, sim_ids=[NOBODY], to=SimStatus.ACTIVATED),
        {OPERATIONS},
    ),
    "article_create": (lambda cast: article_create(values={"name": "Card"}, prices={}), {SHOP}),
    "article_update": (lambda cast: article_update(article_id=NOBODY, changes={}), {SHOP}),
    "offer_create, option": (lambda cast: offer_create(ShippingOption, values={"name": "Post"}), {SHOP}),
    "offer_create, provider": (lambda cast: offer_create(ShippingProvider, values={"name": "Post"}), {SHOP}),
    "offer_update, option": (lambda cast: offer_update(ShippingOption, item_id=NOBODY, changes={}), {SHOP}),
    "offer_update, provider": (lambda cast: offer_update(ShippingProvider, item_id=NOBODY, changes={}), {SHOP}),
    "orders_mark_paid": (lambda cast: orders_mark_paid(order_ids=[]), {SHOP}),
    "orders_cancel": (lambda cast: orders_cancel(order_ids=[]), {SHOP}),
    "cancel_unpaid": (lambda cast: cancel_unpaid(), {SHOP}),
    "order_ship": (lambda cast: order_ship(order_id=NOBODY, provider_id=NOBODY, reference=""), {SHOP}),
    "mail.retry": (lambda cast: mail.retry([]), {SUPPORT}),
    "transfers.retry": (lambda cast: transfers.retry([]), {SHOP}),
}
NO_ROLE = ""
ROLES = [*StaffRole.values, NO_ROLE]


def _free(cast: Cast) -> int:
    """Return somebody who is in no workspace, so that only the right can be missing."""
    return User.objects.get_or_create(email="free@example.com", defaults={"name": "Free"})[0].pk


def _clerk(role: str) -> User:
    return User.objects.create_user("clerk@example.com", PASSWORD, name="Clara", is_staff=True, staff_role=role)


def _status(work: Callable[[], Any]) -> int:
    """Return the status of a refusal, 200 for none."""
    try:
        work()
    except DomainError as refusal:
        return refusal.status
    return 200


def _may(service: Service, cast: Cast) -> bool:
    """Tell whether a service let somebody past its check of rights, whatever it said of the rest."""
    try:
        service(cast)
    except Forbidden:
        return False
    except DomainError:
        return True
    return True


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_asks_for_its_right(cast: Cast, name: str, role: str) -> None:
    service, allowed = SERVICES[name]
    with acting_as(staff_actor(_clerk(role))):
        assert _may(service, cast) is (role in allowed)


@pytest.mark.parametrize("name", SERVICES)
def test_superusers_and_the_portal_itself_may_all_of_it_and_customers_nothing(cast: Cast, name: str) -> None:
    service, _allowed = SERVICES[name]
    chief = User.objects.create_user("chief@example.com", PASSWORD, name="Chief", is_staff=True, is_superuser=True)
    with acting_as(staff_actor(chief)):
        assert _may(service, cast)
    with acting_as(actor_of(cast.outsider)):
        assert _status(lambda: service(cast)) in (403, 404), "a customer's user was let in"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", Permission)
def test_a_right_in_a_workspace_stands_for_one_of_the_staffs(cast: Cast, permission: Permission, role: str) -> None:
    held = TABLE[StaffRole(role)] if role else frozenset()
    with acting_as(staff_actor(_clerk(role))):
        if STAFF_RIGHTS[permission] in held:
            authorise(cast.acme.pk, permission)
        else:
            with pytest.raises(Forbidden, match=f"needs the right {STAFF_RIGHTS[permission]}"):
                authorise(cast.acme.pk, permission)


def test_every_right_in_a_workspace_has_one_of_the_staffs() -> None:
    assert set(STAFF_RIGHTS) == set(Permission)


@pytest.mark.parametrize("everywhere", [SYSTEM, SCHEDULE, NETWORK])
def test_the_portal_itself_holds_every_right(everywhere: Any) -> None:
    with acting_as(everywhere):
        assert authorise_staff("accounts.delete_user") is everywhere


def test_rights_are_read_once_and_only_when_they_are_asked_for(cast: Cast) -> None:
    actor = staff_actor(User.objects.get(pk=_clerk("shop").pk))
    with CaptureQueriesContext(connection) as queries, acting_as(actor):
        assert len(queries) == 0
        authorise_staff("orders.change_order")
        first = len(queries)
        authorise_staff("orders.add_article")
        assert len(queries) == first <= 2
    with CaptureQueriesContext(connection) as queries, acting_as(staff_actor(cast.staff)):
        authorise_staff("orders.change_order")
    assert len(queries) == 0


def test_the_table_has_every_service_that_asks_for_a_right_of_the_staff() -> None:
    """Whoever writes such a service adds it here."""
    root = pathlib.Path(__file__).parents[2]
    asking = set()
    for app in ("accounts", "sims", "orders", "events"):
        for path in (root / app).rglob("*.py"):
            for body in re.split(r"^def ", path.read_text(), flags=re.MULTILINE)[1:]:
                if re.search(r"^    (?:\w+ = |    )?authorise_staff\(", body, flags=re.MULTILINE):
                    asking.add(body.partition("(")[0])
    asking -= {"require_over", "require_chooser", "handle_workspace_request", "_move", "_readdress", "import_step"}
    tried = {name.partition(",")[0].rpartition(".")[2] for name in SERVICES}
    assert asking <= tried, asking - tried
