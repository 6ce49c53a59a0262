"""What became of the objects of an action, in words: read from an outcome, or from the job that carried it out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from kit.context import ActorKind
from kit.errors import NotFound
from kit.jobs import revive_actor
from kit.models import Job
from kit.outcomes import Outcome, Refusal
from sims.bulk.actions import BULK, ActionSpec, Noun, Words, say, spec_of

T = TypeVar("T")

SHOWN_ITEMS = 50
"""Objects that a group lists by name; the rest stands in the CSV."""

TONES = {
    Job.State.QUEUED: "neutral",
    Job.State.RUNNING: "info",
    Job.State.DONE: "good",
    Job.State.FAILED: "bad",
    Job.State.SCHEDULED: "accent",
    Job.State.CANCELED: "muted",
}
"""Tones of the badges of states."""
_REASONS: dict[str, Words] = {
    "not_found": ngettext_lazy(
        "is not in this workspace, or deleted", "are not in this workspace, or deleted", "count"
    ),
    "not_reached": ngettext_lazy("was not reached", "were not reached", "count"),
}
_FAILED = frozenset(_REASONS)
"""Codes of refusals of objects that could not even be looked at."""


@dataclass(frozen=True)
class ReasonGroup:
    """Objects that share a reason. `text` follows the count: "9 are Issued".

    Args:
        items: name and link (or "") of the objects listed.
        more: how many further objects the group has beyond `items`.
        key: name of the group among those of a dialog, by which the rest of it is asked for; "" where it can't be.
        until: how many objects of the group are listed up to here.
    """

    text: str
    count: int
    items: Sequence[tuple[str, str]] = ()
    more: int = 0
    key: str = ""
    until: int = 0

    @classmethod
    def of(cls, text: str, items: Sequence[tuple[str, str]]) -> ReasonGroup:
        """A group of all these objects, of which the first fifty are listed."""
        return cls(text, len(items), items[:SHOWN_ITEMS], max(0, len(items) - SHOWN_ITEMS))


@dataclass(frozen=True)
class Part:
    """Which objects of each group are listed by name; the first fifty unless others are asked for."""

    start: int = 0
    size: int = SHOWN_ITEMS

    @property
    def end(self) -> int:
        """Number of objects up to the last one listed."""
        return self.start + self.size

    def of(self, found: Sequence[T]) -> Sequence[T]:
        """Return those that are listed."""
        return found[self.start : self.end]

    def more(self, found: Sequence[Any]) -> int:
        """Return how many come after them."""
        return max(0, len(found) - self.end)


FIRST = Part()


def dialog_groups(
    spec: ActionSpec, workspace_id: int, outcome: Outcome, part: Part = FIRST
) -> tuple[list[ReasonGroup], list[ReasonGroup]]:
    """Return what a preview means beyond the new state, and the objects that will not change, each with its reason."""
    return effect_groups(spec.noun, workspace_id, outcome.effects, part), [
        *refused_groups(spec.noun, workspace_id, outcome.refused, part),
        *unchanged_groups(spec, workspace_id, outcome.unchanged, part),
    ]


def effect_groups(
    noun: Noun, workspace_id: int, effects: Mapping[str, Sequence[int]], part: Part = FIRST
) -> list[ReasonGroup]:
    """Return what an action means beyond the new state, each with the objects concerned. One query an effect."""
    return [
        ReasonGroup(
            text=say(noun.effects[name], len(ids)),
            count=len(ids),
            items=_listed(noun, workspace_id, ids, part),
            more=part.more(ids),
            key=f"effect:{name}",
            until=part.end,
        )
        for name, ids in effects.items()
        if name in noun.effects
    ]


def refused_groups(noun: Noun, workspace_id: int, refused: Sequence[Refusal], part: Part = FIRST) -> list[ReasonGroup]:
    """Return refused objects by reason, the commonest first, each with the first fifty by name. No query."""
    by_reason: dict[tuple[str, str], list[Refusal]] = {}
    for refusal in refused:
        by_reason.setdefault((refusal.code, refusal.reason if refusal.code != "not_found" else ""), []).append(refusal)
    groups = []
    for number, ((code, reason), found) in enumerate(sorted(by_reason.items(), key=lambda pair: -len(pair[1]))):
        words = noun.reasons.get(code) or _REASONS.get(code)
        groups.append(
            ReasonGroup(
                text=say(words, len(found)) if words else f"– {reason}",
                count=len(found),
                # What is not in this workspace has no page here.
                items=[(refusal.label, "") for refusal in part.of(found)]
                if code == "not_found"
                else noun.links(workspace_id, ((each.id, noun.shown(each.label)) for each in part.of(found))),
                more=part.more(found),
                key=f"refused:{number}",
                until=part.end,
            )
        )
    return groups


def unchanged_groups(spec: ActionSpec, workspace_id: int, ids: Sequence[int], part: Part = FIRST) -> list[ReasonGroup]:
    """Return the group of objects that are as asked already, if there are any. One query."""
    if not ids:
        return []
    items = _listed(spec.noun, workspace_id, ids, part)
    return [ReasonGroup(say(spec.unchanged, len(ids)), len(ids), items, part.more(ids), "unchanged", part.end)]


def _listed(noun: Noun, workspace_id: int, ids: Sequence[int], part: Part = FIRST) -> list[tuple[str, str]]:
    """Return name and link of the objects that are listed. One query."""
    shown = part.of(ids)
    known = noun.labels(shown)
    return noun.links(workspace_id, ((pk, known.get(pk, str(pk))) for pk in shown))


@dataclass(frozen=True)
class BulkReport:
    """The report of one job, as dialog, page and CSV show it. Every object is in exactly one of its three numbers.

    Args:
        job: one that `sims.bulk.actions` has made, of the workspace it is shown in.
    """

    job: Job

    @cached_property
    def spec(self) -> ActionSpec:
        """The action."""
        noun, _slash, action = self.job.name.partition("/")
        return spec_of(noun, action)

    @property
    def noun(self) -> Noun:
        """What the action was about."""
        return self.spec.noun

    @property
    def workspace_id(self) -> int:
        """The workspace it belongs to."""
        return self.job.workspace_id or 0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.job.state in (Job.State.DONE, Job.State.FAILED)

    @property
    def due(self) -> datetime | None:
        """The moment for which it was scheduled, `None` where it was not."""
        scheduled = getattr(self.job, "scheduled", None)
        return scheduled.due_at if scheduled is not None else None

    @property
    def waits(self) -> bool:
        """Whether its moment has not come yet."""
        return self.job.state == Job.State.SCHEDULED

    @property
    def canceled(self) -> bool:
        """Whether it was canceled before its moment."""
        return self.job.state == Job.State.CANCELED

    @property
    def counted(self) -> dict[str, int]:
        """How many objects were changed, left as they were and refused so far; empty before the first was looked at."""
        return dict(self.job.counts)

    @property
    def tone(self) -> str:
        """How the badge of its state looks."""
        return TONES[Job.State(self.job.state)]

    @property
    def state_text(self) -> str:
        """How far it is, in words."""
        if self.job.state == Job.State.QUEUED:
            return _("Waiting for a worker")
        return str(Job.State(self.job.state).label)

    @cached_property
    def outcome(self) -> Outcome:
        """What became of each object; those a failed job did not reach are refused with its error."""
        outcome = Outcome.from_json(self.job.result)
        if self.job.state == Job.State.FAILED:
            rest = self.job.arguments.get("ids", [])[self.job.done :]
            known = self.noun.labels(rest)
            outcome.refused += [Refusal(pk, known.get(pk, str(pk)), "not_reached", self.job.error) for pk in rest]
        return outcome

    @property
    def failed(self) -> list[Refusal]:
        """Objects that could not even be looked at."""
        return [refusal for refusal in self.outcome.refused if refusal.code in _FAILED]

    @property
    def skipped(self) -> list[Refusal]:
        """Objects whose state forbids the change."""
        return [refusal for refusal in self.outcome.refused if refusal.code not in _FAILED]

    @property
    def changed_count(self) -> int:
        """Number of objects that were changed."""
        return len(self.outcome.changed)

    @property
    def skipped_count(self) -> int:
        """Number of objects left as they were."""
        return len(self.skipped) + len(self.outcome.unchanged)

    @property
    def failed_count(self) -> int:
        """Number of objects that could not be changed."""
        return len(self.failed)

    @property
    def asked(self) -> str:
        """What was asked for, where that can differ from what was done: "Suspend 412 SIMs"."""
        return self.job.title if self.spec.done is not None else ""

    @property
    def title(self) -> str:
        """What was done: "Suspended 398 SIMs"."""
        if self.spec.done is None:
            return self.job.title
        return say(self.spec.done, self.changed_count) if self.changed_count else _("Nothing was changed")

    @cached_property
    def skipped_groups(self) -> list[ReasonGroup]:
        """Objects left as they were, by reason. One query at most."""
        return [
            *refused_groups(self.noun, self.workspace_id, self.skipped),
            *unchanged_groups(self.spec, self.workspace_id, self.outcome.unchanged),
        ]

    @cached_property
    def failed_groups(self) -> list[ReasonGroup]:
        """Objects that could not be changed, by reason."""
        return refused_groups(self.noun, self.workspace_id, self.failed)

    @cached_property
    def changed_items(self) -> list[tuple[str, str]]:
        """Name and link (or "") of the first fifty objects that were changed. One query."""
        items = _listed(self.noun, self.workspace_id, self.outcome.changed)
        return items if self.spec.stays else [(label, "") for label, _url in items]

    @property
    def changed_more(self) -> int:
        """How many were changed beyond those listed."""
        return max(0, self.changed_count - SHOWN_ITEMS)

    @property
    def permanent_note(self) -> str:
        """Where the report stays, in a sentence."""
        link = format_html('<a href="{}">{}</a>', self.url, _("its own page"))
        return format_html(_("This result stays readable at {link}."), link=link)

    @property
    def person(self) -> str:
        """Who asked for it: name and address of a customer's user, else what kind of thing it was."""
        actor = revive_actor(self.job.actor)
        if actor.kind != ActorKind.USER or actor.person is None:
            return actor.label
        return f"{actor.person.name}, {actor.person.username}"

    @property
    def who(self) -> str:
        """Who asked for it, by the name alone."""
        actor = revive_actor(self.job.actor)
        return actor.label if actor.kind != ActorKind.USER or actor.person is None else actor.person.name

    @property
    def url(self) -> str:
        """Where the report stays."""
        return reverse("sims:result", args=[self.workspace_id, self.job.pk])

    @property
    def progress_url(self) -> str:
        """What a dialog polls while the job is under way."""
        return reverse("sims:result_progress", args=[self.workspace_id, self.job.pk])

    @property
    def csv_url(self) -> str:
        """The report line by line."""
        return reverse("sims:result_csv", args=[self.workspace_id, self.job.pk])

    @property
    def list_url(self) -> str:
        """The list the objects are in."""
        return self.noun.list_url(self.workspace_id)

    @property
    def events_url(self) -> str:
        """The events of the request that did it, or "" where no log is installed.

        The app of the log stands above this one, so it is known by address only.
        """
        try:
            return f"{reverse('events:list', args=[self.workspace_id])}?request={self.job.request_id}"
        except NoReverseMatch:
            return ""

    @property
    def reversal_url(self) -> str:
        """What is asked for the button that reverses it, or "" where no log is installed."""
        try:
            return reverse("events:reverse_offer", args=[self.workspace_id, self.job.pk])
        except NoReverseMatch:
            return ""

    @property
    def shown_url(self) -> str:
        """The list of what was changed, or of what is still to be changed; "" where nothing of it is here."""
        none_left = self.canceled or (self.finished and (not self.changed_count or not self.spec.stays))
        return "" if none_left or self.spec.report else f"{self.list_url}?result={self.job.pk}"

    @property
    def doing(self) -> str:
        """What goes on: "Suspending 5,000 SIMs"."""
        words = getattr(self.spec, "doing", None)
        return say(words, self.job.total) if words is not None and self.job.total > 1 else self.job.title

    @property
    def head(self) -> tuple[Any, ...]:
        """Headings of `lines`."""
        return ("id", self.noun.head, *self.noun.trace_head, _("result"), _("reason"))

    def lines(self) -> Iterator[list[str]]:
        """Return id, name, how it stood before and after, what became of it and why, of each object."""
        outcome, noun = self.outcome, self.noun
        known = noun.labels([*outcome.changed, *outcome.unchanged])
        stood = {pk: noun.trace_line(rest) for pk, *rest in outcome.trace}
        blank = [""] * len(noun.trace_head)
        for what, ids in (("changed", outcome.changed), ("unchanged", outcome.unchanged)):
            for pk in ids:
                yield [str(pk), known.get(pk, ""), *stood.get(pk, blank), what, ""]
        for what, refused in (("skipped", self.skipped), ("failed", self.failed)):
            for each in refused:
                yield [str(each.id), noun.shown(each.label), *stood.get(each.id, blank), what, each.reason]


def jobs_of(workspace_id: int) -> QuerySet[Job]:
    """Return the bulk actions of a workspace."""
    return Job.objects.filter(workspace_id=workspace_id, kind=BULK)


def reports_of_request(workspace_id: int, request_id: uuid.UUID) -> list[BulkReport]:
    """Return the bulk actions of a workspace that a request carried out, without their objects. One query."""
    jobs = jobs_of(workspace_id).filter(request_id=request_id).defer("arguments", "result")
    return [BulkReport(job) for job in jobs.order_by("created")]


def report_of(workspace_id: int, job_id: uuid.UUID, *, light: bool = False) -> BulkReport:
    """Return a report of a workspace.

    Args:
        workspace_id: the workspace.
        job_id: of the report.
        light: without the objects, which can be many.

    Raises:
        NotFound: none of this id, or it belongs to another workspace.
    """
    jobs = jobs_of(workspace_id).filter(pk=job_id).select_related("scheduled")
    job = (jobs.defer("arguments", "result") if light else jobs).first()
    if job is None:
        raise NotFound(_("There is no result of this id in this workspace."))
    return BulkReport(job)
