"""Checking a log: its rows against the hashes in its tiles, its tiles against what was signed, piece by piece."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from events.models import Event
from events.seals import leaves as leaf
from events.seals import mirror, trees
from events.seals.merkle import HASH, WIDTH, leaf_hash, whole_root
from events.seals.models import SealCheckpoint, SealLog, SealState, SealTile
from events.seals.notes import SIGNATURE, Note, NoteError, VerifierKey, verified
from events.seals.verify_report import Report, between, clock

TILES: Final = 32
"""Tiles of level 0 in one piece, so at most 8,192 events."""
MOST_ROWS: Final = 50_000
"""Rows that a piece reads; only a log that somebody has stuffed has more."""
LATE: Final = timedelta(hours=1)
"""How much older than the checkpoint before it an event may be: as long as a transaction may last."""
_MOST_EXCHANGED: Final = 40
_LOWEST: Final = -(2**63)
"""Events begin with 1; what somebody has put before that is looked at too."""


class _Tile(NamedTuple):
    number: int
    hashes: bytes
    ids: list[int]


class _Signed(NamedTuple):
    """A checkpoint, as far as a check needs it."""

    size: int
    root: bytes
    moment: datetime
    good: bool


class _Piece(NamedTuple):
    """What one piece looks at."""

    log: SealLog
    tiles: list[_Tile]
    rows: dict[int, leaf.StoredEvent]
    persons: dict[int, leaf.SealedPerson]
    signed: list[_Signed]

    def sealed(self, index: int) -> datetime | None:
        """Return when a place was sealed: the moment of the first checkpoint over it."""
        return next((each.moment for each in self.signed if each.size > index), None)


def check_log_piece(report: Report) -> bool:
    """Check the next tiles of the log the position names, or turn to the next log; returns whether all are done."""
    position = report.position
    sealed_id = SealState.objects.values_list("sealed_id", flat=True).first() or 0
    log = _current(position)
    if log is None:
        return True
    first, before = position.get("tile", 0), position.get("high", _LOWEST)
    tiles = _tiles(log, first)
    last = len(tiles) < TILES or len(tiles[-1].ids) < WIDTH
    high = tiles[-1].ids[-1] if tiles and tiles[-1].ids else before
    rows = leaf.select(
        "workspace_id = %s AND id > %s AND id <= %s LIMIT %s",
        [log.workspace_id, before, max(high, sealed_id) if last else high, MOST_ROWS],
    )
    found = {row[leaf.ID]: row for row in rows if row[leaf.ID] <= max(high, sealed_id)}
    signed = _signed(report, log, first * WIDTH, None if last else (first + len(tiles)) * WIDTH)
    piece = _Piece(log, tiles, found, leaf.read_persons(leaf.persons_named(rows)), signed)
    _compare_rows(report, piece)
    _compare_tiles(report, piece)
    _compare_roots(report, piece)
    report.checked += len(found)
    if last:
        report.position = {**_kept(position), "log": log.pk, "ended": True}
    else:
        report.position = {**position, "log": log.pk, "tile": first + len(tiles), "high": high}
        report.position.pop("ended", None)  # of the log before, or the rest of this one would be passed by
        if signed:
            report.position["good"] = _last_good(signed) or position.get("good")
    return False


def _kept(position: dict[str, Any]) -> dict[str, Any]:
    return {name: position[name] for name in ("stage", "workspace", "since")}


def _last_good(signed: Sequence[_Signed]) -> list[Any] | None:
    good = [each for each in signed if each.good and each.root]
    return [good[-1].size, good[-1].moment.isoformat()] if good else None


def _current(position: dict[str, Any]) -> SealLog | None:
    """Return the log that the position names, or the next one when that has ended."""
    logs = SealLog.objects.order_by("pk")
    if position["workspace"] is not None:
        logs = logs.filter(workspace_id=position["workspace"])
    if "log" not in position:
        return logs.first()
    return (
        logs.filter(pk__gt=position["log"]).first() if "ended" in position else logs.filter(pk=position["log"]).first()
    )


def _tiles(log: SealLog, first: int) -> list[_Tile]:
    rows = SealTile.objects.filter(log=log, level=0, number__gte=first, number__lt=first + TILES).order_by("number")
    return [
        _Tile(number, bytes(hashes), trees.unpacked_ids(ids))
        for number, hashes, ids in rows.values_list("number", "hashes", "ids")
    ]


# --- rows ---


def _compare_rows(report: Report, piece: _Piece) -> None:
    workspace_id, secret = piece.log.workspace_id, bytes(piece.log.salt)
    changed: dict[int, tuple[int, bytes]] = {}
    missing: list[tuple[int, int]] = []
    placed: set[int] = set()
    for tile in piece.tiles:
        for offset, event_id in enumerate(tile.ids):
            index = tile.number * WIDTH + offset
            placed.add(event_id)
            row = piece.rows.get(event_id)
            if row is None:
                missing.append((event_id, index))
                continue
            expected = tile.hashes[offset * HASH : (offset + 1) * HASH]
            if leaf_hash(leaf.leaf_of(row, piece.persons, secret)) != expected:
                changed[event_id] = (index, expected)
            else:
                _check_moment(report, piece, row, index)
    _name_changed(report, piece, changed)
    _name_missing(report, piece, missing)
    for event_id in sorted(piece.rows.keys() - placed):
        text = _("Event %(id)s of workspace %(workspace)s was added %(when)s: it has no place in the sealed log.")
        values = {"id": event_id, "workspace": workspace_id, "when": between(None, report.since)}
        report.add("added", text % values, workspace_id=workspace_id, event_id=event_id)


def _name_changed(report: Report, piece: _Piece, changed: dict[int, tuple[int, bytes]]) -> None:
    workspace_id = piece.log.workspace_id
    partners = _exchanged(piece, changed) if len(changed) <= _MOST_EXCHANGED else {}
    for event_id, (index, _hash) in changed.items():
        row = piece.rows[event_id]
        values = {
            "id": event_id,
            "place": index,
            "workspace": workspace_id,
            "when": between(piece.sealed(index), report.since),
        }
        gone = [
            row[place] for place in leaf.PERSON_COLUMNS if row[place] is not None and row[place] not in piece.persons
        ]
        if gone:
            values["person"] = gone[0]
            text = _(
                "Event %(id)s (place %(place)s of workspace %(workspace)s) has lost a person: row %(person)s of the "
                "persons in the log was removed %(when)s."
            )
            report.add("person", text % values, workspace_id=workspace_id, event_id=event_id)
        elif event_id in partners:
            values["other"] = partners[event_id]
            text = _(
                "Event %(id)s (place %(place)s of workspace %(workspace)s) was moved %(when)s: its place now holds "
                "what "
                "event %(other)s said."
            )
            report.add("moved", text % values, workspace_id=workspace_id, event_id=event_id)
        else:
            text = _("Event %(id)s (place %(place)s of workspace %(workspace)s) was changed %(when)s.")
            report.add("changed", text % values, workspace_id=workspace_id, event_id=event_id)


def _exchanged(piece: _Piece, changed: dict[int, tuple[int, bytes]]) -> dict[int, int]:
    """Return the events whose rows hold what another event said, with that other one."""
    secret = bytes(piece.log.salt)
    original = {hashed: event_id for event_id, (_index, hashed) in changed.items()}
    found = {}
    for event_id in changed:
        row = piece.rows[event_id]
        for other in changed:
            if other == event_id:
                continue
            moved = [*row]
            moved[leaf.ID] = other
            if original.get(leaf_hash(leaf.leaf_of(moved, piece.persons, secret))) == other:
                found[event_id] = other
    return found


def _name_missing(report: Report, piece: _Piece, missing: Sequence[tuple[int, int]]) -> None:
    workspace_id = piece.log.workspace_id
    elsewhere = dict(
        Event.objects.filter(pk__in=[event_id for event_id, _index in missing]).values_list("pk", "workspace")
    )
    for event_id, index in missing:
        values = {
            "id": event_id,
            "place": index,
            "workspace": workspace_id,
            "other": elsewhere.get(event_id),
            "when": between(piece.sealed(index), report.since),
        }
        if event_id in elsewhere:
            text = _(
                "Event %(id)s (place %(place)s of workspace %(workspace)s) was moved to workspace %(other)s %(when)s."
            )
            report.add("moved", text % values, workspace_id=workspace_id, event_id=event_id)
        else:
            text = _("Event %(id)s (place %(place)s of workspace %(workspace)s) was removed %(when)s.")
            report.add("removed", text % values, workspace_id=workspace_id, event_id=event_id)


def _check_moment(report: Report, piece: _Piece, row: leaf.StoredEvent, index: int) -> None:
    """Name an event that says an earlier time than a checkpoint at which it was not there."""
    if row[leaf.EXTERNAL_ID] is not None:
        return
    at = bisect_right(piece.signed, index, key=lambda each: each.size)
    if not at:
        return
    moment = leaf.moment_of(row)
    before = max(each.moment for each in piece.signed[:at])
    if moment < before - LATE:
        values = {
            "id": row[leaf.ID],
            "place": index,
            "workspace": piece.log.workspace_id,
            "says": clock(moment),
            "then": clock(before),
        }
        text = _(
            "Event %(id)s (place %(place)s of workspace %(workspace)s) says %(says)s, but was added later than "
            "%(then)s: "
            "the checkpoint of that time does not hold it."
        )
        report.add("late", text % values, workspace_id=piece.log.workspace_id, event_id=row[leaf.ID])


# --- tiles ---


def _compare_tiles(report: Report, piece: _Piece) -> None:
    """Compare hashes with those in the folder outside, which says which were changed, and with the level above."""
    log = piece.log
    above = trees.read_tiles((log.pk, 1, number) for number in {tile.number // WIDTH for tile in piece.tiles})
    for tile in piece.tiles:
        outside = mirror.tile_outside(log.token, 0, tile.number)
        if outside is not None and tile.hashes[: len(outside)] != outside[: len(tile.hashes)]:
            _name_hashes(report, piece, tile, outside)
        elif len(tile.ids) == WIDTH:
            place = tile.number % WIDTH * HASH
            parents = above.get((log.pk, 1, tile.number // WIDTH), b"")
            if parents[place : place + HASH] != whole_root(tile.hashes):
                first = tile.number * WIDTH
                text = _(
                    "The seals of the places %(first)s to %(last)s of workspace %(workspace)s were changed %(when)s: "
                    "they "
                    "do not add up."
                )
                values = {
                    "first": first,
                    "last": first + WIDTH - 1,
                    "workspace": log.workspace_id,
                    "when": between(piece.sealed(first + WIDTH - 1), report.since),
                }
                report.add("seal", text % values, workspace_id=log.workspace_id)


def _name_hashes(report: Report, piece: _Piece, tile: _Tile, outside: bytes) -> None:
    log, secret = piece.log, bytes(piece.log.salt)
    for offset, event_id in enumerate(tile.ids[: len(outside) // HASH]):
        part = slice(offset * HASH, (offset + 1) * HASH)
        if tile.hashes[part] == outside[part]:
            continue
        index = tile.number * WIDTH + offset
        row = piece.rows.get(event_id)
        intact = row is not None and leaf_hash(leaf.leaf_of(row, piece.persons, secret)) == outside[part]
        values = {
            "id": event_id,
            "place": index,
            "workspace": log.workspace_id,
            "when": between(piece.sealed(index), report.since),
        }
        text = (
            _(
                "The seal of event %(id)s (place %(place)s of workspace %(workspace)s) was changed %(when)s; the event "
                "was not."
            )
            if intact
            else _("Event %(id)s (place %(place)s of workspace %(workspace)s) and its seal were changed %(when)s.")
        )
        report.add("seal" if intact else "changed", text % values, workspace_id=log.workspace_id, event_id=event_id)


# --- checkpoints ---


def _signed(report: Report, log: SealLog, after: int, until: int | None) -> list[_Signed]:
    """Return the checkpoints whose sizes lie in a piece, checked, with the last good one before it in front."""
    keys: dict[int, VerifierKey] = {}
    found: list[_Signed] = []
    if good := report.position.get("good"):
        found.append(_Signed(good[0], b"", datetime.fromisoformat(good[1]), good=True))
    rows = SealCheckpoint.objects.filter(log=log, size__gt=after).select_related("key").order_by("size", "pk")
    if until is not None:
        rows = rows.filter(size__lte=until)
    for row in rows.iterator(chunk_size=1_000):
        key = keys.setdefault(row.key_id, VerifierKey(log.origin, SIGNATURE, bytes(row.key.public)))
        problem = _note_problem(row, log, key)
        if problem:
            values = {"then": clock(row.moment), "size": row.size, "workspace": log.workspace_id, "why": problem}
            text = _("The checkpoint of %(then)s over %(size)s events of workspace %(workspace)s was changed: %(why)s.")
            report.add("checkpoint", text % values, workspace_id=log.workspace_id)
        found.append(_Signed(row.size, bytes(row.root), row.moment, good=not problem))
    if until is not None:
        # Its root is the next piece's to check; here it only says when the last places were sealed.
        after_it = SealCheckpoint.objects.filter(log=log, size__gt=until).order_by("size", "pk")
        for size, moment in after_it.values_list("size", "moment")[:1]:
            found.append(_Signed(size, b"", moment, good=True))
    return found


def _note_problem(row: SealCheckpoint, log: SealLog, key: VerifierKey) -> str:
    try:
        note = Note.parse(row.note)
    except NoteError:
        return _("its text is no signed checkpoint")
    head = note.checkpoint
    if (head.origin, head.size, head.root) != (log.origin, row.size, bytes(row.root)):
        return _("its text says something else than its row")
    stated = note.moment
    if stated is None or abs(stated - row.moment) > timedelta(seconds=1):
        return _("its time is not the one that was signed")
    stamped = key._replace(kind=4)
    return "" if verified(note, key) and verified(note, stamped) else _("its signature is wrong")


def _compare_roots(report: Report, piece: _Piece) -> None:
    """Compare the roots of the tree with those that were signed; the first that differs says where to look."""
    log = piece.log
    wanted = [each for each in piece.signed if each.root and each.good]
    present = [each for each in wanted if each.size <= log.size]
    try:
        found = trees.roots({(log.pk, each.size) for each in present})
    except (KeyError, ValueError):
        text = _("Tiles of the sealed log of workspace %(workspace)s are missing.") % {"workspace": log.workspace_id}
        report.add("seal", text, workspace_id=log.workspace_id)
        return
    before = piece.signed[0] if piece.signed and not piece.signed[0].root else None
    for each in wanted:
        if each.size <= log.size and found[log.pk, each.size] == each.root:
            before = each
            continue
        values = {
            "first": before.size if before else 0,
            "last": each.size - 1,
            "workspace": log.workspace_id,
            "then": clock(each.moment),
            "when": between(each.moment, report.since),
        }
        text = _(
            "The sealed log of workspace %(workspace)s is not the one that was signed at %(then)s: one of the places "
            "%(first)s to %(last)s was changed, removed, added or moved %(when)s, and its seal with it."
        )
        report.add("seal", text % values, workspace_id=log.workspace_id)
        return


# --- what no log holds ---


def check_unlogged(report: Report) -> bool:
    """Name events that should have a place and belong to a workspace that has no sealed log. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, workspace_id FROM events_event WHERE id <= (SELECT COALESCE(MAX(sealed_id), 0) FROM "
            "events_sealstate)"
            " AND workspace_id NOT IN (SELECT workspace_id FROM events_seallog) ORDER BY id LIMIT 1000"
        )
        rows = cursor.fetchall()
    for event_id, workspace_id in rows:
        text = _("Event %(id)s of workspace %(workspace)s was added %(when)s: the workspace has no sealed log.")
        values = {"id": event_id, "workspace": workspace_id, "when": between(None, report.since)}
        report.add("added", text % values, workspace_id=workspace_id, event_id=event_id)
    return True
