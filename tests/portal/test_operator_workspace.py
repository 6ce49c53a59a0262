"""The operator's workspace: one fixed row, and no act without it whose event it would hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import PlatformPackage, TrustedDevice, User, Workspace
from accounts.operator import OPERATOR_ID, keep_operator_workspace
from accounts.packages.services.catalogue import create_data_plan, create_package
from accounts.people.services.erasure import erase_user
from accounts.people.services.staff_accounts import create_user, suspend_user, unlock_user, update_user
from accounts.selectors import operator_workspace_id
from accounts.sign_in.authentication import sign_in_with_password
from accounts.sign_in.services.password_reset import request_password_reset, reset_password
from accounts.sign_in.services.passwords import change_own_password, set_user_password
from accounts.sign_in.services.second_factors import renew_recovery_codes
from accounts.sign_in.services.sessions import end_other_sessions, record_sign_in, record_sign_out
from accounts.sign_in.services.trusted_devices import forget_all_devices
from accounts.support.services import start_support_access
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from events.models import Event
from events.triggers import lifted, silence_lifted
from kit.context import ANONYMOUS, SYSTEM, acting_as
from kit.errors import Conflict, NoHome
from sims.inventory.services.stock import create_batch
from sims.models import FactoryTestRange
from sims.usage.services.factory_test_watch import tell_lateness
from tests.cast import PASSWORD, Cast
from tests.second_factors import set_up

NEW = "another good phrase 7"


# --- the row ---


def test_it_is_there_from_the_start_and_stays_the_operators(db: None) -> None:
    operator = Workspace.objects.get(type=Workspace.Type.OPERATOR)
    assert operator.pk == OPERATOR_ID == operator_workspace_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.filter(pk=OPERATOR_ID).update(type=Workspace.Type.ENTERPRISE)
    other = Workspace.objects.create(name="Other", package=operator.package)
    assert other.pk > OPERATOR_ID
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.filter(pk=other.pk).update(type=Workspace.Type.OPERATOR)
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.create(name="Second", package=operator.package, type=Workspace.Type.OPERATOR)


def test_it_is_put_back_where_it_is_gone(db: None) -> None:
    with silence_lifted():
        last = Workspace.objects.create(name="Last", package=PlatformPackage.objects.get()).pk
        Workspace.objects.filter(pk=OPERATOR_ID).delete()
        keep_operator_workspace()
        keep_operator_workspace()
    assert operator_workspace_id() == OPERATOR_ID
    assert Workspace.objects.create(name="Next", package=PlatformPackage.objects.get()).pk > last


@pytest.mark.django_db(transaction=True)
def test_flush_leaves_it() -> None:
    with lifted():
        call_command("flush", interactive=False, verbosity=0)
    assert operator_workspace_id() == OPERATOR_ID
    with silence_lifted():
        assert Workspace.objects.create(name="Next", package=PlatformPackage.objects.get()).pk > OPERATOR_ID


@pytest.mark.parametrize(("which", "to"), [("operator", 4), ("acme", 1)])
def test_staff_can_not_change_which_one_it_is(cast: Cast, which: str, to: int) -> None:
    workspace: Workspace = getattr(cast, which)
    before = Event.objects.count()
    with cast.staffing(), pytest.raises(Conflict, match="exactly one"):
        update_workspace(workspace_id=workspace.pk, changes={"type": to})
    with cast.staffing(), pytest.raises(Conflict):
        create_workspace(name="Second", package_id=workspace.package_id, type=Workspace.Type.OPERATOR)
    assert Event.objects.count() == before


def test_the_admin_site_shows_its_type_and_offers_it_to_nobody_else(cast: Cast) -> None:
    client: Client = cast.client(cast.staff)
    page = client.get(f"/admin/accounts/workspace/{OPERATOR_ID}/change/")
    field = page.context["adminform"].form.fields["type"]
    assert field.disabled
    for address in (f"/admin/accounts/workspace/{cast.acme.pk}/change/", "/admin/accounts/workspace/add/"):
        offered = client.get(address).context["adminform"].form.fields["type"].choices
        assert Workspace.Type.OPERATOR not in [value for value, _label in offered]


# --- nothing without it ---


def _device(cast: Cast) -> None:
    TrustedDevice.objects.create(user=cast.staff, digest="d" * 64, name="x", expires=timezone.now())


def _as_staff(do: Callable[[Cast], Any]) -> Callable[[Cast], Any]:
    def run(cast: Cast) -> Any:
        with cast.staffing():
            return do(cast)

    return run


def _as_oneself(do: Callable[[Cast], Any]) -> Callable[[Cast], Any]:
    def run(cast: Cast) -> Any:
        with acting_as(actor_of(cast.staff)):
            return do(cast)

    return run


def _as_nobody(do: Callable[[Cast], Any]) -> Callable[[Cast], Any]:
    def run(cast: Cast) -> Any:
        with acting_as(ANONYMOUS):
            return do(cast)

    return run


def _late(cast: Cast) -> None:
    FactoryTestRange.objects.create(first_id=1, checked=timezone.now() - timedelta(hours=1))
    with acting_as(SYSTEM):
        tell_lateness()


ACTS: dict[str, Callable[[Cast], Any]] = {
    "sign in": lambda cast: record_sign_in(user=cast.staff),
    "sign out": lambda cast: record_sign_out(user=cast.staff),
    "wrong password": _as_nobody(lambda cast: sign_in_with_password(email=cast.staff.email, password="wrong")),
    "own password": _as_oneself(lambda cast: change_own_password(user_id=cast.staff.pk, old=PASSWORD, new=NEW)),
    "password by staff": _as_staff(lambda cast: set_user_password(user_id=cast.staff.pk, password=NEW)),
    "reset asked": _as_nobody(lambda cast: request_password_reset(user=cast.staff, link="https://x.example")),
    "reset": _as_nobody(lambda cast: reset_password(user=cast.staff, password=NEW)),
    "end other sessions": _as_oneself(lambda cast: end_other_sessions(user_id=cast.staff.pk, keep=None)),
    "forget devices": _as_oneself(lambda cast: forget_all_devices(user_id=cast.staff.pk)),
    "recovery codes": _as_oneself(lambda cast: renew_recovery_codes(user_id=cast.staff.pk)),
    "new user": _as_staff(lambda cast: create_user(email="n@example.net", name="N N", is_staff=True)),
    "rename": _as_staff(lambda cast: update_user(user_id=cast.staff.pk, changes={"name": "Stella Other"})),
    "suspend": _as_staff(lambda cast: suspend_user(user_id=User.objects.get(email="homeless@example.net").pk)),
    "unlock": _as_staff(lambda cast: unlock_user(user_id=User.objects.get(email="homeless@example.net").pk)),
    "erase": _as_staff(lambda cast: erase_user(user_id=User.objects.get(email="homeless@example.net").pk)),
    "package": _as_staff(lambda cast: create_package(values={"name": "P"})),
    "data plan": _as_staff(lambda cast: create_data_plan(values={"name": "D"})),
    "support": _as_staff(
        lambda cast: start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason="They asked us.")
    ),
    "batch": _as_staff(lambda cast: create_batch(bic="7" * 16, model=cast.model)),
    "late checks": _late,
}


def _everything() -> dict[str, list[Any]]:
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list()))
        for model in apps.get_models()
        if model is not FactoryTestRange
    }


@pytest.mark.parametrize("act", ACTS)
def test_what_it_would_log_is_not_done_without_it(cast: Cast, act: str) -> None:
    create = User.objects.create_user
    create("homeless@example.net", PASSWORD, name="Hannes Homeless", locked_until=timezone.now() + timedelta(hours=1))
    if act == "recovery codes":
        set_up(cast.staff)
        cast.staff.refresh_from_db()
    if act == "forget devices":
        _device(cast)
    Workspace.objects.filter(pk=OPERATOR_ID).delete()
    before = _everything()
    with pytest.raises(NoHome, match="not done"):
        ACTS[act](cast)
    assert _everything() == before
