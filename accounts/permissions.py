"""Which role may do what: one table, from `docs/rules.md` section 9 with its additions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from kit.context import Actor, ActorKind, current_actor, current_context
from kit.errors import Forbidden, NotFound


class Role(TextChoices):
    """Role of a user or application token in a workspace."""

    SUPERADMIN = "SuperAdmin", _("SuperAdmin")
    ADMINISTRATOR = "Administrator", _("Administrator")
    USER = "User", _("User")
    OBSERVER = "Observer", _("Observer")

    @classmethod
    def assignable(cls) -> tuple[Role, ...]:
        """Return the roles a membership can hold; SuperAdmin stands on the main organisation instead."""
        return (cls.ADMINISTRATOR, cls.USER, cls.OBSERVER)


class Permission(TextChoices):
    """A right inside one workspace."""

    INVENTORY_READ = "inventory_read", _("see SIMs, devices and policies")
    SIM_UPDATE = "sim_update", _("change SIMs")
    SIM_DELETE = "sim_delete", _("delete SIMs")
    SIM_REGISTER = "sim_register", _("register SIMs")
    SIM_TRANSFER = "sim_transfer", _("transfer SIMs to another workspace")
    DEVICE_UPDATE = "device_update", _("create and change devices")
    DEVICE_RESET = "device_reset", _("reset connectivity")
    POLICY_UPDATE = "policy_update", _("change policies")
    EVENT_READ = "event_read", _("read events")
    EVENT_OF_USER_READ = "event_of_user_read", _("list the events of another user")
    EVENT_CONTEXT_READ = "event_context_read", _("see address and client of an event")
    USER_MANAGE = "user_manage", _("manage users")
    TOKEN_CREATE = "token_create", _("create application tokens")
    TOKEN_REVOKE = "token_revoke", _("revoke application tokens")
    WORKSPACE_UPDATE = "workspace_update", _("change workspace settings")
    PACKAGE_UPDATE = "package_update", _("upgrade the package and book data plans")
    WORKSPACE_REQUEST = "workspace_request", _("request workspaces")
    ORDER_CREATE = "order_create", _("order SIMs")
    USER_READ = "user_read", _("see users by a program")
    VIEW_SHARE = "view_share", _("share views of lists")


_EVERYBODY = frozenset({Role.SUPERADMIN, Role.ADMINISTRATOR, Role.USER, Role.OBSERVER})
_WRITERS = frozenset({Role.SUPERADMIN, Role.ADMINISTRATOR, Role.USER})
_ADMINISTRATORS = frozenset({Role.SUPERADMIN, Role.ADMINISTRATOR})

TABLE: Mapping[Permission, frozenset[Role]] = {
    Permission.INVENTORY_READ: _EVERYBODY,
    Permission.SIM_UPDATE: _WRITERS,
    Permission.SIM_DELETE: _WRITERS,
    Permission.SIM_REGISTER: _WRITERS,
    Permission.SIM_TRANSFER: _ADMINISTRATORS,
    Permission.DEVICE_UPDATE: _WRITERS,
    Permission.DEVICE_RESET: _WRITERS,
    Permission.POLICY_UPDATE: _WRITERS,
    Permission.EVENT_READ: _EVERYBODY,
    Permission.EVENT_OF_USER_READ: _ADMINISTRATORS,
    Permission.EVENT_CONTEXT_READ: _ADMINISTRATORS,
    Permission.USER_MANAGE: _ADMINISTRATORS,
    Permission.TOKEN_CREATE: _EVERYBODY,
    Permission.TOKEN_REVOKE: _ADMINISTRATORS,
    Permission.WORKSPACE_UPDATE: _ADMINISTRATORS,
    Permission.PACKAGE_UPDATE: _ADMINISTRATORS,
    Permission.WORKSPACE_REQUEST: _ADMINISTRATORS,
    Permission.ORDER_CREATE: _WRITERS,
    Permission.USER_READ: _ADMINISTRATORS,
    Permission.VIEW_SHARE: _WRITERS,
}

_PEOPLE_ONLY = frozenset(
    {
        Permission.SIM_TRANSFER,
        Permission.PACKAGE_UPDATE,
        Permission.WORKSPACE_REQUEST,
        Permission.USER_MANAGE,
        Permission.TOKEN_CREATE,
        Permission.TOKEN_REVOKE,
        Permission.VIEW_SHARE,
    }
)
"""What an application token may never do (`docs/rules.md` section 9): whoever holds a leaked one must not be able to
make a way in that lasts longer than the token, or reaches further."""
_CUSTOMERS_ONLY = frozenset(
    {Permission.USER_MANAGE, Permission.USER_READ, Permission.TOKEN_CREATE, Permission.VIEW_SHARE}
)
"""What staff in place of a user may never do: what they left behind would last longer than their visit."""

STAFF_RIGHTS: Mapping[Permission, str] = {
    Permission.INVENTORY_READ: "sims.view_sim",
    Permission.SIM_UPDATE: "sims.change_sim",
    Permission.SIM_DELETE: "sims.change_sim",
    Permission.SIM_REGISTER: "sims.change_simbatch",
    Permission.SIM_TRANSFER: "sims.change_sim",
    Permission.DEVICE_UPDATE: "sims.change_device",
    Permission.DEVICE_RESET: "sims.change_device",
    Permission.POLICY_UPDATE: "sims.change_servicepolicy",
    Permission.EVENT_READ: "events.view_event",
    Permission.EVENT_OF_USER_READ: "events.view_event",
    Permission.EVENT_CONTEXT_READ: "events.view_event",
    Permission.USER_MANAGE: "accounts.change_user",
    Permission.TOKEN_CREATE: "accounts.change_workspace",
    Permission.TOKEN_REVOKE: "accounts.change_workspace",
    Permission.WORKSPACE_UPDATE: "accounts.change_workspace",
    Permission.PACKAGE_UPDATE: "accounts.change_workspace",
    Permission.WORKSPACE_REQUEST: "accounts.change_workspacerequest",
    Permission.ORDER_CREATE: "orders.change_order",
    Permission.USER_READ: "accounts.view_user",
    Permission.VIEW_SHARE: "accounts.change_workspace",
}
"""The right of the operator's staff that stands for a right in a workspace, when they act in their own name."""

