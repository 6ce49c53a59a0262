"""Which events can be reversed, by what, and why the others cannot: one entry for each type that is written.

Reversing is an ordinary action, the opposite one: it needs that action's right, decides by its rules, and writes its
events, which name what they reverse (`kit.context.reversing`). Nothing of the log is taken back. How it is done for
SIMs and devices, which come in numbers, is in `events.reverse.bulk`, for everything else in `events.reverse.alone`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission


@dataclass(frozen=True)
class Reversal:
    """What the opposite of a type of event is.

    Args:
        noun: "sims" or "devices" where many can be reversed at once, "" where one is reversed by itself.
        permission: right of the opposite action.
        told_by: types of the events that the opposite action writes.
    """

    noun: str
    permission: Permission
    told_by: tuple[int, ...]


@dataclass(frozen=True)
class Never:
    """A type of event that has no opposite.

    Args:
        why: the sentence that says so.
    """

    why: str | Promise


def _sims(*told_by: int) -> Reversal:
    return Reversal("sims", Permission.SIM_UPDATE, told_by)


def _devices(*told_by: int) -> Reversal:
    return Reversal("devices", Permission.DEVICE_UPDATE, told_by)


def _alone(permission: Permission, *told_by: int) -> Reversal:
    return Reversal("", permission, told_by)


def _never(why: str | Promise, types: Iterable[int]) -> dict[int, Reversal | Never]:
    never = Never(why)
    return dict.fromkeys(types, never)


_NETWORK: Final = _("The network reported this. It happened outside the portal, where nothing can be taken back.")
_RULE: Final = _("A limit was reached, and a rule did this. Change the limit, and the rule acts otherwise.")
_QUOTA: Final = _("Quotas come from outside; set the one that is meant there.")
_SIGN_IN: Final = _("This tells of somebody who signed in, or tried to. It has happened, and has no opposite.")
_OWN_ACCOUNT: Final = _("This belongs to a person’s own account. Only that person can set it up again.")
_READ_OUT: Final = _("A file has left the portal. What somebody has read cannot be taken back.")
_STAFF: Final = _("This is the operator’s own business, and is changed in the admin site.")
_FOUND: Final = _("A check of the portal found this. It goes away when its cause does.")
_CONTRACT: Final = _("It changed what the workspace is charged. Choose on the page Platform package what is meant now.")
_MAIL: Final = _("A mail went out. It cannot be called back.")

TABLE: Final[Mapping[int, Reversal | Never]] = {
    # SIMs
    8: _sims(9),
    9: _sims(8),
    10: Never(
        _("A deleted SIM can’t be restored: it has left the inventory for good, and its number is not used again.")
    ),
    10107: _sims(10107),
    45: Never(_("A SIM never goes back to Issued. Activate or delete it instead.")),
    48: Never(_("Registered SIMs stay in the inventory. Delete or transfer those that are not wanted.")),
    69: _alone(Permission.SIM_TRANSFER, 69),
    # devices
    42: _devices(43),
    43: _devices(42),
    50: _devices(51),
    51: _devices(50),
    68: Never(_("A reset leaves nothing behind that could be reversed: the device is connected as before.")),
    10002: _devices(10004),
    10003: _devices(10003, 10011),
    10004: Never(
        _("A deleted device can’t be restored: its policies are gone. Create a new one, and assign the SIM to it.")
    ),
    10011: _devices(10011),
    10012: _alone(Permission.DEVICE_UPDATE, 10012),
    10013: Never(_("A message that was sent cannot be called back.")),
    # policies
    10005: _alone(Permission.POLICY_UPDATE, 10007),
    10006: _alone(Permission.POLICY_UPDATE, 10006),
    10008: _alone(Permission.POLICY_UPDATE, 10010),
    10009: _alone(Permission.POLICY_UPDATE, 10009),
    **_never(_("A deleted policy can’t be restored. Create a new one with the same settings."), (10007, 10010)),
    # people and tokens
    36: _alone(Permission.USER_MANAGE, 10026, 46),
    10024: _alone(Permission.USER_MANAGE, 10024),
    10025: _alone(Permission.USER_MANAGE, 10026, 46),
    10026: Never(_("Nobody is brought back into a workspace without being asked. Invite the person again.")),
    10030: _alone(Permission.TOKEN_REVOKE, 10031),
    10031: Never(_("A revoked token stays revoked, in case it was in the wrong hands. Create a new one.")),
    10085: _alone(Permission.TOKEN_REVOKE, 10085),
    # the workspace
    31: _alone(Permission.WORKSPACE_UPDATE, 31),
    32: Never(
        _("The event tells the billing configuration as it was then, not the one before. Change it in the settings.")
    ),
    10040: _alone(Permission.WORKSPACE_UPDATE, 10040),
    10041: Never(_("The request has reached the operator, who answers it.")),
    10071: Never(_("A workspace can’t be taken back. Ask the operator to close it.")),
    **_never(_CONTRACT, (33, 34)),
    # orders
    38: _alone(Permission.ORDER_CREATE, 39),
    39: Never(_("Orders only go forward: what was paid, shipped or canceled stays so.")),
    # scheduled actions
    10115: Never(_("Cancel it on its page under Bulk actions, as long as it waits for its moment.")),
    10116: Never(_("What was canceled is not done any more. Schedule it anew.")),
    10117: Never(_("Its moment has come. Reverse what it did instead.")),
    10118: Never(_("Nothing was done, or only a part. Ask for the action again.")),
    # what nobody can take back
    **_never(_NETWORK, (1, 2, 3, 5, 15, 16, 22, 23, 25, 30)),
    **_never(_RULE, (0, 11, 12, 18, 19, 20, 21)),
    **_never(_QUOTA, (52, 53, 54, 55, 56, 57, 58, 59, 60)),
    **_never(_SIGN_IN, (6, 7, 67, 10020, 10021, 10022)),
    **_never(_OWN_ACCOUNT, (14, 41, 10023, 10028)),
    **_never(_MAIL, (37, 40)),
    **_never(_("An account that has ended can’t be opened again. Invite the person anew."), (46,)),
    **_never(_("Erasing a person is final: nobody knows the name any more, and that is its purpose."), (10027,)),
    **_never(_("Everything begins with it. Whoever signed up can leave the workspace in its settings."), (17,)),
    **_never(_("A visit of the operator’s staff has happened, and stays in the log for ever."), (13, 10042)),
    **_never(_READ_OUT, (10051, 10086, 10130, 10131)),
    **_never(_("Views are shared, changed and deleted on the page Saved views of their list."), (10125, 10126, 10127)),
    **_never(_("What retention has removed is gone."), (10052,)),
    **_never(_("Streams are changed where they are set up."), (10050,)),
    **_never(_STAFF, (10001, 10060, 10061, 10105, 10106, 10072, 10073, 10074, 10075)),
    **_never(_FOUND, (10077, 10078, 10087, 10088, 10093, 10095, 10096)),
}

UNKNOWN: Final = Never(_("This version of the portal does not know how events of this type are reversed."))

BULK: Final = {
    noun: frozenset(type_id for type_id, entry in TABLE.items() if isinstance(entry, Reversal) and entry.noun == noun)
    for noun in ("sims", "devices")
}
"""Types whose events are reversed in numbers, by what they are of."""


def reversal_of(type_id: int) -> Reversal | Never:
    """Return how events of a type are reversed, or why not; never raises, for events from outside have any type."""
    return TABLE.get(type_id, UNKNOWN)
