"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof): texts, no database.

A checkpoint of ours carries two signatures by the same key: the plain one of the log (type 1), and a timestamped one
(type 4), by which the log says when this was the largest tree it knew. A checkpoint alone has no time in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE: Final = 1
COSIGNATURE: Final = 4
_DASH: Final = "\u2014"
_STAMP: Final = 8  # bytes of a cosignature's time
PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"


class NoteError(ValueError):
    """A text that is no note, checkpoint or key."""


def b64(data: bytes) -> str:
    """Return bytes in standard base64."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """Return the bytes of standard base64.

    Raises:
        NoteError: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("That is no base64.") from error


class VerifierKey(NamedTuple):
    """A public key with its name, as C2SP writes it: `name+8 hex digits+base64 of type and key`."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a key.

        Raises:
            NoteError: it is none of Ed25519, or its id is not its own.
        """
        name, _plus, rest = text.strip().partition("+")
        stated, _plus, encoded = rest.partition("+")
        data = unb64(encoded)
        if not name or len(data) != 33 or data[0] not in (SIGNATURE, COSIGNATURE):
            raise NoteError("A key reads NAME+ID+KEY, with an Ed25519 key in base64.")
        found = cls(name, data[0], data[1:])
        if found.id.hex() != stated:
            raise NoteError(f"The id of the key {name} is not the key's.")
        return found


class Signature(NamedTuple):
    """One signature line of a note."""

    name: str
    key_id: bytes
    data: bytes

    def __str__(self) -> str:
        return f"{_DASH} {self.name} {b64(self.key_id + self.data)}"

    @property
    def moment(self) -> datetime:
        """When a cosignature was made, as its maker says."""
        return datetime.fromtimestamp(int.from_bytes(self.data[:_STAMP]), UTC)

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a signature line.

        Raises:
            NoteError: it is none.
        """
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != _DASH:
            raise NoteError("That is no signature line.")
        data = unb64(parts[2])
        if len(data) <= 4:
            raise NoteError("That signature is too short.")
        return cls(parts[1], data[:4], data[4:])


class Checkpoint(NamedTuple):
    """The head of a log: its name, size and root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


class Note(NamedTuple):
    """A signed checkpoint."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.checkpoint.body}\n" + "".join(f"{signature}\n" for signature in self.signatures)

    @property
    def moment(self) -> datetime | None:
        """When the log says it signed; `None` without a timestamped signature in the log's own name."""
        own = (each for each in self.signatures if each.name == self.checkpoint.origin and len(each.data) > 64)
        return next((each.moment for each in own), None)

    @classmethod
    def parse(cls, text: str) -> Note:
        """Read a signed checkpoint.

        Raises:
            NoteError: it is none, or holds lines beyond origin, size and root.
        """
        body, separator, tail = text.partition("\n\n")
        lines, signatures = body.split("\n"), tail.split("\n")
        if not separator or len(lines) != 3 or signatures.pop() or not signatures:
            raise NoteError("That is no signed checkpoint of three lines.")
        origin, size, root = lines
        if not origin or not size.isascii() or not size.isdigit() or str(int(size)) != size:
            raise NoteError("That is no signed checkpoint of three lines.")
        if len(hashed := unb64(root)) != 32:
            raise NoteError("The root of a checkpoint has 32 bytes.")
        return cls(Checkpoint(origin, int(size), hashed), tuple(Signature.parse(line) for line in signatures))


def _cosigned(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


def sign(checkpoint: Checkpoint, private: Ed25519PrivateKey, moment: datetime) -> Note:
    """Return a checkpoint signed in its log's name, plainly and with its time.

    Args:
        checkpoint: what to sign.
        private: the key.
        moment: aware; kept to the second.
    """
    public = private.public_key().public_bytes_raw()
    plain = VerifierKey(checkpoint.origin, SIGNATURE, public)
    signature = Signature(plain.name, plain.id, private.sign(checkpoint.body.encode()))
    return Note(checkpoint, (signature, cosign(checkpoint, checkpoint.origin, private, moment)))


def cosign(checkpoint: Checkpoint, name: str, private: Ed25519PrivateKey, moment: datetime) -> Signature:
    """Return a timestamped signature (tlog-cosignature). Arguments as `sign`; `name` is the signer's."""
    key = VerifierKey(name, COSIGNATURE, private.public_key().public_bytes_raw())
    seconds = int(moment.timestamp())
    made = private.sign(_cosigned(checkpoint.body, seconds))
    return Signature(name, key.id, seconds.to_bytes(_STAMP) + made)


def verified(note: Note, key: VerifierKey) -> bool:
    """Tell whether a note carries a signature by this key, and all that claim to be by it are right."""
    claimed = [each for each in note.signatures if each.name == key.name and each.key_id == key.id]
    return bool(claimed) and all(_right(note.checkpoint.body, each, key) for each in claimed)


def _right(body: str, signature: Signature, key: VerifierKey) -> bool:
    public = Ed25519PublicKey.from_public_bytes(key.public)
    data, message = signature.data, body.encode()
    if key.kind == COSIGNATURE:
        message, data = _cosigned(body, int.from_bytes(data[:_STAMP])), data[_STAMP:]
    try:
        public.verify(data, message)
    except InvalidSignature:
        return False
    return True


def with_lines(note: str, lines: Iterable[str]) -> str:
    """Return a note with further signature lines, e.g. those of witnesses."""
    return note + "".join(f"{line}\n" for line in lines)


def proof_text(index: int, hashes: Sequence[bytes], note: str) -> str:
    """Return an inclusion proof with its checkpoint (C2SP tlog-proof)."""
    lines = [PROOF_HEAD, f"index {index}", *(b64(each) for each in hashes), "", note]
    return "\n".join(lines)
