"""Filters of the SIM inventory (`docs/rules.md` section 13)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.billing import month_begin
from kit.filter_values import Values
from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter, TextFilter, whole_number
from sims.bulk.filters import PlannedFilter, ResultFilter
from sims.charges import charged_condition
from sims.identifiers import bic_part, digits_in, eid_part, iccid_part, imsi_part, msisdn_part, msisdn_text
from sims.models import Device, Sim, SimBatch
from sims.printed_iccid import printed_iccid
from sims.states import CHARGED as CHARGED_STATES
from sims.states import DeviceStatus, SimStatus

FEW = 500
"""Up to so many devices or batches that match a search are named to the database one by one, which an index serves."""
NO_DEVICE, ON_DEVICE = "none", "any"
NEAR = "1"
CHARGED, NOT_CHARGED = "1", "0"


def beginning(field: str, digits: str, length: int) -> Q:
    """Return the condition that a column of digits begins with some: a range, which any index serves.

    Args:
        field: name of the column; it holds digits only.
        digits: what it begins with.
        length: most digits that it holds.
    """
    return Q(**{f"{field}__gte": digits, f"{field}__lte": digits.ljust(length, "9")})


class SimFilters(ListFilters):
    """What the SIM inventory can be narrowed by. Deleted SIMs show only when their state is asked for."""

    q = SearchFilter(method="filter_q", placeholder=_("Number, BIC or device name"))
    status = ChoicesFilter(field_name="status", label=_("State"), choices=SimStatus.choices, primary=True)
    iccid = TextFilter(
        field_name="iccid",
        label=_("ICCID"),
        normalise=iccid_part,
        complete=lambda digits: len(digits) == 19,
        hint=_("With or without the Luhn digit."),
        method="filter_iccid",
        headings=("ICCID", _("SIM")),
        told="iccid",
        told_part=lambda part: printed_iccid("iccid", partial=[part]),
        primary=True,
    )
    device = ChoicesFilter(
        field_name="device",
        label=_("Device"),
        choices=((NO_DEVICE, _("On no device")), (ON_DEVICE, _("On a device"))),
        method="filter_device",
        primary=True,
    )
    device_name = TextFilter(field_name="device__name", label=_("Device name"), ignore_case=True)
    bic = TextFilter(
        field_name="batch__bic",
        label=_("Batch (BIC)"),
        normalise=bic_part,
        complete=lambda digits: len(digits) == 16,
        primary=True,
    )
    imsi = TextFilter(
        field_name="imsi", label=_("IMSI"), normalise=imsi_part, complete=lambda digits: len(digits) == 15
    )
    msisdn = TextFilter(field_name="msisdn", label=_("MSISDN"), normalise=msisdn_part)
    eid = TextFilter(field_name="eid", label=_("EID"), normalise=eid_part, complete=lambda digits: len(digits) == 32)
    id = TextFilter(field_name="id", label=_("SIM ID"), normalise=whole_number, wildcards=False, partial=False)
    note = TextFilter(field_name="note", label=_("Note"), ignore_case=True)
    near = ChoicesFilter(
        field_name="near", label=_("Factory test"), choices=((NEAR, _("Near a limit")),), method="filter_near"
    )
    charged = ChoicesFilter(
        field_name="charged",
        label=_("Charges"),
        choices=((CHARGED, _("Charged this month")), (NOT_CHARGED, _("Not charged this month"))),
        method="filter_charged",
    )
    registered = DateRangeFilter(field_name="batch__registered_at", label=_("Registered"))
    activated = DateRangeFilter(field_name="activation_date", label=_("First activated"))
    planned = PlannedFilter("sims")
    result = ResultFilter("sims")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply all values, and leave out deleted SIMs unless their state, or what is charged, is asked for."""
        found = super().filter_queryset(queryset)
        values = self.form.cleaned_data
        # What is charged this month is charged until it ends, deleted or not.
        deleted_too = values.get("status") or values.get("result") or CHARGED in (values.get("charged") or ())
        return found if deleted_too else found.exclude(status=SimStatus.DELETED)

    def filter_iccid(self, queryset: QuerySet[Sim], name: str, value: Values) -> QuerySet[Sim]:
        """Keep SIMs whose ICCID fits, the Luhn digit that is printed but not stored included."""
        printed = printed_iccid("iccid", partial=value.partial, patterns=value.patterns)
        return queryset.filter(Values(exact=value.exact).q("iccid") | printed)

    def filter_device(self, queryset: QuerySet[Sim], name: str, value: list[str]) -> QuerySet[Sim]:
        """Keep SIMs that are on a device, or on none."""
        if len(value) == 2:
            return queryset
        return queryset.filter(device__isnull=NO_DEVICE in value)

    def filter_near(self, queryset: QuerySet[Sim], name: str, value: list[str]) -> QuerySet[Sim]:
        """Keep SIMs in factory test that have used four fifths of a limit or more."""
        workspace = Workspace.objects.only("factory_test_bytes", "factory_test_sms").get(pk=self.workspace_id)
        # Rounded up: 8 of 10, and 9 of 11.
        near_bytes = -(-workspace.factory_test_bytes * 4 // 5)
        near_sms = -(-workspace.factory_test_sms * 4 // 5)
        near = Q(tested_bytes__gte=near_bytes) | Q(tested_sms__gte=near_sms)
        return queryset.filter(near, status=SimStatus.FACTORY_TEST)

    def filter_charged(self, queryset: QuerySet[Sim], name: str, value: list[str]) -> QuerySet[Sim]:
        """Keep SIMs that are charged for the present month, or those that are not."""
        if len(value) == 2:
            return queryset
        charged = charged_condition(timezone.now())
        if CHARGED in value:
            return queryset.filter(charged)
        begin = month_begin(timezone.now())
        until = Q(active_until__isnull=True) | Q(active_until__lt=begin)
        return queryset.filter(until).exclude(status__in=CHARGED_STATES)

    def filter_q(self, queryset: QuerySet[Sim], name: str, value: str) -> QuerySet[Sim]:
        """Keep SIMs with a number that begins with the text, or on a device whose name contains it.

        Numbers that are whole are looked up exactly. Everything is a condition on an indexed column of the SIM, so
        that a search costs the same in an inventory of a million.
        """
        digits = digits_in(value)
        if not digits:
            return queryset.filter(self._on_device_named(value))
        if len(digits) > 16:
            return queryset.filter(_whole_number(digits))
        condition = beginning("iccid", digits, 19) | self._of_batch(digits) | self._on_device_named(value)
        if len(digits) < 16:
            condition |= beginning("imsi", digits, 15)
            # ICCIDs begin with 89, which is no country's code: such digits are no telephone number.
            if not digits.startswith("89"):
                condition |= beginning("msisdn", msisdn_text(digits) or digits, 15)
        # Few matches are named one by one: with a condition of ranges and a limit, PostgreSQL prefers to walk through
        # the whole inventory in the order of the list.
        few = list(queryset.filter(condition).order_by().values_list("pk", flat=True)[: FEW + 1])
        return queryset.filter(pk__in=few) if len(few) <= FEW else queryset.filter(condition)

    def _on_device_named(self, text: str) -> Q:
        devices = Device.objects.of(self.workspace_id).exclude(status=DeviceStatus.DELETED)
        found = devices.filter(name__icontains=text).order_by().values_list("pk", flat=True)
        few = list(found[: FEW + 1])
        return Q(device_id__in=few) if len(few) <= FEW else Q(device_id__in=found)

    def _of_batch(self, digits: str) -> Q:
        batches = SimBatch.objects.filter(beginning("bic", digits, 16)).order_by().values_list("pk", flat=True)
        few = list(batches[: FEW + 1])
        return Q(batch_id__in=few) if len(few) <= FEW else Q(batch_id__in=batches)


def _whole_number(digits: str) -> Q:
    """Return the condition for 17 digits and more: an ICCID with or without its 20th digit, or an EID."""
    if len(digits) == 20:
        return Q(iccid=digits[:19]) | beginning("eid", digits, 32)
    if len(digits) > 20:
        return ~Q(eid="") & beginning("eid", digits, 32)
    return beginning("iccid", digits, 19) | beginning("eid", digits, 32)
