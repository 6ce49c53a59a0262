"""Who acted: the sentence of an event's page, and a few words for lists and files.

Names are chosen by those who bear them, and two may bear the same. So nobody is shown by a name alone that somebody
else of the workspace has too: it stands with the id of its user, and an application token always with its own
(`docs/rules.md` section 11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import STAFF_LABEL, staff_are_named, token_label
from accounts.selectors import ERASED_NAME, erased_username
from events.wire import EventColumns, Persons, seen_actor
from kit.context import STAFF_KINDS, ActorKind, Person
from kit.rendering import isolated
from kit.text import likeness

KIND_NAMES: Final = {
    "staff": (gettext_lazy("Operator staff"), tuple(sorted(int(kind) for kind in STAFF_KINDS))),
    "anonymous": (gettext_lazy("Not signed in"), (int(ActorKind.ANONYMOUS),)),
    "schedule": (gettext_lazy("Schedule"), (int(ActorKind.SCHEDULE),)),
    "network": (gettext_lazy("Network"), (int(ActorKind.NETWORK),)),
    "system": (gettext_lazy("System"), (int(ActorKind.SYSTEM),)),
}
"""Actors that are no user and no token: value of the filter, label, kinds."""
KIND_KEYS: Final = {kind: key for key, (_label, kinds) in KIND_NAMES.items() for kind in kinds}
MOST_ACTORS: Final = 500
"""Actors a filter offers, and whose names are compared; beyond, a person's events are reached by a link or a search."""

Words = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it is a name that somebody chose."""
Doubles = frozenset[str] | None
"""Likenesses of names that are not one person's alone; `None`: let each person stand with an id."""


def _plain(words: Words) -> str:
    return "".join(text for text, _named in words)


# --- the sentence ---


@dataclass(frozen=True)
class ActorLine:
    """One sentence about who acted, in parts, so that a name in it can be a link.

    Args:
        before, name, after: the sentence; `name` is the part that leads somewhere.
        actor: value of the list's actor filter that finds all events of the same actor, "" when there is none.
    """

    before: Words
    name: Words
    after: Words
    actor: str

    def __str__(self) -> str:
        return _plain((*self.before, *self.name, *self.after))

    @property
    def parts(self) -> tuple[SafeString, SafeString, SafeString]:
        """The three parts for a page, each name by itself."""
        return isolated(self.before), isolated(self.name), isolated(self.after)

    @property
    def html(self) -> SafeString:
        """The whole sentence for a page."""
        return isolated((*self.before, *self.name, *self.after))


def _said(text: str) -> Words:
    return ((text, False),)


def _named(person: Person) -> tuple[Words, str]:
    """Return a person as published: the name, and what follows it."""
    if person.username == erased_username(person.user_id):
        return _said(ERASED_NAME), f" (User ID: {person.user_id})."
    return ((person.name, True),), f", {person.username}. (User ID: {person.user_id})."


def actor_line(row: EventColumns, persons: Persons, *, staff: bool = False) -> ActorLine:
    """Say who performed an action; never blank (`docs/rules.md` section 11).

    Args:
        row: needs the actor columns.
        persons: frozen persons by id.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    lead = _said(_("Action performed by: "))
    kind, ref = row["actor_kind"], row["actor_ref"]
    person = persons.get(row["actor_id"])
    if kind == ActorKind.USER:
        if person is None:
            name, rest = _said(_("User %(id)s") % {"id": ref}), _(", whose name was not recorded.")
        else:
            name, rest = _named(person)
        return ActorLine(lead, name, _said(rest), f"user:{ref}")
    if kind == ActorKind.APPLICATION_TOKEN:
        rest = _("; user details are not recorded for application tokens.")
        return ActorLine(lead, token_words(row["actor_label"], ref), _said(rest), f"token:{ref}")
    if kind in STAFF_KINDS:
        return _staff_line(lead, seen_actor(row, persons, staff=staff), persons.get(row["acted_for_id"]))
    return ActorLine(lead, _said(row["actor_label"]), _said("."), KIND_KEYS.get(kind, ""))


def _staff_line(lead: Words, person: Person | None, acted_for: Person | None) -> ActorLine:
    """Name the operator's staff as the reader may know them; under support access both persons."""
    number: Words = ()
    if person is not None and person.username == STAFF_LABEL:
        number = _said(_(" (User ID: %(id)s)") % {"id": person.user_id})
    elif person is not None:
        name, known = _named(person)
        lead = (*lead, *name, (f"{known} ", False))
    rest = _said(".")
    if acted_for is not None:
        name, known = _named(acted_for)
        before, after = (_(", acting for %(name)s%(rest)s") % {"name": "\0", "rest": known}).split("\0")
        rest = ((before, False), *name, (after, False))
    return ActorLine(lead, _said(_("Operator staff")), (*number, *rest), "staff")


