"""The database refuses silence: each audited table, each verb, whoever makes the change, as it is in production."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.utils import timezone

from accounts.models import (
    ApplicationToken,
    CompanyDetails,
    DataPlan,
    DataPlanBooking,
    Invitation,
    Membership,
    PlatformPackage,
    SupportAccess,
    User,
    Workspace,
    WorkspaceRequest,
)
from events.audited import AUDITED, UNAUDITED, Audited
from events.triggers import silence_lifted
from kit.models import Job
from orders.models import (
    Address,
    Article,
    ArticlePrice,
    Order,
    OrderBatch,
    OrderLine,
    ShippingOption,
    ShippingProvider,
)
from sims.models import (
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    CoveragePolicy,
    ServicePolicy,
    Sim,
    SimBatch,
    SimImport,
)
from sims.models.schedule import ScheduledAction
from tests.cast import Cast
from tests.silence import be_strict, forgive, refused, run

pytestmark = pytest.mark.sqlite_too("each database refuses silence in a way of its own")

_numbers = itertools.count(1)


@pytest.fixture
def guarded(transactional_db: None, cast: Cast) -> Cast:
    """The cast, in a database that refuses as in production."""
    be_strict()
    return cast


def _only_for_silence(change: Callable[[], object]) -> bool:
    """Tell whether a change is refused, and passes when the guard forgives."""
    was = refused(change)
    forgive()
    with transaction.atomic():
        change()
    be_strict()
    return was


# --- the list ---


def _tables() -> dict[str, type[models.Model]]:
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }


def test_every_table_is_audited_or_says_why_not() -> None:
    audited = {each.table for each in AUDITED}
    assert audited | UNAUDITED.keys() == _tables().keys()
    assert not audited & UNAUDITED.keys()
    assert all(UNAUDITED.values())


@pytest.mark.parametrize("audited", AUDITED, ids=lambda each: each.table)
def test_every_column_is_audited_or_says_why_not(audited: Audited) -> None:
    there = {field.column for field in _tables()[audited.table]._meta.local_concrete_fields}
    listed = [*audited.columns, *audited.exempt, *{"id", audited.object}]
    assert len(listed) == len(there), "no column stands twice"
    assert set(listed) == there, "a column is state, or exempt with a reason: events/audited.py"
    assert all(audited.exempt.values())


def test_the_page_about_trust_tells_the_list() -> None:
    text = (Path(settings.BASE_DIR) / "docs/trust.md").read_text(encoding="utf-8")
    for audited in AUDITED:
        assert f"`{audited.kind}`" in text
        assert f"`{audited.table}`" in text
        assert [column for column, why in audited.exempt.items() if f"`{column}` ({why})" not in text] == []


# --- each table, each verb ---


def _job() -> Job:
    return Job.objects.create(kind="test", title="Test", actor={}, request_id=uuid.uuid4(), surface=1)


def _order(cast: Cast) -> Order:
    now = timezone.now()
    option = ShippingOption.objects.first() or ShippingOption.objects.create(name="Post", amount=1)
    return Order.objects.create(
        workspace=cast.acme,
        key=uuid.uuid4().hex,
        currency="EUR",
        items_amount=1,
        shipping_amount=1,
        sim_count=1,
        payment_method=2,
        shipping_option=option,
        shipping_address=Address.objects.create(company="Acme"),
        billing_address=Address.objects.create(company="Acme"),
        submitted_at=now,
    )


def _article(cast: Cast) -> Article:
    n = next(_numbers)
    return Article.objects.create(name=f"Article {n}", sim_model=cast.model, active=False)


def _line(cast: Cast) -> OrderLine:
    return OrderLine.objects.create(
        order=_order(cast), article=_article(cast), name="A", size=1, quantity=1, unit_amount=1
    )


def _user() -> User:
    n = next(_numbers)
    return User.objects.create_user(f"person{n}@example.com", name=f"Person {n}")


def _through(model: type[models.Model], **ids: Any) -> models.Model:
    return model._default_manager.create(**ids)


MAKE: dict[str, Callable[[Cast], models.Model]] = {
    "sims_sim": lambda cast: Sim.objects.create(
        iccid=f"898830399{next(_numbers):010d}", imsi=f"90199{next(_numbers):010d}", batch=cast.batch(count=0)
    ),
    "sims_simbatch": lambda cast: SimBatch.objects.create(bic=f"9{next(_numbers):015d}", model=cast.model),
    "sims_simimport": lambda cast: SimImport.objects.create(batch=cast.batch(count=0)),
    "sims_scheduledaction": lambda cast: ScheduledAction.objects.create(
        workspace=cast.acme, job=_job(), count=1, due_at=timezone.now()
    ),
    "sims_device": lambda cast: cast.device(),
    "sims_blockedoperator": lambda cast: BlockedOperator.objects.create(device=cast.device(), operator_id=26201),
    "sims_servicepolicy": lambda cast: ServicePolicy.objects.create(workspace=cast.acme, name=f"S{next(_numbers)}"),
    "sims_coveragepolicy": lambda cast: CoveragePolicy.objects.create(
        workspace=cast.acme, name=f"C{next(_numbers)}", data_plan=cast.plan
    ),
    "sims_coverageblockedoperator": lambda cast: CoverageBlockedOperator.objects.create(
        policy=cast.policies()[1], operator_id=next(_numbers)
    ),
    "sims_coverageexcludedzone": lambda cast: CoverageExcludedZone.objects.create(
        policy=cast.policies()[1], zone=next(_numbers) % 10_000
    ),
    "accounts_user": lambda cast: _user(),
    "accounts_user_user_permissions": lambda cast: _through(
        User.user_permissions.through, user_id=_user().pk, permission_id=Permission.objects.order_by("pk")[0].pk
    ),
    "accounts_user_groups": lambda cast: _through(
        User.groups.through, user_id=_user().pk, group_id=Group.objects.create(name=f"G{next(_numbers)}").pk
    ),
    "auth_group_permissions": lambda cast: _through(
        Group.permissions.through,
        group_id=Group.objects.create(name=f"G{next(_numbers)}").pk,
        permission_id=Permission.objects.order_by("pk")[0].pk,
    ),
    "accounts_membership": lambda cast: Membership.objects.create(user=_user(), workspace=cast.acme, role="User"),
    "accounts_invitation": lambda cast: Invitation.objects.create(
        workspace=cast.acme, user=_user(), name="N", email="n@example.com", role="User", expires=timezone.now()
    ),
    "accounts_applicationtoken": lambda cast: ApplicationToken.objects.create(
        workspace=cast.acme, digest=uuid.uuid4().hex, role="User"
    ),
    "accounts_supportaccess": lambda cast: SupportAccess.objects.create(
        workspace=cast.acme,
        staff=cast.staff,
        acted_for=cast.owner,
        reason="Why",
        expires=timezone.now(),
        ended=timezone.now(),
    ),
    "accounts_workspace": lambda cast: Workspace.objects.create(name="New", package=cast.acme.package),
    "accounts_workspace_data_plans": lambda cast: DataPlanBooking.objects.create(
        workspace=cast.acme, data_plan=DataPlan.objects.create(name=f"P{next(_numbers)}")
    ),
    "accounts_companydetails": lambda cast: CompanyDetails.objects.create(
        workspace=Workspace.objects.create(name="Newer", package=cast.acme.package)
    ),
    "accounts_workspacerequest": lambda cast: WorkspaceRequest.objects.create(
        workspace=cast.acme, kind="new", contact_email="a@example.com", text="T", status=1
    ),
    "accounts_platformpackage": lambda cast: PlatformPackage.objects.create(name=f"Package {next(_numbers)}"),
    "accounts_dataplan": lambda cast: DataPlan.objects.create(name=f"Plan {next(_numbers)}"),
    "orders_order": _order,
    "orders_orderline": _line,
    "orders_orderbatch": lambda cast: OrderBatch.objects.create(line=_line(cast), batch=cast.batch(count=0)),
    "orders_article": _article,
    "orders_articleprice": lambda cast: ArticlePrice.objects.create(article=_article(cast), currency="EUR", amount=1),
    "orders_shippingprovider": lambda cast: ShippingProvider.objects.create(name=f"Carrier {next(_numbers)}"),
    "orders_shippingoption": lambda cast: ShippingOption.objects.create(name=f"Way {next(_numbers)}", amount=1),
}
"""Makes a row of each audited table that nothing refers to."""
_OTHER = {
    # What a column of references may be set to, where a table has no other column.
    "permission_id": "(SELECT max(id) FROM auth_permission)",
    "group_id": "(SELECT max(id) FROM auth_group)",
    "dataplan_id": "(SELECT max(id) FROM accounts_dataplan)",
    "line_id": "(SELECT max(id) FROM orders_orderline)",
    "free": "1",
    "file": "'x'",
    "job_id": "(SELECT id FROM kit_job WHERE id NOT IN (SELECT job_id FROM sims_scheduledaction) ORDER BY id LIMIT 1)",
    "erased": "CURRENT_TIMESTAMP, status = 2",
}


def test_there_is_a_row_of_every_table() -> None:
    assert MAKE.keys() == {each.table for each in AUDITED}


def _changed_value(model: type[models.Model], column: str) -> str:
    """Return SQL for another value of a column, "" where one can't be made up."""
    field = next(field for field in model._meta.local_concrete_fields if field.column == column)
    if field.is_relation or column in _OTHER:
        return _OTHER.get(column, "")
    if isinstance(field, models.BooleanField):
        return f"NOT coalesce({column}, false)"
    if isinstance(field, models.IntegerField | models.DecimalField):
        return f"coalesce({column}, 0) + 500"
    if isinstance(field, models.DateTimeField):
        return "CURRENT_TIMESTAMP"
    if isinstance(field, models.JSONField):
        return "'[1]'"
    if isinstance(field, models.GenericIPAddressField):
        return "'192.0.2.77'"
    return f"substr('x' || {column}, 1, {field.max_length or 100})"


