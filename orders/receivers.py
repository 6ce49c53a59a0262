"""What the shop does when `accounts` or `sims` states a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from accounts.signals import user_erased
from kit.context import Person
from kit.erased_names import ErasedNames
from orders.models import Address, Cart, Order


@receiver(user_erased)
def on_user_erased(
    *,
    user_id: int,
    names: Sequence[str],
    places: Sequence[int],
    replacement: Person,
    covers: dict[str, list[int]],
    **_kwargs: Any,
) -> None:
    """Take the person out of the addresses of orders, and drop what they were about to order.

    Company, street and amounts stay: an invoice has to be kept, and is the company's and not the person's. By the
    e-mail address the person is found everywhere, by the name only where they were a member: others may be called so.
    """
    erased = ErasedNames(names, replacement)
    carts = Cart.objects.filter(user_id=user_id)
    pairs = carts.values_list("shipping_address_id", "billing_address_id")
    waiting = [pk for pair in pairs for pk in pair if pk]
    carts.delete()
    Address.objects.filter(pk__in=waiting).delete()
    orders = Order.objects.filter(workspace_id__in=list(places))
    theirs = Q(pk__in=orders.values("shipping_address_id")) | Q(pk__in=orders.values("billing_address_id"))
    named = Q()
    for name in erased.names:
        named |= Q(name__iexact=name)
    mailed = Q()
    for address in erased.addresses:
        mailed |= Q(email__iexact=address)
    for row in Address.objects.filter(mailed | (theirs & named)).order_by("pk").select_for_update():
        row.name, row.email, row.phone = replacement.name, "", ""
        row.save(update_fields=["name", "email", "phone"])
    erased.erase_in(Address.objects.filter(theirs | mailed), ["name", "street", "extra"])
    covers.setdefault("order", []).extend(erased.erase_in(orders, ["note", "payment_reference"]))
