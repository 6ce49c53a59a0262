"""Questions about people and workspaces. Nothing here changes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.db.models import Case, CharField, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, Invitation, Membership, PlatformPackage, User, Workspace
from accounts.models.second_factors import ACTIVE
from accounts.operator import OPERATOR_ID
from accounts.permissions import Role
from accounts.staff_roles import SUPPORT_RIGHT
from kit.context import Person
from kit.email_addresses import forms_of
from kit.errors import NoHome, NotFound
from kit.prepared import Columns, PreparedQuery

ERASED_NAME: Final = "Erased user"
"""What stands in place of a name that was erased."""


@dataclass(frozen=True, slots=True)
class Enterable:
    """A workspace somebody may enter, as the switcher lists it.

    Args:
        workspace: the row, with its package.
        role: what they are there.
        closed: whether the workspace demands a second factor, which the person has not set up.
    """

    workspace: Workspace
    role: Role
    closed: bool = False

    @property
    def id(self) -> int:
        """Return the id of the workspace, the wire's organisation id."""
        return self.workspace.pk

    @property
    def name(self) -> str:
        """Name of the workspace."""
        return self.workspace.name

    @property
    def suspended(self) -> bool:
        """Tell whether the workspace is suspended: it can be read, nothing in it can be changed."""
        return self.workspace.status == Workspace.Status.SUSPENDED


def entries_of(user_id: int) -> list[Enterable]:
    """Return the workspaces of a user with the role held in each, by name. One query.

    A SuperAdmin has the main organisation and all workspaces linked to it, and is nothing else in them
    (`docs/rules.md` section 8). The ids come from three indexed look-ups, so that the number of other workspaces and
    of their members does not matter.
    """
    found = []
    for row in _ENTRIES.rows(user_id):
        workspace = _WORKSPACE.instance(row[: len(_WORKSPACE.lookups)])
        workspace.package = _PACKAGE.instance(row[len(_WORKSPACE.lookups) : -2])
        held_role, has_factor = row[-2:]
        closed = workspace.demands_second_factor and not has_factor
        found.append(Enterable(workspace=workspace, role=Role(held_role), closed=closed))
    return found


_WORKSPACE: Final = Columns(Workspace)
_PACKAGE: Final = Columns(PlatformPackage, "package")


def _entries(user_id: int) -> QuerySet[Any, tuple[Any, ...]]:
    ids = (
        Membership.objects.filter(user_id=user_id)
        .order_by()
        .values("workspace_id")
        .union(
            Workspace.objects.filter(super_admin_id=user_id).order_by().values("id"),
            Workspace.objects.filter(main__super_admin_id=user_id).order_by().values("id"),
        )
    )
    rows: QuerySet[Any, tuple[Any, ...]] = (
        Workspace.objects.filter(pk__in=ids)
        .annotate(own=FilteredRelation("memberships", condition=Q(memberships__user_id=user_id)))
        .annotate(
            held_role=Case(
                When(Q(super_admin_id=user_id) | Q(main__super_admin_id=user_id), then=Value(Role.SUPERADMIN.value)),
                default=F("own__role"),
                output_field=CharField(),
            ),
            has_factor=Exists(Authenticator.objects.filter(user_id=user_id, type__in=ACTIVE)),
        )
        .order_by("name", "pk")
        .values_list(*_WORKSPACE.lookups, *_PACKAGE.lookups, "held_role", "has_factor")
    )
    return rows


_ENTRIES: Final = PreparedQuery(_entries)


def user_by_email(email: str) -> User | None:
    """Return the user with an e-mail address, in any case and form. One query, by the unique index."""
    found = User.objects.alias(address=Lower("email")).filter(address__in=forms_of(email))
    # Earlier versions took two forms of one address for two.
    return min(found, key=lambda user: user.email != email.strip().lower(), default=None)


def erased_username(user_id: int) -> str:
    """Return what stands in place of an address that was erased; texts of events show it."""
    return f"{ERASED_NAME} (User ID: {user_id})"


def person_of(user: User) -> Person:
    """Return a user as events remember them."""
    username = user.email if user.erased is None else erased_username(user.pk)
    return Person(user_id=user.pk, name=user.name, username=username)


def may_support(user: User) -> bool:
    """Tell whether somebody is on the staff and may act in place of users. No query for superusers, else two."""
    return user.is_active and user.is_staff and user.has_perm(SUPPORT_RIGHT)


def seats_held(workspace: Workspace, now: datetime, *, besides: Invitation | None = None) -> int:
    """Return how many of the users that a package allows a workspace has: members, and invitations still good.

    Args:
        workspace: whose.
        now: the moment at which an invitation must not be over.
        besides: an invitation that does not count.
    """
    asked = workspace.invitations.filter(accepted__isnull=True, withdrawn__isnull=True, expires__gt=now)
    if besides is not None:
        asked = asked.exclude(pk=besides.pk)
    return workspace.memberships.count() + asked.count()


def zone_of(user: User) -> ZoneInfo | None:
    """Return the time zone a user has chosen, else that of their browser; `None` where neither is known here."""
    for name in ("zone", "timezone"):
        try:
            return ZoneInfo(user.preferences[name])
        except (KeyError, ValueError, TypeError, OSError):
            continue
    return None


