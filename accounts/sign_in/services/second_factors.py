"""Second factors: set up by e-mail or with an authenticator app, recovered with codes, removed (events 10028 and 14).

Nobody's key is set up, or shown, by somebody else. It is removed by its owner, by the Administrators of a workspace of
its owner, and by the operator's staff: whoever has lost app or mailbox needs one of them.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import mails, signals
from accounts.authority import refuse_own_account, require_managed, require_over, require_own_account
from accounts.locking import lock_user
from accounts.models import TrustedDevice, User, Workspace
from accounts.models.second_factors import ACTIVATED, ACTIVE, APP, KINDS, MAIL, PENDING, RECOVERY
from accounts.permissions import Permission, authorise, authorise_staff
from accounts.selectors import entries_of, home_workspace_id, person_of
from accounts.sign_in import one_time_codes
from accounts.sign_in.authentication import WrongCode, WrongPassword, confirm_account
from accounts.sign_in.hashers import check_digest
from accounts.sign_in.mail_codes import use_mailed_code
from accounts.sign_in.second_factors import (
    MfaAdapter,
    NewKey,
    has_second_factor,
    keys_of,
    new_recovery_codes,
    shown,
    use_code,
)
from accounts.sign_in.services.mail_codes import send_first_code
from accounts.sign_in.services.sessions import drop_sessions
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import ActorKind, current_context
from kit.errors import Conflict, Forbidden, Invalid, NotFound


@sensitive_variables("password")
def confirm_password(*, user_id: int, password: str) -> None:
    """Ask somebody for their password again, before something that whoever finds an open session must not do.

    Args:
        user_id: the actor's own account.
        password: plain text.

    Raises:
        Forbidden: it is somebody else's account.
        Invalid: the password is wrong; it counts like a failed sign-in.
        AccountLocked: too many failures.
    """
    require_own_account(user_id)
    try:
        confirm_account(user_id=user_id, check=lambda user: user.check_password(password), wrong=WrongPassword)
    except WrongPassword as error:
        raise Invalid(error.message, field="password", code=error.code) from error


@sensitive_variables("digest")
def confirm_password_digest(*, user_id: int, digest: str) -> None:
    """Ask a program for the SHA-1 hex of its user's password, as `confirm_password`."""
    require_own_account(user_id)
    try:
        confirm_account(user_id=user_id, check=lambda user: check_digest(digest, user.password), wrong=WrongPassword)
    except WrongPassword as error:
        raise Invalid(error.message, field="password", code=error.code) from error


# untold: a key that waits for its code opens nothing
@retried
def start_second_factor(*, user_id: int, kind: str = APP, replace: bool = False) -> NewKey:
    """Make a key that waits for its first code; one that waited before is thrown away. A code by mail is sent.

    The password has been asked for (`confirm_password`). Nothing is logged: a key that was never activated opens and
    closes nothing.

    Args:
        user_id: the actor's own account.
        kind: `APP` for an authenticator app, `MAIL` for codes by e-mail.
        replace: whether it may take the place of an active key, which goes on working until then.

    Returns:
        The key with its secret, which is shown once.

    Raises:
        Forbidden: it is somebody else's account.
        Conflict: there is an active key, and it is not to be replaced; or staff need an app.
        TooManyCodes: no mail is sent for a while.
    """
    require_own_account(user_id)
    with action():
        user = lock_user(user_id)
        if kind == MAIL and user.is_staff and not settings.STAFF_EMAIL_CODES:
            raise Conflict(_("Staff need an authenticator app; codes by e-mail are not enough here."), code="app_only")
        if not replace and has_second_factor(user_id):
            raise Conflict(
                _("You have a second factor already. Remove it first, or set up another app in its place."),
                code="duplicate",
            )
        waiting = Authenticator.objects.filter(user=user, type__in=PENDING.values())
        before = waiting.filter(type=PENDING[MAIL]).first()
        secret = one_time_codes.new_secret() if kind == APP else ""
        data: dict[str, Any] = {"secret": MfaAdapter().encrypt(secret)} if secret else {}
        if before is not None and "sent" in before.data:
            # Beginning again is no way to more mails.
            data |= {"sent": before.data["sent"]} if kind == MAIL else {}
        waiting.delete()
        row = Authenticator.objects.create(user=user, type=PENDING[kind], data=data, created_at=current_context().now())
        if kind == MAIL:
            send_first_code(user, row)
    return shown(row, user, secret)


