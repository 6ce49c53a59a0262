"""Who asked for work that goes on later, as they are by then: accounts are suspended and roles change meanwhile."""

from __future__ import annotations

from dataclasses import replace

from accounts.actors import access_of, actor_of_token, staff_actor
from accounts.models import ApplicationToken, User
from accounts.selectors import usable
from kit.context import Actor, ActorKind, current_context


def as_of_now(actor: Actor) -> Actor | None:
    """Return an actor with the rights of today, `None` when it may not act any more. At most two queries.

    The person stays as it was when the work was asked for: that is who did it.

    Args:
        actor: frozen with a job.
    """
    if actor.kind == ActorKind.APPLICATION_TOKEN:
        token = ApplicationToken.objects.select_related("workspace__package").filter(pk=actor.id).first()
        return actor_of_token(token) if token is not None and usable(token, current_context().now()) else None
    if actor.kind not in (ActorKind.USER, ActorKind.STAFF, ActorKind.STAFF_FOR_USER):
        return actor
    user = User.objects.filter(pk=actor.id, status=User.Status.ACTIVE).first()
    if user is None:
        return None
    if actor.kind == ActorKind.USER:
        return replace(access_of(user).actor, person=actor.person)
    if not user.is_staff:
        return None
    if actor.kind == ActorKind.STAFF:
        return replace(staff_actor(user), person=actor.person)
    # Under support access the rights are those of the user acted for, where they had any.
    visited = User.objects.filter(pk=actor.acted_for.user_id).first() if actor.acted_for is not None else None
    if visited is None:
        return None
    now = access_of(visited).actor
    return replace(actor, roles={pk: role for pk, role in now.roles.items() if pk in actor.roles})
