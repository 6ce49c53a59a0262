"""What happened around accounts and keys: refused sign-ins, new roles, people who left, tokens that came and went."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

from accounts.models import ApplicationToken
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.staff_accounts import reactivate_user, suspend_user, unlock_user, update_user
from accounts.permissions import Role
from accounts.sign_in.authentication import SignInRefused, sign_in_with_password
from accounts.sign_in.services.passwords import set_user_password
from accounts.tokens.jwts import TokenRefused
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.tokens.user_tokens import authenticate_application
from kit.context import Surface, current_context
from portal.demo import cast, secrets
from portal.demo.stage import Stage

WRONG = "not-my-password"


def write_people(stage: Stage) -> None:
    """Add the acts."""
    _write_accounts(stage)
    _write_refusals(stage)
    _write_tokens(stage)


def _write_accounts(stage: Stage) -> None:
    at = stage.calendar.at
    stage.add(at(6, 13, 10), "ingrid", partial(_role, stage, "water", "victor", cast.OBSERVER))
    stage.add(at(15, 16, 45), "marco", partial(_remove, stage, "water", "victor"))
    stage.add(at(9, 10, 5), "hugo", partial(_role, stage, "cold", "ben", cast.OBSERVER))
    stage.add(at(9, 10, 7), "hugo", partial(_role, stage, "cold", "ben", cast.USER))
    stage.add(at(17, 8, 40), "tobias", partial(_suspend, stage, "petra"))
    stage.add(at(18, 9, 15), "tobias", partial(_reactivate, stage, "petra"))
    stage.add(at(25, 8, 40), "tobias", partial(_suspend, stage, "petra"))
    # Somebody's name changes: events before keep the old one, events after show the new one.
    stage.add(at(14, 12, 20), "alma", partial(_rename, stage, "mei", "Mei Tanaka-Flynn"))
    stage.add(at(20, 8, 2), "jonas", partial(_password, stage, "jonas"))


def _role(stage: Stage, workspace: str, person: str, role: Role) -> None:
    change_role(workspace_id=stage.workspaces[workspace], user_id=stage.users[person].pk, role=role)
    stage.forget_actors()


def _remove(stage: Stage, workspace: str, person: str) -> None:
    remove_member(workspace_id=stage.workspaces[workspace], user_id=stage.users[person].pk)


def _suspend(stage: Stage, person: str) -> None:
    suspend_user(user_id=stage.users[person].pk)


def _reactivate(stage: Stage, person: str) -> None:
    reactivate_user(user_id=stage.users[person].pk)


def _rename(stage: Stage, person: str, name: str) -> None:
    stage.users[person] = update_user(user_id=stage.users[person].pk, changes={"name": name})
    stage.forget_actors()


def _password(stage: Stage, person: str) -> None:
    """Set a password; it is the one that the demo prints."""
    set_user_password(user_id=stage.users[person].pk, password=secrets.password_of(person))


def _write_refusals(stage: Stage) -> None:
    at = stage.calendar.at
    # Three in a row lock an account; the counter starts again, so nobody is near a lock afterwards.
    for number in range(3):
        stage.add(
            at(10, 10, 41, 9 * number),
            "visitor:marco",
            partial(_fail, stage, "marco"),
            surface=Surface.API,
            ip="203.0.113.200",
        )
    stage.add(at(10, 10, 44, 3), "alma", partial(_unlock, stage, "marco"))


def _fail(stage: Stage, person: str) -> None:
    with suppress(SignInRefused):
        sign_in_with_password(email=stage.users[person].email, password=WRONG)


def _unlock(stage: Stage, person: str) -> None:
    unlock_user(user_id=stage.users[person].pk)


def _write_tokens(stage: Stage) -> None:
    at = stage.calendar.at
    for number, (workspace, who) in enumerate((("water", "marco"), ("delta", "sanne"), ("cold", "amara"))):
        old = f"{workspace}/old"
        stage.add(at(2, 15, 3 * number), who, partial(_create, stage, old, "Spreadsheet import", cast.USER))
        stage.add(at(13, 9, 3 * number), who, partial(_revoke, stage, old))
        stage.add(
            at(13, 21, 3 * number),
            f"visitor:app:{old}",
            partial(_try, stage, old),
            surface=Surface.API,
            ip=cast.CUSTOMERS[workspace].program_ip,
        )
    stage.add(at(3, 9, 50), "priya", partial(_create, stage, "labs/short", "Field test", cast.USER, days=7))
    stage.add(
        at(11, 5, 0),
        "visitor:app:labs/short",
        partial(_try, stage, "labs/short"),
        surface=Surface.API,
        ip="192.0.2.103",
    )
    stage.add(at(11, 5, 10), "schedule", partial(_revoke, stage, "labs/short"))
    stage.add(
        at(5, 10, 0), "oskar", partial(_create, stage, "bikes/shop", "Shop till", cast.OBSERVER, ip="203.0.113.96/28")
    )
    stage.add(
        at(19, 19, 30),
        "visitor:app:bikes/shop",
        partial(_try, stage, "bikes/shop"),
        surface=Surface.API,
        ip="198.51.100.222",
    )


def _create(stage: Stage, key: str, name: str, role: Role, *, days: int = 0, ip: str = "") -> None:
    expiry = current_context().now() + timedelta(days=days) if days else None
    stage.tokens[key] = create_application_token(
        workspace_id=stage.workspaces[key.partition("/")[0]],
        description=name,
        role=role,
        expiry_date=expiry,
        ip=ip,
        value=secrets.application_token(key),
    ).token


def _revoke(stage: Stage, key: str) -> None:
    token: ApplicationToken = stage.tokens[key]
    revoke_application_token(workspace_id=token.workspace_id, token_id=token.pk)


def _try(stage: Stage, key: str) -> None:
    with suppress(TokenRefused):
        authenticate_application(value=secrets.application_token(key))
