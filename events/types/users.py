"""Accounts: signed up, invited, verified, deleted.

What has no published type (created by staff, joined, role changed, erased) is in ``own``.
"""

from events.types.base import SUBJECT_NAME, SUBJECT_USERNAME, EventType, Severity, Source, register, single

_MANAGEMENT = "User management"

register(
    EventType(
        id=17,
        description="Self-Signup",
        severity=Severity.INFO,
        source=Source.API,
        audience="mno_reseller",
        section="Organization and billing",
        user_is="subject",
        texts=single("{subject.name} ({subject.username}) has signed up with organisation name {organisation}."),
        sample={"organisation": "Example Workspace"},
    )
)
register(
    EventType(
        id=36,
        description="User invited",
        severity=Severity.INFO,
        source=Source.API,
        audience="mno_reseller",
        section="Organization and billing",
        secrets=("activationKey",),
        # The wire's user is who invites; the invited person, our subject, stands in the detail only.
        texts=single("User invited"),
        sample_detail={
            "id": 205,
            "username": SUBJECT_USERNAME,
            "name": SUBJECT_NAME,
            "organisationId": 12,
            "activationKey": "a token",
            "userFederated": False,
        },
    )
)
register(
    EventType(
        id=40,
        description="User verification requested",
        severity=Severity.INFO,
        source=Source.API,
        audience="mno_reseller",
        section="Authentication",
        user_is="subject",
        secrets=("token",),
        texts=single("Verification requested for user '{subject.username}'"),
        sample_detail={"token": "a token"},
    )
)
register(
    EventType(
        id=41,
        description="User verified",
        severity=Severity.INFO,
        source=Source.API,
        section=_MANAGEMENT,
        user_is="subject",
        texts=single("User '{subject.username}' verified successfully"),
    )
)
register(
    EventType(
        id=46,
        description="User deleted",
        severity=Severity.WARN,
        source=Source.API,
        section=_MANAGEMENT,
        # The wire's user is who deleted; detail.user is the deleted account.
        texts=single("User '{subject.username}' deleted"),
        sample_detail={"user": {"id": 205, "username": SUBJECT_USERNAME}},
    )
)
