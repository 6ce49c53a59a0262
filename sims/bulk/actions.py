"""Actions on many objects: what a list is of, what can be done to it, and doing it once.

A new action is a service with its preview, and one entry in the `bulk.py` of the folder whose objects it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import User, Workspace
from accounts.permissions import Permission, actor_may
from kit import jobs
from kit.action import action, retried
from kit.context import as_scheduled, current_actor
from kit.errors import Forbidden, Invalid, NotFound
from kit.filters import ListFilters
from kit.models import Job
from kit.outcomes import Outcome
from kit.querysets import CHUNK, WorkspaceQuerySet
from sims.bulk.forms import OptionsForm
from sims.bulk.selection import LIFETIME, Selection
from sims.bulk.trail import Trail, trailing

BULK = "sims.bulk.actions"
"""Kind of all jobs made here; their arguments name the action."""

Service = Callable[..., Outcome]
"""Takes `workspace_id`, the ids under the noun's name for them, and the answers of the dialog, all by keyword."""
Words = Any
"""A text of `ngettext_lazy` whose form goes by "count" and that shows the number as `%(n)s`."""

NO_CHANGE: Words = ngettext_lazy("needs no change", "need no change", "count")


def counted(n: int) -> str:
    """Return a count with separators: 2,431."""
    return f"{n:,}"


def say(words: Words, count: int) -> str:
    """Return the wording for a number: "Suspend 412 SIMs"."""
    return str(words % {"count": count, "n": counted(count)})


@dataclass(frozen=True, kw_only=True, eq=False)
class Noun:
    """What a list is of.

    Args:
        name: plural, as in the addresses: "sims".
        title: heading of the list.
        objects: all of them.
        filters: the filters of the list.
        ids: the keyword under which services take ids of them: "sim_ids".
        label: the column that names one.
        shown: turns what is in that column into what people read.
        head: heading of that column in a CSV.
        proof: from the name of a single object as the page shows it, what must be typed before it is destroyed and
            the sentence that asks for it.
        reasons: wordings of refusals by their code; each continues a count, "9 are Issued".
        effects: wordings of what a preview knows beyond the new state (`Outcome.effects`), by its name; each continues
            a count, "9 lose their connection".
        trace: returns how objects stood before and after an action, one list an object that begins with its id.
        trace_head: headings of the rest of such a list in a CSV.
        trace_line: turns the rest of such a list into what people read.
        route: how the names of its views begin: `<route>_list`, `<route>_detail` and, made here, `<route>_bulk`.
    """

    name: str
    title: Any
    objects: Callable[[], WorkspaceQuerySet[Any]]
    filters: type[ListFilters]
    ids: str
    label: str
    shown: Callable[[str], str]
    head: str
    proof: Callable[[str], tuple[str, str]]
    reasons: Mapping[str, Words]
    route: str
    trace: Callable[[int, Sequence[int], Outcome, Trail], list[list[Any]]]
    trace_head: Sequence[Any]
    trace_line: Callable[[Sequence[Any]], list[str]]
    effects: Mapping[str, Words] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """Name of the view of one object."""
        return f"sims:{self.route}_detail"

    def list_url(self, workspace_id: int) -> str:
        """Return the address of the list."""
        return reverse(f"sims:{self.route}_list", args=[workspace_id])

    def labels(self, ids: Sequence[int]) -> dict[int, str]:
        """Return what people call objects that an action of the asking workspace has decided on, by id.

        Not bound to the workspace: what it has transferred away stands in its report too. One query a chunk.
        """
        found: dict[int, str] = {}
        for start in range(0, len(ids), CHUNK):
            rows = self.objects().filter(pk__in=ids[start : start + CHUNK]).values_list("pk", self.label)
            found.update((pk, self.shown(label)) for pk, label in rows)
        return found

    def name_of(self, workspace_id: int, pk: int) -> str:
        """Return what people call one object of a workspace; its id where it has none of it. One query."""
        label = self.objects().of(workspace_id).filter(pk=pk).values_list(self.label, flat=True).first()
        return str(pk) if label is None else self.shown(label)

    def links(self, workspace_id: int, named: Iterable[tuple[int, str]]) -> list[tuple[str, str]]:
        """Return name and address of objects given by id and name. No query."""
        return [(label, reverse(self.page, args=[workspace_id, pk])) for pk, label in named]


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """An action on objects that are selected, confirmed, and reported on. Its views and its work are its own.

    Args:
        noun: what it acts on.
        name: as in the address.
        label: the verb on the button.
        permission: right it needs; the services check it again.
        icon: name of a lucide icon.
        danger: destructive, so that something must be typed.
        button: whether lists and pages of objects offer it.
        done: "Suspended 398 SIMs"; `None` when the title of the job says already what was done.
        unchanged: how objects are described that are as asked already; continues a count.
        stays: whether what was changed still has its page in this workspace.
        report: template of its report; "" for the usual one.
        report_context: returns what that template needs beside the report.
    """

    noun: Noun
    name: str
    label: Any
    permission: Permission
    icon: str = ""
    danger: bool = False
    button: bool = True
    done: Words | None = None
    unchanged: Words = NO_CHANGE
    stays: bool = True
    report: str = ""
    report_context: Callable[[Job], Mapping[str, Any]] = field(default=lambda _job: {})

    @property
    def path(self) -> str:
        """Names of noun and action, which together are unique: "sims/suspend"."""
        return f"{self.noun.name}/{self.name}"

    def url(self, workspace_id: int) -> str:
        """Return the address below which it has its dialog (`preview/`) and its confirmation (`run/`)."""
        return reverse(f"sims:{self.noun.route}_bulk", args=[workspace_id, self.name])


