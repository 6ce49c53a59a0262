"""Checks that services share: staff, the person themselves, or somebody who manages them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

from accounts.actors import actor_of, staff_actor
from accounts.locking import lock_user
from accounts.models import Membership, User, Workspace
from accounts.permissions import Permission, Role, actor_may, authorise_staff, refuse_closed
from accounts.selectors import is_super_admin
from accounts.staff_roles import MOVE_ADMINISTRATOR, STAFF_ACCOUNTS
from kit.billing import day_text
from kit.context import Actor, ActorKind, current_actor, current_context
from kit.errors import Conflict, Forbidden, NotFound

ADDRESS_SETTLES: Final = timedelta(days=30)
"""How long after staff changed somebody's address staff don't make them Administrator or SuperAdmin."""
_THEMSELVES = frozenset({ActorKind.USER, ActorKind.STAFF})
_RUNNING: Final = frozenset({Role.ADMINISTRATOR.value, Role.SUPERADMIN.value})


def account_actor(user: User) -> Actor:
    """Return the actor for what somebody does with their own account: staff act as staff, wherever they came in."""
    return staff_actor(user) if user.is_staff and user.is_active else actor_of(user)


def require_own_account(user_id: int) -> Actor:
    """Check that somebody acts on their own account, in their own name, and return the actor.

    Raises:
        Forbidden: somebody else, staff in place of a user, or an application token.
    """
    actor = current_actor()
    if actor.kind not in _THEMSELVES or actor.person is None or actor.person.user_id != user_id:
        raise Forbidden(_("Only the person can do this, signed in themselves."), permission="own_account")
    return actor


def require_over(user: User) -> None:
    """Check that the acting staff may change this account: superusers alone change accounts of staff.

    Raises:
        Forbidden: the account is that of staff, and its right is missing.
    """
    if user.is_staff or user.is_superuser:
        authorise_staff(STAFF_ACCOUNTS)


def require_customer(user: User, workspace: Workspace) -> None:
    """Check that somebody may belong to a workspace; asked wherever a membership or a SuperAdmin's post is given.

    Staff are no members of customers' workspaces: they enter as support, with a reason (`docs/rules.md` section 9).
    The operator's own workspace takes both.

    Args:
        user: locked, so that nobody joins the staff meanwhile.
        workspace: what they are to belong to.

    Raises:
        Conflict: it is a member of the operator's staff.
    """
    if user.is_staff and workspace.type != Workspace.Type.OPERATOR:
        text = _("Staff are no members of customers’ workspaces: they enter as support, with a reason.")
        raise Conflict(text, code="staff", field="user")


def runs_a_workspace(user_id: int) -> bool:
    """Tell whether somebody is Administrator or SuperAdmin anywhere. Two queries."""
    administers = Membership.objects.filter(user_id=user_id, role=Role.ADMINISTRATOR.value)
    return administers.exists() or Workspace.objects.filter(super_admin_id=user_id).exists()


def require_settled(user: User, role: str) -> None:
    """Refuse that staff make somebody run a workspace whose sign-in address staff have changed lately.

    Otherwise a member of staff could lower an Administrator, move the account to a mailbox of their own and raise it
    again. Customers decide for themselves, and so do superusers (`docs/rules.md` section 17).

    Args:
        user: locked.
        role: what the person is to be.

    Raises:
        Forbidden: it is too early; the text says who may.
    """
    moved, actor = user.moved_by_staff, current_actor()
    if role not in _RUNNING or not actor.everywhere or moved is None or actor.holds(MOVE_ADMINISTRATOR):
        return
    free = moved + ADDRESS_SETTLES
    if current_context().now() < free:
        raise Forbidden(
            _(
                "Staff changed the e-mail address of this account on %(day)s. Until %(free)s an Administrator of the "
                "workspace or a superuser gives it this role."
            )
            % {"day": day_text(moved), "free": day_text(free)},
            permission=MOVE_ADMINISTRATOR,
            code="moved",
        )


def customer_places(user_id: int) -> list[str]:
    """Return the names of the customers' workspaces that somebody is a member or SuperAdmin of, in order."""
    member = Workspace.objects.filter(memberships__user_id=user_id)
    led = Workspace.objects.filter(super_admin_id=user_id)
    customers = [rows.exclude(type=Workspace.Type.OPERATOR).values_list("pk", "name") for rows in (member, led)]
    return sorted({pk: name for rows in customers for pk, name in rows}.values())


def refuse_own_account(actor: Actor, user_id: int, permission: Permission) -> None:
    """Refuse to change the actor's own role or membership (`docs/rules.md` section 9).

    Raises:
        Forbidden: it is the actor's own account.
    """
    # Staff in place of a user are bound like the user.
    if any(person is not None and person.user_id == user_id for person in (actor.person, actor.acted_for)):
        raise Forbidden(
            _("You can't change your own account here. Another Administrator can."),
            permission=permission.value,
            code="own_account",
        )


def is_member(workspace_id: int, user_id: int) -> bool:
    """Tell whether somebody belongs to a workspace, as a member or as its SuperAdmin."""
    member = Membership.objects.of(workspace_id).filter(user_id=user_id).exists()
    return member or is_super_admin(user_id=user_id, workspace_id=workspace_id)


def lock_member(workspace_id: int, user_id: int) -> User:
    """Lock an account that belongs to a workspace, and return it.

    Raises:
        NotFound: the user is not in this workspace.
    """
    if not is_member(workspace_id, user_id):
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    return lock_user(user_id)


def require_managed(actor: Actor, workspace_id: int, user_id: int) -> User:
    """Lock somebody else's account that an Administrator is about to change, and return it.

    An account is one for all its workspaces, so the actor needs to be Administrator in each of them.

    Raises:
        NotFound: the user is not in this workspace.
        Conflict: the operator's staff manage this account.
        Forbidden: it is used in other workspaces too.
    """
    user = lock_member(workspace_id, user_id)
    _require_all_workspaces(actor, user)
    return user


def _require_all_workspaces(actor: Actor, user: User) -> None:
    """Refuse to touch an account that other workspaces depend on too."""
    if user.is_staff or Workspace.objects.filter(super_admin=user).exists():
        raise Conflict(_("The operator's staff manage this account."), code="super_admin")
    theirs = list(Membership.objects.filter(user=user).values_list("workspace_id", flat=True))
    for workspace_id in theirs:
        refuse_closed(actor, workspace_id)
    if not all(actor_may(actor, workspace_id, Permission.USER_MANAGE) for workspace_id in theirs):
        raise Forbidden(
            _("This account is used in workspaces that you don't administer. Remove it from this workspace instead."),
            permission=Permission.USER_MANAGE.value,
        )
