"""Data and SMS quotas of devices.

``{volume:.6f}`` takes megabytes, ``{expiry}`` the moment as ISO 8601 with a Z, ``{refill}`` the word "with" or
"without", ``{n}`` a number of messages, ``{threshold_percentage}`` percent, ``{kbit}`` kbit/s.
The throttle action was withdrawn by emnify on 2024-12-09; its text is kept for streams that still carry it.
"""

from events.types.base import EventType, Severity, Source, Wording, register, single

_DATA = "Data quota management"
_SMS = "SMS quota management"

_PROFILE = {"id": 3001, "name": "Example policy"}
_THRESHOLD = {"threshold_percentage": 20, "threshold_volume": 20}
_TRAFFIC_TYPE = {"traffic_type": {"id": 6, "description": "SMS"}}
_ASSIGNED = {
    "quota": {
        "status": {"id": 1, "description": "ACTIVE"},
        "action_on_exhaustion": {"id": 1, "description": "Block", "peak_throughput": 128000},
        "volume": 100,
        "expiryDate": "2026-04-01T00:00:00Z",
        "lastVolumeAdded": 100,
        "lastStatusChangeDate": "2026-03-02T09:15:00Z",
        "autoRefill": False,
        "thresholdPercentage": 20,
        "thresholdVolume": 20,
    }
}


def _device_alert(type_id: int, description: str, section: str, text: str, volume: float | str | None) -> None:
    """Register a warning of Policy Control about a device's quota; ``volume`` as published in ``detail``, if any."""
    detail: dict[str, object] | None = None
    if volume is not None:
        detail = {"quota": {**_THRESHOLD, "volume": volume, **(_TRAFFIC_TYPE if section == _SMS else {})}}
    register(
        EventType(
            id=type_id,
            description=description,
            severity=Severity.WARN,
            source=Source.POLICY_CONTROL,
            alert=True,
            section=section,
            texts=single(text),
            sample={"threshold_percentage": 20} if "{" in text else {},
            sample_detail=detail,
        )
    )


_device_alert(
    18,
    "Quota threshold reached",
    _DATA,
    "Endpoint quota threshold reached, volume is below {threshold_percentage}%.",
    19.5,
)
# The volume is a string in the published details of 19 and 21, and a number in those of 18 and 20.
_device_alert(
    19,
    "Quota used up",
    _DATA,
    "Quota volume is completely used up and data access denied for endpoint.",
    "100.000000",
)
_device_alert(
    20, "SMS quota threshold reached", _SMS, "SMS quota threshold reached, volume is below {threshold_percentage}%.", 19
)
_device_alert(
    21,
    "SMS quota used up",
    _SMS,
    "SMS quota volume is completely used up and SMS access denied for endpoint.",
    "100.000000",
)
_device_alert(60, "Data quota expired", _DATA, "Data quota expired.", None)


def _profile_change(type_id: int, description: str, section: str, text: str) -> None:
    """Register the switching of quota management in a service policy: a warning, since devices may lose service."""
    register(
        EventType(
            id=type_id,
            description=description,
            severity=Severity.WARN,
            source=Source.API,
            section=section,
            texts=single(text),
            sample=_PROFILE,
        )
    )


_profile_change(
    52,
    "Data quota enabled",
    _DATA,
    "Data quota management enabled for service profile (id = {id} - {name}), endpoints of this service profile without "
    "an active data quota will be throttled or blocked from data service.",
)
_profile_change(
    53, "Data quota disabled", _DATA, "Data quota management disabled for service profile (id = {id} - {name})."
)
_profile_change(
    54,
    "SMS quota enabled",
    _SMS,
    "SMS quota management enabled for service profile (id = {id} - {name}), endpoints of this service profile without "
    "an active SMS quota will be blocked from SMS service.",
)
_profile_change(
    55, "SMS quota disabled", _SMS, "SMS quota management disabled for service profile (id = {id} - {name})."
)

register(
    EventType(
        id=56,
        description="Data quota assigned",
        severity=Severity.INFO,
        source=Source.API,
        section=_DATA,
        texts={
            "default": Wording(
                "Data quota assigned with volume of {volume:.6f} MB {refill} daily refill until {expiry} "
                "and action on exhaustion set to blocking."
            ),
            "throttle": Wording(
                "Data quota assigned with volume of {volume:.6f} MB {refill} daily refill until {expiry} "
                "and action on exhaustion set to throttling to a throughput of {kbit} kbit/s."
            ),
        },
        sample={"volume": 100, "refill": "without", "expiry": "2026-04-01T00:00:00Z", "kbit": 128},
        sample_detail=_ASSIGNED,
    )
)
register(
    EventType(
        id=57,
        description="Data quota deleted",
        severity=Severity.INFO,
        source=Source.API,
        section=_DATA,
        texts=single("Data quota deleted."),
    )
)
register(
    EventType(
        id=58,
        description="SMS quota assigned",
        severity=Severity.INFO,
        source=Source.API,
        section=_SMS,
        texts=single("SMS quota assigned with volume of {n} SMS {refill} daily refill until {expiry}."),
        sample={"n": 100, "refill": "without", "expiry": "2026-04-01T00:00:00Z"},
        sample_detail=_ASSIGNED,
    )
)
register(
    EventType(
        id=59,
        description="SMS quota deleted",
        severity=Severity.INFO,
        source=Source.API,
        section=_SMS,
        texts=single("SMS quota deleted."),
    )
)
