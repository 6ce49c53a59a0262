"""Checking what stands around the logs: the persons they name, and the folder outside the database."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from accounts.selectors import ERASED_NAME, erased_username
from events import registry
from events.models import Event, FrozenPerson
from events.seals import mirror, trees
from events.seals.commitments import person_commitment
from events.seals.models import SealLog
from events.seals.notes import Note, NoteError
from events.seals.verify_report import Report, between, clock

PERSONS: Final = 5_000
"""Persons in one piece."""
_ERASED: Final = 10027
_NUMBER: Final = re.compile(r"\(User ID: (\d+)\)$")


def check_persons(report: Report) -> bool:
    """Check the names of persons against the commitments that seals hold; returns whether all are done."""
    after = report.position.get("person", 0)
    rows = list(FrozenPerson.objects.filter(pk__gt=after).order_by("pk")[:PERSONS])
    erased = {user_id for row in rows if row.salt is None and (user_id := _erased_user(row)) is not None}
    told = _told(erased)
    for row in rows:
        values = {"row": row.pk, "user": row.user_id, "when": between(None, report.since)}
        if row.salt is None:
            if _erased_user(row) not in told:
                text = _(
                    "Row %(row)s of the persons in the log (user %(user)s) was changed %(when)s: it looks erased, and "
                    "the "
                    "log tells of no erasure."
                )
                report.add("person", text % values)
            continue
        made = person_commitment(bytes(row.salt), user_id=row.user_id, name=row.name, username=row.username)
        if made != bytes(row.commitment):
            text = _(
                "Row %(row)s of the persons in the log (user %(user)s) was changed %(when)s: name, address or number "
                "are "
                "not those that were sealed."
            )
            report.add("person", text % values)
    if len(rows) < PERSONS:
        return True
    report.position = {**report.position, "person": rows[-1].pk}
    return False


def _erased_user(row: FrozenPerson) -> int | None:
    """Return the id of the user whose erasure made a row look as it does."""
    username = row.username.rstrip()
    number = _NUMBER.search(username)
    if row.name != ERASED_NAME or number is None or username != erased_username(int(number[1])):
        return None
    return int(number[1])


def _told(user_ids: set[int]) -> set[int]:
    """Return those of whom the log says that they were erased. One query, none for nobody."""
    kind = registry.get(_ERASED)
    texts = {kind.text(user_id=user_id): user_id for user_id in user_ids}
    if not texts:
        return set()
    rows = Event.objects.filter(type=_ERASED, description__in=list(texts)).values_list("description", flat=True)
    return {texts[text] for text in rows}


def check_outside(report: Report) -> bool:
    """Compare each log with its newest checkpoint in the folder outside."""
    logs = {log.token: log for log in SealLog.objects.all()}
    for token in mirror.tokens_outside():
        try:
            note = mirror.newest_outside(token)
        except (NoteError, OSError) as error:
            text = _("The checkpoint in the folder %(token)s can't be read: %(why)s") % {"token": token, "why": error}
            report.add("outside", text)
            continue
        if note is not None:
            _compare(report, logs.get(token), token, note)
    return True


def _compare(report: Report, log: SealLog | None, token: str, note: Note) -> None:
    head = note.checkpoint
    then = clock(note.moment) if note.moment else "?"
    if log is None:
        text = _(
            "The log %(origin)s with %(size)s events, signed at %(then)s, is not in the database: it was removed, or "
            "an old "
            "copy was restored, %(when)s."
        )
        values = {"origin": head.origin, "size": head.size, "then": then, "when": between(note.moment, report.since)}
        report.add("outside", text % values)
        return
    values = {
        "workspace": log.workspace_id,
        "size": head.size,
        "then": then,
        "first": log.size,
        "last": head.size - 1,
        "when": between(note.moment, None),
    }
    if head.size > log.size:
        text = _(
            "The places %(first)s to %(last)s of workspace %(workspace)s, signed at %(then)s, are gone: the log was "
            "cut "
            "short, or an old copy of the database was restored, %(when)s."
        )
        report.add("removed", text % values, workspace_id=log.workspace_id)
        return
    try:
        root = trees.roots([(log.pk, head.size)])[log.pk, head.size]
    except (KeyError, ValueError):
        root = b""
    if root != head.root or head.origin != log.origin:
        text = _(
            "The first %(size)s places of workspace %(workspace)s are not those that were signed at %(then)s, as the "
            "folder outside the database has it: one was changed, removed, added or moved %(when)s."
        )
        report.add("outside", text % values, workspace_id=log.workspace_id)
