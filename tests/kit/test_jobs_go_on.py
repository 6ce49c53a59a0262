"""A database that goes away for a moment ends no job: the part is tried again, and the sweep takes up what is left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError

from kit import jobs
from kit.models import Job
from sims.bulk import actions
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import Desk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_too("jobs are claimed without locks of rows")]


@pytest.mark.parametrize("times", [1, jobs.TRIES - 1, jobs.TRIES])
def test_a_dropped_connection(cast: Cast, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    monkeypatch.setattr(jobs.time, "sleep", lambda _seconds: None)  # type: ignore[attr-defined]
    Desk(cast, cast.member).do("suspend", [sim.pk for sim in cast.sims(5, status=1)])
    job = Job.objects.get()
    original = jobs._do_part
    refused: list[int] = []

    def away(claimed: Job, step: jobs.JobStep) -> bool:
        if Job.objects.get(pk=claimed.pk).done == 2 and len(refused) < times:
            refused.append(1)
            raise OperationalError("the server closed the connection unexpectedly")
        return original(claimed, step)

    monkeypatch.setattr(jobs, "_do_part", away)
    jobs.run(str(job.pk))
    job.refresh_from_db()
    if times == jobs.TRIES:
        assert (job.state, job.done, job.error) == (Job.State.RUNNING, 2, "")
        # What got on begins to count anew.
        assert job.fruitless == 0
        Job.objects.update(beat=job.beat - jobs.SILENCE - timedelta(seconds=1))  # type: ignore[operator]
        assert jobs.stale() == [str(job.pk)]
        jobs.run(str(job.pk))
        job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.DONE, 5)
    assert types() == [9] * 5
