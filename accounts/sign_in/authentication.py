"""The one place where somebody signs in: sessions and the API, passwords, their digests and codes share its lock-out.

Three consecutive failures of password or code lock an account for five minutes (`docs/rules.md` section 17); while it
is locked even the right password is refused. A password is hashed before anything is locked, because that takes long on
purpose; what it came to is counted afterwards on the user's row, under its lock. So of many guesses at once only the
first three are answered by what they were, and all others by the lock. An address without an account is hashed, counted
and locked in the same way on a row of its own, and every answer to a sign-in names the time in UTC: nobody learns who
has an account, or where a person lives.

Who has a second factor is not signed in by the password: it forgives no failure, or two guesses at the code could be
made for each time it is sent.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.authority import account_actor
from accounts.locking import lock_user
from accounts.models import SupportAccess, UnknownAddress, User
from accounts.selectors import home_workspace_id, person_of, user_by_email, zone_of
from accounts.session_keys import LAST_WORKSPACE
from accounts.sign_in.hashers import check_digest, spend_the_time
from accounts.sign_in.second_factors import has_second_factor, use_any_code
from accounts.sign_in.services.sessions import record_sign_in, record_sign_out
from accounts.sign_in.staff_backend import StaffRoleBackend
from accounts.support.services import end_support_access
from kit.action import action, retried
from kit.context import ANONYMOUS, Surface, acting_as, acting_within, current_context, open_context
from kit.email_addresses import email_address_of
from kit.errors import DomainError

logger = logging.getLogger(__name__)

FAILURES_TO_LOCK = 3
LOCK_TIME = timedelta(minutes=5)
REMEMBERED = timedelta(days=1)
"""How long failures of an address without an account are counted; those of an account stand on its row."""

REFUSAL_ATTRIBUTE = "sign_in_refusal"
"""Where the backend leaves its reason on the request, for the form that asked."""


class SignInRefused(DomainError):
    """Somebody was not let in."""

    status = 401


class WrongCredentials(SignInRefused):
    """Unknown address or wrong password: the two read the same."""

    def __init__(self) -> None:
        super().__init__(_("The e-mail address or the password is wrong."), code="invalid_credentials")


class WrongPassword(SignInRefused):
    """The password that somebody who is signed in was asked for again is wrong."""

    def __init__(self) -> None:
        super().__init__(_("The password is wrong."), code="wrong_password")


class WrongCode(SignInRefused):
    """The code is wrong, over, or was used before."""

    def __init__(self) -> None:
        super().__init__(
            _("This code is not right, or was used already. Wait for the next one and enter that."), code="wrong_code"
        )


class AccountLocked(SignInRefused):
    """Too many failures.

    Args:
        until: end of the lock.
        zone: the person's own time zone, where it is known who asks; UTC for everybody else.
    """

    def __init__(self, until: datetime, zone: ZoneInfo | None = None) -> None:
        self.until = until
        # The minute shown is one in which it works again.
        shown = (until + timedelta(seconds=59)).astimezone(zone or UTC)
        message = _("Too many failed sign-ins. This account is locked until %(time)s (%(zone)s); try again then.")
        super().__init__(message % {"time": f"{shown:%H:%M}", "zone": shown.tzname()}, code="locked")


class AccountNotActive(SignInRefused):
    """The password is right, but the account is suspended or was never activated."""

    def __init__(self, status: int) -> None:
        if status == User.Status.ACTIVATION_PENDING:
            message = _("This account is not activated yet. Open the link in your invitation first.")
        else:
            message = _("This account is suspended. The operator's staff can tell you why.")
        super().__init__(message, code="not_active")


@sensitive_variables("password")
def sign_in_with_password(*, email: str, password: str) -> User:
    """Check a plain password.

    Args:
        email: address in any case.
        password: as typed.

    Raises:
        WrongCredentials, AccountLocked, AccountNotActive: nobody is let in. What has to be remembered of it is
            already committed, unless the caller runs inside a transaction of its own, which it must not.
    """
    return _sign_in(email, lambda user: user.check_password(password))


@sensitive_variables("digest")
def sign_in_with_digest(*, email: str, digest: str) -> User:
    """Check the SHA-1 hex of a password, as programs send it (`docs/api.md` section 1).

    Args:
        email: address in any case, the wire's username.
        digest: 40 hex digits.

    Raises:
        WrongCredentials, AccountLocked, AccountNotActive: as `sign_in_with_password`.
    """
    return _sign_in(email, lambda user: check_digest(digest, user.password))


@sensitive_variables("code")
def sign_in_with_code(*, user_id: int, code: str) -> User:
    """Check the second factor of somebody whose password was right: a code of the app, or a recovery code.

    Args:
        user_id: whose sign-in waits for it.
        code: as typed; a right one is used up.

    Raises:
        WrongCode, AccountLocked, AccountNotActive: as `sign_in_with_password`.
    """
    return confirm_account(user_id=user_id, check=lambda user: use_any_code(user, code), wrong=WrongCode, hashes=False)


def confirm_account(
    *, user_id: int, check: Callable[[User], bool], wrong: Callable[[], SignInRefused], hashes: bool = True
) -> User:
    """Ask somebody known for a proof, and count it like a sign-in.

    Args:
        user_id: whom.
        check: tells whether the proof is right. A password is checked before the user's row is locked, a code under
            the lock, because it is used up.
        hashes: whether it is a password.
        wrong: what to raise when it is not.

    Raises:
        SignInRefused: `wrong`, or AccountLocked, AccountNotActive. The caller must not run inside a transaction.
    """
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise wrong()
    return _attempt(found, _checked_before(found, check) if hashes else check, wrong, forgives=True)


def forgive_failures(*, user_id: int) -> None:
    """Forget earlier failures: a sign-in is complete without a code, because the device is trusted."""
    User.objects.filter(pk=user_id, failed_sign_ins__gt=0).update(failed_sign_ins=0)


def _sign_in(email: str, check: Callable[[User], bool]) -> User:
    found = user_by_email(email)
    # The address that stands in place of an erased one belongs to nobody.
    if found is None or found.erased is not None:
        spend_the_time()
        logger.warning("Failed sign-in: unknown address, from %s.", current_context().ip)
        raise _unknown(email)
    try:
        return _attempt(found, _checked_before(found, check), WrongCredentials, forgives=False)
    except AccountLocked as locked:
        raise AccountLocked(locked.until) from None


def _checked_before(found: User, check: Callable[[User], bool]) -> Callable[[User], bool]:
    """Check a password now, while nothing is locked, for the row as it will be found under its lock."""
    right, seen = check(found), found.password

    def holds(user: User) -> bool:
        # A password that was changed in between is a wrong one: the next try will be checked against the new value.
        return right and user.password == seen

    return holds


def _unknown(email: str) -> SignInRefused:
    """Count a failure of an address without an account, which is answered as if it had one: nobody learns who has."""
    now = current_context().now()
    digest = hashlib.sha256(email_address_of(email).encode()).hexdigest()
    with transaction.atomic():
        UnknownAddress.objects.get_or_create(digest=digest, defaults={"last_tried": now})
        row = UnknownAddress.objects.select_for_update().get(digest=digest)
        if row.locked_until is None or row.locked_until <= now:
            row.failures, row.locked_until = row.failures + 1, None
            if row.failures >= FAILURES_TO_LOCK:
                row.failures, row.locked_until = 0, now + LOCK_TIME
            row.last_tried = now
            row.save(update_fields=["failures", "locked_until", "last_tried"])
    return WrongCredentials() if row.locked_until is None else AccountLocked(row.locked_until)


def forget_unknown_addresses() -> int:
    """Delete the counts of addresses without an account that nobody has tried for a day. Returns how many."""
    before = current_context().now() - REMEMBERED
    return UnknownAddress.objects.filter(last_tried__lt=before).delete()[0]


@retried
def _attempt(found: User, check: Callable[[User], bool], wrong: Callable[[], SignInRefused], *, forgives: bool) -> User:
    now = current_context().now()
    if _locked(found, now):
        raise _refuse_locked(found)
    with acting_within(ANONYMOUS), action():
        user = lock_user(found.pk)
        refusal = _decide(user, check, now, wrong, forgives)
    if refusal is not None:
        raise refusal
    return user


def _decide(
    user: User, check: Callable[[User], bool], now: datetime, wrong: Callable[[], SignInRefused], forgives: bool
) -> SignInRefused | None:
    """Count one attempt under the row's lock. A refusal is returned: raised, it would undo the counting."""
    if _locked(user, now):
        return _refuse_locked(user)
    if not check(user):
        return _count_failure(user, now, wrong)
    if (user.failed_sign_ins or user.locked_until) and (forgives or not has_second_factor(user.pk)):
        user.failed_sign_ins = 0
        user.locked_until = None
        user.save(update_fields=["failed_sign_ins", "locked_until"])
    if user.status != User.Status.ACTIVE:
        logger.warning("Sign-in of user %s refused: the account is not active.", user.pk)
        return AccountNotActive(user.status)
    return None


