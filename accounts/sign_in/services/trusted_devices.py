"""Trusted devices: browsers and programs that are not asked for a second factor for 90 days.

What a device knows is kept as a keyed hash that names its owner, so that a copy of the table opens nothing. A new
password and the removal of the second factor forget all devices.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final, Literal

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.authority import refuse_own_account, require_managed, require_own_account
from accounts.locking import lock_user
from accounts.models import TrustedDevice, User
from accounts.permissions import Permission, authorise
from accounts.selectors import home_workspace_id, person_of
from kit.action import action, retried
from kit.api.counters import add
from kit.context import current_context
from kit.errors import Invalid, NotFound
from kit.text import one_line

TRUST_TIME: Final = timedelta(days=90)
MOST_DEVICES: Final = 20
"""Of one user; the oldest goes when there are more."""
_TEXT: Final = 100
MOST_WRONG: Final = 10
WRONG_TIME: Final = 3600  # seconds
"""The seconds within which `MOST_WRONG` wrong fingerprints of one user are looked at."""
_SHORTEST: Final = 16
_LONGEST: Final = 1000

TrustedBy = Literal["browser", "fingerprint"]


def _digests(user_id: int, kind: TrustedBy, secret: str) -> list[str]:
    """Return how a device may stand in the table: made with the present `SECRET_KEY`, or with one of its fallbacks."""
    text = f"{kind}:{user_id}:{secret}".encode()
    found = []
    for each in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = hmac.new(each.encode(), b"portal trusted devices, 1", hashlib.sha256).digest()
        found.append(hmac.new(key, text, hashlib.sha256).hexdigest())
    return found


def new_device_secret() -> str:
    """Return 256 random bits for a browser to be known by."""
    return secrets.token_urlsafe(32)


@sensitive_variables("secret")
def this_device(*, user_id: int, secret: str) -> int | None:
    """Return the id of the trusted browser that knows a secret, `None` for none."""
    if not secret:
        return None
    found = devices_of(user_id).filter(digest__in=_digests(user_id, "browser", secret))
    return found.values_list("pk", flat=True).first()


def devices_of(user_id: int) -> QuerySet[TrustedDevice]:
    """Return the devices a user trusts now, newest first."""
    return TrustedDevice.objects.filter(user_id=user_id, expires__gt=current_context().now()).order_by("-pk")


# untold: notes when a device was used; the sign-in is 10020
@sensitive_variables("secret")
def is_trusted(*, user_id: int, kind: TrustedBy, secret: str) -> bool:
    """Tell whether a device is trusted by a user, and remember that it was used.

    Args:
        user_id: whose password was right.
        kind: "browser" for a cookie, "fingerprint" for what a program sends; one does not pass for the other.
        secret: what the device knows, "" for nothing.
    """
    if not secret or len(secret) > _LONGEST:
        return False
    now = current_context().now()
    found = TrustedDevice.objects.filter(
        user_id=user_id, digest__in=_digests(user_id, kind, secret), expires__gt=now
    ).first()
    if found is None:
        return False
    TrustedDevice.objects.filter(pk=found.pk).update(last_used=now)
    return True


@sensitive_variables("fingerprint")
def is_trusted_program(*, user_id: int, fingerprint: str) -> bool:
    """Tell whether a program is trusted by a user; after too many wrong fingerprints none is right for a while.

    Without that, whoever has the password could try one fingerprint after the other and never fail at a sign-in.

    Args:
        user_id: whose password was right.
        fingerprint: as sent, "" for nothing.
    """
    if not fingerprint:
        return False
    window = int(current_context().now().timestamp()) // WRONG_TIME
    # Taken before it is looked at and given back for a right one, so that many at once are no more than many in turn.
    if add(f"fingerprint:{user_id}", window, 1, WRONG_TIME * 2) > MOST_WRONG:
        return False
    if not is_trusted(user_id=user_id, kind="fingerprint", secret=fingerprint):
        return False
    add(f"fingerprint:{user_id}", window, -1, WRONG_TIME * 2)
    return True


@sensitive_variables("secret")
def check_device(*, secret: str, operating_system: str, browser: str, name: str) -> None:
    """Check what is said of a device, before a code is used up for it. Args and errors as `trust_device`."""
    for field, value in (("operating_system", operating_system), ("browser", browser), ("name", name)):
        one_line(value, most=_TEXT, field=field, required=False)
    if not _SHORTEST <= len(secret) <= _LONGEST:
        raise Invalid(_("A fingerprint has 16 to 1,000 characters."), field="fingerprint")


@retried
@sensitive_variables("secret")
def trust_device(
    *, user_id: int, kind: TrustedBy, secret: str, operating_system: str, browser: str, name: str = ""
) -> TrustedDevice:
    """Trust a device for 90 days. Called for somebody whose second factor was right a moment ago.

    Args:
        user_id: whose.
        kind: as in `is_trusted`.
        secret: what the device knows.
        operating_system: shown to the owner.
        browser: shown to the owner.
        name: what the owner calls it.

    Raises:
        Invalid: a text is too long or holds what can't be seen, or the secret too short to be one.
    """
    check_device(secret=secret, operating_system=operating_system, browser=browser, name=name)
    now = current_context().now()
    with action():
        user = lock_user(user_id)
        own = TrustedDevice.objects.filter(user=user)
        own.filter(expires__lte=now).delete()
        own.filter(digest__in=_digests(user_id, kind, secret)).delete()
        own.filter(pk__in=list(own.order_by("-pk").values_list("pk", flat=True)[MOST_DEVICES - 1 :])).delete()
        device = TrustedDevice.objects.create(
            user=user,
            digest=_digests(user_id, kind, secret)[0],
            operating_system=one_line(operating_system, most=_TEXT, field="operating_system", required=False),
            browser=one_line(browser, most=_TEXT, field="browser", required=False),
            name=one_line(name, most=_TEXT, field="name", required=False),
            created=now,
            expires=now + TRUST_TIME,
            last_used=now,
        )
        _tell(user, "updated: device trusted")
    return device


@retried
def forget_device(*, user_id: int, device_id: int, workspace_id: int | None = None) -> None:
    """Forget a trusted device: it is asked for a code from now on.

    Args:
        user_id: whose.
        device_id: which one.
        workspace_id: a workspace of the user that the actor administers, in whose log it is told; `None` for one's own.

    Raises:
        NotFound: no such device, or no such user here.
        Forbidden: the actor may not manage this user here, or in another workspace the user is in.
        Conflict: the account is that of a SuperAdmin or of staff, which only staff manage.
    """
    with action():
        user = _locked_owner(user_id, workspace_id)
        gone, _rows = TrustedDevice.objects.filter(user=user, pk=device_id).delete()
        if not gone:
            raise NotFound(_("Trusted device with Id '%(id)s' not found.") % {"id": device_id})
        _tell(user, "updated: trusted device forgotten", workspace_id)


@retried
def forget_all_devices(*, user_id: int, workspace_id: int | None = None) -> int:
    """Forget all trusted devices of a user, and return how many they were. Args and errors as `forget_device`."""
    with action():
        user = _locked_owner(user_id, workspace_id)
        gone, _rows = TrustedDevice.objects.filter(user=user).delete()
        if gone:
            _tell(user, "updated: all trusted devices forgotten", workspace_id)
    return gone


def _locked_owner(user_id: int, workspace_id: int | None) -> User:
    if workspace_id is None:
        require_own_account(user_id)
        return lock_user(user_id)
    actor = authorise(workspace_id, Permission.USER_MANAGE)
    refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    return require_managed(actor, workspace_id, user_id)


def _tell(user: User, what: str, workspace_id: int | None = None) -> None:
    """Tell a change, in the workspace where an Administrator made it, else where the account is at home."""
    workspace_id = workspace_id or home_workspace_id(user)
    signals.user_updated.send(sender=User, workspace_id=workspace_id, subject=person_of(user), what=what, changes={})
