#!/usr/bin/env python3
"""Check proofs, checkpoints and whole exported logs of the operator portal, without the portal.

    python verify_log.py FILE [--key KEY] [--checkpoint FILE] [--witness KEY]

FILE is what the portal lets you download: the proof of one event, the proof that one checkpoint continues another, or a
whole sealed log. The program says in one sentence each what it checked, and which event was changed, removed, added or
moved, and between which times. It ends with 0 when everything is right, 1 when something is not, 2 when it can't tell.

  --key KEY          the public key that you know from elsewhere (a mail, a colleague, a witness), NAME+ID+KEY. Without
                     it the keys in FILE are believed, and the program says so.
  --checkpoint FILE  a checkpoint that you kept outside the portal, for example a daily mail
  --witness KEY      a witness that has to have signed the checkpoint; both may be given several times

It needs Python 3.9 or newer and the package `cryptography`. It sends nothing anywhere. How everything is computed is
described in docs/trust.md; this is one reading of that page, and you may write your own.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BUNDLE, CONSISTENCY, LOG = "portal-seal-bundle/1", "portal-seal-consistency/1", "portal-sealed-log/1"
HANDOVER = "portal-seal-key-handover/v1"
PROOF = "c2sp.org/tlog-proof@v1"
PLAIN, STAMPED = 1, 4
NOTE = re.compile(
    r"^(?P<body>[^\s+]+\n(?:0|[1-9][0-9]*)\n[A-Za-z0-9+/]{43}=\n)\n"
    r"(?P<lines>(?:\u2014 [^\s+]+ [A-Za-z0-9+/=]+(?:\n|$))+)",
    re.M,
)


class Wrong(Exception):
    """Something is not as it should be; the text is the sentence to say."""


class Unreadable(Exception):
    """The file is not what this program checks."""


# --- hashes and trees (RFC 9162, section 2.1) ---


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_inclusion(index, size, hashed, path):
    """Return the root that an inclusion proof leads to (2.1.3.2)."""
    if not 0 <= index < size:
        raise Wrong("The place lies outside the log.")
    number, last = index, size - 1
    for other in path:
        if last == 0:
            raise Wrong("The inclusion proof is too long.")
        if number & 1 or number == last:
            hashed = node_hash(other, hashed)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            hashed = node_hash(hashed, other)
        number, last = number >> 1, last >> 1
    if last:
        raise Wrong("The inclusion proof is too short.")
    return hashed


def check_consistency(old, new, old_root, new_root, path):
    """Check that a tree continues another (2.1.4.2)."""
    if old > new:
        raise Wrong(f"The newer checkpoint stands for {new} events, fewer than the older one's {old}.")
    if old == new or old == 0:
        if path or (old == new and old_root != new_root):
            raise Wrong("The two checkpoints have the same size and differ: the log was changed between them.")
        return
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Wrong("The consistency proof is empty.")
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if last == 0:
            raise Wrong("The consistency proof is too long.")
        if number & 1 or number == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, other)
        number, last = number >> 1, last >> 1
    if first != old_root or second != new_root or last:
        raise Wrong(
            f"The newer checkpoint does not continue the older one: one of the first {old} events "
            f"was changed, removed, "
            "added or moved between them."
        )


class Tree:
    """A tree that grows leaf by leaf and keeps only the roots of its whole subtrees."""

    def __init__(self):
        self.size, self._roots = 0, []

    def add(self, hashed):
        self.size += 1
        count = self.size
        while not count & 1:
            hashed = node_hash(self._roots.pop(), hashed)
            count >>= 1
        self._roots.append(hashed)

    def root(self):
        if not self._roots:
            return hashlib.sha256(b"").digest()
        hashed = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            hashed = node_hash(left, hashed)
        return hashed


# --- keys and notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---


def unb64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unreadable(f"“{text[:40]}” is no base64.") from error


class Key:
    """A public key and its name: NAME+ID+KEY."""

    def __init__(self, text):
        name, _plus, rest = text.strip().partition("+")
        stated, _plus, encoded = rest.partition("+")
        data = unb64(encoded)
        if not name or len(data) != 33 or data[0] not in (PLAIN, STAMPED):
            raise Unreadable(f"“{text[:80]}” is no public key of the kind Ed25519.")
        self.name, self.kind, self.public = name, data[0], data[1:]
        if self.id.hex() != stated:
            raise Unreadable(f"The id in the key of {name} is not the key's own.")

    @property
    def id(self):
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def stamped(self):
        """Return the same key for signatures that carry a time."""
        other = Key.__new__(Key)
        other.name, other.kind, other.public = self.name, STAMPED, self.public
        return other

    def verify(self, body, data):
        """Return the time of a signature in seconds, 0 when it carries none. Raises Wrong when it is wrong."""
        message, seconds = body.encode(), 0
        if self.kind == STAMPED:
            seconds, data = int.from_bytes(data[:8], "big"), data[8:]
            message = f"cosignature/v1\ntime {seconds}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(data, message)
        except InvalidSignature as error:
            raise Wrong(f"The signature of {self.name} is wrong: the checkpoint was changed or forged.") from error
        return seconds


class Note:
    """A signed checkpoint."""

    def __init__(self, body, lines):
        self.body = body
        self.origin, size, root = body.rstrip("\n").split("\n")
        self.size, self.root = int(size), unb64(root)
        self.signatures = []
        for line in lines.rstrip("\n").split("\n"):
            _dash, name, encoded = line.split(" ")
            data = unb64(encoded)
            self.signatures.append((name, data[:4], data[4:]))
        self.seconds = 0

    @classmethod
    def all_in(cls, text):
        """Return every checkpoint in a text, whatever stands around them."""
        plain = text.replace("\r\n", "\n")
        return [cls(found["body"], found["lines"]) for found in NOTE.finditer(plain)]

    @classmethod
    def parse(cls, text):
        found = cls.all_in(text)
        if len(found) != 1 or not text.startswith(found[0].body):
            raise Unreadable("There is no signed checkpoint where one should be.")
        return found[0]

    def when(self):
        return clock(self.seconds) if self.seconds else "an unknown time"

    def signed_by(self, key):
        """Tell whether the note has a right signature by a key. Raises Wrong when one that claims to be is wrong."""
        found = False
        for name, key_id, data in self.signatures:
            if (name, key_id) == (key.name, key.id):
                self.seconds = max(self.seconds, key.verify(self.body, data))
                found = True
        return found

    def check(self, keys):
        """Check the log's own signature, and its time. Raises Wrong."""
        for key in keys:
            if key.name == self.origin and self.signed_by(key):
                self.signed_by(key.stamped())
                return
        raise Wrong(f"The checkpoint over {self.size} events is not signed with a key that you trust.")