# --- a few words ---


@dataclass(frozen=True)
class Who:
    """Who acted.

    Args:
        kind: what kind of actor it is, in words.
        words: the text for a list.
        person: the person, `None` for what is none; of staff whom the reader may not know, the id alone.
        acted_for: the customer's user, under support access.
        token: name and id of the application token.
    """

    kind: str
    words: Words
    person: Person | None = None
    acted_for: Person | None = None
    token: tuple[str, int] | None = None

    def __str__(self) -> str:
        return _plain(self.words)

    @property
    def html(self) -> SafeString:
        """The text for a page, each name by itself: one from right to left turns nothing else."""
        return isolated(self.words)


_BEFORE: Final = "Application token “"
_AFTER: Final = "”"


def token_words(label: str, token_id: int) -> Words:
    """Return how an application token is called: with its id, whatever its label.

    Args:
        label: as an event keeps it; those of earlier versions have no id.
        token_id: its id.
    """
    ending = f"{_AFTER} (ID {token_id})"
    name = label.removeprefix(_BEFORE).removesuffix(ending).removesuffix(_AFTER)
    whole = token_label(name, token_id)
    start, end = len(_BEFORE), len(_BEFORE) + len(name)
    return (whole[:start], False), (name, True), (whole[end:], False)


def who_of(row: EventColumns, persons: Persons, *, doubles: Doubles, staff: bool = False) -> Who:
    """Return who acted.

    Args:
        row: needs the actor columns.
        persons: frozen persons by id.
        doubles: of `doubles_among`.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    kind, ref = row["actor_kind"], row["actor_ref"]
    word = str(ActorKind(kind).label) if kind in ActorKind.values else str(kind)
    if kind == ActorKind.APPLICATION_TOKEN:
        words = token_words(row["actor_label"], ref)
        return Who(word, words, token=(words[1][0], ref))
    if kind == ActorKind.USER:
        person = persons.get(row["actor_id"])
        if person is None:
            return Who(word, _said(_("User %(id)s") % {"id": ref}), Person(ref, "", ""))
        return Who(word, _told(person, doubles), person)
    if kind not in STAFF_KINDS:
        label = row["actor_label"]
        if kind == ActorKind.SCHEDULE and label.casefold() != word.casefold():
            # The filter calls all of them by their kind: a row says both.
            label = _("%(kind)s: %(label)s") % {"kind": word, "label": label}
        return Who(word, _said(label))
    person = seen_actor(row, persons, staff=staff)
    words = _said(_("Operator staff"))
    if person is not None and person.username == STAFF_LABEL:
        person = Person(person.user_id, STAFF_LABEL, "")
        words = (*words, (_(" (ID %(id)s)") % {"id": person.user_id}, False))
    elif person is not None:
        words = _told(person, doubles)
        if not staff:
            before, after = (_("%(name)s (Operator staff)") % {"name": "\0"}).split("\0")
            words = ((before, False), *words, (after, False))
    acted_for = persons.get(row["acted_for_id"])
    if acted_for is not None:
        before, between, after = (_("%(staff)s for %(user)s") % {"staff": "\0", "user": "\0"}).split("\0")
        words = ((before, False), *words, (between, False), *_told(acted_for, doubles), (after, False))
    return Who(word, words, person, acted_for)


def _told(person: Person, doubles: Doubles) -> Words:
    name, _rest = _named(person)
    if doubles is None or not name[0][1] or likeness(person.name) in doubles:
        return *name, (_(" (ID %(id)s)") % {"id": person.user_id}, False)
    return name


# --- which names do not say who it is ---

_CALLED: Final = """
WITH RECURSIVE found(ref) AS (
    SELECT min(e.actor_ref) FROM events_event e WHERE e.workspace_id = %(workspace)s AND e.actor_kind = %(kind)s
    UNION ALL
    SELECT (SELECT min(e.actor_ref) FROM events_event e
            WHERE e.workspace_id = %(workspace)s AND e.actor_kind = %(kind)s AND e.actor_ref > found.ref)
    FROM found WHERE found.ref IS NOT NULL
), acted(ref, last) AS (
    SELECT ref, (SELECT e.actor_id FROM events_event e
                 WHERE e.workspace_id = %(workspace)s AND e.actor_kind = %(kind)s AND e.actor_ref = found.ref
                 ORDER BY e.timestamp DESC, e.id DESC LIMIT 1)
    FROM found WHERE ref IS NOT NULL LIMIT %(most)s
), member(id) AS (
    SELECT user_id FROM accounts_membership WHERE workspace_id = %(workspace)s
    UNION SELECT super_admin_id FROM accounts_workspace
    WHERE id = %(workspace)s OR id = (SELECT main_id FROM accounts_workspace WHERE id = %(workspace)s)
)
SELECT p.user_id, p.name FROM acted JOIN events_frozenperson p ON p.user_id = acted.ref AND p.id <= acted.last
UNION SELECT p.user_id, p.name FROM events_frozenperson p WHERE p.user_id IN (SELECT id FROM member)
UNION SELECT u.id, u.name FROM accounts_user u WHERE u.id IN (SELECT id FROM member)
"""
"""Names of those who acted in a log, up to their last event there, and of those who are members now.

