"""Authentication of users and applications, support access, password resets.

Sign-in, sign-out and lock-out have no published type: they are 10020 to 10022 in ``own``.
"""

from events.types.base import (
    ACTOR_USERNAME,
    SUBJECT_NAME,
    SUBJECT_USERNAME,
    EventType,
    Severity,
    Source,
    Wording,
    register,
    single,
)

_SECTION = "Application and user authentication"

register(
    EventType(
        id=6,
        description="User authentication failed",
        severity=Severity.WARN,
        source=Source.API,
        section=_SECTION,
        user_is="subject",
        # {ip} is the client's address, or the whole chain joined by ", " when proxies stand before it, as published.
        texts={
            "default": Wording(
                "Failed authentication request from '{subject.username}', Reason: Invalid password from IP {ip}"
            ),
            "too_many": Wording(
                "Failed authentication request from '{subject.username}', Reason: Invalid password. "
                "Too many failed authentication requests from IP {ip}"
            ),
            # Ours, in the published manner: the password was right, the code of the second factor was not.
            "code": Wording(
                "Failed authentication request from '{subject.username}', Reason: Invalid code from IP {ip}"
            ),
            "code_too_many": Wording(
                "Failed authentication request from '{subject.username}', Reason: Invalid code. "
                "Too many failed authentication requests from IP {ip}"
            ),
        },
        sample={"ip": "203.0.113.7"},
    )
)
register(
    EventType(
        id=7,
        description="Application authentication failed",
        # Only the text is published; severity and source are assumed like those of 6.
        severity=Severity.WARN,
        source=Source.API,
        section=_SECTION,
        texts={
            "revoked": Wording("Failed authentication request from '{name}', Reason: TokenStatus Revoked from IP {ip}"),
            # Ours, in the published manner: the other reason for which a token is refused.
            "address": Wording("Failed authentication request from '{name}', Reason: Address not allowed from IP {ip}"),
        },
        sample={"name": "ERP connector", "ip": "203.0.113.7"},
    )
)
register(
    EventType(
        id=13,
        description="Support Access",
        severity=Severity.WARN,
        source=Source.API,
        section=_SECTION,
        # The actor is the operator's staff; the subject, and the published `user`, is who is acted for.
        user_is="subject",
        texts=single(
            "Support user {actor.username} of organisation {support_organisation} generated a support token "
            "for user {subject.username} of organisation {organisation}"
        ),
        sample={"support_organisation": "Example Operator", "organisation": "Example Workspace"},
        sample_detail={
            "support_username": ACTOR_USERNAME,
            "support_user_org": {"id": 1, "name": "Example Operator"},
            "target_username": SUBJECT_USERNAME,
        },
    )
)
register(
    EventType(
        id=14,
        description="Multi-factor Authentication",
        severity=Severity.INFO,
        source=Source.API,
        section=_SECTION,
        # Written when a key is removed; its opposite is our 10028. The key's owner is the subject: an administrator may
        # remove another user's key.
        texts=single("MFA key with Id '{mfa_key_id}' of Type '{type}' deleted for user '{subject.username}'"),
        sample={"mfa_key_id": 481, "type": "Time-Based One-Time Password"},
    )
)
register(
    EventType(
        id=37,
        description="Password reset requested",
        severity=Severity.INFO,
        source=Source.API,
        audience="mno_reseller",
        section="Authentication",
        user_is="subject",
        secrets=("activationKey",),
        texts=single("Password reset requested"),
        sample_detail={
            "id": 204,
            "username": SUBJECT_USERNAME,
            "name": SUBJECT_NAME,
            "organisationId": 12,
            "activationKey": "a token",
            "sourceIp": "203.0.113.7",
            "userAgent": "Example Browser",
        },
    )
)
