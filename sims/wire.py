"""SIMs, endpoints, batches and profiles as programs read them, from rows of `.values()`.

The words change here: a Device is an `endpoint`, a coverage policy a `tariff_profile`, a service policy a
`service_profile`, a Workspace an `organisation`. What does not apply is left out, never null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from stdnum import luhn

from accounts.models import Workspace
from accounts.operator import OPERATOR_ID
from kit.api.responses import wire_time
from sims.identifiers import iccid_with_luhn
from sims.models import SimBatch, SimModel
from sims.models.usage import TrafficType
from sims.states import DEVICE_WIRE_NAMES, SIM_WIRE_NAMES

Columns = Mapping[str, Any]

ADDRESS_SPACE_ID: Final = 1
"""All fixed addresses of a portal are in one address space; the wire wants its id beside them."""

SIM_FIELDS: Final = (
    "id",
    "iccid",
    "eid",
    "imsi",
    "msisdn",
    "status",
    "production_date",
    "activation_date",
    "batch__model_id",
    "batch__model__description",
    "batch__model__form_factor",
    "batch__model__manufacturer",
    "batch__model__memory_size",
    "device_id",
    "device__name",
    "device__imei",
    "device__created",
    "device__last_updated",
    "device__service_policy_id",
    "device__coverage_policy_id",
    "device__tags",
    "device__ip_address",
)
ENDPOINT_FIELDS: Final = (
    "id",
    "name",
    "tags",
    "created",
    "last_updated",
    "status",
    "service_policy_id",
    "service_policy__name",
    "coverage_policy_id",
    "coverage_policy__name",
    "imei",
    "imei_lock",
    "ip_address",
    "sim__id",
    "sim__iccid",
    "sim__imsi",
    "sim__msisdn",
    "sim__eid",
    "sim__status",
)

SIM_STATES: Final = {state: {"id": int(state), "description": name} for state, name in SIM_WIRE_NAMES.items()}
DEVICE_STATES: Final = {state: {"id": int(state), "description": name} for state, name in DEVICE_WIRE_NAMES.items()}

TRAFFIC_TYPES: Final = {
    TrafficType.DATA: {"id": int(TrafficType.DATA), "description": "Data"},
    TrafficType.SMS: {"id": int(TrafficType.SMS), "description": "SMS"},
}

_FORM_FACTOR_IDS: Final = {value: number for number, value in enumerate(SimModel.FormFactor.values, start=1)}


class Owners(NamedTuple):
    """The organisations that a SIM names: whose it is, and who issued it."""

    customer: dict[str, Any]
    operator: dict[str, Any] | None


def owners_of(workspace: Workspace) -> Owners:
    """Return the organisations of all SIMs of a workspace. One query."""
    operator = Workspace.objects.filter(pk=OPERATOR_ID).values("id", "name").first()
    return Owners({"id": workspace.pk, "name": workspace.name}, dict(operator) if operator else None)


def sim_objects(rows: Iterable[Columns], owners: Owners) -> list[dict[str, Any]]:
    """Return SIMs from rows of `.values(*SIM_FIELDS)`."""
    models: dict[int, dict[str, Any]] = {}
    made = []
    for row in rows:
        sim: dict[str, Any] = {
            "id": row["id"],
            "iccid": row["iccid"],
            "iccid_with_luhn": iccid_with_luhn(row["iccid"]),
            "imsi": row["imsi"],
            "production_date": wire_time(row["production_date"]),
            "status": SIM_STATES[row["status"]],
            "customer_org": owners.customer,
        }
        if owners.operator is not None:
            sim["issuer_org"] = sim["reseller_org"] = owners.operator
        for name in ("eid", "msisdn"):
            if row[name]:
                sim[name] = row[name]
        if row["activation_date"] is not None:
            sim["activation_date"] = wire_time(row["activation_date"])
        model_id = row["batch__model_id"]
        if model_id not in models:
            models[model_id] = model_object(row, "batch__model__", model_id)
        sim["model"] = models[model_id]
        if row["device_id"] is not None:
            sim["endpoint"] = _endpoint_of_sim(row, owners)
        made.append(sim)
    return made


def model_object(row: Columns, prefix: str, model_id: int) -> dict[str, Any]:
    """Return a SIM model; manufacturers have names and no ids here."""
    form_factor = row[f"{prefix}form_factor"]
    return {
        "id": model_id,
        "description": row[f"{prefix}description"],
        "memory_size": row[f"{prefix}memory_size"],
        "formfactor": {"id": _FORM_FACTOR_IDS.get(form_factor, 0), "name": form_factor},
        "manufacturer": {"name": row[f"{prefix}manufacturer"]},
    }


def _endpoint_of_sim(row: Columns, owners: Owners) -> dict[str, Any]:
    endpoint = {
        "id": row["device_id"],
        "name": row["device__name"],
        "created": wire_time(row["device__created"]),
        "last_updated": wire_time(row["device__last_updated"]),
        "organisation_id": owners.customer["id"],
        "service_profile_id": row["device__service_policy_id"],
        "tariff_profile_id": row["device__coverage_policy_id"],
    }
    if row["device__imei"]:
        endpoint["imei"] = row["device__imei"]
    if row["device__tags"]:
        endpoint["tags"] = row["device__tags"]
    if row["device__ip_address"]:
        endpoint["ip_address"] = row["device__ip_address"]
        endpoint["ip_address_space_id"] = ADDRESS_SPACE_ID
    return endpoint


def endpoint_object(row: Columns, organisation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an endpoint from a row of `.values(*ENDPOINT_FIELDS)`."""
    endpoint: dict[str, Any] = {
        "id": row["id"],
        "name": row["name"],
        "created": wire_time(row["created"]),
        "last_updated": wire_time(row["last_updated"]),
        "status": DEVICE_STATES[row["status"]],
        "organisation": organisation,
        "service_profile": {"id": row["service_policy_id"], "name": row["service_policy__name"]},
        "tariff_profile": {"id": row["coverage_policy_id"], "name": row["coverage_policy__name"]},
        "imei_lock": row["imei_lock"],
    }
    if row["tags"]:
        endpoint["tags"] = row["tags"]
    if row["imei"]:
        endpoint["imei"] = row["imei"]
        endpoint["imei_with_luhn"] = imei_with_luhn(row["imei"])
    if row["ip_address"]:
        endpoint["ip_address"] = row["ip_address"]
        endpoint["ip_address_space"] = {"id": ADDRESS_SPACE_ID}
    if row["sim__id"] is not None:
        endpoint["sim"] = _sim_of_endpoint(row)
    return endpoint


