"""Who belongs to a workspace, and as what (`docs/rules.md` sections 8 and 9)."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts import signals
from accounts.authority import refuse_own_account, require_customer, require_settled
from accounts.locking import lock_user, lock_workspace
from accounts.models import Membership, TrustedDevice, User, Workspace
from accounts.models.second_factors import ACTIVE, KINDS
from accounts.naming import require_unlike_members
from accounts.people.services.notices import What, tell_administrators
from accounts.people.services.seats import seat_taken
from accounts.permissions import Permission, Role, authorise, authorise_staff
from accounts.saved_views.leaving import forget_views
from accounts.selectors import is_super_admin, person_of, tokens_made_by
from accounts.sign_in.services.sessions import drop_sessions
from accounts.standing import withhold
from accounts.tokens.services import end_tokens, lower_tokens
from kit.action import action, retried
from kit.context import ActorKind, current_actor, current_context
from kit.errors import Conflict, Forbidden, Invalid, NotFound


@retried
def add_member(*, workspace_id: int, user_id: int, role: str) -> Membership:
    """Add a user to a workspace; the first one joined becomes the default.

    Staff alone can do it directly: customers invite, so that nobody learns who has an account here.

    Args:
        workspace_id: the workspace.
        user_id: who joins.
        role: Administrator, User or Observer.

    Raises:
        Forbidden: somebody else than staff asks, or staff changed the user's address lately (`require_settled`).
        NotFound: no such user or workspace.
        Conflict: a member already, on the operator's staff, or the package's number of users is reached.
        Invalid: not a role a member can have.
    """
    authorise_staff("accounts.change_user")
    _require_assignable(role)
    with action():
        workspace = lock_workspace(workspace_id)
        user = lock_user(user_id)
        require_customer(user, workspace)
        require_settled(user, role)
        if workspace.memberships.filter(user=user).exists():
            raise Conflict(_("This user is a member already."), code="duplicate", field="user")
        require_unlike_members(user.name, [workspace_id], besides=user_id, field="user")
        asked = workspace.invitations.filter(user=user, accepted__isnull=True, withdrawn__isnull=True)
        seat_taken(workspace, besides=asked.first())
        # Whoever is in needs no invitation any more, and its link must not work later.
        withdrawn = list(asked.values_list("pk", flat=True))
        asked.update(withdrawn=current_context().now())
        membership = Membership.objects.create(
            workspace=workspace, user=user, role=role, joined=current_context().now()
        )
        if user.default_workspace_id is None:
            user.default_workspace_id = workspace_id
            user.save(update_fields=["default_workspace"])
        signals.member_added.send(
            sender=Membership,
            workspace_id=workspace_id,
            subject=person_of(user),
            role=role,
            covers={"membership": [membership.pk], "invitation": withdrawn},
        )
        if role == Role.ADMINISTRATOR:
            tell_administrators(user, "raised", workspace_id=workspace_id)
    return membership


@retried
def change_role(*, workspace_id: int, user_id: int, role: str) -> Membership:
    """Give a member another role; the one held already changes nothing.

    Application tokens that the member made are lowered with a lower role (event 10085).

    Args:
        workspace_id: the workspace.
        user_id: whose.
        role: Administrator, User or Observer.

    Raises:
        NotFound: not a member, or the actor is not in this workspace.
        Forbidden: the actor may not manage users, it is the actor's own role, or staff changed the user's address
            lately (`require_settled`).
        Conflict: the user is SuperAdmin here, which staff alone reassign, or the last Administrator.
        Invalid: not a role a member can have.
    """
    actor = authorise(workspace_id, Permission.USER_MANAGE)
    refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    _require_assignable(role)
    with action():
        _withhold(workspace_id, user_id)
        # The workspace's row is locked first, so that two Administrators cannot demote each other at once.
        lock_workspace(workspace_id)
        _refuse_super_admin(workspace_id, user_id)
        membership = _locked_membership(workspace_id, user_id)
        old = membership.role
        if old == role:
            return membership
        require_settled(lock_user(user_id), role)
        keep_administrators(Membership.objects.filter(pk=membership.pk))
        membership.role = role
        membership.save(update_fields=["role"])
        signals.role_changed.send(
            sender=Membership,
            workspace_id=workspace_id,
            subject=person_of(membership.user),
            old=old,
            new=role,
            covers={"membership": [membership.pk]},
        )
        settle_tokens(workspace_id=workspace_id, user_id=user_id)
        if Role.ADMINISTRATOR in (old, role):
            what: What = "raised" if role == Role.ADMINISTRATOR else "lowered"
            tell_administrators(membership.user, what, workspace_id=workspace_id)
    return membership


def remove_member(*, workspace_id: int, user_id: int) -> None:
    """Take a user out of a workspace; if it was the default, the next one joined becomes it.

    Application tokens that the user made there are revoked (event 10031 for each); the dialog says how many.

    It is event 10026, and 46 when it was the last one: the account ends with it (`docs/rules.md` section 18).

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


