"""Who belongs to a workspace, and as what (`behaviour.md` sections 8 and 9)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Membership, User, Workspace
from accounts.permissions import Permission, Role, authorise
from accounts.selectors import is_super_admin, person_of
from accounts.services.rows import lock_user, lock_workspace
from accounts.services.sessions import refuse_own_account, require_staff
from accounts.services.users import seat_taken
from portal.kit.action import action
from portal.kit.context import ActorKind, current_actor, current_context
from portal.kit.errors import Conflict, Forbidden, Invalid, NotFound

NO_ROLE = "none"


def add_member(*, workspace_id: int, user_id: int, role: str) -> Membership:
    """Add a user to a workspace; the first one joined becomes the default.

    Staff alone can do it directly: customers invite, so that nobody learns who has an account here.

    Args:
        workspace_id: the workspace.
        user_id: who joins.
        role: Administrator, User or Observer.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such user or workspace.
        Conflict: a member already, or the package's number of users is reached.
        Invalid: not a role a member can have.
    """
    require_staff(Permission.USER_MANAGE.value)
    _require_assignable(role)
    with action():
        workspace = lock_workspace(workspace_id)
        user = lock_user(user_id)
        if workspace.memberships.filter(user=user).exists():
            raise Conflict(_("This user is a member already."), code="duplicate", field="user")
        asked = workspace.invitations.filter(user=user, accepted__isnull=True, withdrawn__isnull=True)
        seat_taken(workspace, besides=asked.first())
        # Whoever is in needs no invitation any more, and its link must not work later.
        asked.update(withdrawn=current_context().now())
        membership = Membership.objects.create(
            workspace=workspace, user=user, role=role, joined=current_context().now()
        )
        if user.default_workspace_id is None:
            user.default_workspace_id = workspace_id
            user.save(update_fields=["default_workspace"])
        signals.member_added.send(sender=Membership, workspace_id=workspace_id, subject=person_of(user), role=role)
    return membership


def change_role(*, workspace_id: int, user_id: int, role: str) -> Membership:
    """Give a member another role; the one held already changes nothing.

    Args:
        workspace_id: the workspace.
        user_id: whose.
        role: Administrator, User or Observer.

    Raises:
        NotFound: not a member, or the actor is not in this workspace.
        Forbidden: the actor may not manage users, or it is the actor's own role.
        Conflict: the user is SuperAdmin here, which staff alone reassign, or the last Administrator.
        Invalid: not a role a member can have.
    """
    actor = authorise(workspace_id, Permission.USER_MANAGE)
    refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    _require_assignable(role)
    with action():
        # The workspace's row is locked first, so that two Administrators cannot demote each other at once.
        lock_workspace(workspace_id)
        membership = _locked_membership(workspace_id, user_id)
        old = membership.role
        if old == role:
            return membership
        _refuse_super_admin(workspace_id, user_id)
        _keep_an_administrator(membership)
        membership.role = role
        membership.save(update_fields=["role"])
        signals.role_changed.send(
            sender=Membership, workspace_id=workspace_id, subject=person_of(membership.user), old=old, new=role
        )
    return membership


def remove_member(*, workspace_id: int, user_id: int) -> None:
    """Take a user out of a workspace; if it was the default, the next one joined becomes it.

    It is event 10026, and 46 when it was the last one: the account ends with it (`behaviour.md` section 18).

    Args:
        workspace_id: the workspace.
        user_id: who leaves.

    Raises:
        NotFound: not a member, or the actor is not in this workspace.
        Forbidden: the actor may not manage users, or it is the actor's own membership.
        Conflict: the user is SuperAdmin here, or the last Administrator.
    """
    actor = authorise(workspace_id, Permission.USER_MANAGE)
    refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    _take_out(workspace_id, user_id)


def leave_workspace(*, workspace_id: int) -> None:
    """Give up one's own membership; with the last one goes the account (event 46).

    Args:
        workspace_id: the workspace.

    Raises:
        NotFound: the actor is not a member.
        Forbidden: an application token, or staff acting for somebody.
        Conflict: the SuperAdmin and the last Administrator can't leave.
    """
    actor = current_actor()
    if actor.kind != ActorKind.USER or actor.person is None:
        raise Forbidden(_("Only the person can leave a workspace."), permission="workspace_leave")
    if workspace_id not in actor.roles:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    _take_out(workspace_id, actor.person.user_id)


def _take_out(workspace_id: int, user_id: int) -> None:
    with action():
        lock_workspace(workspace_id)
        membership = _locked_membership(workspace_id, user_id)
        _refuse_super_admin(workspace_id, user_id)
        _keep_an_administrator(membership)
        user = lock_user(user_id)
        role = membership.role
        membership.delete()
        left = Membership.objects.filter(user=user)
        if user.default_workspace_id == workspace_id:
            user.default_workspace_id = (
                left.filter(workspace__status=Workspace.Status.ENABLED)
                .order_by("joined", "pk")
                .values_list("workspace_id", flat=True)
                .first()
            ) or Workspace.objects.filter(super_admin=user).values_list("pk", flat=True).first()
            user.save(update_fields=["default_workspace"])
        facts = {"sender": Membership, "workspace_id": workspace_id, "subject": person_of(user)}
        if user.is_staff or left.exists() or Workspace.objects.filter(super_admin=user).exists():
            signals.member_removed.send(**facts, role=role)
        else:
            close_account(user)
            signals.user_deleted.send(**facts)


def close_account(user: User) -> None:
    """End a locked account that has no workspace left: it opens nothing, until somebody invites the person anew.

    The row stays, so that its id is never given to somebody else; erasing what it knows of the person is
    `erase_user`.
    """
    user.set_unusable_password()
    if user.status == User.Status.ACTIVE:
        user.status = User.Status.ACTIVATION_PENDING
    user.token_epoch += 1
    user.preferences = {}
    user.save(update_fields=["password", "status", "token_epoch", "preferences"])


def _keep_an_administrator(membership: Membership) -> None:
    """Refuse to take the last Administrator of a workspace, whose row is locked.

    Raises:
        Conflict: there would be none.
    """
    if membership.role != Role.ADMINISTRATOR:
        return
    others = Membership.objects.of(membership.workspace_id).filter(role=Role.ADMINISTRATOR).exclude(pk=membership.pk)
    if not others.exists():
        raise Conflict(
            _("This is the last Administrator of the workspace. Make somebody else Administrator first."),
            code="last_administrator",
        )


def set_super_admin(*, workspace_id: int, user_id: int) -> None:
    """Name the SuperAdmin of a main organisation; there is one, with access to all workspaces linked to it.

    Args:
        workspace_id: the main organisation.
        user_id: the new SuperAdmin; the former one keeps the memberships it has.

    Raises:
        Forbidden: somebody else than staff asks; customers can't reassign it.
        NotFound: no such workspace or user.
        Conflict: the workspace is linked to another one.
    """
    require_staff("super_admin")
    with action():
        workspace = lock_workspace(workspace_id)
        if workspace.main_id is not None:
            raise Conflict(_("Only a main organisation has a SuperAdmin; this workspace is linked to another one."))
        former_id = workspace.super_admin_id
        if former_id == user_id:
            return
        user = lock_user(user_id)
        held = dict(
            Membership.objects.filter(workspace=workspace, user_id__in=[user_id, former_id or 0]).values_list(
                "user_id", "role"
            )
        )
        workspace.super_admin = user
        workspace.save(update_fields=["super_admin"])
        if user.default_workspace_id is None:
            user.default_workspace_id = workspace_id
            user.save(update_fields=["default_workspace"])
        superadmin = Role.SUPERADMIN.value
        if former_id is not None:
            signals.role_changed.send(
                sender=Workspace,
                workspace_id=workspace_id,
                subject=person_of(User.objects.get(pk=former_id)),
                old=superadmin,
                new=held.get(former_id, NO_ROLE),
            )
        signals.role_changed.send(
            sender=Workspace,
            workspace_id=workspace_id,
            subject=person_of(user),
            old=held.get(user_id, NO_ROLE),
            new=superadmin,
        )


def drop_super_admin(*, workspace_id: int) -> None:
    """Take the SuperAdmin of an organisation that is about to be linked; who was it keeps what it is a member of.

    Args:
        workspace_id: the organisation.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such workspace.
        Conflict: workspaces are linked to it, so it needs one; or nobody else would administer it.
    """
    require_staff("super_admin")
    with action():
        workspace = lock_workspace(workspace_id)
        former_id = workspace.super_admin_id
        if former_id is None:
            return
        if workspace.linked.exists():
            raise Conflict(_("Workspaces are linked to it, so it keeps its SuperAdmin."), code="super_admin")
        if not workspace.memberships.filter(role=Role.ADMINISTRATOR.value).exists():
            raise Conflict(
                _("%(name)s has no Administrator besides its SuperAdmin. Add one first.") % {"name": workspace.name},
                code="last_administrator",
            )
        held = workspace.memberships.filter(user_id=former_id).values_list("role", flat=True).first()
        workspace.super_admin = None
        workspace.save(update_fields=["super_admin"])
        signals.role_changed.send(
            sender=Workspace,
            workspace_id=workspace_id,
            subject=person_of(User.objects.get(pk=former_id)),
            old=Role.SUPERADMIN.value,
            new=held or NO_ROLE,
        )


def _locked_membership(workspace_id: int, user_id: int) -> Membership:
    membership = (
        Membership.objects.of(workspace_id)
        .select_related("user")
        .select_for_update(of=("self",))
        .filter(user_id=user_id)
        .first()
    )
    if membership is None:
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    return membership


def _require_assignable(role: str) -> None:
    if role not in {assignable.value for assignable in Role.assignable()}:
        raise Invalid(_("A member is Administrator, User or Observer."), code="invalid_role", field="role")


def _refuse_super_admin(workspace_id: int, user_id: int) -> None:
    if is_super_admin(user_id=user_id, workspace_id=workspace_id):
        raise Conflict(_("This user is the SuperAdmin. The operator's staff can name another one."), code="super_admin")
