"""What happened to people, workspaces and tokens, stated for whoever listens. This app knows no listener.

Receivers run inside the action's transaction (`send`, not `send_robust`): if one fails, the change rolls back. The
actor is that of the open context; `subject` is the person concerned, where that is somebody else or nobody has
signed in yet.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

Changes = dict[str, dict[str, Any]]
"""Field name to {"from": …, "to": …}, both JSON-safe."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of a workspace got another value.

    Args:
        field: name of the field.
        label: what people call the setting.
        old: former value, readable.
        new: present value, readable.
        former: former value as it was stored, where a listener may need it.
    """

    field: str
    label: str
    old: str
    new: str
    former: Any = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An application token as events name it.

    Args:
        id: id of the token.
        name: its description, else its number.
        role: role it holds in its workspace.
        expiry_date: ISO 8601 in UTC, `None` for no end.
        ip: address range in CIDR notation, empty for any.
    """

    id: int
    name: str
    role: str
    expiry_date: str | None
    ip: str


@dataclass(frozen=True, slots=True)
class SharedView:
    """A view of a list that a workspace shares, as events name it.

    Args:
        id: id of the view.
        name: what it is called.
        list_name: of which list it is.
        query: what follows the address of the list.
    """

    id: int
    name: str
    list_name: str
    query: str


# --- signing in ---

sign_in_failed = Signal()
"""A known address was used with a wrong password or code. Arguments: workspace_id (of the person's default workspace),
subject (Person), ip (str), too_many (bool: this failure locks the account), reason ("password" or "code"). The actor is
ANONYMOUS."""

user_locked = Signal()
"""An account was locked. Arguments: workspace_id, subject (Person), until (datetime). The actor is ANONYMOUS."""

user_signed_in = Signal()
"""The actor signed in. Arguments: workspace_id (default workspace; the operator's for staff)."""

user_signed_out = Signal()
"""The actor signed out. Arguments: workspace_id, as for `user_signed_in`."""

workspace_switched = Signal()
"""The actor went over to another workspace. Arguments: workspace_id (the new one), user_id."""

application_sign_in_failed = Signal()
"""A known application token was refused. Arguments: workspace_id, token (TokenRow), reason ("revoked", "expired" or
"address"), ip (str). The actor is ANONYMOUS."""

# --- application tokens ---

application_token_created = Signal()
"""Arguments: workspace_id, token (TokenRow)."""

application_token_revoked = Signal()
"""Arguments: workspace_id, token (TokenRow), reason ("left" or "erased" when it ended with its creator, else "")."""

application_tokens_expired = Signal()
"""The dates of application tokens are over. Arguments: tokens (list of workspace_id and TokenRow)."""

application_token_described = Signal()
"""Arguments: workspace_id, token (TokenRow, with the new description), old (the former one)."""

application_token_lowered = Signal()
"""Who made the token has a lower role now. Arguments: workspace_id, token (TokenRow, with the new role), old (the
former one)."""

# --- shared views of lists ---

shared_view_created = Signal()
"""A view became one of the workspace. Arguments: workspace_id, view (SharedView)."""

shared_view_changed = Signal()
"""Arguments: workspace_id, view (SharedView, as it is now), changes (Changes)."""

shared_view_deleted = Signal()
"""A view is no longer one of the workspace. Arguments: workspace_id, view (SharedView), kept (bool: its maker keeps
it)."""

# --- people ---

user_created = Signal()
"""Staff made an account. Arguments: workspace_id (the operator's), subject (Person)."""

user_updated = Signal()
"""Staff changed an account. Arguments: workspace_id (the person's default workspace, the operator's for staff), subject
(Person), what ("suspended", "reactivated", "unlocked", "updated", or "updated: …" with what), changes (Changes; no name
or e-mail in it), and covers where it is more than one account."""

password_changed = Signal()
"""Arguments: workspace_id (as for `user_updated`), subject (Person)."""

user_signed_up = Signal()
"""Somebody made an account and a workspace for themselves. Arguments: workspace (Workspace), subject (Person), covers
(kind to the ids of what else changed, as for all signals that have it)."""

verification_requested = Signal()
"""A mail asks a new user to verify the address. Arguments: workspace_id, subject (Person)."""

user_verified = Signal()
"""A user has shown that the address is theirs. Arguments: workspace_id, subject (Person)."""

password_reset_requested = Signal()
"""A mail with a link to a new password was asked for. Arguments: workspace_id, subject (Person), ip (str),
user_agent (str). Its secret is in the mail alone."""

user_invited = Signal()
"""Arguments: workspace_id, subject (Person), role, expires (datetime), invitation_id."""

user_deleted = Signal()
"""A user lost the last workspace, and with it the account. Arguments: workspace_id, subject (Person), covers."""

user_erasing = Signal()
"""A user is about to be erased. Arguments: user_id. Receivers return the former names and addresses that they know."""

user_erased = Signal()
"""A user's personal data were erased on request; sent for each workspace that tells it. Arguments: workspace_id,
user_id, names (list[str]: every name and address the account had; the present ones are the first two), places
(list[int]: every workspace they are known to have been in), replacement (Person: what stands in their place), covers
(to which receivers add what they change)."""

mfa_enabled = Signal()
"""Arguments: workspace_id, subject (Person), kind (as events name the key's type)."""

mfa_removed = Signal()
"""Arguments: workspace_id, subject (Person), key_id (id of the key), kind (as events name the key's type)."""

member_added = Signal()
"""A user joined a workspace. Arguments: workspace_id, subject (Person), role, covers."""

member_removed = Signal()
"""A user lost a workspace, or an invitation to it. Arguments: workspace_id, subject (Person), role (the one held),
covers."""

role_changed = Signal()
"""Arguments: workspace_id, subject (Person), old, new (role values; "none" for no membership), covers."""

# --- support access ---

support_started = Signal()
"""The actor, staff, entered a workspace in place of a user. Arguments: workspace (Workspace), operator (Workspace of
the operator, or None), subject (Person acted for), reason, access_id."""

support_ended = Signal()
"""Arguments: workspace_id, subject (Person acted for), reason, access_id, timed_out (bool)."""

people_exported = Signal()
"""The users of a workspace were read out as a file. Arguments: workspace_id, count, filters (parameter to value),
columns."""

# --- workspaces ---

workspace_created = Signal()
"""Arguments: workspace (Workspace, with its package)."""

organisation_updated = Signal()
"""Company details changed. Arguments: workspace_id, changes (Changes, by the wire's names)."""

workspace_settings_changed = Signal()
"""Arguments: workspace_id, changes (list[SettingChange], in field order), and covers where it is no setting of the
workspace itself."""

package_changed = Signal()
"""A workspace got another platform package. Arguments: workspace (Workspace, as it is now), old, new
(PlatformPackage)."""

data_plans_changed = Signal()
"""Arguments: workspace_id, added, removed (list[DataPlan], in id order), since
(dict: id of a removed plan to the moment of its booking, or None)."""

trial_told = Signal()
"""A trial ends soon, or has ended. Arguments: workspace (Workspace, with its package), ends (datetime), days_left (int,
0 for the end itself)."""

billing_updated = Signal()
"""Arguments: workspace_id, company (CompanyDetails as it is now), changes (Changes)."""

workspace_requested = Signal()
"""Arguments: workspace_id, kind ("new" or "linked"), request_id."""

catalogue_changed = Signal()
"""Staff changed what can be bought. Arguments: workspace_id (the operator's), kind ("package" or "data_plan"), what
("created", "updated" or "withdrawn"), item_id, name, changes (Changes)."""