@retried
def _take_out(workspace_id: int, user_id: int) -> None:
    with action():
        _withhold(workspace_id, user_id)
        lock_workspace(workspace_id)
        # Who is SuperAdmin without being a member stands in the list too, and is not unknown.
        _refuse_super_admin(workspace_id, user_id)
        membership = _locked_membership(workspace_id, user_id)
        keep_administrators(Membership.objects.filter(pk=membership.pk))
        user = lock_user(user_id)
        role, covers = membership.role, {"membership": [membership.pk]}
        membership.delete()
        forget_views(user_id=user_id, workspace_id=workspace_id)
        left = Membership.objects.filter(user=user)
        if user.default_workspace_id == workspace_id:
            user.default_workspace_id = (
                left.filter(workspace__status=Workspace.Status.ENABLED)
                .order_by("joined", "pk")
                .values_list("workspace_id", flat=True)
                .first()
            ) or Workspace.objects.filter(super_admin=user).values_list("pk", flat=True).first()
            user.save(update_fields=["default_workspace"])
        facts = {
            "sender": Membership,
            "workspace_id": workspace_id,
            "subject": person_of(user),
            "covers": covers,
        }
        if user.is_staff or left.exists() or Workspace.objects.filter(super_admin=user).exists():
            signals.member_removed.send(**facts, role=role)
        else:
            close_account(user, workspace_id)
            signals.user_deleted.send(**facts)
        if role == Role.ADMINISTRATOR:
            tell_administrators(user, "removed", workspace_id=workspace_id)
        settle_tokens(workspace_id=workspace_id, user_id=user_id)


def _withhold(workspace_id: int, user_id: int) -> None:
    """Wait for what a person does, and for the tokens they made in a workspace, before rows are locked."""
    tokens = tokens_made_by(user_id, workspace_id=workspace_id, now=current_context().now())
    withhold(users=[user_id], tokens=tokens.values_list("pk", flat=True))


def close_account(user: User, workspace_id: int) -> None:
    """End a locked account that has no workspace left: it opens nothing, until somebody invites the person anew.

    Whoever is invited then starts without a second factor, a trusted device or a session of before (event 14 for the
    key). The row stays, so that its id is never given to somebody else; erasing what it knows of the person is
    `erase_user`.

    Args:
        user: whose account.
        workspace_id: the workspace they leave, in whose log it is told.
    """
    user.set_unusable_password()
    if user.status == User.Status.ACTIVE:
        user.status = User.Status.ACTIVATION_PENDING
    user.end_credentials()
    user.preferences = {}
    user.save(update_fields=["password", "status", "token_epoch", "preferences"])
    keys = Authenticator.objects.filter(user=user)
    active = list(keys.filter(type__in=ACTIVE).values_list("pk", "type"))
    keys.delete()
    TrustedDevice.objects.filter(user=user).delete()
    drop_sessions(user.pk)
    for key_id, kind in active:
        signals.mfa_removed.send(
            sender=User, workspace_id=workspace_id, subject=person_of(user), key_id=key_id, kind=KINDS[kind]
        )


def lock_administered(user_id: int) -> None:
    """Lock the workspaces a user is Administrator of, in the order of their ids: before the user's own row."""
    own = Membership.objects.filter(user_id=user_id, role=Role.ADMINISTRATOR).values("workspace_id")
    list(Workspace.objects.select_for_update(of=("self",)).filter(pk__in=own).order_by("pk").values_list("pk"))


def keep_administrators(memberships: QuerySet[Membership]) -> None:
    """Refuse to take the last Administrator of a workspace; only active accounts count. One query.

    Args:
        memberships: what is about to end, or to be of no use; the rows of their workspaces are locked.

    Raises:
        Conflict: a workspace would have none.
    """
    others = Membership.objects.filter(
        workspace_id=OuterRef("workspace_id"), role=Role.ADMINISTRATOR, user__status=User.Status.ACTIVE
    ).exclude(pk=OuterRef("pk"))
    alone = memberships.filter(role=Role.ADMINISTRATOR).exclude(Exists(others)).order_by("workspace__name")
    name = alone.values_list("workspace__name", flat=True).first()
    if name is not None:
        raise Conflict(
            _("This is the last Administrator of %(workspace)s. Make somebody else Administrator first.")
            % {"workspace": name},
            code="last_administrator",
        )


def settle_tokens(*, workspace_id: int, user_id: int) -> None:
    """Lower or end the application tokens that somebody made, after a role or membership of theirs has changed.

    A token never has more rights than who made it (`docs/rules.md` section 10): it goes down with a lower role (event
    10085), and is revoked when the person is in the workspace no more (event 10031).

    Args:
        workspace_id: the workspace, where the change is made already.
        user_id: whose role it was.
    """
    if is_super_admin(user_id=user_id, workspace_id=workspace_id):
        return
    role = Membership.objects.of(workspace_id).filter(user_id=user_id).values_list("role", flat=True).first()
    if role is None:
        end_tokens(creator_id=user_id, workspace_id=workspace_id)
    else:
        lower_tokens(workspace_id=workspace_id, creator_id=user_id, role=role)


def _locked_membership(workspace_id: int, user_id: int) -> Membership:
    membership = Membership.objects.of(workspace_id).select_for_update(of=("self",)).filter(user_id=user_id).first()
    if membership is None:
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    return membership


def _require_assignable(role: str) -> None:
    if role not in {assignable.value for assignable in Role.assignable()}:
        raise Invalid(_("A member is Administrator, User or Observer."), code="invalid_role", field="role")


def _refuse_super_admin(workspace_id: int, user_id: int) -> None:
    if is_super_admin(user_id=user_id, workspace_id=workspace_id):
        raise Conflict(_("This user is the SuperAdmin. The operator's staff can name another one."), code="super_admin")
