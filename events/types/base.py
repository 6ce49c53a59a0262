"""What an event type is: its published words, its texts, who may read it.

Each module of ``events.types`` registers its types here; ``events.registry`` answers questions about them.
``EventType.text`` is strict: a mistake shows in the first test.

A stored text is a small language of its own: ``{actor.name}``, ``{actor.username}``, ``{subject.name}`` and
``{subject.username}`` stand for a person and are completed when the row is read (``events.text.complete``), so that
erasing a person touches no event. Every other brace in a stored text is doubled, so that no value can turn into a
person.

Texts and descriptions here are the wire's and stay English. The names of the published lookup win over those of
the published examples (`docs/rules.md` decision 1).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from typing import Final, Literal

from django.db.models import IntegerChoices

Audience = Literal["all", "mno_reseller", "staff"]
Status = Literal["current", "historic", "name only"]
UserIs = Literal["actor", "subject"]


class Severity(IntegerChoices):
    """How grave an event is.

    The labels are the wire's (`docs/rules.md` decision 9) and stay English; pages have their own words.
    """

    INFO = 0, "Info"
    WARN = 1, "Warn"
    CRITICAL = 2, "Critical"


class Source(IntegerChoices):
    """What part of the system reported an event. Portal actions show ``API`` (`docs/rules.md` section 11)."""

    NETWORK = 0, "Network"
    POLICY_CONTROL = 1, "Policy Control"
    API = 2, "API"


class RegistryError(Exception):
    """A programming mistake around event types. Never shown to a customer."""


class UnregisteredType(RegistryError, LookupError):
    """An event of a type that is unknown, or that is known only from old documentation, was about to be written."""


class DuplicateType(RegistryError, ValueError):
    """An id was registered twice."""


class InvalidType(RegistryError, ValueError):
    """A type contradicts itself, for example a text with a placeholder that cannot be filled."""


class TextError(RegistryError, ValueError):
    """A text could not be made: unknown variant, or a value that is missing or does not fit."""


class PersonPlaceholder(str):
    """A person placeholder, told apart from a customer's string that merely looks like one.

    ``events.text.escape_detail`` keeps these as they are and escapes every other string.
    """

    __slots__ = ()


ACTOR_NAME: Final = PersonPlaceholder("{actor.name}")
ACTOR_USERNAME: Final = PersonPlaceholder("{actor.username}")
SUBJECT_NAME: Final = PersonPlaceholder("{subject.name}")
SUBJECT_USERNAME: Final = PersonPlaceholder("{subject.username}")
PERSON_PLACEHOLDERS: Final = frozenset({ACTOR_NAME, ACTOR_USERNAME, SUBJECT_NAME, SUBJECT_USERNAME})

_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def escape(value: object) -> str:
    """Return ``value`` as a string whose braces are doubled, safe inside a stored text."""
    return str(value).replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True)
class _Part:
    """A literal in stored form, followed by one value, if ``name`` is set."""

    literal: str
    name: str = ""
    spec: str = ""


@functools.cache
def _parts(template: str) -> tuple[_Part, ...]:
    """Take a template apart once; person placeholders become part of the literals.

    Raises:
        InvalidType: a placeholder is neither a plain name nor one of the four person placeholders.
    """
    parts: list[_Part] = []
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise InvalidType(f"Broken event text {template!r}: {error}") from error
    for literal, name, spec, conversion in parsed:
        stored = escape(literal)
        if name is None:
            parts.append(_Part(stored))
        elif f"{{{name}}}" in PERSON_PLACEHOLDERS and not spec and not conversion:
            parts.append(_Part(f"{stored}{{{name}}}"))
        elif _FIELD_NAME.fullmatch(name) and not conversion:
            parts.append(_Part(stored, name, spec or ""))
        else:
            raise InvalidType(f"Placeholder {{{name}}} of event text {template!r} is neither a plain name nor a person")
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording of an event type, with its own source, severity or alert flag where the wording decides them."""

    template: str
    source: Source | None = None
    severity: Severity | None = None
    alert: bool | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the values that are filled in when the event is written, in order of appearance."""
        return tuple(dict.fromkeys(part.name for part in _parts(self.template) if part.name))

    def fill(self, values: Mapping[str, object]) -> str:
        """Return the text in stored form: values filled in and escaped, person placeholders kept.

        Raises:
            TextError: a value is missing or ``None``, or does not fit its format.
        """
        pieces: list[str] = []
        for part in _parts(self.template):
            pieces.append(part.literal)
            if not part.name:
                continue
            value = values.get(part.name)
            if value is None:
                raise TextError(f"Event text {self.template!r} needs a value for {part.name!r}")
            try:
                pieces.append(escape(format(value, part.spec)))
            except (TypeError, ValueError) as error:
                raise TextError(f"{part.name}={value!r} does not fit event text {self.template!r}: {error}") from error
        return "".join(pieces)

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return the values that a text of this wording was made with; `None` for a text of another one.

        Args:
            text: as somebody outside wrote it, not in stored form.
        """
        found = _pattern(self.template).fullmatch(text)
        return None if found is None else found.groupdict()


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what recognises the texts of a wording whose values stand once each."""
    pieces = (
        re.escape(literal) + (f"(?P<{name}>.*?)" if name else "")
        for literal, name, _spec, _conversion in Formatter().parse(template)
    )
    return re.compile("".join(pieces))


def single(template: str) -> Mapping[str, Wording]:
    """Return the texts of a type that has only one wording."""
    return {"default": Wording(template)}


@dataclass(frozen=True, eq=False, kw_only=True)
class EventType:
    """One kind of event.

    Attributes:
        id: emnify's id, or one of ours from 10001 up; ids below 10001 are never invented or reused.
        description: the name, as shown on the wire and in pages.
        severity, source, alert: what an event of this type carries unless its text says otherwise.
        texts: the wordings by key; ``default`` unless the type has several. Empty exactly when the type is not written.
        audience: ``mno_reseller``: the rows are shown in the workspace they concern, with ``secrets`` masked;
            ``staff``: only written to the operator's own workspace.
        section: the heading of the documentation that the type belongs to.
        status: only ``current`` types are written.
        user_is: whom the wire's ``user`` object shows: the person who acted, or the account concerned.
        secrets: dotted keys of ``detail`` that carry live credentials in rows of earlier versions and in those taken
            in from outside; ours hold a mask (`docs/rules.md` decision 30).
        sample: values for every placeholder of ``texts``, for documentation and tests; made up by us.
        sample_detail: a made-up ``detail`` object, where events of this type have one. Persons in it are placeholders.
    """

    id: int
    description: str
    severity: Severity
    source: Source
    texts: Mapping[str, Wording] = field(default_factory=dict)
    audience: Audience = "all"
    section: str
    status: Status = "current"
    user_is: UserIs = "actor"
    alert: bool = False
    secrets: tuple[str, ...] = ()
    sample: Mapping[str, object] = field(default_factory=dict)
    sample_detail: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Freeze the mappings and reject a type that contradicts itself.

        Raises:
            InvalidType: a current type without text, a text on a type that is never written, or a broken template.
        """
        if self.is_written != bool(self.texts):
            raise InvalidType(f"Event type {self.id}: a type has texts exactly when its status is 'current'")
        for text in self.texts.values():
            _parts(text.template)
        object.__setattr__(self, "texts", MappingProxyType(dict(self.texts)))
        object.__setattr__(self, "sample", MappingProxyType(dict(self.sample)))

    @property
    def is_written(self) -> bool:
        """Tell whether the product may write events of this type."""
        return self.status == "current"

    def variant(self, key: str = "default") -> Wording:
        """Return one wording.

        Raises:
            TextError: there is no such wording.
        """
        try:
            return self.texts[key]
        except KeyError:
            known = ", ".join(self.texts) or "none"
            raise TextError(f"Event type {self.id} has no text {key!r}; it has: {known}") from None

    def text(self, key: str = "default", /, **values: object) -> str:
        """Return the description to store: values filled in and escaped, person placeholders kept.

        Values that the wording does not use are ignored, so that one set serves all wordings of a type.

        Raises:
            TextError: there is no such wording, or a value is missing, ``None``, or does not fit its format.
        """
        return self.variant(key).fill(values)

    def source_of(self, key: str = "default") -> Source:
        """Return the source of an event with this wording. Raises ``TextError`` for an unknown wording."""
        own = self.variant(key).source
        return self.source if own is None else own

    def severity_of(self, key: str = "default") -> Severity:
        """Return the severity of an event with this wording. Raises ``TextError`` for an unknown wording."""
        own = self.variant(key).severity
        return self.severity if own is None else own

    def alert_of(self, key: str = "default") -> bool:
        """Return the alert flag of an event with this wording. Raises ``TextError`` for an unknown wording."""
        own = self.variant(key).alert
        return self.alert if own is None else own


registered: dict[int, EventType] = {}


def register(event_type: EventType) -> EventType:
    """Add a type and return it.

    Raises:
        DuplicateType: its id is taken.
    """
    taken = registered.get(event_type.id)
    if taken is not None:
        raise DuplicateType(
            f"Event type {event_type.id} is registered twice: {taken.description!r} and {event_type.description!r}"
        )
    registered[event_type.id] = event_type
    return event_type
