"""What the network reports: attachment, location and data connections."""

from events.types.base import EventType, Severity, Source, Wording, register, single

_ATTACHMENT = "Network attachment and location"
_CONNECTION = "Data connection lifecycle"

_IMSI = "901430000000017"

_OPERATOR = {
    "id": 14,
    "name": "Example Mobile",
    "country": {"id": 74, "name": "Germany", "country_code": "49", "mcc": "262", "iso_code": "de"},
}
_LOCATION = {**_OPERATOR, "tapcode": [{"id": 12, "tapcode": "DEUEX"}], "mnc": [{"id": 14, "mnc": "98"}]}
_CONTEXT = {
    "breakout_ip": "192.0.2.10",
    "rac": None,
    "sgsn_control_plane_ip_address": "198.51.100.4",
    "rat_type": 6,
    "tx_teid_data_plane": 100200301,
    "region": "eu-central-1",
    "apn": "iot.example",
    "tx_teid_control_plane": 100200302,
    "tunnel_created": "2026-03-02T09:15:00",
    "ggsn_data_plane_ip_address": "192.0.2.21",
    "sgsn_data_plane_ip_address": "198.51.100.5",
    "rx_teid": 100200303,
    "ci": 4711,
    "imsi": _IMSI,
    "lac": 815,
    "mcc": "262",
    "sac": None,
    "ggsn_control_plane_ip_address": "192.0.2.20",
    "mnc": "98",
    "nsapi": 5,
    "ue_ip_address": "203.0.113.77",
    "imeisv": "4901542032375101",
    "pdp_context_id": 700100,
    "gtp_version": 2,
}
_SESSION = {**_OPERATOR, "session_id": "5f0b7a52-6c1d-4a35-9f53-0c6f4f0b9e11"}


def _rejected(template: str) -> Wording:
    """Return a refusal of a data connection: it comes from Policy Control, as a warning and an alert."""
    return Wording(template, source=Source.POLICY_CONTROL, severity=Severity.WARN, alert=True)


register(
    EventType(
        id=0,
        description="Generic",
        severity=Severity.WARN,
        source=Source.POLICY_CONTROL,
        alert=True,
        section="Generic events",
        texts={
            "throttle": Wording("Disconnecting data access for endpoint to apply throttling action."),
            "quota_updated": Wording("Disconnecting data access for endpoint, because quota has been updated."),
        },
    )
)
register(
    EventType(
        id=1,
        description="Update location",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_ATTACHMENT,
        texts={
            "default": Wording("New location received from VLR for IMSI='{imsi}', now attached to VLR='{vlr}'."),
            "rejected": Wording(
                "Location update rejected from VLR {vlr} ({operator}) for IMSI {imsi}. This operator is currently not "
                "supported for this IMSI. A different IMSI or operator will be used for the network registration.",
                severity=Severity.WARN,
            ),
        },
        sample={"imsi": _IMSI, "vlr": "491720000001", "operator": "Example Mobile"},
        sample_detail=_LOCATION,
    )
)
register(
    EventType(
        id=2,
        description="Update GPRS location",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_ATTACHMENT,
        texts=single(
            "New location received from SGSN for IMSI='{imsi}', now attached to SGSN='{sgsn}', IP='{sgsn_ip}'."
        ),
        sample={"imsi": _IMSI, "sgsn": "491720000002", "sgsn_ip": "198.51.100.4"},
        sample_detail=_LOCATION,
    )
)
register(
    EventType(
        id=3,
        description="Create PDP Context",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_CONNECTION,
        texts={
            "default": Wording("New PDP Context successfully activated with SGSN CP={sgsn_cp_ip}, DP={sgsn_dp_ip}."),
            "rejected_service": _rejected(
                "PDP Context Request rejected, because data service disabled in service profile."
            ),
            "rejected_no_quota": _rejected("PDP Context Request rejected, because endpoint has no quota."),
            "rejected_quota": _rejected(
                "PDP Context Request rejected, because quota volume of endpoint is exhausted and defined action is to "
                "block data traffic."
            ),
            "rejected_sim": _rejected("PDP Context Request rejected, because SIM is not activated."),
        },
        sample={"sgsn_cp_ip": "198.51.100.4", "sgsn_dp_ip": "198.51.100.5"},
        # Only an accepted request carries a detail.
        sample_detail={
            **_SESSION,
            "pdp_context": {
                **_CONTEXT,
                "operator_id": "14",
                "tariff_profile_id": "3001",
                "ratezone_id": "42",
                "tariff_id": "77",
            },
        },
    )
)
register(
    EventType(
        id=5,
        description="Delete PDP Context",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_CONNECTION,
        texts=single("PDP Context deleted."),
        sample_detail={
            **_SESSION,
            "volume": {"total": 0.75, "rx": 0.5, "tx": 0.25},
            "pdp_context": {**_CONTEXT, "breakout_ip": None, "apn": None},
        },
    )
)
register(
    EventType(
        id=15,
        description="Purge location",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_ATTACHMENT,
        texts=single("VLR location information has been purged for IMSI='{imsi}'."),
        sample={"imsi": _IMSI},
    )
)
register(
    EventType(
        id=16,
        description="Purge GPRS location",
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_ATTACHMENT,
        texts=single("SGSN location information has been purged for IMSI='{imsi}'."),
        sample={"imsi": _IMSI},
    )
)
register(
    EventType(
        id=49,
        description="Device offline",
        # No severity or source is published for this one; both are assumed like those of its section.
        severity=Severity.INFO,
        source=Source.NETWORK,
        section=_CONNECTION,
        status="historic",
    )
)
