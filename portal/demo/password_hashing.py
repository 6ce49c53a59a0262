"""Hashes the demo's passwords while the past is played: one Argon2 hash takes as long as a hundred acts."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Self

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.selectors import operator_workspace_id, person_of
from accounts.signals import user_updated
from kit.action import action
from kit.context import SYSTEM, Surface, acting_as
from portal.demo import master_data, secrets


class PasswordHashes:
    """Starts hashing when entered; `give` waits for what is not ready yet."""

    def __init__(self) -> None:
        # One at a time: a hash uses several cores by itself, and 100 MB. Argon2 lets other threads run meanwhile.
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._hashes: dict[str, Future[str]] = {}

    def __enter__(self) -> Self:
        people = {**master_data.STAFF, **master_data.PEOPLE}
        for key, person in people.items():
            if person.has_password:
                self._hashes[key] = self._pool.submit(make_password, secrets.password_of(key))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def give(self, users: Mapping[str, User], last_sign_in: Mapping[str, datetime]) -> None:
        """Store the hashes, and when people signed in last.

        The accounts are made with these passwords, only sooner than they are hashed, so this is one event for all of
        them, in the operator's log (10075). The sign-ins are in the log already.

        Args:
            users: by key in `master_data`.
            last_sign_in: moments by key in `master_data`.
        """
        with acting_as(SYSTEM, surface=Surface.COMMAND), action():
            for key, hashed in self._hashes.items():
                User.objects.filter(pk=users[key].pk).update(password=hashed.result(), last_login=last_sign_in.get(key))
            user_updated.send(
                sender=User,
                workspace_id=operator_workspace_id(),
                subject=person_of(users[next(iter(master_data.STAFF))]),
                what="updated: passwords of the demo",
                changes={},
                covers={"user": [users[key].pk for key in self._hashes]},
            )
