"""Second factors: how their secrets are kept, and which code is right. Services decide who may do what with them.

Keys and recovery codes stand in allauth's table, encrypted. A key that waits for its first code has a type of its own
there, which allauth does not know, so that it is asked of nobody before it works.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.models.second_factors import ACTIVE, APP, MAIL, PENDING, RECOVERY
from accounts.sign_in import one_time_codes
from accounts.sign_in.mail_codes import use_mailed_code
from kit.context import current_context
from kit.errors import Conflict

logger = logging.getLogger(__name__)

TOLERANCE: Final = 1
"""Codes before and after the present one that are right too: clocks differ."""
PENDING_TIME: Final = timedelta(minutes=30)


class KeyUnreadable(Conflict):
    """The portal has lost the secret that a second factor was encrypted with. No code can be right, and none counts."""

    def __init__(self) -> None:
        super().__init__(
            _("Your second factor can't be read any more. The operator's staff can remove it; then set it up anew."),
            code="key_unreadable",
        )


# --- secrets ---


@functools.cache
def _cipher_of(secret: str) -> Fernet:
    """Return the cipher made of a Django secret; the secret itself encrypts nothing here."""
    key = hmac.new(secret.encode(), b"portal second factors, Fernet, 1", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _cipher() -> MultiFernet:
    """Return what encrypts with `SECRET_KEY`, and reads what its `SECRET_KEY_FALLBACKS` encrypted."""
    return MultiFernet([_cipher_of(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc,unused-ignore]
    """What allauth has to know: how secrets are kept, and when somebody is asked for a code."""

    @sensitive_variables("text")
    def encrypt(self, text: str) -> str:
        """Return a secret as the database holds it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret from the database.

        Raises:
            KeyUnreadable: it was encrypted with a `SECRET_KEY` that is neither the present one nor a fallback.
        """
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            logger.error("A second factor can't be read: SECRET_KEY was changed without SECRET_KEY_FALLBACKS.")
            raise KeyUnreadable from error

    def is_mfa_enabled(self, user: AbstractBaseUser, types: object = None) -> bool:
        """Tell whether a user has a key that works; recovery codes or a key without a code yet are none."""
        return has_second_factor(user.pk or 0)

    def get_totp_issuer(self) -> str:
        """Return what the app shows beside the address."""
        return _("Operator portal")


def needs_new_encryption(encrypted: str) -> bool:
    """Tell whether a value was encrypted with a fallback: it is written anew when it is used."""
    try:
        _cipher_of(settings.SECRET_KEY).decrypt(encrypted.encode())
    except InvalidToken:
        return True
    return False


def _encrypted_anew(encrypted: str) -> str:
    """Return a value as `SECRET_KEY` encrypts it; one that is so already stays the same."""
    adapter = MfaAdapter()
    return adapter.encrypt(adapter.decrypt(encrypted)) if needs_new_encryption(encrypted) else encrypted


@dataclass(frozen=True, slots=True)
class Rotated:
    """What `encrypt_anew` found.

    Args:
        rows: second factors and sets of recovery codes that are encrypted with `SECRET_KEY` since.
        lost: ids of the users of those that neither it nor a fallback can read.
    """

    rows: int
    lost: list[int]


def encrypt_anew() -> Rotated:
    """Encrypt all second factors and recovery codes with `SECRET_KEY`, so that no fallback is needed for them.

    Each in a transaction of its own, behind the lock of its user, so a code that is used meanwhile stays used.
    """
    rows, lost = 0, []
    for key_id, user_id in Authenticator.objects.order_by("pk").values_list("pk", "user_id"):
        with transaction.atomic():
            User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
            row = Authenticator.objects.filter(pk=key_id).first()
            try:
                changed = row is not None and _rotate(row)
            except KeyUnreadable:
                lost.append(user_id)
            else:
                rows += changed
    return Rotated(rows, sorted(set(lost)))


# untold: the same secrets, encrypted with another key
def _rotate(row: Authenticator) -> bool:
    """Encrypt what a key holds with `SECRET_KEY`, and tell whether that changed it."""
    before = dict(row.data)
    if "secret" in row.data:
        row.data["secret"] = _encrypted_anew(row.data["secret"])
    if "codes" in row.data:
        row.data["codes"] = [_encrypted_anew(each) for each in row.data["codes"]]
    if row.data == before:
        return False
    row.save(update_fields=["data"])
    return True


# --- questions ---


def keys_of(user_id: int, now: datetime) -> QuerySet[Authenticator]:
    """Return the keys of a user, oldest first; one that waits too long for its first code is none any more."""
    waiting = tuple(PENDING.values())
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user_id, type__in=(*ACTIVE, *waiting))
    return found.exclude(type__in=waiting, created_at__lte=now - PENDING_TIME).order_by("pk")


def factor_of(user_id: int) -> str:
    """Return which second factor somebody has: `APP`, `MAIL`, or "" for none. One query."""
    found = Authenticator.objects.filter(user_id=user_id, type__in=ACTIVE).values_list("type", flat=True)
    return str(found.first() or "")


def has_second_factor(user_id: int) -> bool:
    """Tell whether somebody is asked for a code. One query."""
    return bool(factor_of(user_id))


def enough_for_staff(user_id: int) -> bool:
    """Tell whether somebody of the staff has the second factor that is demanded of staff. One query."""
    return factor_of(user_id) in (ACTIVE if settings.STAFF_EMAIL_CODES else (APP,))


def recovery_codes_left(user_id: int) -> int | None:
    """Return how many recovery codes a user has left, `None` for no second factor."""
    data = Authenticator.objects.filter(user_id=user_id, type=RECOVERY).values_list("data", flat=True).first()
    return len(data["codes"]) if data is not None else None


# --- codes ---


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as its owner sees it once.

    Args:
        row: the key, waiting for its first code.
        secret: Base32, for typing; "" for codes by mail.
        otpauth: the address in the QR code; "" for codes by mail.
    """

    row: Authenticator
    secret: str
    otpauth: str

    @property
    def by_mail(self) -> bool:
        """Tell whether its codes come by e-mail."""
        return bool(self.row.type == PENDING[MAIL])


