"""How an account stands, in one word, for staff who look for a person: of the whole portal and not of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Membership, User, Workspace
from accounts.models.second_factors import ACTIVE, APP, MAIL


class Standing(TextChoices):
    """What somebody may do with an account, or why nothing."""

    ACTIVE = "active", _("Active")
    LOCKED = "locked", _("Locked")
    INVITED = "invited", _("Invite pending")
    EXPIRED = "expired", _("Invite expired")
    UNVERIFIED = "unverified", _("Address not verified")
    SUSPENDED = "suspended", _("Suspended")
    REMOVED = "removed", _("Removed")
    ERASED = "erased", _("Erased")


TONES: Final[Mapping[str, str]] = {
    Standing.ACTIVE: "good",
    Standing.LOCKED: "warn",
    Standing.INVITED: "info",
    Standing.EXPIRED: "warn",
    Standing.UNVERIFIED: "info",
    Standing.SUSPENDED: "bad",
    Standing.REMOVED: "muted",
    Standing.ERASED: "muted",
}
MEANINGS: Final[Mapping[str, Any]] = {
    Standing.LOCKED: _("Too many sign-ins have failed; the lock ends by itself."),
    Standing.INVITED: _("The invitation has not been accepted yet."),
    Standing.EXPIRED: _("The link of the invitation is too old; whoever invited the person can send it again."),
    Standing.UNVERIFIED: _("The person has an account and has not opened the link that was mailed."),
    Standing.SUSPENDED: _("Staff keep the person out."),
    Standing.REMOVED: _("The person is in no workspace any more; signing in opens nothing until a new invitation."),
    Standing.ERASED: _("Name and address are gone for good; the row stays so that its ID is not used again."),
}
FACTORS: Final = ((APP, _("App MFA")), (MAIL, _("Email MFA")), ("none", _("Not set")))
"""Second factors as pages call them."""


def with_standing(users: QuerySet[Any]) -> QuerySet[Any]:
    """Return users with their `standing` and their second `factor` (`None` for none). No query of its own."""
    now = timezone.now()
    asked = Invitation.objects.filter(user=OuterRef("pk"), accepted__isnull=True, withdrawn__isnull=True)
    inside = Q(Exists(Membership.objects.filter(user=OuterRef("pk")))) | Q(
        Exists(Workspace.objects.filter(super_admin=OuterRef("pk")))
    )
    # Staff are in no customer's workspace; the account of one who was told to verify an address waits for that.
    waits = inside | Q(is_staff=True)
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=ACTIVE)
    shown: QuerySet[Any] = users.annotate(
        standing=Case(
            When(erased__isnull=False, then=Value(Standing.ERASED)),
            When(status=User.Status.SUSPENDED, then=Value(Standing.SUSPENDED)),
            When(Q(status=User.Status.ACTIVE, locked_until__gt=now), then=Value(Standing.LOCKED)),
            When(status=User.Status.ACTIVE, then=Value(Standing.ACTIVE)),
            When(waits, then=Value(Standing.UNVERIFIED)),
            When(Exists(asked.filter(expires__gt=now)), then=Value(Standing.INVITED)),
            When(Exists(asked), then=Value(Standing.EXPIRED)),
            default=Value(Standing.REMOVED),
            output_field=CharField(),
        ),
        factor=Subquery(factor.values("type")[:1]),
    )
    return shown


def of_factor(users: QuerySet[Any], factor: str) -> QuerySet[Any]:
    """Return the users with one of `FACTORS`.

    Args:
        users: from `with_standing`.
        factor: its key; "none" for those without.
    """
    return users.filter(factor__isnull=True) if factor == "none" else users.filter(factor=factor)
