"""What the tests of the replay share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from events.models import Event


@pytest.fixture
def forged() -> Callable[..., None]:
    """Write an event past the writer, as an older version, or somebody at the database, would."""

    def forge(**values: Any) -> None:
        row = {
            "timestamp": timezone.now(),
            "source": 2,
            "severity": 0,
            "description": "forged",
            "actor_kind": 0,
            "actor_label": "forged",
            "request_id": uuid.uuid4(),
            "surface": 0,
            **values,
        }
        past_the_writer: models.QuerySet[Event] = models.QuerySet(Event)
        past_the_writer.bulk_create([Event(**row)])

    return forge
