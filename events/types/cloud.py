"""CloudConnect breakouts and OpenVPN.

The severities and sources of the historic types are not published; they are assumed like those of their sections.
"""

from events.types.base import ACTOR_USERNAME, EventType, Severity, Source, register, single

_CLOUD = "Cloud Connect lifecycle"
_OPENVPN = "OpenVPN lifecycle"

_BREAKOUT = {
    "username": ACTOR_USERNAME,
    "breakout_id": 71,
    "creation_date": "2026-03-02T09:15:00Z",
    "deletion_date": None,
    "region": "eu-central-1",
    "resource_share_name": "Example share",
    "breakout_type_id": 1,
    "breakout_type": "Transit Gateway",
    "price": 149,
}

register(
    EventType(
        id=22,
        description="CloudConnect TGW Resource Share created",
        severity=Severity.INFO,
        source=Source.API,
        section=_CLOUD,
        texts=single("CloudConnect Transit Gateway Resource Share created"),
        sample_detail=_BREAKOUT,
    )
)
register(
    EventType(
        id=23,
        description="CloudConnect TGW available",
        severity=Severity.INFO,
        source=Source.API,
        section=_CLOUD,
        texts=single("CloudConnect Transit Gateway breakout {breakout_id} is available"),
        sample={"breakout_id": 71},
        sample_detail=_BREAKOUT,
    )
)
register(
    EventType(
        id=25,
        description="CloudConnect TGW breakout terminated",
        severity=Severity.INFO,
        source=Source.API,
        section=_CLOUD,
        texts=single("CloudConnect Transit Gateway breakout {breakout_id} has been terminated"),
        sample={"breakout_id": 71},
        sample_detail=_BREAKOUT,
    )
)
register(
    EventType(
        id=26,
        description="CloudConnect VPN breakout terminated",
        severity=Severity.INFO,
        source=Source.API,
        section=_CLOUD,
        status="historic",
    )
)
register(
    EventType(
        id=27,
        description="CloudConnect Connection State Changed",
        severity=Severity.INFO,
        source=Source.API,
        section=_CLOUD,
        status="historic",
    )
)
register(
    EventType(
        id=28,
        description="OpenVPN connect",
        severity=Severity.INFO,
        source=Source.API,
        section=_OPENVPN,
        status="historic",
    )
)
register(
    EventType(
        id=29,
        description="OpenVPN disconnect",
        severity=Severity.INFO,
        source=Source.API,
        section=_OPENVPN,
        status="historic",
    )
)
register(
    EventType(
        id=30,
        description="OpenVPN authentication",
        severity=Severity.INFO,
        source=Source.API,
        section=_OPENVPN,
        texts=single("OpenVPN client (re-)authenticated successfully"),
        sample_detail={
            "region": "eu-central-1",
            "client": {"public_ip": "203.0.113.7", "version": "2.6.8", "private_ip": "192.0.2.50"},
            "protocol": "udp",
        },
    )
)
