"""What members of the operator's staff may do in the admin site: one table of roles.

Superusers may do everything, and they alone change accounts of staff. Everybody else on the staff has one role. Rights
that somebody was given one by one (Django's own permissions) count besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class StaffRole(TextChoices):
    """Role of a member of staff who is no superuser."""

    SUPPORT = "support", _("Support: customers, their people and workspaces, support access")
    SHOP = "shop", _("Shop: orders, articles, stock and shipping")
    OPERATIONS = "operations", _("Operations: SIMs, batches, devices, packages and data plans")
    READER = "reader", _("Reader: sees everything, changes nothing")


def _rights(verb: str, app: str, *models: str) -> list[str]:
    return [f"{app}.{verb}_{model}" for model in models]


_SEE: Final = frozenset(
    [
        *_rights("view", "accounts", "workspace", "user", "workspacerequest", "platformpackage", "dataplan"),
        *_rights("view", "sims", "simbatch", "sim", "device", "servicepolicy", "coveragepolicy", "simmodel"),
        *_rights("view", "orders", "order", "article", "shippingoption", "shippingprovider"),
        *_rights("view", "events", "event", "frozenperson", "retentionreceipt", "sealcheck", "replaycheck"),
        *_rights("view", "kit", "outgoingmail", "job"),
        *_rights("view", "orders", "moneytransfer"),
    ]
)
TABLE: Final[Mapping[StaffRole, frozenset[str]]] = {
    StaffRole.SUPPORT: _SEE
    | {
        *_rights("add", "accounts", "workspace", "user", "supportaccess"),
        *_rights("change", "accounts", "workspace", "user", "workspacerequest"),
        *_rights("change", "kit", "outgoingmail", "job"),
    },
    StaffRole.SHOP: frozenset(
        [
            *_rights("view", "accounts", "workspace"),
            *_rights("view", "sims", "simbatch", "sim", "simmodel"),
            *_rights("change", "sims", "simbatch"),
            *_rights("view", "events", "event"),
            *(
                right
                for verb in ("view", "add", "change")
                for right in _rights(verb, "orders", "article", "shippingoption", "shippingprovider")
            ),
            *_rights("view", "orders", "order", "moneytransfer"),
            *_rights("change", "orders", "order"),
        ]
    ),
    StaffRole.OPERATIONS: _SEE
    | {
        *_rights("add", "accounts", "platformpackage", "dataplan"),
        *_rights("change", "accounts", "workspace", "platformpackage", "dataplan"),
        *_rights("add", "sims", "simbatch", "simmodel"),
        *_rights("change", "sims", "simbatch", "sim", "device", "servicepolicy", "coveragepolicy", "simmodel"),
        *_rights("change", "kit", "job"),
    },
    StaffRole.READER: _SEE,
}
"""Erasing people (`accounts.delete_user`) is in no role: it can't be taken back, so superusers do it."""


SUPPORT_RIGHT: Final = "accounts.add_supportaccess"
"""To act in place of users."""
STAFF_ACCOUNTS: Final = "accounts.change_staff"
"""To change accounts of staff, and to make them. Nobody can be given it, so superusers alone have it: they have all."""
MOVE_ADMINISTRATOR: Final = "accounts.move_administrator"
"""To give a SuperAdmin or Administrator of a customer another sign-in address. Superusers alone have it."""
SHORTEN_LOG: Final = "accounts.shorten_log"
"""To let a workspace keep its events for fewer days than it does. Superusers alone have it."""


def rights_of_role(role: str) -> Iterable[str]:
    """Return the rights of a role; none for no role, or one that is no longer there."""
    return TABLE[StaffRole(role)] if role in StaffRole.values else ()