@dataclass(frozen=True, kw_only=True)
class JobSpec(ActionSpec):
    """An action that a job can do, now or at a moment to come.

    Args:
        preview: tells what would happen.
        run: does it.
        asked: "Suspend 412 SIMs".
        doing: "Suspending 412 SIMs", while it goes on; what was asked for where it is left out.
        asked_one: "Suspend SIM %(name)s"; the wording for a number where it is left out.
    """

    preview: Service
    run: Service
    asked: Words
    asked_one: Any = ""
    doing: Words | None = None

    def title(self, workspace_id: int, ids: Sequence[int]) -> str:
        """Return what is asked for: it names the object when it is one. One query then."""
        if len(ids) == 1 and self.asked_one:
            return str(self.asked_one % {"name": self.noun.name_of(workspace_id, ids[0])})
        return say(self.asked, len(ids))

    def foresee(self, workspace_id: int, ids: Sequence[int], options: Mapping[str, Any]) -> Outcome:
        """Tell what would become of each object; raises as `carry_out`."""
        return self._call(self.preview, workspace_id, ids, options)

    def act(self, workspace_id: int, ids: Sequence[int], options: Mapping[str, Any]) -> Outcome:
        """Do it to these objects, and note how each stood before and after; raises as `carry_out`."""
        with trailing() as trail:
            outcome = self._call(self.run, workspace_id, ids, options)
            outcome.trace = self.noun.trace(workspace_id, ids, outcome, trail)
        return outcome

    def _call(self, service: Service, workspace_id: int, ids: Sequence[int], options: Mapping[str, Any]) -> Outcome:
        if not ids:
            raise Invalid(_("Nothing is selected any more. Close this and select the rows again."), code="selection")
        return service(workspace_id=workspace_id, **{self.noun.ids: ids}, **options)


@dataclass(frozen=True, kw_only=True)
class BulkSpec(JobSpec):
    """An action that the common dialog asks for and that decides for each object by itself.

    Args:
        form: further questions.
    """

    form: type[OptionsForm] | None = None

    def dialog_title(self, workspace_id: int, ids: Sequence[int], outcome: Outcome) -> str:
        """Return the heading of the question: how many objects will change, which of the selected ones can."""
        if len(ids) == 1:
            return self.title(workspace_id, ids)
        if not outcome.changed:
            return _("%(verb)s: nothing would change") % {"verb": self.label}
        return say(self.asked, len(outcome.changed))


SPECS: dict[str, ActionSpec] = {}
"""All actions by their path, in the order of their buttons."""


def register(*specs: ActionSpec) -> None:
    """Make actions known, in the order of their buttons. Each noun does it when the app starts.

    Raises:
        ValueError: there is one of this name already.
    """
    for spec in specs:
        if spec.path in SPECS:
            raise ValueError(f"The action {spec.path} is registered twice.")
        SPECS[spec.path] = spec


def nouns() -> list[Noun]:
    """Return what actions are registered for."""
    return list(dict.fromkeys(spec.noun for spec in SPECS.values()))


def specs_of(noun: str) -> list[ActionSpec]:
    """Return the actions of a noun in the order of their buttons."""
    return [spec for spec in SPECS.values() if spec.noun.name == noun]


def spec_of(noun: str, name: str) -> ActionSpec:
    """Return an action.

    Raises:
        NotFound: there is none of this name.
    """
    spec = SPECS.get(f"{noun}/{name}")
    if spec is None:
        raise NotFound(_("There is no action “%(name)s”.") % {"name": name})
    return spec


def job_spec(noun: str, name: str) -> JobSpec:
    """Return an action that a job can do.

    Raises:
        NotFound: there is none of this name.
    """
    spec = spec_of(noun, name)
    if not isinstance(spec, JobSpec):
        raise NotFound(_("There is no action “%(name)s”.") % {"name": name})
    return spec


