"""Who is in a workspace or invited to it, as its Administrators see them (`docs/rules.md` section 18)."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Membership, User, Workspace
from accounts.models.second_factors import APP, MAIL
from accounts.permissions import Role
from kit.errors import NotFound

ACTIVE, PENDING, EXPIRED, UNVERIFIED, SUSPENDED = "active", "pending", "expired", "unverified", "suspended"
ACCESS_STATES: Final = (
    (ACTIVE, _("Active")),
    (PENDING, _("Invite pending")),
    (EXPIRED, _("Invite expired")),
    (UNVERIFIED, _("Not verified")),
    (SUSPENDED, _("Suspended")),
)
APP_MFA, MAIL_MFA, NOT_SET = "app", "email", "none"
SECURITY: Final = ((APP_MFA, _("App MFA")), (MAIL_MFA, _("Email MFA")), (NOT_SET, _("Not set")))

ROW_FIELDS: Final = (
    "id",
    "shown_name",
    "shown_email",
    "shown_created",
    "held_role",
    "shown_status",
    "access",
    "security",
    "invitation_id",
    "invited_until",
    "last_seen",
    "is_inside",
)


def _ids(workspace: Workspace) -> QuerySet[Any, Any]:
    """Return the ids of members, invited people and the SuperAdmin.

    They are found by three indexed look-ups, so that users of other workspaces do not count.
    """
    members = Membership.objects.of(workspace.pk).order_by().values("user_id")
    invited = Invitation.objects.of(workspace.pk).filter(accepted__isnull=True, withdrawn__isnull=True)
    main = Workspace.objects.filter(pk=workspace.main_id or workspace.pk, super_admin__isnull=False)
    return members.union(invited.order_by().values("user_id"), main.order_by().values("super_admin_id"))


def people_of(workspace: Workspace) -> QuerySet[Any]:
    """Return everybody who is in a workspace or has an open invitation to it, with what the list shows of them.

    Of somebody who has not joined yet nothing is shown but what the invitation says: whether there is an account, what
    it is called and how it is secured is known where the person is a member.
    """
    super_admin = Workspace.objects.filter(pk=workspace.main_id or workspace.pk).values("super_admin_id")
    membership = Membership.objects.of(workspace.pk).filter(user=OuterRef("pk"))
    invitation = Invitation.objects.of(workspace.pk).filter(
        user=OuterRef("pk"), accepted__isnull=True, withdrawn__isnull=True
    )
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    inside = Q(is_inside=True)
    # The state of an account belongs to the workspaces it is in, so nobody else learns whether it is suspended.
    stopped = ~inside & Q(status=User.Status.SUSPENDED, elsewhere=False)
    return (
        User.objects.filter(pk__in=_ids(workspace))
        .alias(elsewhere=ExpressionWrapper(used_elsewhere(workspace.pk, OuterRef("pk")), BooleanField()))
        .annotate(
            is_super=Case(When(pk__in=Subquery(super_admin), then=Value(True)), default=Value(False)),
            is_inside=Case(
                When(Q(Exists(membership)) | Q(pk__in=Subquery(super_admin)), then=Value(True)), default=Value(False)
            ),
            invitation_id=Subquery(invitation.values("pk")[:1]),
            invited_until=Subquery(invitation.values("expires")[:1]),
        )
        .annotate(
            held_role=Case(
                When(is_super=True, then=Value(Role.SUPERADMIN.value)),
                default=Coalesce(Subquery(membership.values("role")[:1]), Subquery(invitation.values("role")[:1])),
                output_field=CharField(),
            ),
            shown_status=Case(
                When(inside | stopped, then=F("status")),
                default=Value(User.Status.ACTIVATION_PENDING),
                output_field=PositiveSmallIntegerField(),
            ),
            access=Case(
                When(stopped, then=Value(SUSPENDED)),
                When(~inside & Q(invited_until__lte=timezone.now()), then=Value(EXPIRED)),
                When(~inside, then=Value(PENDING)),
                When(status=User.Status.SUSPENDED, then=Value(SUSPENDED)),
                When(status=User.Status.ACTIVATION_PENDING, then=Value(UNVERIFIED)),
                default=Value(ACTIVE),
                output_field=CharField(),
            ),
            shown_name=Case(
                When(inside, then=F("name")),
                default=Subquery(invitation.values("name")[:1]),
                output_field=CharField(),
            ),
            shown_email=Case(
                When(inside, then=F("email")),
                default=Subquery(invitation.values("email")[:1]),
                output_field=CharField(),
            ),
            shown_created=Case(
                When(inside, then=F("created")),
                default=Subquery(invitation.values("created")[:1]),
                output_field=DateTimeField(),
            ),
            last_seen=Case(When(inside, then=F("last_login")), default=Value(None), output_field=DateTimeField()),
            security=Case(
                When(~inside, then=Value("")),
                When(Exists(factors.filter(type=APP)), then=Value(APP_MFA)),
                When(Exists(factors.filter(type=MAIL)), then=Value(MAIL_MFA)),
                default=Value(NOT_SET),
                output_field=CharField(),
            ),
        )
    )


def used_elsewhere(workspace_id: int, user: Any) -> Q:
    """Return the condition that an account belongs to somebody else too: a member, SuperAdmin or invited elsewhere.

    Args:
        workspace_id: the workspace that asks.
        user: the account, its id or the column that has it.
    """
    member = Membership.objects.filter(user=user).exclude(workspace_id=workspace_id)
    led = Workspace.objects.filter(super_admin=user).exclude(pk=workspace_id)
    asked = Invitation.objects.filter(user=user, accepted__isnull=True, withdrawn__isnull=True)
    return Q(Exists(member)) | Q(Exists(led)) | Q(Exists(asked.exclude(workspace_id=workspace_id)))


def people_rows(people: QuerySet[Any]) -> list[dict[str, Any]]:
    """Read a sliced queryset as rows for the list."""
    return list(people.values(*ROW_FIELDS))


def person_row(workspace: Workspace, user_id: int) -> dict[str, Any]:
    """Return one person of a workspace as the list shows them.

    Raises:
        NotFound: not in this workspace and not invited to it.
    """
    found = people_of(workspace).filter(pk=user_id).values(*ROW_FIELDS).first()
    if found is None:
        raise NotFound(str(_("User with Id '%(id)s' not found.") % {"id": user_id}))
    return dict(found)


def administrators_of(workspace_id: int) -> int:
    """Return how many Administrators a workspace has; its SuperAdmin is none."""
    return Membership.objects.of(workspace_id).filter(role=Role.ADMINISTRATOR).count()


def members_without_second_factor(workspace: Workspace) -> int:
    """Return how many people of a workspace have none yet. One query."""
    return people_of(workspace).filter(is_inside=True, security=NOT_SET).count()