_NEVER: Mapping[ActorKind, frozenset[Permission]] = {
    ActorKind.APPLICATION_TOKEN: _PEOPLE_ONLY,
    ActorKind.STAFF_FOR_USER: _CUSTOMERS_ONLY,
}


def role_may(role: str, permission: Permission) -> bool:
    """Return whether a role holds a right."""
    return role in TABLE[permission]


def actor_may(actor: Actor, workspace_id: int, permission: Permission) -> bool:
    """Return whether somebody holds a right in a workspace."""
    if actor.everywhere:
        return actor.holds(STAFF_RIGHTS[permission])
    role = actor.roles.get(workspace_id)
    if role is None or role not in TABLE[permission] or workspace_id in actor.closed:
        return False
    return permission not in _NEVER.get(actor.kind, frozenset())


def authorise(workspace_id: int, permission: Permission) -> Actor:
    """Check that the current actor holds a right, and return the actor. Runs no query.

    It is asked for again when the next action begins, should the actor's rights be others by then.

    Args:
        workspace_id: the workspace of the objects.
        permission: the right that is needed.

    Raises:
        NotFound: the actor is not in this workspace, so it does not exist for them.
        Forbidden: the role lacks the right, and the text says which right and who can give it; or the workspace demands
            a second factor, and the text says where to set it up.
    """
    actor = current_actor()
    if actor_may(actor, workspace_id, permission):
        current_context().asked[workspace_id, permission.value] = partial(authorise, workspace_id, permission)
        return actor
    if actor.everywhere:
        raise _no_staff_right(STAFF_RIGHTS[permission])
    if workspace_id not in actor.roles:
        raise NotFound(str(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id}))
    refuse_closed(actor, workspace_id)
    if actor.kind == ActorKind.APPLICATION_TOKEN and role_may(actor.roles[workspace_id], permission):
        raise Forbidden(
            str(_("Application tokens may not %(right)s; sign in as a user.") % {"right": permission.label}),
            permission=permission.value,
        )
    if actor.kind == ActorKind.STAFF_FOR_USER and role_may(actor.roles[workspace_id], permission):
        raise Forbidden(
            str(
                _("Support access may not %(right)s. The customer does it, or staff in the admin site.")
                % {"right": permission.label}
            ),
            permission=permission.value,
        )
    raise Forbidden(
        str(
            _("Your role %(role)s may not %(right)s. An Administrator of this workspace can change your role.")
            % {"role": actor.roles[workspace_id], "right": permission.label}
        ),
        permission=permission.value,
    )


def refuse_closed(actor: Actor, workspace_id: int) -> None:
    """Refuse a workspace that demands a second factor to somebody who has none.

    Raises:
        Forbidden: it is one; the text says what to do.
    """
    if workspace_id in actor.closed:
        raise Forbidden(
            str(
                _(
                    "Workspace %(id)s demands a second factor. Set it up in the portal under Your account, or by POST "
                    "/api/v1/user/mfa and PATCH /api/v1/user/mfa/{key}; then try again."
                )
                % {"id": workspace_id}
            ),
            permission="second_factor",
            code="second_factor",
        )


def authorise_staff(right: str) -> Actor:
    """Check that operator staff with a right, or the portal itself, acts, and return the actor.

    Args:
        right: as `accounts/staff_roles.py` and Django name it, such as "orders.change_order".

    Raises:
        Forbidden: a customer's user or token acts, or staff without this right.
    """
    actor = current_actor()
    if not actor.everywhere:
        raise Forbidden(str(_("Only the operator's staff can do this.")), permission=right)
    if not actor.holds(right):
        raise _no_staff_right(right)
    current_context().asked[None, right] = partial(authorise_staff, right)
    return actor


def _no_staff_right(right: str) -> Forbidden:
    text = _("Your staff role does not allow this: it needs the right %(right)s. A superuser can give you another.")
    return Forbidden(str(text % {"right": right}), permission=right)
