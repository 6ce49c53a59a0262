"""What a good address is: a country of the list, a VAT ID of the right form with the right check digit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from django.utils.translation import gettext as _
from django_countries import countries
from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as NumberError

from kit.email_addresses import checked_email
from kit.errors import Invalid
from kit.text import one_line
from orders.models import Address
from sims.identifiers import plain

EU: Final = frozenset(eu_vat.MEMBER_STATES) - {"xi"}
_VAT_PREFIX: Final = {"gr": "el"}
"""Where the prefix of a VAT ID is not the country's code."""
_NATIONAL_PREFIX: Final = {"jp": ("T",)}
"""What stands before a national number on invoices, beside the country's code."""
_VAT_FORM = re.compile(r"[A-Z0-9]{4,20}")
_REQUIRED: Final = ("company", "name", "street", "city", "country")
_LENGTHS: Final = {
    field.name: field.max_length for field in Address._meta.fields if getattr(field, "max_length", None) is not None
}


@dataclass(frozen=True, slots=True)
class AddressData:
    """An address on its way into an order; see `models.Address` for the fields."""

    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    extra: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    vat_id: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return an address from a mapping that may hold more."""
        return cls(**{field.name: str(values.get(field.name) or "") for field in fields(cls)})

    @classmethod
    def from_row(cls, row: Address) -> Self:
        """Return the data of a stored address."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def as_dict(self) -> dict[str, str]:
        """Return field name to value."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    # untold: part of an order or a cart
    def saved(self) -> Address:
        """Store a copy and return it."""
        return Address.objects.create(**self.as_dict())


def country_name(code: str) -> str:
    """Return the name of a country, the code itself when the list has no such country any more."""
    return str(countries.name(code)) or code


def country_choices() -> list[tuple[str, str]]:
    """Return code and name of every country, by name."""
    return [(code, str(name)) for code, name in countries]


def checked(data: AddressData, *, billing: bool, prefix: str = "") -> AddressData:
    """Return an address in its usual form.

    Args:
        data: as typed.
        billing: whether it is where the invoice goes: then the e-mail is needed, and a VAT ID means something.
        prefix: of the field that an error names.

    Raises:
        Invalid: the first thing that is wrong; `field` names it.
    """
    given = {**data.as_dict(), "vat_id": vat_text(data.vat_id)}
    values = {
        name: one_line(value, most=_LENGTHS[name] or len(value), field=prefix + name, required=False)
        for name, value in given.items()
    }
    values["country"] = values["country"].upper()
    values["vat_id"] = values["vat_id"] if billing else ""
    for name in (*_REQUIRED, "email") if billing else _REQUIRED:
        if not values[name]:
            raise Invalid(_("%(field)s is required.") % {"field": label(name)}, code="required", field=prefix + name)
    if values["country"] not in countries:
        text = _("“%(code)s” is no country of ISO 3166.") % {"code": values["country"]}
        raise Invalid(text, code="invalid_reference", field=prefix + "country")
    if values["email"]:
        values["email"] = checked_email(values["email"], field=prefix + "email", code="invalid_format")
    if values["vat_id"]:
        values["vat_id"] = checked_vat_id(values["vat_id"], values["country"], field=prefix + "vat_id")
    return AddressData(**values)


def _forms(vat_id: str, country: str) -> list[str]:
    """Return what a national number may be in a VAT ID outside the EU: all of it, or what follows a prefix."""
    prefixes = [country.upper(), *_NATIONAL_PREFIX.get(country.lower(), ())]
    return [vat_id, *(vat_id.removeprefix(prefix) for prefix in prefixes if vat_id.startswith(prefix))]


def _check_any(module: Any, forms: list[str]) -> None:
    """Check that one of the forms is right. Raises the error of the first."""
    first: NumberError | None = None
    for form in forms:
        try:
            module.validate(form)
        except NumberError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first


def label(name: str) -> str:
    """Return what people call a field of an address."""
    text = str(Address._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # a column, it has a name
    return text[:1].upper() + text[1:]


def vat_text(value: str) -> str:
    """Return a VAT ID without what companies group it with on their papers: spaces, dots, strokes and dashes."""
    return "".join(sign for sign in plain(value).upper() if sign != "/")


def checked_vat_id(vat_id: str, country: str, *, field: str = "vat_id") -> str:
    """Return a VAT ID in its usual form: in the EU with its country's prefix.

    Greece is EL there, and GR on many papers. Elsewhere the country's code may stand before it, and in Japan the `T` of
    the numbers that stand on invoices since 2023.

    Args:
        vat_id: letters and digits; see `vat_text`.
        country: of the invoice's address.
        field: that an error names.

    Raises:
        Invalid: of another country, of another form, or its check digit is wrong.
    """
    lower = country.lower()
    if not _VAT_FORM.fullmatch(vat_id):
        raise Invalid(_("A VAT ID has 4 to 20 letters and digits."), code="invalid_format", field=field)
    try:
        if lower in EU:
            prefix = _VAT_PREFIX.get(lower, lower).upper()
            bare = vat_id.removeprefix(country.upper()) if country.upper() != prefix else vat_id
            whole = bare if bare.startswith(prefix) else prefix + bare
            eu_vat.validate(whole)
            return whole
        module = get_cc_module(lower, "vat")
        if module is not None:
            _check_any(module, _forms(vat_id, country))
    except NumberError as error:
        raise Invalid(
            _("“%(number)s” is no VAT ID of %(country)s: its form or its check digit is wrong.")
            % {"number": vat_id, "country": country_name(country)},
            code="invalid_format",
            field=field,
        ) from error
    return vat_id
