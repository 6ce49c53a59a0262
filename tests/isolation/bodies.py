"""Calls of the API that name things in their body or their query: what each of them may name.

`at("sim")` stands for the id of a SIM. With ids of the caller's own workspace each call is accepted; with one of
Acme's in any place it must be refused. A reference in the OpenAPI document that is missing here fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

At = Callable[[str], Any]

DEVICE: Final[Callable[[At], dict[str, Any]]] = lambda at: {  # noqa: E731 - part of several bodies
    "name": "Stranger",
    "service_profile": {"id": at("service")},
    "tariff_profile": {"id": at("coverage")},
    "status": {"id": 1},
}

BODIES: Final[dict[str, Callable[[At], Any]]] = {
    "POST /api/v1/authenticate/workspace": lambda at: {"target_organisation": {"id": at("workspace")}},
    "POST /api/v1/endpoint": lambda at: {
        **DEVICE(at),
        "organisation": {"id": at("workspace")},
        "sim": {"id": at("sim"), "activate": False},
    },
    "PATCH /api/v1/endpoint/{endpoint_id}": lambda at: {
        **DEVICE(at),
        "organisation": {"id": at("workspace")},
        "sim": {"id": at("sim"), "activate": False},
    },
    "POST /api/v2/endpoint/multi": lambda at: {
        **{name: value for name, value in DEVICE(at).items() if name != "name"},
        "endpoints": [{"name": "Stranger", "sim": {"id": at("sim"), "activate": False}}],
    },
    "PATCH /api/v2/endpoint/multi": lambda at: [
        {
            **DEVICE(at),
            "organisation": {"id": at("workspace")},
            "sim": {"id": at("sim"), "activate": False},
            "id": at("device"),
        }
    ],
    "DELETE /api/v2/endpoint/multi": lambda at: [{"id": at("device")}],
    "DELETE /api/v1/sim/multi": lambda at: [{"id": at("sim")}],
    "POST /api/v1/sim/migration/workspace": lambda at: {
        "target_workspace": {"id": at("target")},
        "sims": [{"id": at("sim")}],
    },
    "POST /api/v1/sim/migration/workspace by ICCID": lambda at: {
        "target_workspace": {"id": at("target")},
        "iccids": [at("iccid")],
    },
    "POST /api/v1/sim/migration/workspace by range": lambda at: {
        "target_workspace": {"id": at("target")},
        "iccid_range": {"start": at("iccid"), "end": at("iccid")},
    },
    "POST /api/v1/user": lambda at: {
        "username": "new@example.com",
        "name": "New",
        "organisation": {"id": at("workspace")},
    },
    "POST /api/v2/user/invitation": lambda at: {
        "username": "new@example.com",
        "name": "New",
        "organisation": {"id": at("workspace")},
    },
    "POST /api/v2/user/{user_id}/support_token": lambda at: {
        "role": 1,
        "organisation": {"id": at("workspace")},
        "reason": "To look.",
    },
}

STAFF_ONLY: Final = frozenset({"POST /api/v2/user/{user_id}/support_token"})
"""Refused with own ids too."""

SHARED_REFERENCES: Final = frozenset(
    {
        "allowed_sim_statuses", "article", "currency", "ip_address_space", "payment_method", "quality", "roles",
        "shipping_option", "sim_model", "sim_status", "status", "tariff", "type",
    }
)  # fmt: skip
"""References to what belongs to nobody's workspace: states, the operator's shop and price list."""

SHARED_BODIES: Final = frozenset({"PATCH /api/v1/organisation/{organisation_id}/tariff"})
"""Whose own `id` is such a reference."""

QUERIES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "/api/v1/event": (("q", "endpoint:{device}"), ("q", "iccid:{iccid}"), ("q", "user:{user}")),
    "/api/v1/sim": (("q", "id:{sim}"), ("q", "iccid:{iccid}")),
    "/api/v1/endpoint": (("q", "id:{device}"),),
    "/api/v1/user": (("q", "id:{user}"),),
    "/api/v1/shop/order": (("q", "id:{order}"),),
    "/api/v2/workspace/stats/daily": (("workspace_ids", "{workspace}"),),
}
"""Lists and the filters in which an id may stand."""