How somebody is called since they left is no business of the workspace. The recursion walks from actor to actor through
the index; a DISTINCT would read the whole log.
"""
_STAFF: Final = "UNION SELECT u.id, u.name FROM accounts_user u WHERE u.is_staff"


def doubles_among(
    workspace_id: int, rows: Iterable[EventColumns], persons: Persons, *, staff: bool = False
) -> frozenset[str]:
    """Return the likenesses of those actors' names on a page that two people of its workspace have, or have had.

    The people of a workspace are its members and all who ever acted in its log, with each name of theirs that the log
    may show. One query whatever the number of rows, none when nobody acted.

    Args:
        workspace_id: whose log.
        rows: of the page.
        persons: those that the rows name, by id.
        staff: whether the reader is on the operator's staff, which customers can tell from their own people anyway.
    """
    named = staff_are_named(staff=staff)
    shown = [
        persons[row[name]]
        for row in rows
        for name in ("actor_id", "acted_for_id")
        if row[name] in persons and (name != "actor_id" or named or row["actor_kind"] not in STAFF_KINDS)
    ]
    return doubles_of(workspace_id, shown, staff=staff)


def doubles_of(workspace_id: int, shown: Iterable[Person], *, staff: bool = False) -> frozenset[str]:
    """Return which names of these people are not theirs alone. See `doubles_among`."""
    bearers: defaultdict[str, set[int]] = defaultdict(set)
    for person in shown:
        bearers[likeness(person.name)].add(person.user_id)
    if not bearers:
        return frozenset()
    for user_id, name in _people(workspace_id, staff=staff):
        known = bearers.get(likeness(name))
        if known is not None:
            known.add(user_id)
    return frozenset(name for name, users in bearers.items() if len(users) > 1)


def _people(workspace_id: int, *, staff: bool) -> list[tuple[int, str]]:
    arguments = {"workspace": workspace_id, "kind": int(ActorKind.USER), "most": MOST_ACTORS}
    with connection.cursor() as cursor:
        cursor.execute(_CALLED + _STAFF if staff else _CALLED, arguments)
        return list(cursor.fetchall())