def clock(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


class Checker:
    """What one run says and counts."""

    def __init__(self, options):
        self.options, self.wrong = options, 0
        self.trusted = [Key(text) for text in options.key]
        self.witnesses = [Key(text) for text in options.witness]
        self.kept = [note for path in options.checkpoint for note in self._kept(path)]

    @staticmethod
    def _kept(path):
        with open(path, encoding="utf-8") as file:
            found = Note.all_in(file.read())
        if not found:
            raise Unreadable(f"There is no signed checkpoint in {path}.")
        return found

    def right(self, text):
        print(f"right: {text}")

    def bad(self, text):
        self.wrong += 1
        print(f"WRONG: {text}")

    def keys(self, listed):
        """Return the keys to believe: those that are trusted, and those that these name, one after the other."""
        keys = [Key(each["key"]) for each in listed]
        if not self.trusted:
            print("note:  the keys in the file are believed; give --key with one that you know from elsewhere.")
            return keys
        believed = list(self.trusted)
        for before, key, each in zip(keys, keys[1:], listed[1:]):
            known = {one.public for one in believed}
            if before.public in known and key.public not in known and handover_right(each["handover"], before, key):
                believed.append(key)
        names = {key.name for key in keys}
        public = {key.public for key in believed}
        # The same key signs all logs of a portal, each in its own name.
        return [key for key in keys if key.public in public] or [key for key in believed if key.name in names]

    def witnessed(self, note, listed):
        """Say which witnesses have signed a checkpoint."""
        for key in [*self.witnesses, *(Key(text) for text in listed)]:
            before, note.seconds = note.seconds, 0
            if note.signed_by(key):
                self.right(f"The witness {key.name} signed this checkpoint at {note.when()}.")
            elif key in self.witnesses:
                self.bad(f"The witness {key.name} has not signed this checkpoint.")
            note.seconds = before

    # --- one event ---

    def bundle(self, data):
        leaf = data["leaf"].encode()
        event = json.loads(data["leaf"])
        index, path, note = parse_proof(data["proof"])
        note.check(self.keys(data["keys"]))
        if root_of_inclusion(index, note.size, leaf_hash(leaf), path) != note.root:
            raise Wrong(
                f"Event {event['id']} is not what stands at place {index} of the log {note.origin}: it "
                f"was changed after "
                f"{note.when()}, or the proof is another event's."
            )
        self.right(
            f"Event {event['id']} of {event['timestamp']} stands at place {index} of the log {note.origin}, signed at "
            f"{note.when()} over {note.size} events."
        )
        self.witnessed(note, data.get("witnesses", []))
        self.openings(event, data.get("openings", {}))
        self.compare_kept(note)
        print(f"The event: {data['leaf']}")

    def openings(self, event, opened, quiet=False):
        for name in ("actor", "subject", "acted_for", "context", "detail"):
            if name not in event:
                continue
            stated = event[name]["commitment"] if isinstance(event[name], dict) else event[name]
            if name not in opened:
                if not quiet:
                    print(f"note:  “{name}” is sealed, and not shown to you or erased.")
                continue
            value, salt = opened[name]["value"], bytes.fromhex(opened[name]["salt"])
            if hmac.new(salt, value.encode(), "sha256").hexdigest() != stated:
                self.bad(f"“{name}” of event {event['id']} is not what was sealed: it was changed.")
            elif not quiet:
                self.right(f"“{name}” is {value}")

    def compare_kept(self, note):
        """Compare with checkpoints that were kept outside, as far as one checkpoint alone allows."""
        for kept in self.kept:
            if kept.origin == note.origin and kept.size == note.size and kept.root != note.root:
                self.bad(f"The checkpoint that you kept over {kept.size} events has another root: the log was changed.")

    # --- two checkpoints ---

    def consistency(self, data):
        old, new = Note.parse(data["old"]), Note.parse(data["new"])
        keys = self.keys(data["keys"])
        old.check(keys)
        new.check(keys)
        if old.origin != new.origin:
            raise Wrong("The two checkpoints are of different logs.")
        check_consistency(old.size, new.size, old.root, new.root, [unb64(each) for each in data["proof"]])
        self.right(
            f"The log {new.origin} of {new.when()} with {new.size} events continues that of "
            f"{old.when()} with {old.size}: "
            "nothing before was changed, removed, added or moved."
        )
        self.witnessed(new, data.get("witnesses", []))
        self.compare_kept(old)
        self.compare_kept(new)

    # --- a whole log ---

    def log(self, head, lines):
        WholeLog(self, head).check(lines)


def handover_right(text, old, new):
    """Tell whether an old key names a new one."""
    body, _separator, tail = text.partition("\n\n")
    lines = body.split("\n")
    if len(lines) != 4 or lines[0] != HANDOVER or [unb64(line) for line in lines[1:3]] != [old.public, new.public]:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(old.public).verify(unb64(tail.strip()), f"{body}\n".encode())
    except InvalidSignature:
        return False
    return True


def parse_proof(text):
    """Return index, hashes and checkpoint of an inclusion proof (C2SP tlog-proof)."""
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != PROOF:
        raise Unreadable("There is no inclusion proof where one should be.")
    rest = [line for line in lines[1:] if not line.startswith("extra ")]
    if not rest or not rest[0].startswith("index "):
        raise Unreadable("The inclusion proof says no place.")
    return int(rest[0][6:]), [unb64(line) for line in rest[1:]], Note.parse(note)


class WholeLog:
    """The check of an exported log, line by line; it keeps nothing but what is wrong."""

    def __init__(self, checker, head):
        self.checker, self.origin = checker, head["origin"]
        self.keys = checker.keys(head["keys"])
        self.witnesses = head.get("witnesses", [])
        self.exported = head.get("exported", "")
        self.tree = Tree()
        self.good_size, self.good_time = 0, "the beginning"
        self.last = None
        self.suspects = []  # what is wrong since the last checkpoint: kind, id, place
        self.added = []
        self.hashes = {}  # of the places that are wrong, to find what was moved
        self.leaves = {}
        self.highest = -1
        self.kept = sorted((note for note in checker.kept if note.origin == self.origin), key=lambda note: note.size)
        for note in checker.kept:
            if note.origin != self.origin:
                raise Unreadable(f"The checkpoint that you kept is of {note.origin}, the file is of {self.origin}.")

    def check(self, lines):
        for note in self.kept:
            note.check(self.keys)
        self.against_kept()
        for text in lines:
            if not text.strip():
                continue
            line = json.loads(text)
            if "checkpoint" in line:
                self.checkpoint(Note.parse(line["checkpoint"]))
            elif "hash" in line:
                self.event(line)
                self.against_kept()
            else:
                self.added.append(line["id"])
        self.end()

    def event(self, line):
        place, stated, event_id = line["place"], bytes.fromhex(line["hash"]), line["id"]
        if place != self.tree.size:
            raise Wrong(
                f"The places {self.tree.size} to {place - 1} are not in the file: their events were removed after "
                f"{self.good_time}."
                if place > self.tree.size
                else f"Place {place} stands in the file twice: an event was added."
            )
        if event_id <= self.highest:
            self.checker.bad(
                f"Event {event_id} at place {place} does not come after event {self.highest}: it was moved."
            )
        self.highest = event_id
        if line["leaf"] is None:
            self.suspects.append(("removed", event_id, place))
        else:
            found = leaf_hash(line["leaf"].encode())
            if found != stated:
                self.suspects.append(("changed", event_id, place))
                self.hashes[stated], self.leaves[place] = place, found
            else:
                self.checker.openings(json.loads(line["leaf"]), line.get("openings", {}), quiet=True)
        self.tree.add(stated)

    def checkpoint(self, note):
        try:
            note.check(self.keys)
        except Wrong as error:
            self.checker.bad(str(error))
            return
        if note.origin != self.origin:
            self.checker.bad(f"A checkpoint of another log, {note.origin}, stands among those of {self.origin}.")
        elif note.size > self.tree.size:
            self.missing(note, "")
        elif note.size == self.tree.size:
            if note.root == self.tree.root():
                self.settle(note)
            else:
                self.unsettled(note, "")

    def against_kept(self):
        while self.kept and self.kept[0].size == self.tree.size:
            note = self.kept.pop(0)
            if note.root == self.tree.root():
                self.checker.right(f"The checkpoint that you kept, of {note.when()} over {note.size} events, fits.")
                self.settle(note)
            else:
                self.unsettled(note, " that you kept")

    def settle(self, note):
        """All hashes so far are those that were signed: what differs from them is named for certain."""
        for kind, event_id, place in self.suspects:
            other = self.hashes.get(self.leaves.get(place)) if kind == "changed" else None
            if other is not None and other != place:
                self.say(f"Event {event_id} (place {place}) was moved: what stood at place {other} is there now", note)
            else:
                self.say(f"Event {event_id} (place {place}) was {kind}", note)
        self.suspects = []
        self.good_size, self.good_time, self.last = note.size, note.when(), note

    def say(self, text, note):
        until = f" and {self.exported}, when the log was exported" if self.exported else ""
        self.checker.bad(f"{text}, between {note.when()}, when it was sealed{until}.")

    def unsettled(self, note, which):
        named = ", ".join(str(event_id) for _kind, event_id, _place in self.suspects[:5])
        about = f"; it concerns event {named}" if named else ""
        self.checker.bad(
            f"The log is not the one of the checkpoint{which} of {note.when()}: an event of the "
            f"places {self.good_size} to "
            f"{note.size - 1} was changed, removed, added or moved after {self.good_time}, and its seal with it{about}."
        )
        self.suspects = []
        self.good_size = note.size

    def missing(self, note, which):
        self.checker.bad(
            f"The places {self.tree.size} to {note.size - 1} are missing, which the checkpoint{which} of {note.when()} "
            "stands for: the log was cut short, or an old copy was restored, after that time."
        )

    def end(self):
        for note in self.kept:
            self.missing(note, " that you kept")
        if self.tree.size > self.good_size or self.suspects:
            self.checker.bad(f"No checkpoint stands for the places {self.good_size} to {self.tree.size - 1}.")
        for event_id in self.added:
            self.checker.bad(f"Event {event_id} was added after {self.good_time}: it has no place in the sealed log.")
        if self.last is not None:
            self.checker.witnessed(self.last, self.witnesses)
        if not self.checker.wrong:
            self.checker.right(
                f"All {self.tree.size} events of {self.origin} are what was sealed; the last "
                f"checkpoint is of {self.good_time}."
            )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("file", help=argparse.SUPPRESS)
    parser.add_argument("--key", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--witness", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        checker = Checker(options)
        with open(options.file, encoding="utf-8") as file:
            first = file.readline()
            try:
                head = json.loads(first)
            except ValueError:
                head = json.loads(first + file.read())
            kind = head.get("format")
            if kind == BUNDLE:
                checker.bundle(head)
            elif kind == CONSISTENCY:
                checker.consistency(head)
            elif kind == LOG:
                checker.log(head, file)
            else:
                raise Unreadable("This is no proof and no sealed log of the portal.")
    except Wrong as error:
        print(f"WRONG: {error}")
        return 1
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        print(f"This can't be checked: {error}")
        return 2
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"This can't be checked: the file is damaged ({type(error).__name__}: {error}).")
        return 2
    return 1 if checker.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
