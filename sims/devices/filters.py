"""Filters of the device list (`docs/rules.md` section 13)."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Left
from django.utils.translation import gettext_lazy as _

from kit.filter_values import Values
from kit.filters import (
    ChoicesFilter,
    DateRangeFilter,
    ListFilters,
    SearchFilter,
    TextFilter,
    whole_number,
)
from kit.ip_addresses import ip_address_of
from kit.list_reports import anywhere, present
from sims.bulk.filters import PlannedFilter, ResultFilter
from sims.devices.selectors import NUMBERS, devices_by_iccid, devices_by_number
from sims.identifiers import WHOLE_IMEI, digits_in, eid_part, iccid_part, imei_part
from sims.models import Device
from sims.policies.filters import coverage_policy_choices, service_policy_choices
from sims.printed_iccid import printed_iccid
from sims.states import DeviceStatus, SimStatus

LIVE = (DeviceStatus.ENABLED, DeviceStatus.DISABLED)
NO_SIM, ANY_SIM = "none", "any"
SIM_CHOICES = (
    (NO_SIM, _("No SIM")),
    (ANY_SIM, _("Has a SIM")),
    *((str(state.value), state.label) for state in SimStatus if state != SimStatus.DELETED),
)


class AddressText(Func):
    """An IP address as text; PostgreSQL would write the length of its net behind it."""

    function = "HOST"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """On SQLite addresses are text already."""
        return super().as_sql(compiler, connection, template="%(expressions)s", **context)


def is_address(value: str) -> bool:
    """Tell whether a text is a whole IP address."""
    return ip_address_of(value) is not None


def plain_address(value: str) -> str:
    """Return an IP address in its short form; a part of one stays as it is."""
    return ip_address_of(value) or value


class DeviceFilters(ListFilters):
    """What the device list can be narrowed by. Deleted devices show only when their state is asked for."""

    q = SearchFilter(method="filter_q", placeholder=_("Name, ICCID, IMSI, IMEI, IP, tag, note"))
    name = TextFilter(field_name="name", label=_("Name"), ignore_case=True, primary=True)
    status = ChoicesFilter(field_name="status", label=_("State"), choices=DeviceStatus.choices, primary=True)
    iccid = TextFilter(
        field_name="sim__iccid",
        label=_("ICCID"),
        normalise=iccid_part,
        complete=lambda digits: len(digits) == 19,
        method="filter_iccid",
        headings=(_("SIM"),),
        told="sim__iccid",
        told_part=lambda part: printed_iccid("sim__iccid", partial=[part]),
        hint=_("With or without the Luhn digit."),
        primary=True,
    )
    tag = TextFilter(field_name="tags", label=_("Tag"), method="filter_tag", primary=True)
    sim = ChoicesFilter(field_name="sim", label=_("SIM"), choices=SIM_CHOICES, method="filter_sim", primary=True)
    service_policy = ChoicesFilter(
        field_name="service_policy_id", label=_("Service policy"), choices=service_policy_choices, primary=True
    )
    coverage_policy = ChoicesFilter(
        field_name="coverage_policy_id", label=_("Coverage policy"), choices=coverage_policy_choices, primary=True
    )
    id = TextFilter(field_name="id", label=_("Device ID"), normalise=whole_number, wildcards=False, partial=False)
    eid = TextFilter(
        field_name="sim__eid",
        label=_("EID"),
        normalise=eid_part,
        complete=lambda digits: len(digits) == 32,
    )
    imei = TextFilter(
        field_name="imei",
        label=_("IMEI"),
        normalise=lambda value: imei_part(value)[:WHOLE_IMEI],
        complete=lambda digits: len(digits) == WHOLE_IMEI,
        method="filter_imei",
        hint=_("With or without the check digit."),
    )
    ip_address = TextFilter(
        field_name="ip_address",
        label=_("IP address"),
        normalise=plain_address,
        complete=is_address,
        method="filter_ip_address",
    )
    note = TextFilter(field_name="note", label=_("Note"), ignore_case=True)
    created = DateRangeFilter(field_name="created", label=_("Created"))
    planned = PlannedFilter("devices")
    result = ResultFilter("devices")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply all values, and leave out deleted devices unless their state is asked for."""
        found = super().filter_queryset(queryset)
        values = self.form.cleaned_data
        return found if values.get("status") or values.get("result") else found.filter(status__in=LIVE)

    def filter_q(self, queryset: QuerySet[Device], name: str, value: str) -> QuerySet[Device]:
        """Keep devices in which each word occurs in some property of theirs or of their SIM."""
        number = digits_in(value)
        # A number that is grouped by spaces is one word.
        for word in [number] if len(number) >= WHOLE_IMEI else value.split():
            queryset = queryset.filter(self._occurs(word))
        return queryset

    def _occurs(self, word: str) -> Q:
        condition = Q(name__icontains=word) | Q(tags__icontains=word)
        condition |= Q(ip_address__icontains=word) | Q(note__icontains=word)
        digits = digits_in(word)
        if digits:
            told = digits[:WHOLE_IMEI] if len(digits) <= WHOLE_IMEI + 2 else digits
            condition |= Q(imei__contains=told)
            if len(digits) < 19:
                condition |= Q(pk=int(digits))
            if len(digits) > 3:
                condition |= self._holds_number(digits)
        return condition

    def _holds_number(self, digits: str) -> Q:
        """Return the condition for devices whose SIM has a number with these digits."""
        found = devices_by_number(self.workspace_id, digits)
        if found is not None:
            return Q(pk__in=found)
        condition = Q()
        for number in NUMBERS:
            condition |= Q(**{f"sim__{number}__contains": digits})
        return condition

    def filter_iccid(self, queryset: QuerySet[Device], name: str, value: Values) -> QuerySet[Device]:
        """Keep devices whose SIM has any of these ICCIDs, whole or in part, as stored or as printed."""
        found = devices_by_iccid(self.workspace_id, value)
        if found is None:
            return queryset.filter(value.q("sim__iccid"))
        return queryset.filter(Values(exact=value.exact).q("sim__iccid") | Q(pk__in=found))

    def filter_imei(self, queryset: QuerySet[Device], name: str, value: Values) -> QuerySet[Device]:
        """Keep devices with any of these IMEIs; of whole ones the 14 digits count that tell devices apart."""
        found = queryset.alias(imei_told=Left("imei", WHOLE_IMEI))
        rest = Values(partial=value.partial, patterns=value.patterns)
        return found.filter(Q(imei_told__in=value.exact) | rest.q("imei"))

    def present_imei(self, queryset: QuerySet[Device], value: Values) -> set[Any]:
        """Return which of these IMEIs some devices have."""
        told = queryset.annotate(imei_told=Left("imei", WHOLE_IMEI))
        return present(told, "imei_told", value, anywhere("imei"), ignore_case=False)

    def present_ip_address(self, queryset: QuerySet[Device], value: Values) -> set[str]:
        """Return which of these addresses, or parts of them, some devices have."""
        told = queryset.annotate(address_text=AddressText(F("ip_address")))
        return present(told, "address_text", value, anywhere("address_text"), ignore_case=False)

    def filter_tag(self, queryset: QuerySet[Device], name: str, value: Values) -> QuerySet[Device]:
        """Keep devices with any of these tags; a wildcard stands inside one tag's name."""
        found = queryset.alias(tag_list=Concat(Value(","), "tags", Value(","), output_field=TextField()))
        condition = Q()
        for text in value.partial:
            condition |= Q(tags__icontains=text)
        for pattern in value.patterns:
            condition |= Q(tag_list__wildcard=f"*,{pattern},*")
        if value.exact:
            # A long list: devices share few different tag lists, so those are read and compared once.
            wanted = {str(tag).casefold() for tag in value.exact}
            lists = queryset.order_by().values_list("tags", flat=True).distinct()
            condition |= Q(tags__in=[tags for tags in lists if wanted.intersection(tags.casefold().split(","))])
        return found.filter(condition)

    def filter_sim(self, queryset: QuerySet[Device], name: str, value: list[str]) -> QuerySet[Device]:
        """Keep devices without SIM, with one, or with one in these states."""
        condition = Q(sim__status__in=[int(choice) for choice in value if choice not in (NO_SIM, ANY_SIM)])
        if NO_SIM in value:
            condition |= Q(sim__isnull=True)
        if ANY_SIM in value:
            condition |= Q(sim__isnull=False)
        return queryset.filter(condition)

    def filter_ip_address(self, queryset: QuerySet[Device], name: str, value: Values) -> QuerySet[Device]:
        """Keep devices with any of these addresses, whole or in part."""
        found = queryset.alias(address_text=AddressText(F("ip_address")))
        rest = Values(partial=value.partial, patterns=value.patterns)
        whole = Q(ip_address__in=[address for address in value.exact if is_address(address)])
        return found.filter(whole | rest.q("address_text"))
