"""What has to be right before the portal can serve: its port, the tables of the database, the static files."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket bound to the address, not listening yet, so that nobody can take the port while we get ready.

    Raises CommandError, naming the variable to change, when the port is taken or the address isn't ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Linux lets two sockets that don't listen yet share a port, so only this tells that nobody else serves it.
        listener.listen(512)
    except OSError as error:
        listener.close()
        message = (
            f"Can't listen on {host} port {port}: {error.strerror}. Another program may use it. "
            "Choose another with PORT, for example: PORT=8001 make run"
        )
        raise CommandError(message) from error
    listener.set_inheritable(True)
    return listener


def missing_migrations() -> int:
    """Return how many migrations the database lacks. Raises CommandError when the database does not answer."""
    try:
        executor = MigrationExecutor(connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        message = f"The database does not answer: {str(error).strip()}\nDATABASE_URL says where it is."
        raise CommandError(message) from error


def migrate() -> None:
    """Bring the tables up to date."""
    call_command("migrate", interactive=False, verbosity=0)


def collect_static(say: Callable[[str], None]) -> None:
    """Collect and compress the static files when one of them has changed since the last time.

    Args:
        say: prints one line; called only when there is something to do.
    """
    stamp = Path(settings.STATIC_ROOT).with_name("static.stamp")
    fingerprint = _fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    say("Collecting static files")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint, encoding="ascii")


def _fingerprint() -> str:
    """A digest over the names, sizes and times of all static files (reading their contents would take longer)."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
