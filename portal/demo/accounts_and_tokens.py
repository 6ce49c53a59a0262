"""What happened around accounts and keys: refused sign-ins, new roles, people who left, tokens that came and went."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

from accounts.models import ApplicationToken
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.staff_accounts import reactivate_user, suspend_user, unlock_user, update_user
from accounts.permissions import Role
from accounts.saved_views.services import change_view, delete_view, save_view
from accounts.sign_in.authentication import SignInRefused, sign_in_with_password
from accounts.sign_in.services.passwords import set_user_password
from accounts.tokens.jwts import TokenRefused
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.tokens.user_tokens import authenticate_application
from kit.context import Surface, current_context
from portal.demo import master_data, secrets
from portal.demo.past import Past

WRONG = "not-my-password"


def write_accounts_and_tokens(past: Past) -> None:
    """Add the acts."""
    _write_accounts(past)
    _write_refusals(past)
    _write_tokens(past)
    _write_views(past)


def _write_accounts(past: Past) -> None:
    at = past.calendar.at
    past.add(at(6, 13, 10), "ingrid", partial(_role, past, "water", "victor", master_data.OBSERVER))
    past.add(at(15, 16, 45), "marco", partial(_remove, past, "water", "victor"))
    past.add(at(9, 10, 5), "hugo", partial(_role, past, "cold", "ben", master_data.OBSERVER))
    past.add(at(9, 10, 7), "hugo", partial(_role, past, "cold", "ben", master_data.USER))
    past.add(at(17, 8, 40), "tobias", partial(_suspend, past, "petra"))
    past.add(at(18, 9, 15), "tobias", partial(_reactivate, past, "petra"))
    past.add(at(25, 8, 40), "tobias", partial(_suspend, past, "petra"))
    # Somebody's name changes: events before keep the old one, events after show the new one.
    past.add(at(14, 12, 20), "alma", partial(_rename, past, "mei", "Mei Tanaka-Flynn"))
    past.add(at(20, 8, 2), "jonas", partial(_password, past, "jonas"))


def _write_views(past: Past) -> None:
    """Views of lists that the first workspaces share."""
    at = past.calendar.at
    unused, dark = "status=1&device=none", "status=1"
    past.add_aside(at(3, 9, 20), "marco", partial(_share, past, "water", "sims", "Charged but unused", unused))
    past.add_aside(at(3, 9, 25), "marco", partial(_share, past, "water", "devices", "Disabled meters", dark))
    past.add_aside(at(3, 9, 31), "marco", partial(_share, past, "water", "events", "Warnings", "severity=1,2"))
    past.add_aside(at(4, 14, 5), "amara", partial(_share, past, "cold", "sims", "Old trucks", "status=2"))
    past.add_aside(
        at(6, 8, 50), "marco", partial(_reshape, past, "water/Disabled meters", f"{dark}&sort=-last_updated")
    )
    past.add_aside(at(12, 16, 10), "amara", partial(_unshare, past, "cold/Old trucks"))


def _share(past: Past, workspace: str, list_name: str, name: str, query: str) -> None:
    past.views[f"{workspace}/{name}"] = save_view(
        workspace_id=past.workspaces[workspace], list_name=list_name, name=name, query=query, shared=True
    )


def _reshape(past: Past, key: str, query: str) -> None:
    change_view(workspace_id=past.views[key].workspace_id, view_id=past.views[key].pk, query=query)


def _unshare(past: Past, key: str) -> None:
    delete_view(workspace_id=past.views[key].workspace_id, view_id=past.views[key].pk)


def _role(past: Past, workspace: str, person: str, role: Role) -> None:
    change_role(workspace_id=past.workspaces[workspace], user_id=past.users[person].pk, role=role)
    past.forget_actors()


def _remove(past: Past, workspace: str, person: str) -> None:
    remove_member(workspace_id=past.workspaces[workspace], user_id=past.users[person].pk)


def _suspend(past: Past, person: str) -> None:
    suspend_user(user_id=past.users[person].pk)


def _reactivate(past: Past, person: str) -> None:
    reactivate_user(user_id=past.users[person].pk)


def _rename(past: Past, person: str, name: str) -> None:
    past.users[person] = update_user(user_id=past.users[person].pk, changes={"name": name})
    past.forget_actors()


def _password(past: Past, person: str) -> None:
    """Set a password; it is the one that the demo prints."""
    set_user_password(user_id=past.users[person].pk, password=secrets.password_of(person))


def _write_refusals(past: Past) -> None:
    at = past.calendar.at
    # Three in a row lock an account; the counter starts again, so nobody is near a lock afterwards.
    for number in range(3):
        past.add(
            at(10, 10, 41, 9 * number),
            "visitor:marco",
            partial(_fail, past, "marco"),
            surface=Surface.API,
            ip="203.0.113.200",
        )
    past.add(at(10, 10, 44, 3), "alma", partial(_unlock, past, "marco"))


def _fail(past: Past, person: str) -> None:
    with suppress(SignInRefused):
        sign_in_with_password(email=past.users[person].email, password=WRONG)


def _unlock(past: Past, person: str) -> None:
    unlock_user(user_id=past.users[person].pk)


def _write_tokens(past: Past) -> None:
    at = past.calendar.at
    for number, (workspace, who) in enumerate((("water", "marco"), ("delta", "sanne"), ("cold", "amara"))):
        old = f"{workspace}/old"
        past.add(at(2, 15, 3 * number), who, partial(_create, past, old, "Spreadsheet import", master_data.USER))
        past.add(at(13, 9, 3 * number), who, partial(_revoke, past, old))
        past.add(
            at(13, 21, 3 * number),
            f"visitor:app:{old}",
            partial(_try, past, old),
            surface=Surface.API,
            ip=master_data.CUSTOMERS[workspace].program_ip,
        )
    past.add(at(3, 9, 50), "priya", partial(_create, past, "labs/short", "Field test", master_data.USER, days=7))
    past.add(
        at(11, 5, 0),
        "visitor:app:labs/short",
        partial(_try, past, "labs/short"),
        surface=Surface.API,
        ip="192.0.2.103",
    )
    past.add(at(11, 5, 10), "schedule", partial(_revoke, past, "labs/short"))
    past.add(
        at(5, 10, 0),
        "oskar",
        partial(_create, past, "bikes/shop", "Shop till", master_data.OBSERVER, ip="203.0.113.96/28"),
    )
    past.add(
        at(19, 19, 30),
        "visitor:app:bikes/shop",
        partial(_try, past, "bikes/shop"),
        surface=Surface.API,
        ip="198.51.100.222",
    )


def _create(past: Past, key: str, name: str, role: Role, *, days: int = 0, ip: str = "") -> None:
    expiry = current_context().now() + timedelta(days=days) if days else None
    past.tokens[key] = create_application_token(
        workspace_id=past.workspaces[key.partition("/")[0]],
        description=name,
        role=role,
        expiry_date=expiry,
        ip=ip,
        value=secrets.application_token(key),
    ).token


def _revoke(past: Past, key: str) -> None:
    token: ApplicationToken = past.tokens[key]
    revoke_application_token(workspace_id=token.workspace_id, token_id=token.pk)


def _try(past: Past, key: str) -> None:
    with suppress(TokenRefused):
        authenticate_application(value=secrets.application_token(key))
