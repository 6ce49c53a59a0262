"""The table of `docs/rules.md` section 9, pinned: a change of it has to be made twice."""

from __future__ import annotations

import pytest

from accounts.permissions import TABLE, Permission, Role, actor_may, authorise, role_may
from kit.context import NETWORK, SYSTEM, Actor, ActorKind, NoActor, NoContext, Surface, acting_as
from kit.errors import Forbidden, NotFound

PINNED = """
    right                SuperAdmin Administrator User Observer token
    INVENTORY_READ       y          y             y    y        y
    SIM_UPDATE           y          y             y    n        y
    SIM_DELETE           y          y             y    n        y
    SIM_REGISTER         y          y             y    n        y
    SIM_TRANSFER         y          y             n    n        n
    DEVICE_UPDATE        y          y             y    n        y
    DEVICE_RESET         y          y             y    n        y
    POLICY_UPDATE        y          y             y    n        y
    EVENT_READ           y          y             y    y        y
    EVENT_OF_USER_READ   y          y             n    n        y
    EVENT_CONTEXT_READ   y          y             n    n        y
    USER_MANAGE          y          y             n    n        n
    TOKEN_CREATE         y          y             y    y        n
    TOKEN_REVOKE         y          y             n    n        n
    WORKSPACE_UPDATE     y          y             n    n        y
    PACKAGE_UPDATE       y          y             n    n        n
    WORKSPACE_REQUEST    y          y             n    n        n
    ORDER_CREATE         y          y             y    n        y
    USER_READ            y          y             n    n        y
    VIEW_SHARE           y          y             y    n        n
"""
_HEAD, *_ROWS = [line.split() for line in PINNED.strip().splitlines()]
CELLS = [
    (Permission[row[0]], head, cell == "y") for row in _ROWS for head, cell in zip(_HEAD[1:], row[1:], strict=True)
]


def actor(role: str, kind: ActorKind = ActorKind.USER) -> Actor:
    return Actor(kind=kind, id=1, label="Somebody", roles={7: role})


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Permission)
    assert [row[0] for row in _ROWS] == [permission.name for permission in Permission]
    assert _HEAD[1:-1] == [role.value for role in Role]


@pytest.mark.parametrize(("permission", "who", "allowed"), CELLS)
def test_who_may_do_what(permission: Permission, who: str, allowed: bool) -> None:
    """The last column is an application token of an Administrator."""
    if who == "token":
        asked = actor("Administrator", ActorKind.APPLICATION_TOKEN)
    else:
        asked = actor(who)
        assert role_may(who, permission) is allowed
    assert actor_may(asked, 7, permission) is allowed
    with acting_as(asked, surface=Surface.API):
        if allowed:
            assert authorise(7, permission) is asked
        else:
            with pytest.raises(Forbidden) as caught:
                authorise(7, permission)
            assert caught.value.permission == permission.value
            assert str(permission.label) in caught.value.message


@pytest.mark.parametrize("permission", Permission)
def test_elsewhere_nobody_may_anything_and_nothing_exists(permission: Permission) -> None:
    for role in Role:
        assert not actor_may(actor(role.value), 8, permission)
    with acting_as(actor("SuperAdmin")), pytest.raises(NotFound):
        authorise(8, permission)


@pytest.mark.parametrize("everywhere", [SYSTEM, NETWORK])
def test_the_portal_itself_is_not_bound(everywhere: Actor) -> None:
    assert all(actor_may(everywhere, 8, permission) for permission in Permission)


def test_without_an_actor_nothing_is_decided() -> None:
    with pytest.raises(NoContext):
        authorise(7, Permission.SIM_UPDATE)
    with acting_as(SYSTEM) as opened:
        opened.actor = None
        with pytest.raises(NoActor):
            authorise(7, Permission.SIM_UPDATE)
