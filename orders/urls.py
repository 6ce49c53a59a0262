"""Addresses of the SIM shop."""

from __future__ import annotations

from django.urls import URLPattern, path

from orders.views import export, orders, payment, shop

app_name = "orders"

_ORDERS = "w/<int:workspace_id>/orders/"
_ORDER = f"{_ORDERS}<int:order_id>/"

urlpatterns: list[URLPattern] = [
    path(_ORDERS, orders.order_list, name="order_list"),
    path(f"{_ORDERS}export/", export.order_export, name="order_export"),
    path(f"{_ORDERS}shop/", shop.cart, name="shop"),
    path(f"{_ORDERS}shop/details/", shop.details, name="shop_details"),
    path(f"{_ORDERS}shop/payment/", shop.payment, name="shop_payment"),
    path(f"{_ORDERS}shop/confirm/", shop.confirm, name="shop_confirm"),
    path(_ORDER, orders.order_detail, name="order_detail"),
    path(f"{_ORDER}pay/", payment.pay, name="order_pay"),
    path(f"{_ORDER}cancel/", orders.order_cancel, name="order_cancel"),
    path(f"{_ORDER}register/", orders.register, name="order_register"),
    path(f"{_ORDER}invoice/", orders.invoice, name="order_invoice"),
]
