"""Limits of devices and workspaces, enforced by Policy Control."""

from events.types.base import EventType, Severity, Source, Wording, register, single

_SECTION = "Limit enforcement"

register(
    EventType(
        id=11,
        description="Endpoint blocked",
        severity=Severity.WARN,
        source=Source.POLICY_CONTROL,
        alert=True,
        section=_SECTION,
        texts=single("Blocking data access for endpoint, traffic limit exceeded."),
    )
)
register(
    EventType(
        id=12,
        description="Organisation blocked",
        severity=Severity.WARN,
        source=Source.POLICY_CONTROL,
        # The published example is a raw stream record (alert 1, other keys); we emit the normal shape
        # (`docs/rules.md` decision 31).
        alert=True,
        section=_SECTION,
        texts={
            "prepaid_balance": Wording("Blocking services for organisation, because of insufficient prepaid balance."),
            # Ours: no text is published for the end of a trial (`docs/rules.md` decision 39).
            "trial_over": Wording("Blocking services for organisation, because its trial has ended."),
            "cost_limit": Wording("Blocking services for organisation, because monthly cost limit exceeded."),
        },
    )
)
register(
    EventType(
        # emnify names this event in its troubleshooting page and publishes no id; the id is ours, far outside emnify's
        # numbers. Never written, and left out of GET /event/type, where it would pass for a published id
        # (`docs/rules.md` decision 7).
        id=10070,
        description="Endpoint data traffic limit warning",
        severity=Severity.WARN,
        source=Source.POLICY_CONTROL,
        section=_SECTION,
        status="name only",
    )
)
