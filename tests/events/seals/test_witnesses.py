"""A witness of our own, built on a library that is not ours, sees every checkpoint, and signs only what continues."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from tlog_scales.signing import NoteSignature, Vkey
from tlog_scales.tlog import Checkpoint, ConsistencyProof
from tlog_scales.utils import b64dec

from events.models import SealCheckpoint, SealCosignature, SealLog
from events.seals import proofs, witnesses
from tests.cast import Cast
from tests.events.build import HTMX, page, url

pytestmark = pytest.mark.django_db

Sealed = Callable[..., list[int]]
NAME = "witness.example/w1"


class WitnessServer:
    """A C2SP tlog-witness that trusts whatever key it is told of."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.vkey = Vkey(NAME, None, 4, self.private.public_key().public_bytes_raw())
        self.seen: dict[str, Checkpoint] = {}
        self.answers: list[int] = []
        self.signs = True
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, kind, text = witness.add(self.path, body)
                witness.answers.append(status)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, path: str, body: str) -> tuple[int, str, str]:
        assert path == "/add-checkpoint"
        head, _separator, note = body.partition("\n\n")
        old_line, *lines = head.split("\n")
        found = Checkpoint.from_text(note)
        old = int(old_line.removeprefix("old "))
        before = self.seen.get(found.origin)
        known = before.size if before else 0
        if old != known:
            return 409, "text/x.tlog.size", f"{known}\n"
        try:
            if before is not None and known:
                ConsistencyProof(known, found.size, [b64dec(line) for line in lines]).check(
                    before.root_hash, found.root_hash
                )
        except Exception:
            return 422, "text/plain", ""
        self.seen[found.origin] = found
        seconds = int(time.time())
        key = self.private if self.signs else Ed25519PrivateKey.generate()
        message = f"cosignature/v1\ntime {seconds}\n{found.serialize_body()}".encode()
        signature = NoteSignature.from_vkey_signature(self.vkey, seconds.to_bytes(8, "big") + key.sign(message))
        return 200, "text/plain", f"{signature.serialize()}\n"


@pytest.fixture
def witness(settings: LazySettings) -> Iterator[WitnessServer]:
    server = WitnessServer()
    key = server.vkey.serialize()  # type: ignore[no-untyped-call]
    settings.SEAL_WITNESSES = [f"{key} http://127.0.0.1:{server.server.server_port}"]
    yield server
    server.server.shutdown()
    server.server.server_close()


def ask() -> int:
    return sum(witnesses.ask(each) for each in witnesses.configured())


def test_a_witness_signs_what_continues(sealed: Sealed, cast: Cast, witness: WitnessServer) -> None:
    sealed(3)
    sealed(2, workspace=cast.bolt)
    assert ask() == 2
    assert ask() == 0
    ids = sealed(300)
    assert ask() == 1
    assert witness.answers == [200, 200, 200]
    log = SealLog.objects.get(workspace=cast.acme)
    assert list(SealCosignature.objects.filter(log=log).order_by("pk").values_list("size", flat=True)) == [3, 303]
    note = proofs.note_of(SealCheckpoint.objects.filter(log=log).latest("pk"))
    found = Checkpoint.from_text(note)
    found.verify(witness.vkey)
    assert NAME in page(cast.client(cast.owner), url(cast.acme, f"{ids[0]}/proof/"), **HTMX)
    assert NAME in page(cast.client(cast.owner), f"/w/{cast.acme.pk}/settings/seals/")


def test_a_proof_goes_by_what_a_witness_signed(sealed: Sealed, cast: Cast, witness: WitnessServer) -> None:
    ids = sealed(3)
    ask()
    later = sealed(2)
    for event_id, size in ((ids[0], 3), (later[0], 5)):
        seal = proofs.seal_of(cast.acme.pk, event_id)
        assert seal is not None
        assert seal.checkpoint is not None
        assert seal.checkpoint.size == size


def test_a_witness_that_knows_more_than_we_remember(sealed: Sealed, witness: WitnessServer, tamper: Any) -> None:
    sealed(3)
    ask()
    tamper("DELETE FROM events_sealcosignature")
    sealed(3)
    assert ask() == 1
    assert witness.answers == [200, 409, 200]


def test_a_witness_that_is_wrong_or_away(sealed: Sealed, witness: WitnessServer) -> None:
    sealed(3)
    witness.signs = False
    assert ask() == 0
    witness.server.shutdown()
    witness.server.server_close()
    sealed(1)
    assert ask() == 0
    assert not SealCosignature.objects.exists()


def test_a_forked_log_is_not_signed(sealed: Sealed, witness: WitnessServer, cast: Cast) -> None:
    sealed(3)
    ask()
    origin = SealLog.objects.get().origin
    forged = witness.seen[origin]
    witness.seen[origin] = Checkpoint(origin, forged.size, bytes(32), forged.signatures)
    sealed(3)
    assert ask() == 0
    assert witness.answers[-1] == 422


@pytest.mark.parametrize("entry", ["x", "name+00000000+AAAA https://w.example", "no-address"])
def test_an_odd_setting_stops(entry: str, settings: LazySettings) -> None:
    settings.SEAL_WITNESSES = [entry]
    with pytest.raises(ImproperlyConfigured, match="SEAL_WITNESSES"):
        witnesses.configured()
