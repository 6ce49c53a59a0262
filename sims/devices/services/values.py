"""What the properties of a device may be: each rule of them stands here once (`docs/rules.md` section 5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from kit.errors import Conflict, Invalid, NotFound
from kit.ip_addresses import ip_address_of, why_no_host
from kit.querysets import CHUNK
from kit.text import one_line, several_lines
from sims.devices.services.tags import normalise_tags
from sims.identifiers import normalise_imei
from sims.locking import chunks
from sims.models import NOTE_LENGTH, CoveragePolicy, Device, ServicePolicy
from sims.states import DeviceStatus

Values = Mapping[str, Any]
"""Properties of a device by field name, out of `UPDATABLE`."""
NAME_LENGTH: Final = 200

UPDATABLE: Final = (
    "name",
    "imei",
    "imei_lock",
    "ip_address",
    "tags",
    "service_policy_id",
    "coverage_policy_id",
    "note",
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of policy; `wire_name` and `wire_field` are what programs call it and the key that names it."""

    model: type[ServicePolicy] | type[CoveragePolicy]
    wire_name: str
    wire_field: str


_POLICIES: Final = {
    "service_policy_id": _Kind(ServicePolicy, "Service profile", "service_profile"),
    "coverage_policy_id": _Kind(CoveragePolicy, "Tariff profile", "tariff_profile"),
}


class Cleaner:
    """Brings values of devices into the form in which they are stored.

    It asks for the policies of all devices when it is made, by two queries at most, and runs none afterwards.

    Args:
        workspace_id: owner of the devices, and of the policies they may have.
        asked: all values that will be given to it.
    """

    def __init__(self, workspace_id: int, asked: Collection[Values]) -> None:
        self._present: dict[str, set[int]] = {}
        for name, kind in _POLICIES.items():
            wanted = {values[name] for values in asked if values.get(name) is not None}
            policies = kind.model._default_manager.filter(workspace_id=workspace_id)
            self._present[name] = {
                pk for ids in chunks(wanted) for pk in policies.filter(pk__in=ids).values_list("pk", flat=True)
            }

    def __call__(self, values: Values) -> dict[str, Any]:
        """Return the values of one device as they are stored.

        Raises:
            Invalid, NotFound: the first that cannot be; `field` names it.
        """
        unknown = sorted(values.keys() - set(UPDATABLE))
        if unknown:
            raise Invalid(_("'%(field)s' cannot be changed.") % {"field": unknown[0]}, field=unknown[0])
        clean = dict(values)
        if "name" in clean:
            clean["name"] = _clean_name(clean["name"])
        if "imei" in clean:
            clean["imei"] = normalise_imei(clean["imei"] or "")
        if "imei_lock" in clean:
            clean["imei_lock"] = bool(clean["imei_lock"])
        if "tags" in clean:
            clean["tags"] = ",".join(normalise_tags(clean["tags"] or ""))
        if "ip_address" in clean:
            clean["ip_address"] = _clean_address(clean["ip_address"])
        if "note" in clean:
            clean["note"] = several_lines(clean["note"] or "", most=NOTE_LENGTH, field="note")
        for name, kind in _POLICIES.items():
            if name in clean and clean[name] not in self._present[name]:
                reason = f"{kind.wire_name} with Id '{clean[name]}' not found."
                raise NotFound(reason, code="invalid_reference", field=kind.wire_field)
        return clean


def check_imei_lock(*, imei: str, imei_lock: bool) -> None:
    """Check that a lock has something to be locked to.

    Raises:
        Invalid: it has no IMEI.
    """
    if imei_lock and not imei:
        raise Invalid(_("An IMEI lock needs an IMEI."), code="required", field="imei")


def apply_values(device: Device, clean: Values) -> dict[str, Any]:
    """Give a device new values, and return the old ones of those that differ.

    Tags in another order are the same tags: a device keeps them as they are.

    Args:
        device: locked, not saved here.
        clean: what a `Cleaner` returned.

    Raises:
        Invalid: the device as a whole cannot be so.
    """
    before = {name: getattr(device, name) for name, value in clean.items() if _differs(device, name, value)}
    for name in before:
        setattr(device, name, clean[name])
    check_imei_lock(imei=device.imei, imei_lock=device.imei_lock)
    return before


def _differs(device: Device, name: str, value: Any) -> bool:
    held = getattr(device, name)
    if name == "tags":
        return set(normalise_tags(held)) != set(normalise_tags(value))
    return bool(held != value)


def _clean_name(value: str | None) -> str:
    if not (value or "").strip():
        raise Invalid(_("A device needs a name."), code="required", field="name")
    return one_line(value or "", most=NAME_LENGTH, field="name")


def _clean_address(value: str | None) -> str | None:
    if not value:
        return None
    found = ip_address_of(value)
    if found is None:
        raise Invalid(
            _("'%(value)s' is not an IP address, e.g. 10.192.0.7.") % {"value": value},
            code="invalid_format",
            field="ip_address",
        )
    if why := why_no_host(found):
        raise Invalid(
            _("No device can have the IP address %(value)s: %(why)s.") % {"value": found, "why": why},
            code="invalid_format",
            field="ip_address",
        )
    return found


class AddressBook:
    """Which enabled devices of a workspace have which fixed addresses: one each (`docs/rules.md` section 5).

    The database holds it too (`device_one_address`), for two actions at the same moment.

    Args:
        workspace_id: whose devices.
        wanted: addresses that will be asked for. One query for 5,000 of them, none without any.
    """

    def __init__(self, workspace_id: int, wanted: Iterable[str | None]) -> None:
        self._held: dict[str, dict[int, str]] = {}
        devices = Device.objects.of(workspace_id).filter(status=DeviceStatus.ENABLED)
        asked = sorted({address for address in wanted if address})
        for start in range(0, len(asked), CHUNK):
            rows = devices.filter(ip_address__in=asked[start : start + CHUNK]).values_list("ip_address", "pk", "name")
            for address, pk, name in rows:
                self._held.setdefault(str(address), {})[pk] = name

    def take(self, address: str | None, device_id: int, name: str) -> None:
        """Note that an enabled device has an address from now on.

        Args:
            address: `None` is free for all.
            device_id: its id; any number that no other has, for one that is not stored yet.
            name: its name, for the refusal of others.

        Raises:
            Conflict: another one has it.
        """
        if not address:
            return
        holders = self._held.setdefault(address, {})
        other = next((held for pk, held in holders.items() if pk != device_id), None)
        if other is not None:
            raise Conflict(
                _("The enabled device “%(name)s” has the IP address %(address)s. Choose another, or disable that one.")
                % {"name": other, "address": address},
                code="address_taken",
                field="ip_address",
            )
        holders[device_id] = name
