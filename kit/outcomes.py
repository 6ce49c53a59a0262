"""What became of each object of an action: changed, left as it was, or refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.errors import Conflict, DomainError, NotFound


@dataclass(frozen=True, slots=True)
class Refusal:
    """One object that was not changed.

    Args:
        id: id of the object.
        label: what its owner calls it: ICCID or device name.
        code: short stable name of the reason, the same for all objects refused for it.
        reason: the sentence to show; it names the state that is in the way.
        field: name of the input that is wrong, `None` when the object itself is in the way.
        error: class of the error that the refusal becomes where a caller acts on this object alone.
    """

    id: int
    label: str
    code: str
    reason: str
    field: str | None = None
    error: type[DomainError] = Conflict

    @classmethod
    def of(cls, id_: int, label: str, error: DomainError) -> Refusal:
        """Return the refusal of an object for which a rule raised an error."""
        return cls(id_, label, error.code, error.message, error.field, type(error))

    def as_error(self) -> DomainError:
        """Return the refusal as the error that a caller raises who acts on this object alone."""
        return self.error(self.reason, code=self.code, field=self.field)


@dataclass(slots=True)
class Outcome:
    """Result of an action on many objects.

    Args:
        changed: ids that were (or, in a preview, would be) changed.
        unchanged: ids that already were as asked; nothing is written for them.
        refused: the rest, each with its reason.
        notes: what the preview has to say about money or side effects, in sentences.
        created: ids of objects the action made.
        trace: how objects stood before and after, one list an object that begins with its id; a bulk action fills it
            for its report.
        effects: what a preview knows beyond the new state, by a short name ("offline", "test_ends"): the objects of the
            action that it concerns. The noun of a bulk action has the words.
    """

    changed: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    trace: list[list[Any]] = field(default_factory=list)
    effects: dict[str, list[int]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many objects were changed, left as they were and refused."""
        return {"changed": len(self.changed), "unchanged": len(self.unchanged), "refused": len(self.refused)}

    @property
    def total(self) -> int:
        """Return the number of objects that were looked at."""
        return len(self.changed) + len(self.unchanged) + len(self.refused)

    def reasons(self) -> list[tuple[str, int]]:
        """Return the reasons of refusal with how often each occurs, commonest first."""
        return Counter(refusal.reason for refusal in self.refused).most_common()

    def raise_if_refused(self) -> None:
        """Turn the refusal of a single object into an error, for callers that act on one.

        Raises:
            NotFound: the object is not there.
            Conflict: its state forbids the change.
            Invalid: an input is wrong; the error names the field.
        """
        if self.refused:
            raise self.refused[0].as_error()

    def note_effect(self, name: str, ids: Iterable[int]) -> None:
        """Add objects that an effect concerns; without any the effect is not named.

        Args:
            name: short name of the effect.
            ids: of objects of this action.
        """
        if found := list(ids):
            self.effects.setdefault(name, []).extend(found)

    def extend(self, other: Outcome) -> None:
        """Add the outcome of a further chunk."""
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.created += other.created
        self.trace += other.trace
        for name, ids in other.effects.items():
            self.note_effect(name, ids)
        self.notes += [note for note in other.notes if note not in self.notes]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-safe form for `Job` rows."""
        return {
            "changed": self.changed,
            "unchanged": self.unchanged,
            "refused": [[r.id, r.label, r.code, r.reason] for r in self.refused],
            "notes": self.notes,
            "created": self.created,
            "trace": self.trace,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """Read what `as_json` wrote."""
        return cls(
            changed=data.get("changed", []),
            unchanged=data.get("unchanged", []),
            refused=[Refusal(*row) for row in data.get("refused", [])],
            notes=data.get("notes", []),
            created=data.get("created", []),
            trace=data.get("trace", []),
        )


def not_found(ids: Sequence[int], kind: str) -> list[Refusal]:
    """Return a refusal for each id that was asked for but is not in this workspace."""
    return [
        Refusal(id_, str(id_), "not_found", f"{kind} {id_} is not in this workspace.", error=NotFound) for id_ in ids
    ]
