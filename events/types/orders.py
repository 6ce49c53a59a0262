"""SIM orders. Changes of articles are 10061 in ``own``."""

from events.types.base import EventType, Severity, Source, register, single

_SECTION = "SIM order"

register(
    EventType(
        id=38,
        description="Order submitted",
        severity=Severity.INFO,
        source=Source.API,
        audience="mno_reseller",
        section=_SECTION,
        texts=single("New SIM order has been submitted"),
        # The location keeps the published path, though orders are served under /api/v1/shop/order
        # (`docs/rules.md` decision 35).
        sample_detail={"id": 9001, "location": "/api/v1/order/9001"},
    )
)
register(
    EventType(
        id=39,
        description="Order updated",
        severity=Severity.WARN,
        source=Source.API,
        audience="mno_reseller",
        section=_SECTION,
        texts=single("SIM order has been updated"),
        # The shipping keys come with the change to Shipped only.
        sample_detail={
            "id": 9001,
            "status": {"id": 2},
            "ext_shipping_reference": "EXAMPLE-0042",
            "shipped_with_provider_id": 1,
            "shipped_date": "2026-03-02T09:15:00.000Z",
        },
    )
)
