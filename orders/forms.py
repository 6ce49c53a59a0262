"""Forms of the shop. They read and name what is wrong; services decide and write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.errors import DomainError
from kit.money import money
from orders.addresses import AddressData, country_choices
from orders.models import MOST_OF_ONE, Address, ShippingOption
from orders.selectors import Product

_AUTOCOMPLETE: Final = {
    "company": "organization",
    "name": "name",
    "email": "email",
    "phone": "tel",
    "street": "address-line1",
    "extra": "address-line2",
    "postcode": "postal-code",
    "city": "address-level2",
    "country": "country",
    "vat_id": "off",
}
SHIPPING: Final = ("company", "name", "street", "extra", "postcode", "city", "country", "phone", "email")
BILLING: Final = ("company", "name", "street", "extra", "postcode", "city", "country")
_OPTIONAL: Final = frozenset({"extra", "postcode", "phone", "email", "vat_id"})


class ServiceForm(forms.Form):
    """A form whose last word is the service's."""

    def refuse(self, error: DomainError) -> None:
        """Put what a service refused to the field it names, else to the whole form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


def _too_many(product: Product) -> str:
    """Return what to say of more pieces than can be had."""
    name, there = product.article.name, product.available
    if there >= MOST_OF_ONE:
        return _("Order at most %(most)s pieces of “%(name)s”.") % {"most": MOST_OF_ONE, "name": name}
    if not there:
        return _("“%(name)s” is out of stock. Take it out of the cart.") % {"name": name}
    return ngettext(
        "Of “%(name)s” %(there)s piece is in stock. Order no more.",
        "Of “%(name)s” %(there)s pieces are in stock. Order no more.",
        there,
    ) % {"name": name, "there": there}


class CartForm(forms.Form):
    """Pieces of each article, at most those in stock; an empty field is none."""

    def __init__(self, *args: Any, products: Iterable[Product], held: Mapping[int, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for product in products:
            quantity = held.get(product.article.pk, 0)
            self.fields[f"quantity-{product.article.pk}"] = forms.IntegerField(
                label=_("Pieces of %(name)s") % {"name": product.article.name},
                min_value=0,
                max_value=min(MOST_OF_ONE, product.available),
                error_messages={"max_value": _too_many(product)},
                required=False,
                initial=quantity or None,
                disabled=not product.available and not quantity,
                widget=forms.NumberInput(attrs={"class": "quantity", "placeholder": "0", "inputmode": "numeric"}),
            )

    def quantities(self) -> dict[int, int]:
        """Return article id to pieces; what the form could not offer stays out."""
        return {
            int(name.partition("-")[2]): value or 0
            for name, value in self.cleaned_data.items()
            if not self.fields[name].disabled
        }


class DetailsForm(ServiceForm):
    """Where the parcel and the invoice go, and how the parcel is sent."""

    billing_email = forms.EmailField(
        label=gettext_lazy("E-mail for the invoice"),
        max_length=254,
        help_text=gettext_lazy("Gets a mail when the order is received, paid and shipped."),
        widget=forms.EmailInput(attrs={"autocomplete": "billing email"}),
    )
    billing_vat_id = forms.CharField(
        label=gettext_lazy("VAT ID"),
        max_length=24,
        required=False,
        help_text=gettext_lazy("Of the country the invoice goes to; in the EU it is checked."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Your reference"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Printed on the invoice, for example a purchase order number."),
    )
    billing_differs = forms.BooleanField(label=gettext_lazy("The invoice goes to another address"), required=False)
    shipping_option = forms.TypedChoiceField(label=gettext_lazy("Shipping"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, options: Iterable[ShippingOption], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for prefix, names in (("shipping", SHIPPING), ("billing", BILLING)):
            for name in names:
                self.fields[f"{prefix}_{name}"] = self._address_field(prefix, name)
        choice = self.fields["shipping_option"]
        if isinstance(choice, forms.TypedChoiceField):
            choice.choices = [(option.pk, _option_text(option)) for option in options]

    @staticmethod
    def _address_field(prefix: str, name: str) -> forms.Field:
        column = Address._meta.get_field(name)
        text = str(getattr(column, "verbose_name", name))
        kind = f"{'shipping' if prefix == 'shipping' else 'billing'} {_AUTOCOMPLETE[name]}"
        options: dict[str, Any] = {
            "label": text[:1].upper() + text[1:],
            # Another address is only asked for when the box is ticked; `clean` sees to that.
            "required": prefix == "shipping" and name not in _OPTIONAL,
        }
        if name == "country":
            choices = [("", _("Choose a country")), *country_choices()]
            return forms.ChoiceField(choices=choices, widget=forms.Select(attrs={"autocomplete": kind}), **options)
        most = getattr(column, "max_length", None)
        if name == "email":
            return forms.EmailField(max_length=most, widget=forms.EmailInput(attrs={"autocomplete": kind}), **options)
        return forms.CharField(max_length=most, widget=forms.TextInput(attrs={"autocomplete": kind}), **options)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("billing_differs"):
            for name in BILLING:
                if (
                    name not in _OPTIONAL
                    and not cleaned.get(f"billing_{name}")
                    and f"billing_{name}" not in self.errors
                ):
                    self.add_error(f"billing_{name}", _("This field is required."))
        return cleaned

    def shipping(self) -> AddressData:
        """Return where the parcel goes."""
        return AddressData.of({name: self.cleaned_data.get(f"shipping_{name}") for name in SHIPPING})

    def billing(self) -> AddressData:
        """Return where the invoice goes: the same address, unless another was asked for."""
        prefix = "billing" if self.cleaned_data.get("billing_differs") else "shipping"
        values: dict[str, Any] = {name: self.cleaned_data.get(f"{prefix}_{name}") for name in BILLING}
        values["email"] = self.cleaned_data["billing_email"]
        values["vat_id"] = self.cleaned_data.get("billing_vat_id")
        return AddressData.of(values)


def _option_text(option: ShippingOption) -> str:
    parts = [option.name, money(option.amount, option.currency)]
    if option.description:
        parts.append(option.description)
    return " · ".join(parts)


class CardForm(ServiceForm):
    """The page of the test payment provider."""

    card = forms.CharField(
        label=gettext_lazy("Card number"),
        max_length=30,
        help_text=gettext_lazy("4242 4242 4242 4242 is accepted, 4000 0000 0000 0002 is declined."),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "mono", "placeholder": "4242 4242 4242 4242"}
        ),
    )
