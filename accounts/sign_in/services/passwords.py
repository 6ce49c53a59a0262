"""Changing one's own password, typed in the portal or sent by a program as its SHA-1 hex (event 10023).

The old password is asked for and counted like a sign-in, so that somebody who finds an open session can't guess it.
"""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Callable
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.authority import require_own_account
from accounts.changes import invalid
from accounts.locking import lock_user
from accounts.models import TrustedDevice, User
from accounts.permissions import authorise_staff
from accounts.selectors import home_workspace_id, person_of
from accounts.sign_in.authentication import WrongPassword, confirm_account
from accounts.sign_in.hashers import check_digest, encode_digest, sha1_hex
from accounts.sign_in.second_factors import has_second_factor
from accounts.sign_in.services.sessions import drop_sessions
from accounts.staff_roles import STAFF_ACCOUNTS
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import Actor, ActorKind, current_actor
from kit.errors import Conflict, Forbidden, Invalid

_DIGEST: Final = re.compile(r"[0-9a-f]{40}")


@sensitive_variables("old", "new")
def change_own_password(*, user_id: int, old: str, new: str, keep: str | None = None) -> User:
    """Change one's own password; all sessions, tokens and trusted devices of the account end.

    Must not run inside a transaction of the caller: what a wrong old password counts would be undone with it.

    Args:
        user_id: the actor's own account.
        old: plain text, as it is now.
        new: plain text.
        keep: key of the session that goes on; it needs `update_session_auth_hash`.

    Returns:
        The user as it is now, for a session that goes on.

    Raises:
        Forbidden: it is somebody else's account.
        Invalid: the old password is wrong (`field` is "old_password") or the new one does not do ("new_password").
        AccountLocked: too many failures.
    """
    require_own_account(user_id)
    user = _confirm_old(user_id, lambda user: user.check_password(old))
    if hmac.compare_digest(old.encode(), new.encode()):
        raise _same()
    return _change(user_id, user.password, encoded_password(new, user, field="new_password"), keep)


@sensitive_variables("old_digest", "new_digest")
def change_own_password_digest(*, user_id: int, old_digest: str, new_digest: str) -> User:
    """Change one's own password by SHA-1 hex digests, as `change_own_password`.

    What the new password looks like can't be seen; it is compared with what everybody tries first.

    Args:
        user_id: the actor's own account.
        old_digest: 40 hex digits, of the password as it is now.
        new_digest: 40 hex digits.

    Raises:
        Forbidden, Invalid, AccountLocked: as `change_own_password`.
    """
    require_own_account(user_id)
    user = _confirm_old(user_id, lambda user: check_digest(old_digest, user.password))
    encoded = encoded_digest(new_digest, user, field="new_password")
    if hmac.compare_digest(old_digest.lower().encode(), new_digest.lower().encode()):
        raise _same()
    return _change(user_id, user.password, encoded, None)


@sensitive_variables("digest")
def encoded_digest(digest: str, user: User, *, field: str = "password") -> str:
    """Check the SHA-1 hex of a new password as far as one can, and return the value to store.

    Hashing takes long on purpose, so this is called before anything is locked.

    Args:
        digest: as the program sent it.
        user: whose it shall be.
        field: what the program calls it.

    Raises:
        Invalid: it is no digest, or that of a password everybody tries first.
    """
    digest = digest.lower()
    if not _DIGEST.fullmatch(digest):
        raise Invalid(_("Send the SHA-1 of the password: 40 hex digits."), field=field, code="invalid_digest")
    own = {sha1_hex(word) for word in ("", user.email, user.email.lower(), user.name)}
    if digest in own or digest in _common_digests():
        raise Invalid(_("This password is too common. Choose another one."), field=field, code="password_too_common")
    return encode_digest(digest)


@functools.cache
def _common_digests() -> frozenset[str]:
    """Return the digests of the passwords that everybody tries first."""
    return frozenset(sha1_hex(word) for word in CommonPasswordValidator().passwords)


def _same() -> Invalid:
    return Invalid(
        _("This is the password you have. Choose another one."), field="new_password", code="password_unchanged"
    )


def _confirm_old(user_id: int, check: Callable[[User], bool]) -> User:
    try:
        return confirm_account(user_id=user_id, check=check, wrong=WrongPassword)
    except WrongPassword as error:
        raise Invalid(error.message, field="old_password", code=error.code) from error


def _change(user_id: int, old: str, encoded: str, keep: str | None) -> User:
    with action():
        withhold(users=[user_id])
        user = lock_user(user_id)
        if user.password != old:
            raise Conflict(_("The password was changed meanwhile. Sign in with the new one."), code="changed")
        user.password = encoded
        user.end_credentials()
        user.save(update_fields=["password", "token_epoch"])
        TrustedDevice.objects.filter(user=user).delete()
        drop_sessions(user_id, keep=keep)
        workspace_id = home_workspace_id(user)
        signals.password_changed.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
    return user


@sensitive_variables("password")
def encoded_password(password: str | None, user: User, *, field: str = "password") -> str:
    """Check a new password and return the value to store; `None` makes one that opens nothing.

    Hashing takes long on purpose, so this is called before anything is locked.

    Args:
        password: plain text.
        user: whose it shall be; it must not resemble name or address.
        field: what the form calls it.

    Raises:
        Invalid: it is too weak; the text says why.
    """
    if password is None:
        return make_password(None)
    try:
        validate_password(password, user)
    except ValidationError as error:
        refused = invalid(error)
        refused.field = field
        raise refused from error
    return make_password(password)


def require_chooser(actor: Actor, *, is_staff: bool) -> None:
    """Check that somebody may choose another person's password: superusers that of staff, the portal itself any.

    Args:
        actor: who acts.
        is_staff: whether the account is that of a member of staff.

    Raises:
        Forbidden: staff would know a customer's password, and could act as the customer unseen.
    """
    if actor.kind == ActorKind.STAFF and not is_staff:
        raise Forbidden(
            _("Staff don't choose a customer's password. Send a mail with a link to a new one."),
            permission="user_password",
        )
    if is_staff:
        authorise_staff(STAFF_ACCOUNTS)


@retried
@sensitive_variables("password")
def set_user_password(*, user_id: int, password: str) -> None:
    """Give an account a new password; its sessions, tokens and trusted devices end.

    Args:
        user_id: whose.
        password: plain text.

    Raises:
        Forbidden: neither the person nor a superuser about a member of staff, nor the portal itself, asks. Staff send
            customers a mail (`send_password_reset`): whoever knows a password can act as its owner.
        NotFound: there is no such user.
        Invalid: the password is too weak; the text says why.
    """
    actor = current_actor()
    own = actor.person is not None and actor.person.user_id == user_id and actor.acted_for is None
    if not (actor.everywhere or own):
        raise Forbidden(_("Only the person can choose this password."), permission="user_password")
    found = User.objects.filter(pk=user_id).first()
    encoded = encoded_password(password, found or User())
    with action():
        withhold(users=[user_id])
        user = lock_user(user_id)
        if not own:
            require_chooser(actor, is_staff=user.is_staff)
        user.password = encoded
        user.end_credentials()
        if actor.everywhere or not has_second_factor(user_id):
            # Who has a mailbox must not get new guesses at the code by asking for one mail after the other.
            user.failed_sign_ins = 0
            user.locked_until = None
        user.save(update_fields=["password", "token_epoch", "failed_sign_ins", "locked_until"])
        TrustedDevice.objects.filter(user=user).delete()
        drop_sessions(user_id)
        workspace_id = home_workspace_id(user)
        signals.password_changed.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
