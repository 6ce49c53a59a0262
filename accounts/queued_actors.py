"""Who asked for work that goes on later, as they are by then: accounts are suspended and roles change meanwhile."""

from __future__ import annotations

from dataclasses import replace

from accounts.actors import access_of, actor_of_token, staff_actor
from accounts.models import ApplicationToken, SupportAccess, User
from accounts.permissions import Role
from accounts.selectors import may_support, usable
from kit.context import PERSON_KINDS, Actor, ActorKind, current_context, open_context


def as_of_now(actor: Actor) -> Actor | None:
    """Return an actor with the rights of today, `None` when it may not act any more. At most four queries.

    Two more are for rights of staff who are no superusers, when they are asked for. Staff in place of a user go on as
    long as such a visit is open, they may make one, and the user is active (`docs/rules.md` section 11). Whoever was
    signed in by a password that was changed since, or signed out everywhere, does not go on. The person stays as it was
    when the work was asked for: that is who did it.

    Args:
        actor: frozen with a job.
    """
    if actor.kind == ActorKind.APPLICATION_TOKEN:
        token = ApplicationToken.objects.select_related("workspace__package").filter(pk=actor.id).first()
        return actor_of_token(token) if token is not None and usable(token, current_context().now()) else None
    if actor.kind not in PERSON_KINDS:
        return actor
    user = User.objects.filter(pk=actor.id, status=User.Status.ACTIVE).first()
    if user is None or not _by_credentials_of_now(actor, user):
        return None
    if actor.kind == ActorKind.USER:
        return replace(access_of(user).actor, person=actor.person)
    if not user.is_staff:
        return None
    if actor.kind == ActorKind.STAFF:
        return replace(staff_actor(user), person=actor.person)
    # Under support access the rights are those of the user acted for, where they had any.
    access = _open_visit(actor, user) if may_support(user) else None
    if access is None or not access.acted_for.is_active:
        return None
    now = access_of(access.acted_for).actor
    roles = {pk: role for pk, role in now.roles.items() if pk in actor.roles and pk == access.workspace_id}
    # A support token that only looks stays one.
    looks = {pk: role for pk, role in actor.roles.items() if role == Role.OBSERVER}
    kept = {pk: looks[pk] for pk in roles if pk in looks}
    return replace(actor, roles={**roles, **kept}, epoch=user.token_epoch)


def _by_credentials_of_now(actor: Actor, user: User) -> bool:
    """Tell whether somebody acts by credentials that hold, or has just chosen others; frozen jobs of old name none."""
    context = open_context()
    chosen = context is not None and (user.pk, user.token_epoch) in context.epochs
    return actor.epoch is None or actor.epoch == user.token_epoch or chosen


def _open_visit(actor: Actor, staff: User) -> SupportAccess | None:
    """Return the support access that staff are in, in place of the same user. One query."""
    if actor.acted_for is None:
        return None
    return (
        SupportAccess.objects.select_related("acted_for")
        .filter(staff=staff, acted_for_id=actor.acted_for.user_id, ended__isnull=True)
        .filter(expires__gt=current_context().now())
        .first()
    )
