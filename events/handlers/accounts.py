"""What the accounts app states, as rows of the log (`docs/rules.md` sections 8 to 11 and 17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.dispatch import receiver

from accounts import signals
from accounts.models import Workspace
from accounts.signals import SharedView, TokenRow
from events.handlers.pending import pending
from events.models import ErasureReceipt, FrozenPerson
from events.selectors import actors_key
from events.text import MASK
from events.types.base import ACTOR_USERNAME, SUBJECT_NAME, SUBJECT_USERNAME
from events.writer import forget_persons, log
from kit.caches import figures
from kit.context import Person

Covers = Mapping[str, Sequence[int]]
"""What else a fact is about, by kind: `PendingEvent.covers`."""


# --- signing in ---


@receiver(signals.sign_in_failed)
def on_sign_in_failed(
    *, workspace_id: int, subject: Person, ip: str, too_many: bool, reason: str, **_kwargs: Any
) -> None:
    """Log a failed sign-in of a known account (6)."""
    texts = {"password": ("default", "too_many"), "code": ("code", "code_too_many")}
    log([pending(6, workspace_id, texts[reason][too_many], ip=ip)._replace(subject=subject)])


@receiver(signals.user_locked)
def on_user_locked(*, workspace_id: int, subject: Person, **_kwargs: Any) -> None:
    """Log that an account is locked (10022)."""
    log([pending(10022, workspace_id)._replace(subject=subject)])


@receiver(signals.user_signed_in)
def on_user_signed_in(*, workspace_id: int, **_kwargs: Any) -> None:
    """Log a sign-in (10020)."""
    log([pending(10020, workspace_id)])


@receiver(signals.user_signed_out)
def on_user_signed_out(*, workspace_id: int, **_kwargs: Any) -> None:
    """Log a sign-out (10021)."""
    log([pending(10021, workspace_id)])


@receiver(signals.workspace_switched)
def on_workspace_switched(*, workspace_id: int, user_id: int, **_kwargs: Any) -> None:
    """Log a switch of workspace in the one switched to (67)."""
    log([pending(67, workspace_id, user_id=user_id, organisation_id=workspace_id)])


@receiver(signals.application_sign_in_failed)
def on_application_sign_in_failed(*, workspace_id: int, token: TokenRow, reason: str, ip: str, **_kwargs: Any) -> None:
    """Log a refused application token (7); one whose date is over is revoked, as published."""
    entry = pending(7, workspace_id, "revoked" if reason == "expired" else reason, name=token.name, ip=ip)
    log([entry._replace(detail={"application_token": {"id": token.id, "description": token.name}})])


# --- application tokens ---


def _token(token: TokenRow, **more: Any) -> dict[str, Any]:
    told = {
        "id": token.id,
        "description": token.name,
        "role": token.role,
        "expiry_date": token.expiry_date,
        "ip": token.ip or None,
    }
    return {"detail": {"application_token": told, **more}, "covers": {"token": [token.id]}}


@receiver(signals.application_token_created)
def on_application_token_created(*, workspace_id: int, token: TokenRow, **_kwargs: Any) -> None:
    """Log a new application token (10030)."""
    log([pending(10030, workspace_id, name=token.name)._replace(**_token(token))])


@receiver(signals.application_token_revoked)
def on_application_token_revoked(*, workspace_id: int, token: TokenRow, reason: str, **_kwargs: Any) -> None:
    """Log a revoked application token (10031), and why when it ended with its creator."""
    log([pending(10031, workspace_id, reason or "default", name=token.name)._replace(**_token(token))])


@receiver(signals.application_tokens_expired)
def on_application_tokens_expired(*, tokens: Sequence[tuple[int, TokenRow]], **_kwargs: Any) -> None:
    """Log application tokens that ended by their date (10031)."""
    log(
        [
            pending(10031, workspace_id, "expired", name=token.name)._replace(**_token(token))
            for workspace_id, token in tokens
        ]
    )


@receiver(signals.application_token_described)
def on_application_token_described(*, workspace_id: int, token: TokenRow, old: str, **_kwargs: Any) -> None:
    """Log another description of an application token (10085)."""
    changes = {"description": {"from": old, "to": token.name}}
    log([pending(10085, workspace_id, name=token.name)._replace(**_token(token, changes=changes))])


@receiver(signals.application_token_lowered)
def on_application_token_lowered(*, workspace_id: int, token: TokenRow, old: str, **_kwargs: Any) -> None:
    """Log a lower role of an application token (10085)."""
    changes = {"role": {"from": old, "to": token.role}}
    entry = pending(10085, workspace_id, "lowered", name=token.name, old=old, new=token.role)
    log([entry._replace(**_token(token, changes=changes))])


# --- shared views of lists ---


def _view(view: SharedView, **more: Any) -> dict[str, Any]:
    return {"view": {"id": view.id, "name": view.name, "list": view.list_name, "query": view.query}, **more}


@receiver(signals.shared_view_created)
def on_shared_view_created(*, workspace_id: int, view: SharedView, **_kwargs: Any) -> None:
    """Log a view that became one of the workspace (10125)."""
    log([pending(10125, workspace_id, name=view.name)._replace(detail=_view(view))])


@receiver(signals.shared_view_changed)
def on_shared_view_changed(*, workspace_id: int, view: SharedView, changes: dict[str, Any], **_kwargs: Any) -> None:
    """Log another name or filter of a shared view (10126)."""
    log([pending(10126, workspace_id, name=view.name)._replace(detail=_view(view, changes=changes))])


@receiver(signals.shared_view_deleted)
def on_shared_view_deleted(*, workspace_id: int, view: SharedView, kept: bool, **_kwargs: Any) -> None:
    """Log a view that the workspace has no longer (10127)."""
    log([pending(10127, workspace_id, "kept" if kept else "default", name=view.name)._replace(detail=_view(view))])


# --- people ---


def _subject_detail(subject: Person, **more: Any) -> dict[str, Any]:
    return {"user": {"id": subject.user_id, "name": SUBJECT_NAME, "username": SUBJECT_USERNAME}, **more}


@receiver(signals.user_created)
def on_user_created(*, workspace_id: int, subject: Person, **_kwargs: Any) -> None:
    """Log a new account in the operator's workspace (10072)."""
    log([pending(10072, workspace_id)._replace(subject=subject, detail=_subject_detail(subject))])