def workspace_with_package(workspace_id: int, *, lock: bool = False) -> Workspace:
    """Return a workspace with its package. One query.

    Args:
        workspace_id: the workspace; staff and the portal itself may name one that does not exist.
        lock: lock the workspace, but not its key: whoever holds SIMs and commits a new device or a transfer needs that.
            The package is read after it, by a second query.

    Raises:
        NotFound: there is none; the text is that of `authorise` for a stranger.
    """
    if lock:
        workspaces = Workspace.objects.select_for_update(of=("self",), no_key=True)
    else:
        workspaces = Workspace.objects.select_related("package")
    workspace = workspaces.filter(pk=workspace_id).first()
    if workspace is None:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    return workspace


def operator_workspace_id() -> int:
    """Return the operator's own workspace, where what concerns staff alone is logged. One query.

    Raises:
        NoHome: its row is gone, so nothing that belongs there can be logged, and nothing is done.
    """
    if not Workspace.objects.filter(pk=OPERATOR_ID, type=Workspace.Type.OPERATOR).exists():
        raise NoHome(
            "The operator's workspace is gone, so this could not be logged and was not done. Run: manage.py migrate"
        )
    return OPERATOR_ID


def home_workspace_id(user: User) -> int:
    """Return the workspace whose log tells what concerns a user's account.

    The operator's for staff, the default workspace for customers; the operator's too for a customer without one.

    Raises:
        NoHome: it would be the operator's, which is gone.
    """
    if user.is_staff or user.default_workspace_id is None:
        return operator_workspace_id()
    return user.default_workspace_id


def without_administrator(user_id: int) -> list[Workspace]:
    """Return the workspaces that nobody could administer any more without a user, by name. One query.

    That is where no other active Administrator is, and no SuperAdmin: neither the present one, nor the Administrator of
    the main organisation who would follow the user as SuperAdmin.
    """

    def others(workspace: str) -> Exists:
        rows = Membership.objects.filter(
            workspace_id=OuterRef(workspace), role=Role.ADMINISTRATOR.value, user__status=User.Status.ACTIVE
        )
        return Exists(rows.exclude(user_id=user_id))

    theirs = Membership.objects.filter(user_id=user_id, role=Role.ADMINISTRATOR.value).order_by()
    rows = (
        Workspace.objects.filter(
            Q(pk__in=theirs.values("workspace_id")) | Q(super_admin_id=user_id) | Q(main__super_admin_id=user_id)
        )
        .exclude(others("pk"))
        .annotate(chief=Coalesce("main__super_admin_id", "super_admin_id"), follower=others("main_id"))
        .order_by("name", "pk")
    )
    return [row for row in rows if (row.chief is None or row.chief == user_id) and not row.follower]


def administrators_mailed(workspaces: Iterable[Workspace]) -> dict[int, list[str]]:
    """Return the addresses of active Administrators and of the SuperAdmin, by workspace. Three queries."""
    places = list(workspaces)
    found: dict[int, set[str]] = defaultdict(set)
    active = User.objects.filter(status=User.Status.ACTIVE, erased=None)
    members = Membership.objects.filter(workspace__in=places, role=Role.ADMINISTRATOR.value, user__in=active)
    for workspace_id, email in members.values_list("workspace_id", "user__email"):
        found[workspace_id].add(email)
    chiefs = Workspace.objects.filter(pk__in=[each.pk for each in places])
    heads = {pk: above or own for pk, own, above in chiefs.values_list("pk", "super_admin_id", "main__super_admin_id")}
    addresses = dict(active.filter(pk__in=set(heads.values()) - {None}).values_list("pk", "email"))
    for workspace_id, chief in heads.items():
        if chief in addresses:
            found[workspace_id].add(addresses[chief])
    return {each.pk: sorted(found[each.pk]) for each in places}


def is_super_admin(*, user_id: int, workspace_id: int) -> bool:
    """Tell whether a user is SuperAdmin of a workspace, by itself or by its main organisation."""
    return (
        Workspace.objects.filter(pk=workspace_id)
        .filter(Q(super_admin_id=user_id) | Q(main__super_admin_id=user_id))
        .exists()
    )


@dataclass(frozen=True, slots=True)
class SuperAdminOf:
    """The SuperAdmin of a workspace, by itself or by its main organisation."""

    user_id: int
    name: str


def super_admin_of(workspace: Workspace) -> SuperAdminOf | None:
    """Return who is SuperAdmin of a workspace, `None` for nobody. One query."""
    main_id = workspace.main_id or workspace.pk
    found = (
        Workspace.objects.filter(pk=main_id, super_admin__isnull=False)
        .values_list("super_admin_id", "super_admin__name")
        .first()
    )
    return SuperAdminOf(user_id=found[0] or 0, name=found[1] or "") if found else None


def usable(token: ApplicationToken, now: datetime) -> bool:
    """Tell whether an application token still opens the door; one that is over its date counts as revoked."""
    return token.status == ApplicationToken.Status.ACTIVATED and not (token.expiry_date and token.expiry_date <= now)


def tokens_made_by(user_id: int, *, workspace_id: int, now: datetime) -> QuerySet[ApplicationToken]:
    """Return the application tokens that somebody made in a workspace and that work."""
    working = Q(expiry_date__isnull=True) | Q(expiry_date__gt=now)
    return ApplicationToken.objects.of(workspace_id).filter(
        working, creator_id=user_id, status=ApplicationToken.Status.ACTIVATED
    )


def application_tokens(workspace_id: int) -> QuerySet[ApplicationToken]:
    """Return the application tokens of a workspace with their creators, newest first."""
    return ApplicationToken.objects.of(workspace_id).select_related("creator").order_by("-pk")
