"""The workspace as a customer: its data, billing, platform package, data plans, and the switch between workspaces.

33 and 34 carry the ids that emnify published under the older names "Tariff plan updated" and "Usage tariff updated",
and keep the texts of that time, the only ones published (`docs/rules.md` decisions 1 and 2).
"""

from events.types.base import EventType, Severity, Source, Wording, register, single

_ORGANISATION = "Organization and billing"
_PACKAGE = "Platform package and data plan"

register(
    EventType(
        id=31,
        description="Organisation updated",
        severity=Severity.INFO,
        source=Source.API,
        section=_ORGANISATION,
        texts=single("Organisation data updated."),
        sample_detail={"changed_data": [{"name": {"old": "Example North", "new": "Example North Ltd."}}]},
    )
)
register(
    EventType(
        id=32,
        description="Billing configuration updated",
        severity=Severity.WARN,
        source=Source.API,
        section=_ORGANISATION,
        texts=single("Billing config has been updated."),
        sample_detail={
            "billing_config": {"charging_model": {"id": 0}, "payment_term": {"id": 0}, "vatin": "DE000000000"}
        },
    )
)
register(
    EventType(
        id=33,
        description="Platform package updated",
        severity=Severity.WARN,
        source=Source.API,
        audience="mno_reseller",
        section=_PACKAGE,
        texts=single("Tariff plan '{name}' has been assigned."),
        sample={"name": "Plus EUR"},
        sample_detail={
            "tariff_plan": {
                "id": 7,
                "name": "Plus EUR",
                "start_date": "2026-03-01 00:00:00",
                "end_date": None,
                "evaluation": False,
                "expiry_time": 0,
                "price": {"sim_activated_rate": [{"scale_start": 1, "rate": 0.8}, {"scale_start": 100, "rate": 0.7}]},
                "rate": 199.0,
                "yearly_rate": 2388.0,
                "currency": {"id": 1},
                "service_level": {"id": 1},
            }
        },
    )
)
register(
    EventType(
        id=34,
        description="Data plan updated",
        severity=Severity.WARN,
        source=Source.API,
        audience="mno_reseller",
        section=_PACKAGE,
        texts={
            # One row for each ratezone.
            "default": Wording("A new inclusive volume has been booked in ratezone '{name}'."),
            # Ours (decision 37): a plan that includes nothing is no inclusive volume.
            "booked": Wording("Data plan '{name}' has been booked."),
            # Ours (`docs/rules.md` decision 37): the removal of a plan has no published text; one row for each plan.
            "removed": Wording("Data plan '{name}' has been removed."),
        },
        sample={"name": "Regional"},
        sample_detail={
            "inclusive_volume": {
                "ratezone_inclusive_volume_id": "88",
                "volume": 100.0,
                "cost": "0.500000",
                "excess_traffic": 0.1,
                "pooled": True,
                "rate": 0.5,
                "id": 88,
                "start_date": "2026-03-01 00:00:00",
                "end_date": None,
                "currency_id": 1,
                "ratezone": {"id": 88, "name": "Regional"},
            }
        },
    )
)
register(
    EventType(
        id=67,
        description="User switched workspaces",
        severity=Severity.INFO,
        source=Source.API,
        section=_ORGANISATION,
        # Written in the workspace switched to; both values are ids, a number is nobody's name.
        texts=single("User with id: '{user_id}', switched to workspace: {organisation_id}"),
        sample={"user_id": 204, "organisation_id": 13},
    )
)