def _update(audited: Audited, column: str, pk: Any) -> str:
    value = _changed_value(_tables()[audited.table], column)
    return value and f'UPDATE {audited.table} SET "{column}" = {value} WHERE id = {int(pk)}'


@pytest.mark.django_db(transaction=True)
def test_no_row_is_made_in_silence(guarded: Cast) -> None:
    accepted = [table for table, make in MAKE.items() if not _only_for_silence(lambda make=make: make(guarded))]  # type: ignore[misc]
    assert accepted == []


@pytest.mark.django_db(transaction=True)
def test_no_row_goes_in_silence(guarded: Cast) -> None:
    forgive()
    rows = {table: make(guarded).pk for table, make in MAKE.items()}
    be_strict()
    accepted = []
    for table in reversed(list(rows)):
        with silence_lifted():  # the rows of others that came along with it
            pk = MAKE[table](guarded).pk
        if not _only_for_silence(lambda: run(f"DELETE FROM {table} WHERE id = {int(pk)}")):  # noqa: B023
            accepted.append(table)
    assert accepted == []


@pytest.mark.django_db(transaction=True)
def test_no_column_of_state_changes_in_silence_and_every_exempt_one_may(guarded: Cast) -> None:
    accepted, stopped, tried = [], [], 0
    for audited in AUDITED:
        with silence_lifted():
            pk = MAKE[audited.table](guarded).pk
            MAKE[audited.table](guarded)  # for columns that want another row to refer to
            DataPlan.objects.create(name=f"Plan {next(_numbers)}")
            _job()
        for column in audited.columns:
            sql = _update(audited, column, pk)
            if not sql:
                continue
            tried += 1
            if not refused(lambda: run(sql)):  # noqa: B023
                accepted.append(sql)
        for column in audited.exempt:
            sql = _update(audited, column, pk)
            if sql and refused(lambda: run(sql)):  # noqa: B023
                stopped.append(sql)
    assert (accepted, stopped) == ([], [])
    assert tried > 120
