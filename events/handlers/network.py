"""What the network reports, as rows of the log under the moments at which it happened (`docs/rules.md` section 19)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from events import registry
from events.handlers.pending import pending
from events.types.base import EventType, escape
from events.writer import PendingEvent, log, objects_of
from sims import signals
from sims.signals import NetworkFact


@receiver(signals.network_reported)
def on_network_reported(*, facts: Sequence[NetworkFact], **_kwargs: Any) -> None:
    """Log reports in the published words where they are such, else in those in which they came (1 to 3, 5, 15, 16)."""
    log([_entry(fact) for fact in facts])


def _entry(fact: NetworkFact) -> PendingEvent:
    kind = registry.get(fact.kind)
    return _worded(kind, fact)._replace(
        objects=objects_of(fact.sim, fact.device), detail=fact.detail, moment=fact.moment
    )


def _worded(kind: EventType, fact: NetworkFact) -> PendingEvent:
    for key, wording in kind.texts.items():
        values = wording.values_in(fact.said)
        if values is not None:
            return pending(kind.id, fact.workspace_id, key, **values)
    return PendingEvent(type=kind, workspace_id=fact.workspace_id, description=escape(fact.said or kind.description))
