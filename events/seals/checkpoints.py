"""Writing checkpoints: the root of each tree that grew, and of each once an hour, signed and put outside the database.

Nothing is signed that does not continue what was signed before, here and in the folder outside: a database that was cut
short or restored from an old copy gets no further checkpoint until somebody has looked at it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from events.seals import mirror, trees
from events.seals.keys import KeyProblem, signing_key
from events.seals.models import SealCheckpoint, SealLog, SealState
from events.seals.notes import Checkpoint, NoteError, sign

logger = logging.getLogger(__name__)

KEPT_WHOLE: Final = timedelta(days=7)
"""After this time the checkpoints of an hour are thinned to the last one, and those that witnesses signed."""
QUIET: Final = timedelta(hours=1)
"""A log that does not grow gets a checkpoint this often, so that silence is told from a stop."""
_AT_ONCE: Final = 500
_STATE: Final = 1


def write_checkpoints() -> int:
    """Sign what grew and what has been quiet for an hour, and return how many checkpoints were made."""
    done = 0
    while True:
        made, more = _some()
        done += made
        if not more:
            return done


class _Anchor(NamedTuple):
    """What a new checkpoint has to continue, and where that stands."""

    size: int
    root: bytes
    where: str


def _due(now: datetime) -> list[Any]:
    """Return the logs that grew or have been quiet for long, each with its last checkpoint. One query."""
    newest = SealCheckpoint.objects.filter(log=OuterRef("pk")).order_by("-pk")
    logs = SealLog.objects.annotate(
        last_size=Subquery(newest.values("size")[:1]),
        last_root=Subquery(newest.values("root")[:1]),
        last_moment=Subquery(newest.values("moment")[:1]),
    )
    grown = Q(last_size__isnull=True) | ~Q(last_size=F("size"))
    due = logs.filter(grown | Q(last_moment__lte=now - QUIET), size__gt=0)
    return list(due.order_by("problem", "pk")[:_AT_ONCE])


def _some() -> tuple[int, bool]:
    """Write the checkpoints of some logs in one transaction; returns how many, and whether there are more to write."""
    with transaction.atomic():
        state = SealState.objects.select_for_update(skip_locked=True).filter(pk=_STATE).first()
        if state is None:
            return 0, False
        now = timezone.now()
        logs = _due(now)
        try:
            made, problem = _sign(logs, now) if logs else [], ""
        except (KeyProblem, NoteError, OSError) as error:
            made, problem = [], _("No checkpoint is signed: %(why)s") % {"why": error}
            logger.error("%s", problem)
        if logs:
            _note_problem(state, problem)
    try:
        if made:
            mirror.publish_keys(mirror.keys_text())
        for log, checkpoint in made:
            mirror.mirror(log, checkpoint)
    except (OSError, NoteError) as error:
        # The checkpoints stand in the database; the next run brings the folder up to them.
        logger.error("The folder of seals can't be written: %s", error)
        _note_problem(state, _("The folder of seals (SEALS_FOLDER) can't be written: %(why)s.") % {"why": error})
    return len(made), bool(made) and len(logs) == _AT_ONCE


# untold: why sealing stands still
def _note_problem(state: SealState, problem: str) -> None:
    if state.problem != problem[:500]:
        state.problem = problem[:500]
        state.save(update_fields=["problem"])


def _sign(logs: Sequence[Any], now: datetime) -> list[tuple[SealLog, SealCheckpoint]]:
    """Sign the roots of logs that continue what was signed before. The number of queries is the same for all of them.

    Raises:
        KeyProblem: there is no key to sign with.
    """
    private, key = signing_key(now)
    before = {log.pk: _anchors(log) for log in logs}
    wanted = {(log.pk, log.size) for log in logs}
    wanted |= {(log.pk, anchor.size) for log in logs for anchor in before[log.pk] if anchor.size <= log.size}
    found = trees.roots(wanted)
    changed, made = [], []
    for log in logs:
        problem = _problem(log, before[log.pk], found)
        if problem:
            logger.error("No checkpoint of %s is signed: %s", log.origin, problem)
        else:
            checkpoint = Checkpoint(log.origin, log.size, found[log.pk, log.size])
            note = str(sign(checkpoint, private, now))
            row = SealCheckpoint(log=log, size=log.size, root=checkpoint.root, moment=now, key=key, note=note)
            made.append((log, row))
        if log.problem != problem:
            log.problem = problem
            changed.append(log)
    SealLog.objects.bulk_update(changed, ["problem"])
    SealCheckpoint.objects.bulk_create([row for _log, row in made])
    return made


def _anchors(log: Any) -> list[_Anchor]:
    """Return what was signed last: by the database, and by the folder outside.

    Raises:
        NoteError, OSError: the folder holds something unreadable.
    """
    found = []
    if log.last_size is not None:
        found.append(_Anchor(log.last_size, bytes(log.last_root), _("in the database")))
    outside = mirror.newest_outside(log.token)
    if outside is not None:
        found.append(_Anchor(outside.checkpoint.size, outside.checkpoint.root, _("outside the database")))
    return found


def _problem(log: SealLog, anchors: Sequence[_Anchor], found: Mapping[tuple[int, int], bytes]) -> str:
    """Say why a log does not continue what was signed before, "" if it does."""
    for anchor in anchors:
        if anchor.size > log.size:
            text = _(
                "The checkpoint %(where)s speaks of %(signed)s events, and the tree holds %(now)s: it was cut short, "
                "or an old copy of the database was restored."
            )
            return text % {"where": anchor.where, "signed": anchor.size, "now": log.size}
        if found[log.pk, anchor.size] != anchor.root:
            text = _("The first %(signed)s hashes are no longer those of the checkpoint %(where)s: they were changed.")
            return text % {"where": anchor.where, "signed": anchor.size}
    return ""


def thin() -> int:
    """Thin old checkpoints to the last of each hour, and return how many went. The database lets no others go."""
    hour = "date_trunc('hour', moment)" if connection.vendor == "postgresql" else "substr(moment, 1, 13)"
    cutoff = timezone.now() - KEPT_WHOLE - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM events_sealcheckpoint WHERE id IN (SELECT id FROM ("  # noqa: S608 - constants
            f"SELECT id, row_number() OVER (PARTITION BY log_id, {hour} ORDER BY id DESC) AS place"
            " FROM events_sealcheckpoint WHERE moment < %s) AS numbered WHERE place > 1)"
            " AND id NOT IN (SELECT checkpoint_id FROM events_sealcosignature)",
            [connection.ops.adapt_datetimefield_value(cutoff)],
        )
        return int(cursor.rowcount)
