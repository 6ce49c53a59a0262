"""The key that signs checkpoints: a file or an environment variable of its own, never in the database.

The database lists the public keys. A new key is named by the one before in a signed note, so that whoever trusts one
key can follow to the next (`manage.py rotate_seal_key`).
"""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Workspace
from accounts.selectors import operator_workspace_id
from accounts.signals import SettingChange
from events.seals.models import SealKey
from events.seals.notes import b64, unb64
from kit.action import action
from kit.files import write_whole

HANDOVER: Final = "portal-seal-key-handover/v1"


class KeyProblem(RuntimeError):
    """There is no key to sign with, or it is not the one the portal goes by; the text says what to do."""


def read_private(text: str) -> Ed25519PrivateKey:
    """Read a private key: PEM (PKCS #8), or its 32 bytes in base64.

    Raises:
        KeyProblem: it is neither.
    """
    try:
        if "BEGIN" in text:
            found = serialization.load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
        else:
            found = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
    except (ValueError, TypeError) as error:
        raise KeyProblem(_("The seal key can't be read: it is no PEM and no 32 bytes in base64.")) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyProblem(_("The seal key is not of the kind Ed25519."))
    return found


def pem(private: Ed25519PrivateKey) -> str:
    """Return a private key as PEM, readable by openssl."""
    made = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode("ascii")


def write_private(path: Path, private: Ed25519PrivateKey, *, replace: bool = False) -> None:
    """Write a private key to a file of its own, readable by this user only.

    Args:
        path: of the file.
        private: the key.
        replace: whether a file that is there gives way; otherwise it stays, and whoever was first has written it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, pem(private).encode("ascii"), mode=0o600, replace=replace)


def private_key() -> Ed25519PrivateKey:
    """Return the key of this process: setting `SEAL_KEY`, else the file `SEAL_KEY_FILE`, which is made when missing.

    Raises:
        KeyProblem: it can't be read.
    """
    if settings.SEAL_KEY:
        return read_private(settings.SEAL_KEY)
    path = Path(settings.SEAL_KEY_FILE)
    try:
        if not path.exists():
            write_private(path, Ed25519PrivateKey.generate())
        return read_private(path.read_text(encoding="ascii"))
    except OSError as error:
        raise KeyProblem(
            _("The file of the seal key can't be used: %(why)s.") % {"why": error.strerror or error}
        ) from error


def public_of(private: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of the public key."""
    return private.public_key().public_bytes_raw()


def signing_key(now: datetime) -> tuple[Ed25519PrivateKey, SealKey]:
    """Return the key to sign with and its row; the very first key is listed by its first use.

    Args:
        now: since when a first key counts.

    Raises:
        KeyProblem: the key is not the newest that is listed.
    """
    private = private_key()
    public = public_of(private)
    newest = SealKey.objects.order_by("-pk").first()
    if newest is None:
        newest = SealKey.objects.create(public=public, since=now)
    if bytes(newest.public) != public:
        raise KeyProblem(
            _(
                "The seal key of this process is not the portal's newest. Set SEAL_KEY or SEAL_KEY_FILE to the right "
                "one, or begin with this one by manage.py rotate_seal_key --lost if the other is gone."
            )
        )
    return private, newest


def handover_body(old: bytes, new: bytes, moment: datetime) -> str:
    """Return the text by which an old key names a new one."""
    return f"{HANDOVER}\n{b64(old)}\n{b64(new)}\n{int(moment.timestamp())}\n"


def rotate(*, moment: datetime, lost: bool = False, private: Ed25519PrivateKey | None = None) -> Ed25519PrivateKey:
    """List a new key as the one to sign with, and return it (event 10040 in the operator's workspace).

    Nobody else keeps the private key: the caller stores it.

    Args:
        moment: since when.
        lost: the old key is gone; the new one is then listed without its word.
        private: the new key; a fresh one when left out.

    Raises:
        KeyProblem: the old key can't be used, and it is not said to be lost.
    """
    new = private or Ed25519PrivateKey.generate()
    public = public_of(new)
    with action():
        newest = SealKey.objects.select_for_update().order_by("-pk").first()
        handover = ""
        if newest is not None:
            if not lost:
                old, _row = signing_key(moment)
                body = handover_body(public_of(old), public, moment)
                handover = f"{body}\n{b64(old.sign(body.encode()))}\n"
            newest.until = moment
            newest.save(update_fields=["until"])
        SealKey.objects.create(public=public, since=moment, handover=handover)
        operator_id = operator_workspace_id()
        if operator_id is not None:
            old_text = bytes(newest.public).hex() if newest is not None else "none"
            change = SettingChange(field="seal_key", label="Seal key", old=old_text, new=public.hex())
            signals.workspace_settings_changed.send(sender=Workspace, workspace_id=operator_id, changes=[change])
    return new


def handover_right(text: str, old: bytes, new: bytes) -> bool:
    """Tell whether a handover was signed by the old key and names the new one."""
    body, _separator, tail = text.partition("\n\n")
    lines = body.split("\n")
    if len(lines) != 4 or lines[0] != HANDOVER or lines[1:3] != [b64(old), b64(new)]:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(old).verify(unb64(tail.strip()), f"{body}\n".encode())
    except (InvalidSignature, ValueError):
        return False
    return True