@receiver(signals.user_updated)
def on_user_updated(
    *,
    workspace_id: int,
    subject: Person,
    what: str,
    changes: dict[str, Any],
    covers: Covers | None = None,
    **_kwargs: Any,
) -> None:
    """Log a change of an account (10075)."""
    detail = _subject_detail(subject, **({"changes": changes} if changes else {}))
    log([pending(10075, workspace_id, what=what)._replace(subject=subject, detail=detail, covers=covers)])


@receiver(signals.password_changed)
def on_password_changed(*, workspace_id: int, subject: Person, **_kwargs: Any) -> None:
    """Log a new password (10023)."""
    log([pending(10023, workspace_id)._replace(subject=subject, detail=_subject_detail(subject))])


@receiver(signals.member_added)
def on_member_added(*, workspace_id: int, subject: Person, role: str, covers: Covers, **_kwargs: Any) -> None:
    """Log that a user joined (10025)."""
    entry = pending(10025, workspace_id)
    log([entry._replace(subject=subject, detail=_subject_detail(subject, role=role), covers=covers)])


@receiver(signals.member_removed)
def on_member_removed(*, workspace_id: int, subject: Person, role: str, covers: Covers, **_kwargs: Any) -> None:
    """Log that a user was removed (10026)."""
    entry = pending(10026, workspace_id)
    log([entry._replace(subject=subject, detail=_subject_detail(subject, role=role), covers=covers)])


@receiver(signals.role_changed)
def on_role_changed(*, workspace_id: int, subject: Person, old: str, new: str, covers: Covers, **_kwargs: Any) -> None:
    """Log a new role (10024)."""
    entry = pending(10024, workspace_id, old=old, new=new)
    detail = _subject_detail(subject, role={"from": old, "to": new})
    log([entry._replace(subject=subject, detail=detail, covers=covers)])


@receiver(signals.user_invited)
def on_user_invited(*, workspace_id: int, subject: Person, invitation_id: int, **_kwargs: Any) -> None:
    """Log an invitation with the published detail (36)."""
    detail = {
        "id": subject.user_id,
        "username": SUBJECT_USERNAME,
        "name": SUBJECT_NAME,
        "organisationId": workspace_id,
        # A published key; what opens the account is in the mail alone.
        "activationKey": MASK,
        "userFederated": False,
    }
    covers = {"invitation": [invitation_id]}
    log([pending(36, workspace_id)._replace(subject=subject, detail=detail, covers=covers)])


@receiver(signals.user_signed_up)
def on_user_signed_up(*, workspace: Workspace, subject: Person, covers: Covers, **_kwargs: Any) -> None:
    """Log a self-signup in the workspace it made (17)."""
    log([pending(17, workspace.pk, organisation=workspace.name)._replace(subject=subject, covers=covers)])


@receiver(signals.verification_requested)
def on_verification_requested(*, workspace_id: int, subject: Person, **_kwargs: Any) -> None:
    """Log the mail that asks to verify an address (40)."""
    log([pending(40, workspace_id)._replace(subject=subject, detail={"token": MASK})])