def pending_key(*, user_id: int, key_id: int) -> NewKey | None:
    """Return a key of one's own that waits for its first code, with its secret; `None` when it is none any more."""
    require_own_account(user_id)
    rows = keys_of(user_id, current_context().now()).filter(pk=key_id, type__in=PENDING.values())
    row = rows.select_related("user").first()
    return shown(row, row.user) if row is not None else None


@retried
@sensitive_variables("code")
def activate_second_factor(*, user_id: int, key_id: int, code: str, keep: str | None = None) -> list[str]:
    """Activate a key by its first code (event 10028); a key that it replaces is removed (event 14).

    Recovery codes and trusted devices of the key that is replaced end with it. So do all sessions and tokens: whoever
    had them was never asked for a code.

    Args:
        user_id: the actor's own account.
        key_id: the waiting key.
        code: six digits of the app, or the code in the mail.
        keep: key of the session that goes on, which is where the code was typed.

    Returns:
        New recovery codes, which are shown once.

    Raises:
        Forbidden: it is somebody else's account.
        NotFound: there is no such key, or it has waited too long.
        Conflict: it is active already.
        Invalid: the code is wrong; it counts like a failed sign-in.
        AccountLocked: too many failures.
    """
    require_own_account(user_id)
    row = keys_of(user_id, current_context().now()).filter(pk=key_id).first()
    if row is None:
        raise no_key(key_id)
    if row.type in ACTIVE:
        raise Conflict(_("This key is active already."), code="already_active")
    kind = ACTIVATED[row.type]
    try:
        confirm_account(user_id=user_id, check=lambda user: _use_first_code(user, key_id, code), wrong=WrongCode)
    except WrongCode as error:
        text = _("This code is not right. Check that the clock of your device is right, and enter the present code.")
        if kind == MAIL:
            text = _("This code is not right, or over. Enter the one of the newest mail, or have another one sent.")
        raise Invalid(text, field="code", code=error.code) from error
    with action():
        withhold(users=[user_id])
        user = lock_user(user_id)
        if not Authenticator.objects.filter(pk=key_id, user=user, type=PENDING[kind]).exists():
            raise no_key(key_id)
        _remove_active(user)
        Authenticator.objects.filter(pk=key_id).update(type=kind)
        codes = new_recovery_codes(user)
        user.end_credentials()
        user.save(update_fields=["token_epoch"])
        drop_sessions(user_id, keep=keep)
        workspace_id = home_workspace_id(user)
        signals.mfa_enabled.send(sender=User, workspace_id=workspace_id, subject=person_of(user), kind=KINDS[kind])
    return codes


@sensitive_variables("code")
def _use_first_code(user: User, key_id: int, code: str) -> bool:
    """Tell whether a code is right for a waiting key of a locked user, and use it up."""
    row = Authenticator.objects.filter(pk=key_id, user=user, type__in=PENDING.values()).first()
    if row is None:
        return False
    if row.type == PENDING[MAIL]:
        return use_mailed_code(row, user, code, current_context().now())
    return use_code(row, code)


@retried
def renew_recovery_codes(*, user_id: int) -> list[str]:
    """Give oneself new recovery codes; the old ones stop working at once. The password has been asked for.

    Args:
        user_id: the actor's own account.

    Returns:
        The codes, which are shown once.

    Raises:
        Forbidden: it is somebody else's account.
        Conflict: there is no second factor they could stand in for.
    """
    require_own_account(user_id)
    with action():
        user = lock_user(user_id)
        if not has_second_factor(user_id):
            raise Conflict(_("Set up the second factor first; recovery codes stand in for it."), code="no_key")
        codes = new_recovery_codes(user)
        workspace_id = home_workspace_id(user)
        signals.user_updated.send(
            sender=User,
            workspace_id=workspace_id,
            subject=person_of(user),
            what="updated: new recovery codes",
            changes={},
        )
    return codes


