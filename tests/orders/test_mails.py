"""Mails at submit, paid and shipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from kit.models import OutgoingMail
from orders.mails import tell
from orders.models import Order, OrderBatch, PaymentMethod
from orders.services.orders import (
    QuoteChanged,
    orders_mark_paid,
)
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db


def test_mails_at_submit_paid_and_shipped(
    shop: Shop, django_capture_on_commit_callbacks: Callable[..., Any], settings: Any
) -> None:
    settings.SHOP_BANK_ACCOUNT = "Example Bank, XX00 1234"
    with django_capture_on_commit_callbacks(execute=True):
        order = shop.order((shop.hundred, 1), payment_method=PaymentMethod.BANK_TRANSFER)
        with shop.cast.staffing():
            orders_mark_paid(order_ids=[order.pk])
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T-9")
    assert [message.subject for message in mail.outbox] == [
        f"We received your SIM order {order.pk}",
        f"Your SIM order {order.pk} is paid",
        f"Your SIM order {order.pk} was shipped",
    ]
    assert {tuple(message.to) for message in mail.outbox} == {("orders@example.com",)}
    submitted, _paid, shipped = (str(message.body) for message in mail.outbox)
    assert "259.00 EUR" in submitted
    assert "Example Bank, XX00 1234" in submitted
    bic = OrderBatch.objects.get().batch.bic
    assert bic in shipped
    assert "https://track.example.com/T-9" in shipped


def test_a_rollback_sends_no_mail(shop: Shop, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks, pytest.raises(QuoteChanged):
        shop.order((shop.single, 99))
    assert not callbacks
    assert not mail.outbox


def test_a_broken_mail_server_undoes_nothing_and_loses_nothing(
    shop: Shop, django_capture_on_commit_callbacks: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "tests.kit.test_mail.Broken"
    with django_capture_on_commit_callbacks(execute=True):
        order = shop.order()
    assert Order.objects.filter(pk=order.pk).exists()
    assert OutgoingMail.objects.get().error == "ConnectionRefusedError"


def test_many_orders_are_told_in_as_many_queries_as_one(
    shop: Shop,
    django_assert_max_num_queries: Callable[..., Any],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks():
        orders = [shop.order() for _turn in range(3)]
    with shop.cast.staffing(), django_assert_max_num_queries(4):
        tell([order.pk for order in orders], OrderStatus.PAID)
