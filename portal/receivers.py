"""What the portal as a whole does when an app states a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.signals import user_erased
from kit.context import Person
from kit.erased_names import ErasedNames
from portal.outbox import forget


@receiver(user_erased)
def on_user_erased(*, names: Sequence[str], replacement: Person, **_kwargs: Any) -> None:
    """Take mails that name the person out of the outbox, once the erasure is committed."""

    def clean() -> None:
        forget(ErasedNames(names, replacement))

    transaction.on_commit(clean)