def _count_failure(user: User, now: datetime, wrong: Callable[[], SignInRefused]) -> SignInRefused:
    user.failed_sign_ins += 1
    locks = user.failed_sign_ins >= FAILURES_TO_LOCK
    if locks:
        user.failed_sign_ins = 0
        user.locked_until = now + LOCK_TIME
    user.save(update_fields=["failed_sign_ins", "locked_until"])
    workspace_id = home_workspace_id(user)
    facts: dict[str, Any] = {"sender": User, "workspace_id": workspace_id, "subject": person_of(user)}
    reason = "code" if wrong is WrongCode else "password"
    signals.sign_in_failed.send(**facts, ip=current_context().ip or "unknown", too_many=locks, reason=reason)
    if locks:
        signals.user_locked.send(**facts, until=user.locked_until)
    return _refusal_of_lock(user) if locks else wrong()


def _locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and user.locked_until > now


def _refuse_locked(user: User) -> SignInRefused:
    """Refuse without a row: the lock is in the log already, and guessing on must not fill it."""
    logger.warning("Sign-in of user %s refused: locked until %s.", user.pk, user.locked_until)
    return _refusal_of_lock(user)


def _refusal_of_lock(user: User) -> AccountLocked:
    assert user.locked_until is not None  # noqa: S101 - asked by callers who have just seen or set it
    return AccountLocked(user.locked_until, zone_of(user))