@receiver(signals.user_verified)
def on_user_verified(*, workspace_id: int, subject: Person, **_kwargs: Any) -> None:
    """Log a verified address (41)."""
    log([pending(41, workspace_id)._replace(subject=subject)])


@receiver(signals.password_reset_requested)
def on_password_reset_requested(
    *, workspace_id: int, subject: Person, ip: str, user_agent: str, **_kwargs: Any
) -> None:
    """Log the mail with a link to a new password, with the published detail (37)."""
    detail = {
        "id": subject.user_id,
        "username": SUBJECT_USERNAME,
        "name": SUBJECT_NAME,
        "organisationId": workspace_id,
        "activationKey": MASK,
        "sourceIp": ip,
        "userAgent": user_agent,
    }
    log([pending(37, workspace_id)._replace(subject=subject, detail=detail)])


@receiver(signals.user_deleted)
def on_user_deleted(*, workspace_id: int, subject: Person, covers: Covers, **_kwargs: Any) -> None:
    """Log that an account ended with its last workspace (46)."""
    detail = {"user": {"id": subject.user_id, "username": SUBJECT_USERNAME}}
    log([pending(46, workspace_id)._replace(subject=subject, detail=detail, covers=covers)])


@receiver(signals.mfa_enabled)
def on_mfa_enabled(*, workspace_id: int, subject: Person, kind: str, **_kwargs: Any) -> None:
    """Log a new MFA key (10028)."""
    log([pending(10028, workspace_id, type=kind)._replace(subject=subject)])


@receiver(signals.mfa_removed)
def on_mfa_removed(*, workspace_id: int, subject: Person, key_id: int, kind: str, **_kwargs: Any) -> None:
    """Log a removed MFA key (14)."""
    log([pending(14, workspace_id, mfa_key_id=key_id, type=kind)._replace(subject=subject)])


@receiver(signals.user_erasing)
def on_user_erasing(*, user_id: int, **_kwargs: Any) -> list[str]:
    """Return the names and addresses that the person had when something was logged."""
    rows = FrozenPerson.objects.filter(user_id=user_id).order_by("pk").values_list("name", "username")
    return [text for row in rows for text in row]


@receiver(signals.user_erased)
def on_user_erased(
    *, workspace_id: int, user_id: int, names: Sequence[str], replacement: Person, covers: Covers, **_kwargs: Any
) -> None:
    """Erase the person's frozen rows, and log it (10027). No event is touched: they point to these rows."""
    found = FrozenPerson.objects.filter(Q(user_id=user_id) | Q(username__iexact=names[1]))
    rows = list(found.select_for_update(of=("self",)).order_by("pk"))
    # The database lets these rows be rewritten while such a receipt is open, and only to what is written here.
    named = [row for row in rows if row.salt is not None]
    receipts = [ErasureReceipt(user_id=pk) for pk in sorted({row.user_id for row in named})]
    ErasureReceipt.objects.bulk_create(receipts)
    for number, row in enumerate(rows):
        if row.salt is None:
            continue  # nameless already, as when this is told in a second workspace
        # Former names were rows of their own and stay so; blanks keep them apart and are not seen.
        row.name, row.username = replacement.name, replacement.username + " " * number
        # Without the salt nobody can try names against the commitment, which the seals go on holding.
        row.salt = None
        row.save(update_fields=["name", "username", "salt"])
    ErasureReceipt.objects.filter(pk__in=[receipt.pk for receipt in receipts]).update(closed=Now())
    forget_persons()
    kept = [actors_key(pk) for pk in Workspace.objects.order_by().values_list("pk", flat=True)]
    transaction.on_commit(lambda: figures.delete_many(kept))
    log([pending(10027, workspace_id, user_id=user_id)._replace(covers=covers)])


# --- support access ---


@receiver(signals.support_started)
def on_support_started(
    *, workspace: Workspace, operator: Workspace, subject: Person, reason: str, access_id: int, **_kwargs: Any
) -> None:
    """Log support access in the visited workspace, with the published detail and the reason (13)."""
    entry = pending(13, workspace.pk, support_organisation=operator.name, organisation=workspace.name)
    detail = {
        "support_username": ACTOR_USERNAME,
        "support_user_org": {"id": operator.pk, "name": operator.name},
        "target_username": SUBJECT_USERNAME,
        "reason": reason,
    }
    log([entry._replace(subject=subject, detail=detail, covers={"support_access": [access_id]})])


@receiver(signals.support_ended)
def on_support_ended(
    *, workspace_id: int, subject: Person, reason: str, access_id: int, timed_out: bool, **_kwargs: Any
) -> None:
    """Log the end of support access (10042)."""
    detail = {"reason": reason, "target_username": SUBJECT_USERNAME, "timed_out": timed_out}
    covers = {"support_access": [access_id]}
    log([pending(10042, workspace_id)._replace(subject=subject, detail=detail, covers=covers)])
