"""Reports of actions on many objects, read from the jobs that carried them out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from kit.bulk import SHOWN_ITEMS, BulkResult, ReasonGroup
from kit.context import ActorKind
from kit.errors import NotFound
from kit.jobs import revive_actor
from kit.models import Job
from kit.outcomes import Outcome, Refusal
from sims.bulk.actions import SPECS, ObjectKind, Wording
from sims.bulk.reasons import groups_of, items, shown_label
from sims.bulk.selectors import labels
from sims.bulk.tasks import BULK, state_text

TRANSFER = "sims.transfer"
REGISTER = "sims.register"
KINDS = (BULK, TRANSFER, REGISTER)


def named_items(kind: ObjectKind, workspace_id: int, ids: Sequence[int]) -> list[tuple[str, str]]:
    """Return label and link of objects. One query."""
    known = labels(kind, ids)
    return items(kind, workspace_id, ((pk, known.get(pk, str(pk))) for pk in ids))


def unchanged_group(kind: ObjectKind, workspace_id: int, ids: Sequence[int], text: Wording) -> ReasonGroup:
    """Return the group of objects that were as asked already, the first fifty by name. One query."""
    return ReasonGroup(
        text=text(len(ids)),
        count=len(ids),
        items=named_items(kind, workspace_id, ids[:SHOWN_ITEMS]),
        more=max(0, len(ids) - SHOWN_ITEMS),
    )


@dataclass(frozen=True)
class BulkReport:
    """The report of one job.

    Args:
        job: a job of one of `KINDS`, of the workspace it is shown in.
    """

    job: Job

    @property
    def kind(self) -> ObjectKind:
        """What the action was about."""
        return cast(ObjectKind, self.job.arguments.get("kind", "sims"))

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.job.state in (Job.State.DONE, Job.State.FAILED)

    @property
    def state_text(self) -> str:
        """How far it is, in words."""
        return state_text(self.job)

    @property
    def workspace_id(self) -> int:
        """The workspace it belongs to."""
        return self.job.workspace_id or 0

    @cached_property
    def outcome(self) -> Outcome:
        """What became of each object; those a failed job did not reach are refused with its error."""
        outcome = Outcome.from_json(self.job.result)
        if self.job.state == Job.State.FAILED:
            rest = self.job.arguments.get("ids", [])[self.job.done :]
            known = labels(self.kind, rest)
            outcome.refused += [Refusal(pk, known.get(pk, str(pk)), "not_reached", self.job.error) for pk in rest]
        return outcome

    @property
    def failed(self) -> list[Refusal]:
        """Objects that could not even be looked at."""
        return [refusal for refusal in self.outcome.refused if refusal.code in ("not_found", "not_reached")]

    @property
    def skipped(self) -> list[Refusal]:
        """Objects whose state forbids the change."""
        return [refusal for refusal in self.outcome.refused if refusal.code not in ("not_found", "not_reached")]

    def changed_items(self) -> list[tuple[str, str]]:
        """Return label and link of the first fifty objects that changed. One query."""
        named = named_items(self.kind, self.workspace_id, self.outcome.changed[:SHOWN_ITEMS])
        # SIMs that were transferred away have no page here.
        return [(label, "") for label, _url in named] if self.job.kind == TRANSFER else named

    @property
    def asked(self) -> str:
        """What was asked for, where that can differ from what was done: "Suspend 412 SIMs"."""
        return self.job.title if self.job.kind == BULK else ""

    @property
    def title(self) -> str:
        """What was done: "Suspended 398 SIMs"."""
        changed = len(self.outcome.changed)
        if self.job.kind == BULK and changed:
            return SPECS[f"{self.kind}/{self.job.arguments['action']}"].done(changed)
        if self.job.kind == BULK:
            return _("Nothing was changed")
        return self.job.title

    def result(self) -> BulkResult:
        """Return the report as the dialog and the page show it. Two queries at most."""
        skipped = groups_of(self.kind, self.workspace_id, self.skipped)
        if unchanged := self.outcome.unchanged:
            spec = SPECS[f"{self.kind}/{self.job.arguments['action']}"]
            skipped.append(unchanged_group(self.kind, self.workspace_id, unchanged, spec.unchanged))
        return BulkResult(
            title=self.title,
            changed=len(self.outcome.changed),
            skipped=skipped,
            failed=groups_of(self.kind, self.workspace_id, self.failed),
            events_url=self.events_url if self.outcome.changed else "",
            csv_url=reverse("sims:result_csv", args=[self.workspace_id, self.job.pk]),
            request_id=str(self.job.request_id),
            notes=[*([self.job.error] if self.job.error else []), *self.outcome.notes, self._permanent_link()],
        )

    def _permanent_link(self) -> str:
        link = format_html('<a href="{}">{}</a>', self.url, _("its own page"))
        return format_html(_("This result stays readable at {link}."), link=link)

    @property
    def url(self) -> str:
        """Where the report stays."""
        return reverse("sims:result", args=[self.workspace_id, self.job.pk])

    @property
    def list_url(self) -> str:
        """The list the objects are in."""
        return reverse("sims:sim_list" if self.kind == "sims" else "sims:device_list", args=[self.workspace_id])

    @property
    def person(self) -> str:
        """Who asked for it: name and address of a customer's user, else what kind of thing it was."""
        actor = revive_actor(self.job.actor)
        if actor.kind != ActorKind.USER or actor.person is None:
            return actor.label
        return f"{actor.person.name}, {actor.person.username}"

    @property
    def progress_url(self) -> str:
        """What a dialog polls while the job is under way."""
        return reverse("sims:result_progress", args=[self.workspace_id, self.job.pk])

    @property
    def events_url(self) -> str:
        """The events of the request that did it."""
        return events_url(self.workspace_id, self.job.request_id)

    def lines(self) -> Iterator[tuple[str, str, str, str]]:
        """Return id, label, what became of it and why, of each object."""
        outcome = self.outcome
        known = labels(self.kind, [*outcome.changed, *outcome.unchanged])
        for pk in outcome.changed:
            yield str(pk), shown_label(self.kind, known.get(pk, "")), "changed", ""
        for pk in outcome.unchanged:
            yield str(pk), shown_label(self.kind, known.get(pk, "")), "unchanged", ""
        for what, refused in (("skipped", self.skipped), ("failed", self.failed)):
            for refusal in refused:
                yield str(refusal.id), shown_label(self.kind, refusal.label), what, refusal.reason


def events_url(workspace_id: int, request_id: uuid.UUID) -> str:
    """Return the address of the events of a request, or "" where no log is installed.

    The app of the log stands above this one, so it is known by address only.
    """
    try:
        return f"{reverse('events:list', args=[workspace_id])}?request={request_id}"
    except NoReverseMatch:
        return ""


def report_of(workspace_id: int, job_id: uuid.UUID) -> BulkReport:
    """Return a report of a workspace.

    Raises:
        NotFound: none of this id, or it belongs to another workspace.
    """
    job = Job.objects.filter(pk=job_id, workspace_id=workspace_id, kind__in=KINDS).first()
    if job is None:
        raise NotFound(_("There is no result of this id in this workspace."))
    return BulkReport(job)