def _sim_of_endpoint(row: Columns) -> dict[str, Any]:
    sim = {
        "id": row["sim__id"],
        "iccid": row["sim__iccid"],
        "iccid_with_luhn": iccid_with_luhn(row["sim__iccid"]),
        "imsi": row["sim__imsi"],
        "status": SIM_STATES[row["sim__status"]],
    }
    for name in ("msisdn", "eid"):
        if row[f"sim__{name}"]:
            sim[name] = row[f"sim__{name}"]
    return sim


def imei_with_luhn(imei: str) -> str:
    """Return an IMEI of 15 digits: the 14 of type and serial number, and their check digit."""
    return imei[:14] + luhn.calc_check_digit(imei[:14])


BATCH_STATES: Final = ({"id": 0, "description": "Not registered"}, {"id": 1, "description": "Registered"})
"""Ours: no ids are published."""


def batch_object(batch: SimBatch) -> dict[str, Any]:
    """Return a batch; most numbers are strings there, as published. `batch.model` must be loaded."""
    model = batch.model
    row = {name: getattr(model, name) for name in ("description", "form_factor", "manufacturer", "memory_size")}
    status = BATCH_STATES[batch.registered_at is not None]
    return {
        "id": batch.pk,
        "sim_batch_status_id": str(status["id"]),
        "bsn": None,
        "bic": batch.bic,
        "quantity": str(batch.quantity),
        "sim_model_id": str(model.pk),
        "issuer_org_id": str(OPERATOR_ID),
        "customer_org_id": batch.workspace_id,
        "reseller_org_id": OPERATOR_ID,
        "activated": str(status["id"]),
        "logistic_center_id": None,
        "article_id": None,
        "status": status,
        "model": model_object(row, "", model.pk),
    }