class PortalBackend(StaffRoleBackend):
    """Django's and allauth's way to `sign_in_with_password`; permissions of the admin site are those of staff roles."""

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        *,
        email: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the user, or `None` with the reason left on the request as `sign_in_refusal`."""
        address = email or username
        if not address or password is None:
            return None
        try:
            if open_context() is not None:
                return sign_in_with_password(email=address, password=password)
            # Called from a shell or a test, not from a request: the attempt counts all the same.
            with acting_as(ANONYMOUS, surface=Surface.COMMAND):
                return sign_in_with_password(email=address, password=password)
        except SignInRefused as refusal:
            if request is not None:
                setattr(request, REFUSAL_ATTRIBUTE, refusal)
            return None

    def user_can_authenticate(self, user: Any) -> bool:
        """Tell whether sessions of a user go on: suspension ends them at once."""
        return isinstance(user, User) and user.status == User.Status.ACTIVE


# These stand beside the backend because every session passes it, whichever page signs in or out.


@receiver(user_logged_in, dispatch_uid="accounts.signed_in")
def _signed_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Record a new session, and where it starts: going there is no switch of workspace."""
    request.session[LAST_WORKSPACE] = user.default_workspace_id
    # A session made without a request (a test, a script) came through no door.
    if open_context() is not None:
        record_sign_in(user=user)


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def _signed_out(user: User | None, **_kwargs: Any) -> None:
    """Record the end of a session; there is nothing to say when it had ended before."""
    if user is not None and open_context() is not None:
        for access_id in SupportAccess.objects.filter(staff=user, ended__isnull=True).values_list("pk", flat=True):
            with acting_within(account_actor(user)):
                end_support_access(access_id=access_id)
        record_sign_out(user=user)