def bulk_spec(noun: str, name: str) -> BulkSpec:
    """Return an action that has the common dialog.

    Raises:
        NotFound: there is none of this name.
    """
    spec = spec_of(noun, name)
    if not isinstance(spec, BulkSpec):
        raise NotFound(_("There is no action “%(name)s”.") % {"name": name})
    return spec


def carry_out(spec: BulkSpec, selection: Selection, options: Mapping[str, Any]) -> Job:
    """Do what was confirmed: within this request, or as a job when there is more than fits into one step.

    Args:
        spec: the action.
        selection: the objects.
        options: answers of the dialog.

    Returns:
        The job with the result, or the one that is under way.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as the service; nothing was done then.
    """
    ids, workspace_id = selection.ids, selection.workspace_id
    title = spec.title(workspace_id, ids)

    def act() -> Job:
        if len(ids) <= CHUNK:
            outcome = spec.act(workspace_id, ids, options)
            return keep(spec, selection, title=title, result=outcome, total=len(ids), options=dict(options))
        # A right that is missing shall show at once, not in a worker.
        spec.foresee(workspace_id, ids[:1], options)
        arguments = arguments_of(spec, selection, options=dict(options), ids=list(ids))
        return jobs.start(
            kind=BULK, name=spec.path, workspace_id=workspace_id, title=title, arguments=arguments, total=len(ids)
        )

    return once(selection, act)


@retried
def once(selection: Selection, act: Callable[[], Job]) -> Job:
    """Do what was confirmed, or return the job that has done it before.

    It locks the person's row: a button pressed twice sends two requests at once, and the second has to wait and find
    what the first has done.

    Args:
        selection: what was confirmed.
        act: does it and returns its job, of `keep` or `jobs.start`.
    """
    with action():
        person = current_actor().person
        if person is not None:
            User.objects.select_for_update(of=("self",)).filter(pk=person.user_id).values_list("pk").first()
        since = timezone.now() - LIFETIME - timedelta(minutes=5)
        made = Job.objects.filter(
            workspace_id=selection.workspace_id, kind=BULK, created__gte=since, arguments__key=selection.key
        )
        return made.order_by("created").first() or act()


def keep(
    spec: ActionSpec,
    selection: Selection,
    *,
    title: str,
    result: Outcome | Mapping[str, Any],
    total: int,
    **arguments: Any,
) -> Job:
    """Keep the result of what was done within this request, for its report.

    Args:
        spec: the action.
        selection: what was confirmed.
        title: what was asked for, or what was done if the action has no words of its own for that.
        result: what became of each object, or JSON-safe what a report of the action's own shows.
        total: number of objects.
        arguments: JSON-safe, what else is worth keeping.
    """
    return jobs.keep_result(
        kind=BULK,
        name=spec.path,
        workspace_id=selection.workspace_id,
        title=title,
        arguments=arguments_of(spec, selection, **arguments),
        result=result.as_json() if isinstance(result, Outcome) else dict(result),
        counts=result.counts if isinstance(result, Outcome) else {"changed": total, "unchanged": 0, "refused": 0},
        total=total,
    )


def arguments_of(spec: ActionSpec, selection: Selection, **more: Any) -> dict[str, Any]:
    """Return what the job of an action keeps of what was confirmed."""
    return {"kind": spec.noun.name, "action": spec.name, "key": selection.key, **more}


def require_standing_right(job: Job, spec: ActionSpec) -> None:
    """Check that whoever asked for a scheduled action may still do it, in words that others read.

    Raises:
        Forbidden: not any more; the text says why.
    """
    actor, workspace_id = current_actor(), job.workspace_id or 0
    if "scheduled" not in job.arguments or actor_may(actor, workspace_id, spec.permission):
        return
    role = actor.roles.get(workspace_id)
    if role is None:
        text = _("Whoever asked for it is no longer in this workspace.")
    elif Workspace.objects.filter(pk=workspace_id, status=Workspace.Status.SUSPENDED).exists():
        text = _("The workspace is suspended.")
    elif workspace_id in actor.closed:
        text = _("Whoever asked for it has not set up the second factor that the workspace demands.")
    else:
        text = _("Whoever asked for it has the role %(role)s now, which may not %(right)s.")
    raise Forbidden(text % {"role": role, "right": spec.permission.label}, permission=spec.permission.value)


@jobs.job_kind(BULK)
def bulk_step(job: Job) -> bool:
    """Do the next 5,000 objects of a job."""
    asked = job.arguments
    spec = job_spec(asked["kind"], asked["action"])
    ids = asked["ids"][job.done : job.done + CHUNK]
    outcome = Outcome.from_json(job.result)
    if ids:
        require_standing_right(job, spec)
        with as_scheduled(asked.get("scheduled")):
            # Only jobs with a workspace are started above.
            outcome.extend(spec.act(job.workspace_id or 0, ids, asked["options"]))
    job.result, job.counts = outcome.as_json(), outcome.counts
    job.done += len(ids)
    return job.done < job.total
