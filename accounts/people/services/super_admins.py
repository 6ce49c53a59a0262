"""Who is SuperAdmin of a main organisation: staff name one, and there is always one (`docs/rules.md` section 8)."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import signals
from accounts.authority import require_customer, require_settled
from accounts.locking import lock_user, lock_workspace
from accounts.models import Membership, User, Workspace
from accounts.people.services.members import settle_tokens
from accounts.people.services.notices import tell_administrators
from accounts.permissions import Role, authorise_staff
from accounts.selectors import person_of
from kit.action import action, retried
from kit.errors import Conflict

NO_ROLE: Final = "none"
_STRAY_STAFF: Final = Q(user__is_staff=True) & ~Q(workspace__type=Workspace.Type.OPERATOR)
"""Members who should be none (`docs/rules.md` section 9): staff in a customer's workspace."""


@retried
def set_super_admin(*, workspace_id: int, user_id: int) -> None:
    """Name the SuperAdmin of a main organisation; there is one, with access to all workspaces linked to it.

    Args:
        workspace_id: the main organisation.
        user_id: the new SuperAdmin; the former one keeps the memberships it has.

    Raises:
        Forbidden: somebody else than staff asks; customers can't reassign it. Or staff changed the user's address
            lately (`require_settled`).
        NotFound: no such workspace or user.
        Conflict: the workspace is linked to another one, or the user is on the operator's staff.
    """
    authorise_staff("accounts.change_user")
    with action():
        lock_workspace(workspace_id)
        require_settled(lock_user(user_id), Role.SUPERADMIN)
        _name_super_admin(workspace_id, user_id)


def _name_super_admin(workspace_id: int, user_id: int) -> None:
    """Do what `set_super_admin` says, also as the consequence of an action that asks for another right."""
    with action():
        workspace = lock_workspace(workspace_id)
        if workspace.main_id is not None:
            raise Conflict(_("Only a main organisation has a SuperAdmin; this workspace is linked to another one."))
        former_id = workspace.super_admin_id
        if former_id == user_id:
            return
        user = lock_user(user_id)
        former = User.objects.filter(pk=former_id or 0).first()
        require_customer(user, workspace)
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
        if former is not None:
            signals.role_changed.send(
                sender=Workspace,
                workspace_id=workspace_id,
                subject=person_of(former),
                old=superadmin,
                new=held.get(former.pk, NO_ROLE),
                covers={"workspace": [workspace_id]},
            )
            _settle_tokens_of_former(former.pk, workspace_id)
            tell_administrators(former, "lowered", workspace_id=workspace_id)
        signals.role_changed.send(
            sender=Workspace,
            workspace_id=workspace_id,
            subject=person_of(user),
            old=held.get(user_id, NO_ROLE),
            new=superadmin,
            covers={"workspace": [workspace_id]},
        )
        tell_administrators(user, "raised", workspace_id=workspace_id)


@retried
def drop_super_admin(*, workspace_id: int) -> None:
    """Take the SuperAdmin of an organisation that is about to be linked; who was it keeps what it is a member of.

    Args:
        workspace_id: the organisation.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such workspace.
        Conflict: workspaces are linked to it, so it needs one; or nobody else would administer it.
    """
    authorise_staff("accounts.change_workspace")
    with action():
        workspace = lock_workspace(workspace_id)
        if workspace.super_admin_id is None:
            return
        if workspace.linked.exists():
            raise Conflict(_("Workspaces are linked to it, so it keeps its SuperAdmin."), code="super_admin")
        administrators = workspace.memberships.filter(role=Role.ADMINISTRATOR.value, user__status=User.Status.ACTIVE)
        if not administrators.exists():
            raise Conflict(
                _("%(name)s has no Administrator besides its SuperAdmin. Add one first.") % {"name": workspace.name},
                code="last_administrator",
            )
        _clear_super_admin(workspace)


def keep_super_admin(main: Workspace, *, leaving: int | None = None) -> bool:
    """Give a main organisation the SuperAdmin it lacks: its longest-standing active Administrator.

    Args:
        main: a main organisation; its row is locked.
        leaving: id of a user who is about to go. As SuperAdmin they are replaced, by somebody else or by nobody.

    Returns:
        Whether it has one now; `False` when it has no active Administrator.
    """
    if main.super_admin_id not in (None, leaving):
        return True
    first = (
        Membership.objects.of(main.pk)
        .filter(role=Role.ADMINISTRATOR.value, user__status=User.Status.ACTIVE)
        .exclude(user_id=leaving or 0)
        .exclude(_STRAY_STAFF)
        .order_by("joined", "pk")
        .values_list("user_id", flat=True)
        .first()
    )
    if first is not None:
        _name_super_admin(main.pk, first)
    elif main.super_admin_id is not None:
        _clear_super_admin(main)
    return first is not None


def _clear_super_admin(workspace: Workspace) -> None:
    """Leave a locked workspace without a SuperAdmin, and tell it."""
    former = User.objects.get(pk=workspace.super_admin_id or 0)
    held = workspace.memberships.filter(user=former).values_list("role", flat=True).first()
    workspace.super_admin = None
    workspace.save(update_fields=["super_admin"])
    signals.role_changed.send(
        sender=Workspace,
        workspace_id=workspace.pk,
        subject=person_of(former),
        old=Role.SUPERADMIN.value,
        new=held or NO_ROLE,
        covers={"workspace": [workspace.pk]},
    )
    _settle_tokens_of_former(former.pk, workspace.pk)


def _settle_tokens_of_former(user_id: int, main_id: int) -> None:
    """Settle the application tokens of a former SuperAdmin, in the main organisation and all linked to it."""
    places = Workspace.objects.filter(Q(pk=main_id) | Q(main_id=main_id)).order_by("pk")
    for workspace_id in places.values_list("pk", flat=True):
        settle_tokens(workspace_id=workspace_id, user_id=user_id)
