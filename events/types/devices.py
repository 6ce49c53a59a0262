"""SIMs and devices: states, registration, assignment, reset, transfer.

Which action writes which rows, in which order: `docs/rules.md` sections 3 to 7.
"""

from events.types.base import EventType, Severity, Source, Wording, register, single

_SECTION = "Device status management"

_SIM_STATUS = {
    "from": {"id": 4, "description": "FACTORY TEST"},
    "to": {"id": 1, "description": "ACTIVATED"},
}

register(
    EventType(
        id=8,
        description="SIM activation",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts={
            "default": Wording("Status of SIM changed from '{old_status}' to 'Activated'"),
            "factory_test_volume": Wording(
                "SIM activated after factory test volume reached.", source=Source.POLICY_CONTROL
            ),
            # Ours (`docs/rules.md` section 2): the test period has no published text.
            "factory_test_period": Wording(
                "SIM activated after factory test period elapsed.", source=Source.POLICY_CONTROL
            ),
            # Ours too: found by the check, where nobody's change of a package has ended the test at once.
            "factory_test_package": Wording(
                "SIM activated because the package has no factory test any more.", source=Source.POLICY_CONTROL
            ),
        },
        sample={"old_status": "Suspended"},
        # Only with the texts of the factory test; an activation by somebody has no detail.
        sample_detail={"transition": {"sim": {"status": _SIM_STATUS}, "reason": "SIM reached factory test volume."}},
    )
)
register(
    EventType(
        id=9,
        description="SIM suspension",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Status of SIM changed from 'Activated' to 'Suspended'"),
    )
)
register(
    EventType(
        id=10,
        description="SIM deletion",
        # No example is published; severity, source and text follow 9 (`docs/rules.md` decision 5).
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Status of SIM changed from '{old_status}' to 'Deleted'"),
        sample={"old_status": "Suspended"},
    )
)
register(
    EventType(
        id=42,
        description="Endpoint enabled",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Status of Endpoint {id} changed to Enabled"),
        sample={"id": 5120},
    )
)
register(
    EventType(
        id=43,
        description="Endpoint disabled",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Status of Endpoint {id} changed to Disabled"),
        sample={"id": 5120},
    )
)
register(
    EventType(
        id=44,
        description="SIM issued",
        # No severity or source is published for this one; both are assumed like those of its section.
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        status="historic",
    )
)
register(
    EventType(
        id=45,
        description="SIM factory test",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        # A factory test can only be entered from Issued.
        texts=single("Status of SIM changed from 'Issued' to 'Factory Test'"),
    )
)
register(
    EventType(
        id=48,
        description="SIM registration",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Batch of {n} SIM(s) registered."),
        sample={"n": 25},
        sample_detail={
            "sim_batch": {
                "id": 310,
                "sim_model": {"id": 9},
                "batch_size": 25,
                "first_iccid": "89883030000000000011",
                "last_iccid": "89883030000000000250",
            }
        },
    )
)
register(
    EventType(
        id=50,
        description="SIM Released",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("SIM {sim} released from endpoint {endpoint}"),
        sample={"sim": 2210, "endpoint": 5120},
    )
)
register(
    EventType(
        id=51,
        description="SIM Assigned",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("SIM {sim} assigned to endpoint {endpoint}"),
        sample={"sim": 2210, "endpoint": 5120},
        sample_detail={"imei": "490154203237518"},
    )
)
register(
    EventType(
        id=68,
        description="Reset connectivity",
        # Nothing but id and name is published; the rest follows its section, and the text is ours
        # (`docs/rules.md` decision 3).
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("Reset connectivity triggered for endpoint {endpoint}"),
        sample={"endpoint": 5120},
    )
)
register(
    EventType(
        id=69,
        description="SIM migration",
        # Nothing but id and name is published; the text is ours, and the same in both workspaces
        # (`docs/rules.md` decision 4).
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        texts=single("{count} SIM(s) transferred from workspace {source} to workspace {target}"),
        sample={"count": 2, "source": "Example North", "target": "Example South"},
        sample_detail={
            "count": 2,
            "sims": [
                {"id": 2210, "iccid": "8988303000000000001", "status": {"id": 2}},
                {"id": 2211, "iccid": "8988303000000000002", "status": {"id": 0}},
            ],
            "source": {"id": 12, "name": "Example North"},
            "target": {"id": 13, "name": "Example South"},
        },
    )
)
