"""Bulk actions at a moment to come: done once, with the rights of then, and told when they cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, SupportAccess, User, Workspace
from accounts.people.services.erasure import erase_user
from accounts.permissions import Role
from events.models import Event
from kit import jobs
from kit.clock import shared_now
from kit.context import acting_as
from kit.errors import Conflict, Invalid
from kit.models import Job, OutgoingMail
from sims.bulk import actions, schedule
from sims.bulk.selection import Selection
from sims.bulk.tasks import begin_scheduled
from sims.inventory.bulk import SUSPEND
from sims.models import ScheduledAction, ScheduledObject, Sim
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import HTMX, Desk, plan_in, statuses, words

pytestmark = pytest.mark.sqlite_too("an action begins once without locks of single rows")

LATER = timedelta(days=3)


def local(moment: datetime) -> str:
    return moment.astimezone(timezone.get_current_timezone()).strftime("%Y-%m-%dT%H:%M")


def ask(cast: Cast, user: User, ids: list[int], *, at: str = "", action: str = "suspend", **data: Any) -> Any:
    desk = Desk(cast, user, data.pop("kind", "sims"))
    plan = desk.plan(action, ids)
    return desk.run(action, plan, when="later", at=at or local(timezone.now() + LATER), **data)


@pytest.fixture
def waiting(cast: Cast) -> Job:
    """A suspension of three SIMs that Acme's member has asked for."""
    ask(cast, cast.member, [sim.pk for sim in cast.sims(3, status=1)])
    return Job.objects.get()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the clock forward."""

    def forward(by: timedelta) -> None:
        monkeypatch.setattr("sims.bulk.schedule.shared_now", lambda: shared_now() + by)

    return forward


def comes(job: Job, clock: Callable[[timedelta], None]) -> None:
    """Let the moment of an action come, and a worker do it."""
    clock(LATER)
    begin_scheduled()
    jobs.run(str(job.pk))
    job.refresh_from_db()


def sims_of(job: Job) -> list[Sim]:
    return list(Sim.objects.filter(pk__in=job.arguments["ids"]).order_by("pk"))


# --- asking ---


def test_asking_changes_nothing_yet_and_is_told(cast: Cast) -> None:
    sims = cast.sims(3, status=1)
    response = ask(cast, cast.member, [sim.pk for sim in sims], at="2099-01-01T00:00")
    assert response.status_code == 422
    assert "within the next 366 days" in words(response)
    response = ask(cast, cast.member, [sim.pk for sim in sims])
    assert response.status_code == 200
    assert "Scheduled for" in words(response)
    job, row = Job.objects.get(), ScheduledAction.objects.get()
    assert (job.state, job.title, row.state, row.count) == ("scheduled", "Suspend 3 SIMs", "waiting", 3)
    assert (statuses(sims), types()) == ([1, 1, 1], [10115])
    event = Event.objects.latest("pk")
    assert event.actor_ref == cast.member.pk
    assert event.description.startswith("Suspend 3 SIMs scheduled for 20")
    assert event.detail is not None
    told = event.detail["scheduled_action"]
    assert (told["id"], told["count"], told["action"]) == (row.pk, 3, "sims/suspend")
    assert {"asked_at", "due_at"} <= told.keys()


def test_the_moment_is_of_the_readers_zone(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(preferences={"timezone": "Asia/Tokyo"})
    desk = Desk(cast, cast.member)
    asked = desk.preview("suspend", [cast.sims(1, status=1)[0].pk])
    assert "At (Asia/Tokyo)" in words(asked)
    day = (timezone.now() + LATER).date()
    assert desk.run("suspend", plan_in(asked), when="later", at=f"{day}T09:00").status_code == 200
    due = ScheduledAction.objects.get().due_at
    assert (due.date(), due.hour) == (day, 0)
    page = words(desk.client.get(f"/w/{cast.acme.pk}/results/{Job.objects.get().pk}/"))
    assert f"Scheduled for {day} 09:00:00 JST" in page


def test_a_moment_that_is_named_is_waited_for_whatever_was_pressed(cast: Cast) -> None:
    [sim] = cast.sims(1, status=1)
    desk = Desk(cast, cast.member)
    asked = desk.run("suspend", desk.plan("suspend", [sim.pk]), at=local(timezone.now() + LATER))
    assert "Scheduled for" in words(asked)
    desk = Desk(cast, cast.owner)
    plan = plan_in(desk.preview("transfer", plan=desk.plan("transfer", [sim.pk]), target=cast.bolt.pk))
    desk.run("transfer", plan, target=cast.bolt.pk, at=local(timezone.now() + LATER))
    assert (ScheduledAction.objects.count(), statuses([sim])) == (2, [1])
    assert Sim.objects.get().workspace_id == cast.acme.pk


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("", "Choose the moment."),
        ("soon", "Write the moment as day and time"),
        ("2020-01-01T00:00", "at least a minute ahead"),
        ("2099-01-01T00:00", "within the next 366 days"),
    ],
)
def test_a_wrong_moment_is_asked_for_again(cast: Cast, at: str, told: str) -> None:
    desk = Desk(cast, cast.member, "devices")
    plan = desk.plan("tags", [cast.device().pk])
    response = desk.run("tags", plan, when="later", at=at, add="north")
    assert response.status_code == 422
    assert told in words(response)
    # Nothing typed is lost.
    assert 'value="north"' in response.content.decode()
    assert (ScheduledAction.objects.count(), Job.objects.count(), types()) == (0, 0, [])


def test_pressed_twice_it_is_scheduled_once(cast: Cast) -> None:
    desk = Desk(cast, cast.member)
    plan = desk.plan("suspend", [cast.sims(1, status=1)[0].pk])
    for _time in range(2):
        assert desk.run("suspend", plan, when="later", at=local(timezone.now() + LATER)).status_code == 200
    assert (ScheduledAction.objects.count(), types()) == (1, [10115])


def test_who_may_not_do_it_may_not_schedule_it(cast: Cast) -> None:
    plan = Selection(cast.acme.pk, cast.observer.pk, "sims/suspend", (cast.sims(1)[0].pk,)).signed()
    response = Desk(cast, cast.observer).run("suspend", plan, when="later", at=local(timezone.now() + LATER))
    assert (response.status_code, ScheduledAction.objects.count()) == (403, 0)


def test_what_must_be_typed_must_be_typed_for_later_too(cast: Cast) -> None:
    sims = cast.sims(2, status=2)
    assert ask(cast, cast.owner, [sim.pk for sim in sims], action="delete").status_code == 422
    assert ask(cast, cast.owner, [sim.pk for sim in sims], action="delete", confirm="2").status_code == 200
    assert ScheduledAction.objects.count() == 1


def test_objects_of_others_are_left_out(cast: Cast) -> None:
    (ours,), (theirs,) = cast.sims(1, status=1), cast.sims(1, status=1, workspace=cast.umbra)
    ask(cast, cast.owner, [ours.pk, theirs.pk])
    assert list(ScheduledObject.objects.values_list("object_id", flat=True)) == [ours.pk]
    assert Job.objects.get().arguments["ids"] == [ours.pk]
    with cast.acting(cast.owner), pytest.raises(Invalid, match="Nothing is selected"):
        selection = Selection(cast.acme.pk, cast.owner.pk, SUSPEND.path, (theirs.pk,), key="k")
        schedule.schedule(SUSPEND, selection, {}, due=timezone.now() + LATER)


def test_a_workspace_keeps_a_limited_number_waiting(cast: Cast, waiting: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MOST_WAITING", 1)
    selection = Selection(cast.acme.pk, cast.owner.pk, SUSPEND.path, tuple(waiting.arguments["ids"]), key="k")
    with cast.acting(cast.owner), pytest.raises(Conflict, match="wait in this workspace already"):
        schedule.schedule(SUSPEND, selection, {}, due=timezone.now() + LATER)


# --- its moment ---


def test_it_begins_at_its_moment_and_not_before(cast: Cast, waiting: Job, clock: Callable[[timedelta], None]) -> None:
    clock(LATER - timedelta(minutes=5))
    assert begin_scheduled() == 0
    jobs.run(str(waiting.pk))
    assert statuses(sims_of(waiting)) == [1, 1, 1]
    comes(waiting, clock)
    assert (waiting.state, statuses(sims_of(waiting))) == ("done", [2, 2, 2])
    assert types() == [10115, 10117, 9, 9, 9]
    assert ScheduledAction.objects.get().state == "begun"


def test_its_events_name_who_asked_and_both_moments(
    cast: Cast, waiting: Job, clock: Callable[[timedelta], None]
) -> None:
    comes(waiting, clock)
    row = ScheduledAction.objects.get()
    event = Event.objects.filter(type=9).latest("pk")
    assert event.actor_ref == cast.member.pk
    assert event.detail is not None
    assert event.detail["scheduled"]["id"] == row.pk
    assert event.detail["scheduled"]["due_at"] > event.detail["scheduled"]["asked_at"]
    # Nobody was connected then.
    assert (event.ip, event.user_agent, event.surface) == (None, "", 4)
    begun = Event.objects.get(type=10117)
    assert (begun.actor_label, begun.request_id) == ("Scheduled actions", waiting.request_id)


def test_late_and_twice_it_is_done_once(cast: Cast, waiting: Job, clock: Callable[[timedelta], None]) -> None:
    clock(timedelta(days=30))
    assert [begin_scheduled(), begin_scheduled()] == [1, 0]
    for _time in range(2):
        jobs.run(str(waiting.pk))
    assert types() == [10115, 10117, 9, 9, 9]


def test_a_worker_that_dies_leaves_it_to_the_next(
    cast: Cast, clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    ask(cast, cast.member, [sim.pk for sim in cast.sims(5, status=1)])
    job = Job.objects.get()
    clock(LATER)
    begin_scheduled()
    # The worker did one part and was killed.
    claimed = jobs._claim(str(job.pk))
    assert claimed is not None
    with acting_as(jobs.revive_actor(job.actor)):
        assert jobs._do_part(claimed, jobs._kinds[job.kind])
    Job.objects.update(beat=timezone.now() - jobs.SILENCE - timedelta(minutes=1))
    assert str(job.pk) in jobs.stale()
    jobs.run(str(job.pk))
    assert types() == [10115, 10117, *[9] * 5]


def test_what_became_impossible_meanwhile_stands_in_the_result(
    cast: Cast, waiting: Job, clock: Callable[[timedelta], None]
) -> None:
    first, second, _third = sims_of(waiting)
    Sim.objects.filter(pk=first.pk).update(status=2)
    Sim.objects.filter(pk=second.pk).update(workspace=cast.bolt)
    comes(waiting, clock)
    assert waiting.counts == {"changed": 1, "unchanged": 1, "refused": 1}
    assert Sim.objects.get(pk=second.pk).status == 1


# --- rights of then ---


def _removed(cast: Cast) -> None:
    Membership.objects.filter(user=cast.member).delete()


def _lowered(cast: Cast) -> None:
    Membership.objects.filter(user=cast.member).update(role=Role.OBSERVER)


def _workspace_suspended(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(status=Workspace.Status.SUSPENDED)


def _account_suspended(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (_removed, "Whoever asked for it is no longer in this workspace."),
        (_lowered, "Whoever asked for it has the role Observer now, which may not change SIMs."),
        (_workspace_suspended, "The workspace is suspended."),
        (_account_suspended, "Whoever asked for this may not act any more."),
    ],
)
def test_with_less_rights_it_is_not_done_and_told(
    cast: Cast, waiting: Job, clock: Callable[[timedelta], None], lose: Callable[[Cast], None], reason: str
) -> None:
    OutgoingMail.objects.all().delete()
    lose(cast)
    comes(waiting, clock)
    assert (waiting.state, statuses(sims_of(waiting))) == ("failed", [1, 1, 1])
    assert ScheduledAction.objects.get().state == "failed"
    assert types() == [10115, 10117, 10118]
    event = Event.objects.latest("pk")
    assert reason in event.description
    assert event.severity == 1
    letter = OutgoingMail.objects.get()
    assert letter.to == [cast.member.email]
    assert letter.subject == "Not carried out: Suspend 3 SIMs"
    assert reason in letter.body


def test_when_support_access_has_ended_it_is_not_done(cast: Cast, clock: Callable[[timedelta], None]) -> None:
    (sim,) = cast.sims(1, status=1)
    with acting_as(cast.support()):
        selection = Selection(cast.acme.pk, cast.staff.pk, SUSPEND.path, (sim.pk,), key="support")
        job = schedule.schedule(SUSPEND, selection, {}, due=timezone.now() + LATER)
    SupportAccess.objects.update(ended=timezone.now())
    comes(job, clock)
    assert (job.state, types()) == ("failed", [10115, 10117, 10118])
    assert OutgoingMail.objects.get().to == [cast.staff.email]
    # The customer does not read the name of staff.
    assert Event.objects.get(type=10118).subject_id is None


def test_rights_that_end_on_the_way_are_told_with_what_was_done(
    cast: Cast, clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    ask(cast, cast.member, [sim.pk for sim in cast.sims(5, status=1)])
    job = Job.objects.get()
    clock(LATER)
    begin_scheduled()
    step = jobs._kinds[job.kind]

    def lose_after(current: Job) -> bool:
        more = step(current)
        _removed(cast)
        return more

    monkeypatch.setitem(jobs._kinds, job.kind, lose_after)
    jobs.run(str(job.pk))
    assert "ended after 2 of 5" in Event.objects.get(type=10118).description
    assert "ended after 2 of 5" in OutgoingMail.objects.get().body


def test_one_that_cannot_begin_holds_up_no_other(
    cast: Cast, waiting: Job, clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(cast, cast.owner, [cast.sims(1, status=1)[0].pk])
    release = jobs.release

    def broken(job_id: Any) -> bool:
        if job_id == waiting.pk:
            raise RuntimeError("the disk is full")
        return release(job_id)

    monkeypatch.setattr(jobs, "release", broken)
    clock(LATER)
    assert begin_scheduled() == 1
    assert ScheduledAction.objects.get(job=waiting).state == "waiting"


# --- canceling ---


def test_it_is_canceled_by_who_may_do_it(cast: Cast, waiting: Job, clock: Callable[[timedelta], None]) -> None:
    address = f"/w/{cast.acme.pk}/results/{waiting.pk}/"
    page = cast.client(cast.owner).get(address)
    assert f"{address}cancel/" in page.content.decode()
    assert f"{address}cancel/" not in cast.client(cast.observer).get(address).content.decode()
    assert cast.client(cast.observer).post(f"{address}cancel/").status_code == 403
    assert cast.client(cast.outsider).post(f"{address}cancel/").status_code == 404
    asked = cast.client(cast.owner).get(f"{address}cancel/", headers=HTMX)
    assert "Nothing has been done yet" in words(asked)
    assert cast.client(cast.owner).post(f"{address}cancel/").status_code == 303
    comes(waiting, clock)
    assert (waiting.state, statuses(sims_of(waiting))) == ("canceled", [1, 1, 1])
    assert types() == [10115, 10116]
    assert Event.objects.latest("pk").actor_ref == cast.owner.pk
    assert "was canceled before. Nothing was done." in words(cast.client(cast.owner).get(address))
    again = cast.client(cast.owner).post(f"{address}cancel/")
    assert (again.status_code, types()) == (409, [10115, 10116])


def test_what_has_begun_is_not_canceled(cast: Cast, waiting: Job, clock: Callable[[timedelta], None]) -> None:
    comes(waiting, clock)
    with cast.acting(cast.owner), pytest.raises(Conflict, match="Begun"):
        schedule.cancel(workspace_id=cast.acme.pk, job_id=waiting.pk)


# --- where it is seen ---


def test_it_is_seen_on_its_objects_and_in_the_list(cast: Cast) -> None:
    sims = cast.sims(3, status=1)
    device, other = cast.device(sim=sims[0]), cast.device(sim=sims[2])
    ask(cast, cast.member, [sim.pk for sim in sims[:2]])
    client, base = cast.client(cast.observer), f"/w/{cast.acme.pk}"
    for path in (f"sims/{sims[0].pk}/", f"sims/{sims[1].pk}/", f"devices/{device.pk}/"):
        told = words(client.get(f"{base}/{path}"))
        assert "Suspend 2 SIMs is scheduled for" in told, path
        assert "by Max Member" in told
    for path in (f"sims/{sims[2].pk}/", f"devices/{other.pk}/"):
        assert "is scheduled for" not in words(client.get(f"{base}/{path}")), path
    assert "Suspend 2 SIMs Scheduled" in words(client.get(f"{base}/results/?state=scheduled"))
    assert "2 SIMs" in words(client.get(f"{base}/sims/?planned=any"))
    assert "1 SIM " in words(client.get(f"{base}/sims/?planned=none"))
    assert "2 SIMs" in words(client.get(f"{base}/sims/?result={Job.objects.get().pk}"))
    assert "is scheduled for" not in words(cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/"))


def test_the_log_of_each_object_tells_of_it(cast: Cast, waiting: Job) -> None:
    sim = sims_of(waiting)[0]
    told = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/events/?sim={sim.pk}"))
    assert "Action scheduled" in told


def test_scheduling_many_takes_the_same_number_of_queries(cast: Cast) -> None:
    counts = []
    for count in (1, 2, 300):
        ids = tuple(sim.pk for sim in cast.sims(count, status=1))
        selection = Selection(cast.acme.pk, cast.owner.pk, SUSPEND.path, ids, key=str(count))
        with cast.acting(cast.owner), CaptureQueriesContext(connection) as queries:
            schedule.schedule(SUSPEND, selection, {}, due=timezone.now() + LATER)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_answers_of_the_dialog_are_kept(cast: Cast, clock: Callable[[timedelta], None]) -> None:
    device = cast.device()
    ask(cast, cast.member, [device.pk], action="tags", kind="devices", add="north")
    comes(Job.objects.get(), clock)
    device.refresh_from_db()
    assert device.tags == "north"


def test_an_erased_person_is_named_nowhere_and_nothing_is_done(
    cast: Cast, waiting: Job, clock: Callable[[timedelta], None]
) -> None:
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    OutgoingMail.objects.all().delete()
    comes(waiting, clock)
    assert waiting.state == "failed"
    assert OutgoingMail.objects.count() == 0
    told = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{waiting.pk}/"))
    assert "Max Member" not in told
    page = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/events/{Event.objects.get(type=10118).pk}/"))
    assert "Max Member" not in page


# --- transfers ---


def test_a_transfer_is_scheduled_with_its_target(cast: Cast, clock: Callable[[timedelta], None]) -> None:
    sims = cast.sims(2, status=1)
    device = cast.device(sim=sims[0])
    data = {"target": str(cast.bolt.pk), "detach": "on"}
    assert ask(cast, cast.owner, [sim.pk for sim in sims], action="transfer", **data).status_code == 200
    job = Job.objects.get()
    comes(job, clock)
    assert (job.state, job.title, job.counts["changed"]) == ("done", "Transfer 2 SIMs", 2)
    assert {sim.workspace_id for sim in sims_of(job)} == {cast.bolt.pk}
    told = Event.objects.filter(type=69, workspace=cast.acme).get()
    assert told.detail is not None
    assert told.detail["scheduled"]["id"] == ScheduledAction.objects.get().pk
    first = next(row for row in job.result["trace"] if row[0] == sims[0].pk)
    assert first == [sims[0].pk, sims[0].imsi, device.name, 1, 2]


def test_a_transfer_that_has_become_impossible_leaves_all_here(cast: Cast, clock: Callable[[timedelta], None]) -> None:
    sims = cast.sims(2, status=2)
    ask(cast, cast.owner, [sim.pk for sim in sims], action="transfer", target=str(cast.bolt.pk))
    cast.device(sim=sims[0])
    job = Job.objects.get()
    comes(job, clock)
    assert (job.state, job.counts) == ("done", {"changed": 0, "unchanged": 0, "refused": 2})
    assert {sim.workspace_id for sim in sims_of(job)} == {cast.acme.pk}
    page = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{job.pk}/"))
    assert "Another SIM cannot go, and all go or none." in page


def test_the_moment_of_a_transfer_is_asked_for_again(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=2)
    response = ask(cast, cast.owner, [sim.pk], action="transfer", target=str(cast.bolt.pk), at="soon")
    assert (response.status_code, ScheduledAction.objects.count()) == (422, 0)
    assert "Write the moment as day and time" in words(response)