@retried
def remove_own_second_factor(*, user_id: int, key_id: int | None = None) -> None:
    """Remove one's own second factor with its recovery codes and trusted devices (event 14).

    In the portal the password has been asked for. A key that was never activated goes without a row.

    Args:
        user_id: the actor's own account.
        key_id: which key; the active one if `None`.

    Raises:
        Forbidden: it is somebody else's account.
        NotFound: there is no such key.
        Conflict: a workspace of the user demands one.
    """
    require_own_account(user_id)
    with action():
        user = lock_user(user_id)
        row = _key(user, key_id)
        if row.type in ACTIVE:
            _refuse_while_required(user)
        _remove(user, row)


@retried
def remove_second_factor(*, workspace_id: int | None, user_id: int, key_id: int | None = None) -> None:
    """Remove somebody else's second factor, for a member who has lost the app (event 14); a mail tells them.

    Args:
        workspace_id: a workspace of the user, which the actor administers; `None` for staff in the admin site.
        user_id: whose.
        key_id: which key; the active one if `None`.

    Raises:
        NotFound: the user is not in this workspace, or has no such key.
        Forbidden: the actor may not manage this user here, or in another workspace the user is in; or it is an
            application token, which can't know who asks for it.
        Conflict: the account is that of a SuperAdmin or of staff, which only staff manage.
    """
    if workspace_id is None:
        actor = authorise_staff("accounts.change_user")
    else:
        actor = authorise(workspace_id, Permission.USER_MANAGE)
        refuse_own_account(actor, user_id, Permission.USER_MANAGE)
        if actor.kind == ActorKind.APPLICATION_TOKEN:
            raise Forbidden(
                _("Application tokens may not remove second factors; sign in as a user."),
                permission=Permission.USER_MANAGE.value,
            )
    with action():
        if workspace_id is None:
            user = lock_user(user_id)
            require_over(user)
        else:
            user = require_managed(actor, workspace_id, user_id)
        row = _key(user, key_id)
        _remove(user, row)
        if row.type in ACTIVE:
            # Whoever asked for it knows; anybody else must learn of it from somewhere.
            mails.send_later("second_factor_removed", user.email, {"user": user, "by_staff": actor.everywhere})


def _key(user: User, key_id: int | None) -> Authenticator:
    keys = keys_of(user.pk, current_context().now())
    row = (keys.filter(type__in=ACTIVE) if key_id is None else keys.filter(pk=key_id)).first()
    if row is None:
        raise no_key(key_id or 0)
    return row


def _remove(user: User, row: Authenticator) -> None:
    if row.type in ACTIVE:
        Authenticator.objects.filter(user=user, type=RECOVERY).delete()
        _remove_active(user)
    else:
        row.delete()


def _remove_active(user: User) -> None:
    """Delete the active key of a locked user, if there is one, with the devices trusted by it, and tell it."""
    row = Authenticator.objects.filter(user=user, type__in=ACTIVE).first()
    if row is None:
        return
    key_id, kind = row.pk, KINDS[row.type]
    row.delete()
    TrustedDevice.objects.filter(user=user).delete()
    workspace_id = home_workspace_id(user)
    signals.mfa_removed.send(sender=User, workspace_id=workspace_id, subject=person_of(user), key_id=key_id, kind=kind)


def requiring_workspaces(user_id: int) -> list[Workspace]:
    """Return the workspaces of a user that demand a second factor, by name. One query."""
    return [entry.workspace for entry in entries_of(user_id) if entry.workspace.demands_second_factor]


def _refuse_while_required(user: User) -> None:
    demanding = requiring_workspaces(user.pk)
    if demanding:
        raise Conflict(
            _("%(workspace)s demands a second factor. Set up another one in its place instead.")
            % {"workspace": demanding[0].name},
            code="required",
        )


def no_key(key_id: int) -> NotFound:
    """Return the refusal for a key that is not there, or not this person's."""
    return NotFound(_("MFA key with Id '%(id)s' not found.") % {"id": key_id})
