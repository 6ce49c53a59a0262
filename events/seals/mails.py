"""The daily mail: the newest checkpoint of a workspace, to those whom it names, out of the database's reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import signals
from accounts.models import Workspace
from events.seals.models import SealCheckpoint, SealLog
from events.seals.proofs import keys_of
from kit import mail

_AT_ONCE = 200


def send_due() -> int:
    """Queue the mails of today that are not queued yet, and return how many workspaces got theirs."""
    done = 0
    while count := _some():
        done += count
    return done


def _some() -> int:
    today = timezone.now().date()
    checkpoints = SealCheckpoint.objects.filter(log=OuterRef("pk")).order_by("-pk")
    there = Workspace.objects.filter(pk=OuterRef("workspace"))
    with transaction.atomic():
        due = SealLog.objects.exclude(mail_to=[]).filter(Q(mailed__isnull=True) | Q(mailed__lt=today))
        found = list(due.filter(Exists(checkpoints), Exists(there)).select_for_update().order_by("pk")[:_AT_ONCE])
        # After the lock, so that names and checkpoints are those of now.
        locked = SealLog.objects.filter(pk__in=[log.pk for log in found])
        names = dict(locked.values_list("pk", "workspace__name"))
        newest = dict(locked.values_list("pk", Subquery(checkpoints.values("pk")[:1])))
        known = SealCheckpoint.objects.in_bulk(newest.values())
        letters: list[mail.Letter] = []
        for log in found:
            letters += _letters(log, names[log.pk], known[newest[log.pk]])
            log.mailed = today
        SealLog.objects.bulk_update(found, ["mailed"])
        mail.post(letters)
    return len(found)


def _letters(log: SealLog, name: str, checkpoint: SealCheckpoint) -> list[mail.Letter]:
    context = {
        "workspace": name,
        "workspace_id": log.workspace_id,
        "checkpoint": checkpoint,
        "key": keys_of(log.origin)[-1]["key"],
    }
    subject, _line, body = render_to_string("events/mail/seal.txt", context).strip().partition("\n")
    # One mail for each, so that nobody reads the others' addresses.
    return [mail.Letter([address], subject, body.strip() + "\n") for address in log.mail_to]


@receiver(signals.user_erased)
def on_user_erased(*, names: Sequence[str], **_kwargs: Any) -> None:
    """Mail nothing to a person who was erased."""
    gone = {name.lower() for name in names}
    for log in SealLog.objects.exclude(mail_to=[]).select_for_update():
        kept = [address for address in log.mail_to if address not in gone]
        if kept != log.mail_to:
            log.mail_to = kept
            log.save(update_fields=["mail_to"])
