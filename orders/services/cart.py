"""The cart of a user in a workspace. It is nobody's business but theirs: nothing of it is logged until it is bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Permission, authorise
from accounts.selectors import workspace_with_package
from kit.action import action, retried
from kit.errors import Conflict, Invalid, NotFound
from kit.text import one_line
from orders.addresses import AddressData, checked
from orders.models import MOST_NOTE, MOST_OF_ONE, Address, Article, Cart, CartLine, Order, PaymentMethod, ShippingOption
from orders.quotes import Item
from orders.services.orders import Purchase, order_submit

MOST_LINES: Final = 50


class CartMoved(Conflict):
    """The cart was bought or emptied meanwhile, in another tab."""


def cart_of(*, workspace_id: int, user_id: int) -> Cart | None:
    """Return the cart of a user with what lies in it, `None` while there is none. Three queries."""
    carts = Cart.objects.of(workspace_id).filter(user_id=user_id)
    return carts.select_related("shipping_address", "billing_address").prefetch_related("lines").first()


def items_of(cart: Cart | None) -> list[Item]:
    """Return what lies in a cart, by article."""
    if cart is None:
        return []
    return [Item(line.article_id, line.quantity) for line in sorted(cart.lines.all(), key=lambda line: line.article_id)]


# untold: a cart is a half-filled form
def cart_fill(*, workspace_id: int, user_id: int, quantities: Mapping[int, int]) -> Cart:
    """Lay so many pieces of each article into the cart; 0 takes an article out, what is not named stays.

    Raises:
        NotFound, Forbidden: the actor may not order here.
        Invalid: a quantity out of range; `field` is "quantity-<article id>".
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    for article_id, quantity in quantities.items():
        if not 0 <= quantity <= MOST_OF_ONE:
            raise Invalid(
                _("Order 0 to %(most)s pieces.") % {"most": MOST_OF_ONE},
                code="invalid_quantity",
                field=f"quantity-{article_id}",
            )
    wanted = {pk: quantity for pk, quantity in quantities.items() if quantity}
    known = set(Article.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    with transaction.atomic():
        cart = _locked(workspace_id, user_id)
        cart.lines.filter(article_id__in=quantities.keys() - wanted.keys()).delete()
        CartLine.objects.bulk_create(
            [CartLine(cart=cart, article_id=pk, quantity=quantity) for pk, quantity in wanted.items() if pk in known],
            update_conflicts=True,
            unique_fields=["cart", "article"],
            update_fields=["quantity"],
        )
        if cart.lines.count() > MOST_LINES:
            raise Invalid(_("A cart holds at most %(n)s articles.") % {"n": MOST_LINES}, code="invalid_quantity")
    return cart


# untold: a cart is a half-filled form
def cart_set_details(
    *,
    workspace_id: int,
    user_id: int,
    shipping: AddressData,
    billing: AddressData,
    shipping_option_id: int,
    note: str = "",
) -> Cart:
    """Note where the parcel and the invoice go, and how.

    Raises:
        NotFound, Forbidden: the actor may not order here.
        Invalid: as `addresses.checked`, fields prefixed "shipping_" and "billing_"; or no such option.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    good = {
        "shipping_address": checked(shipping, billing=False, prefix="shipping_"),
        "billing_address": checked(billing, billing=True, prefix="billing_"),
    }
    option = ShippingOption.objects.filter(pk=shipping_option_id, active=True).first()
    if option is None:
        raise Invalid(_("Choose how the SIMs are shipped."), code="invalid_reference", field="shipping_option")
    with transaction.atomic():
        cart = _locked(workspace_id, user_id)
        before = [cart.shipping_address_id, cart.billing_address_id]
        for name, data in good.items():
            setattr(cart, name, data.saved())
        cart.shipping_option, cart.note = option, one_line(note, most=MOST_NOTE, field="note", required=False)
        cart.save()
        Address.objects.filter(pk__in=[pk for pk in before if pk is not None]).delete()
    return cart


# untold: a cart is a half-filled form
def cart_set_payment(*, workspace_id: int, user_id: int, method: int) -> Cart:
    """Note how the order will be paid; whether it may be is checked when it is bought.

    Raises:
        NotFound, Forbidden: the actor may not order here.
        Invalid: no such method.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    if method not in PaymentMethod.values:
        raise Invalid(_("Choose how you pay."), code="invalid_reference", field="payment_method")
    with transaction.atomic():
        cart = _locked(workspace_id, user_id)
        cart.payment_method = method
        cart.save(update_fields=["payment_method"])
    return cart


@retried
def cart_buy(*, workspace_id: int, user_id: int, key: str, seen: str) -> Order:
    """Buy what lies in the cart, and empty it. The same click twice is one order.

    Args:
        workspace_id, user_id: whose cart.
        key: of the cart as it was shown.
        seen: `Quote.seen` as it was shown.

    Raises:
        CartMoved: the cart is another one now, and nothing was bought with this key.
        NotFound, Forbidden, Invalid, QuoteChanged: as `order_submit`.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    with action():
        cart = Cart.objects.of(workspace_id).filter(user_id=user_id).select_for_update(of=("self",)).first()
        if cart is None or str(cart.key) != key:
            known = Order.objects.of(workspace_id).filter(key=key).first()
            if known is not None:
                return known
            raise CartMoved(_("This cart was emptied meanwhile; nothing was ordered."), code="cart_moved")
        order = order_submit(workspace_id=workspace_id, purchase=_purchase(cart), key=key, seen=seen)
        _drop(cart)
    return order


def _purchase(cart: Cart) -> Purchase:
    if cart.shipping_address is None or cart.billing_address is None or cart.shipping_option_id is None:
        raise Invalid(_("Enter where the SIMs are shipped."), code="required", field="shipping_option")
    return Purchase(
        items=items_of(cart),
        shipping_option_id=cart.shipping_option_id,
        payment_method=cart.payment_method or 0,
        shipping=AddressData.from_row(cart.shipping_address),
        billing=AddressData.from_row(cart.billing_address),
        note=cart.note,
    )


# untold: a cart is a half-filled form
def _drop(cart: Cart) -> None:
    addresses: list[Any] = [cart.shipping_address_id, cart.billing_address_id]
    cart.delete()
    Address.objects.filter(pk__in=addresses).delete()


def _locked(workspace_id: int, user_id: int) -> Cart:
    """Return the cart, made when there is none, locked so that two tabs write one after the other.

    Raises:
        NotFound: no such workspace or user.
    """
    mine = Cart.objects.of(workspace_id).filter(user_id=user_id).select_for_update(of=("self",))
    cart = mine.first()
    if cart is None:
        workspace_with_package(workspace_id)
        if not User.objects.filter(pk=user_id).exists():
            raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
        Cart.objects.get_or_create(workspace_id=workspace_id, user_id=user_id)
        cart = mine.get()
    return cart
