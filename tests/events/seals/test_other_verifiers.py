"""Our checkpoints, tiles and proofs in the hands of verifiers that are not ours: `tlog-scales` and `aics-tlog`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Ed25519CosignatureVerifier, Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from events.models import SealCheckpoint, SealLog
from events.seals import notes, proofs, trees
from events.seals.merkle import consistency_ranges, inclusion_ranges, leaf_hash, prove
from tests.cast import Cast

pytestmark = pytest.mark.django_db

Sealed = Callable[..., list[int]]


def _theirs(note: str, vkey: str) -> TheirCheckpoint:
    found = TheirCheckpoint.from_text(note)
    found.verify(Vkey.from_string(vkey))
    return found


def _keys(log: SealLog) -> tuple[str, str]:
    """Return the key of a log for plain and for timestamped signatures."""
    plain = proofs.keys_of(log.origin)[-1]["key"]
    return plain, str(notes.VerifierKey.parse(plain)._replace(kind=notes.COSIGNATURE))


def test_checkpoints(sealed: Sealed) -> None:
    sealed(3)
    checkpoint = SealCheckpoint.objects.get()
    plain, stamped = _keys(checkpoint.log)
    found = _theirs(checkpoint.note, plain)
    assert (found.origin, found.size, found.root_hash) == (checkpoint.log.origin, 3, bytes(checkpoint.root))
    valid = VkeySet(Vkey.from_string(plain), Vkey.from_string(stamped)).verify(found.signatures, found)
    assert len(valid) == 2
    changed = checkpoint.note.replace("\n3\n", "\n4\n")
    with pytest.raises(InvalidSignature):
        _theirs(changed, plain)


def test_tiles_outside_lead_to_the_signed_root(sealed: Sealed, outside: Path) -> None:
    for count in (1, 255, 3, 700):
        sealed(count)
        log = SealLog.objects.get()
        reader = TilesReader(LocalBackend(outside / log.token))
        found = reader.get_checkpoint()
        found.verify(Vkey.from_string(_keys(log)[0]))
        assert found.size == log.size
        assert reader.calculate_root_hash() == found.root_hash


def test_inclusion_and_consistency(sealed: Sealed, outside: Path) -> None:
    for count in (1, 1, 5, 248, 1, 1, 200, 300):
        sealed(count)
    log = SealLog.objects.get()
    checkpoints = list(SealCheckpoint.objects.order_by("pk"))
    newest = checkpoints[-1]
    reader = TilesReader(LocalBackend(outside / log.token))
    reader.get_checkpoint()
    for index in (0, 1, 2, 6, 7, 254, 255, 256, 456, log.size - 1):
        ranges = inclusion_ranges(index, newest.size)
        hashes = prove(ranges, trees.tiles_of(log.pk, ranges))
        leaf = reader._get_from_tile(0, *divmod(index, 256))
        InclusionProof(index, newest.size, hashes).check(leaf, bytes(newest.root))
        assert hashes == reader.get_inclusion_proof(index, newest.size).node_hashes
    for old in checkpoints:
        for new in checkpoints:
            if old.size <= new.size:
                ranges = consistency_ranges(old.size, new.size)
                hashes = prove(ranges, trees.tiles_of(log.pk, ranges))
                ConsistencyProof(old.size, new.size, hashes).check(bytes(old.root), bytes(new.root))


def test_a_bundle_in_their_hands(sealed: Sealed, cast: Cast) -> None:
    ids = sealed(300)
    seal = proofs.seal_of(cast.acme.pk, ids[123])
    assert seal is not None
    bundle = proofs.bundle_of(seal, ids[123], proofs.Reader(staff=False, context=True))
    assert bundle is not None
    head, _separator, note = bundle["proof"].partition("\n\n")
    kind, index, *hashes = head.split("\n")
    assert (kind, index) == ("c2sp.org/tlog-proof@v1", "index 123")
    found = _theirs(note, bundle["keys"][0]["key"])
    proof = InclusionProof(123, found.size, [notes.unb64(each) for each in hashes])
    proof.check(leaf_hash(bundle["leaf"].encode()), found.root_hash)


def test_cosignatures(sealed: Sealed) -> None:
    sealed(3)
    note = notes.Note.parse(SealCheckpoint.objects.get().note)
    private = Ed25519PrivateKey.generate()
    moment = datetime.now(UTC) - timedelta(minutes=5)
    line = notes.cosign(note.checkpoint, "witness.example/w1", private, moment)
    key = notes.VerifierKey("witness.example/w1", notes.COSIGNATURE, private.public_key().public_bytes_raw())
    found = TheirCheckpoint.from_text(notes.with_lines(str(note), [str(line)]))
    ((vkey, signature),) = VkeySet(Vkey.from_string(str(key))).verify(found.signatures, found)
    assert isinstance(verifier := vkey.get_verifier(), Ed25519CosignatureVerifier)
    assert verifier.get_timestamp(signature.payload) == int(moment.timestamp())


if sys.version_info >= (3, 12):
    import aics_tlog

    def test_a_second_opinion(sealed: Sealed, cast: Cast, outside: Path) -> None:
        ids = sealed(700)
        old = SealCheckpoint.objects.get()
        sealed(300)
        log, new = SealLog.objects.get(), SealCheckpoint.objects.first()
        assert new is not None
        plain, stamped = (aics_tlog.parse_vkey(key) for key in _keys(log))
        checked: Any = aics_tlog.verify_checkpoint(aics_tlog.parse_note(new.note), plain, [stamped], quorum=1)
        assert checked.ok, checked
        ranges = consistency_ranges(old.size, new.size)
        hashes = prove(ranges, trees.tiles_of(log.pk, ranges))
        assert aics_tlog.verify_consistency(old.size, new.size, bytes(old.root), bytes(new.root), hashes)
        seal = proofs.seal_of(cast.acme.pk, ids[5])
        assert seal is not None
        bundle = proofs.bundle_of(seal, ids[5], proofs.Reader(staff=False, context=False))
        assert bundle is not None
        ranges = inclusion_ranges(5, new.size)
        path = prove(ranges, trees.tiles_of(log.pk, ranges))
        assert aics_tlog.verify_leaf_inclusion(bundle["leaf"].encode(), 5, new.size, path, bytes(new.root))
        reader = aics_tlog.FileSystemTileReader(outside / log.token)
        aics_tlog.audit_tiles(reader, new.size, bytes(new.root))