@sensitive_variables("secret")
def shown(row: Authenticator, user: User, secret: str | None = None) -> NewKey:
    """Return a pending key with its secret, for its owner."""
    if row.type == PENDING[MAIL]:
        return NewKey(row=row, secret="", otpauth="")
    found = secret if secret is not None else MfaAdapter().decrypt(row.data["secret"])
    adapter = MfaAdapter()
    label = f"{adapter.get_totp_issuer()}:{user.email}"
    query = urlencode({"secret": found, "issuer": adapter.get_totp_issuer()}, quote_via=quote)
    return NewKey(row=row, secret=found, otpauth=f"otpauth://totp/{quote(label)}?{query}")


# untold: a code was used: the sign-in is 10020, a new key 10028
@sensitive_variables("code", "secret")
def use_code(row: Authenticator, code: str) -> bool:
    """Tell whether a code is right for a key, and use it up.

    The moment a code belongs to is kept with the key, so that it and those before it never work again. The caller
    holds the lock of the user's row, so that two requests with the same code wait for each other.

    Args:
        row: an active or pending key.
        code: as typed; blanks do not count.
    """
    secret = MfaAdapter().decrypt(row.data["secret"])
    now = current_context().now()
    present = one_time_codes.counter_at(now.timestamp())
    last = int(row.data.get("counter", 0))
    for counter in range(max(present - TOLERANCE, last + 1), present + TOLERANCE + 1):
        if one_time_codes.same_code(code, one_time_codes.code_of(secret, counter)):
            row.data["counter"] = counter
            row.data["secret"] = _encrypted_anew(row.data["secret"])
            row.last_used_at = now
            row.save(update_fields=["data", "last_used_at"])
            return True
    return False


@sensitive_variables("code")
def use_any_code(user: User, code: str) -> bool:
    """Tell whether a code of the app, a mailed or a recovery code is right for a locked user, and use it up."""
    rows = {row.type: row for row in Authenticator.objects.filter(user=user, type__in=(*ACTIVE, RECOVERY))}
    if not rows.keys() & set(ACTIVE):
        return False
    # A recovery code is no wrong guess at the one in the mail.
    if RECOVERY in rows and _use_recovery_code(rows[RECOVERY], code):
        return True
    if APP in rows:
        return use_code(rows[APP], code)
    return use_mailed_code(rows[MAIL], user, code, current_context().now())


# untold: a recovery code was used: the sign-in is 10020
@sensitive_variables("code", "readable")
def _use_recovery_code(row: Authenticator, code: str) -> bool:
    """Tell whether a recovery code is right, and take it out of its row. The caller holds the lock of the user."""
    readable = [(encrypted, MfaAdapter().decrypt(encrypted)) for encrypted in row.data["codes"]]
    left = [encrypted for encrypted, expected in readable if not one_time_codes.same_code(code, expected)]
    if len(left) == len(readable):
        return False
    row.data["codes"] = [_encrypted_anew(encrypted) for encrypted in left]
    row.last_used_at = current_context().now()
    row.save(update_fields=["data", "last_used_at"])
    return True


# untold: part of a second factor, which callers tell
@sensitive_variables()
def new_recovery_codes(user: User) -> list[str]:
    """Give a locked user new recovery codes in place of those there are, and return them: they are shown once."""
    codes = one_time_codes.new_recovery_codes()
    encrypted = [MfaAdapter().encrypt(code) for code in codes]
    Authenticator.objects.filter(user=user, type=RECOVERY).delete()
    Authenticator.objects.create(user=user, type=RECOVERY, data={"codes": encrypted})
    return [f"{code[:4]} {code[4:]}" for code in codes]
