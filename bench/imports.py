"""What an import of many SIMs takes, and how long others wait meanwhile.

`DATABASE_URL=… python -m bench.imports [--sims 100000]` fills an empty database, imports a file by the job that staff's
page starts, and lets another process change a device all the time, as a person would: its worst wait is printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from multiprocessing.synchronize import Event
from typing import Any, Final

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.actors import staff_actor
from accounts.models import DataPlan, PlatformPackage, User, Workspace
from events.triggers import silence_lifted
from kit import jobs
from kit.context import SYSTEM, Surface, acting_as
from sims.devices.services.devices import update_devices
from sims.inventory.services.imports import start_import
from sims.inventory.services.stock import create_batch
from sims.models import CoveragePolicy, Device, ServicePolicy, SimImport, SimModel

PAUSE: Final = 0.05
"""Seconds between two changes of the other process."""


def main() -> None:
    """Read the command line, import, print."""
    parser = argparse.ArgumentParser(description="Import SIMs while another process writes.")
    parser.add_argument("--sims", type=int, default=100_000)
    count: int = parser.parse_args().sims
    call_command("migrate", verbosity=0, interactive=False)
    workspace_id, device_id, import_id = _scene(count)
    context = multiprocessing.get_context("spawn")
    waits: Any = context.Queue()
    over, ready = context.Event(), context.Event()
    writer = context.Process(target=_write, args=(workspace_id, device_id, waits, ready, over))
    writer.start()
    ready.wait()
    began = time.perf_counter()
    _import(import_id)
    took = time.perf_counter() - began
    over.set()
    found = sorted(waits.get())
    writer.join()

    print(
        f"{connection.vendor}: {count:,} SIMs in {took:.1f} s; {len(found):,} changes by another process meanwhile, "
        f"half of them within {found[len(found) // 2] * 1000:.0f} ms, the slowest {found[-1] * 1000:.0f} ms"
    )


def _scene(count: int) -> tuple[int, int, int]:
    """Make a workspace with a device, and a batch whose import waits for a worker."""

    mark = f"{timezone.now():%y%m%d%H%M%S}"
    with silence_lifted():
        package = PlatformPackage.objects.create(name=f"Bench {mark}")
        workspace = Workspace.objects.create(name="Bench", package=package)
        plan = DataPlan.objects.create(name=f"Bench {mark}", included_mb=1)
        staff = User.objects.create_user(f"{mark}@example.com", name="Bench", is_staff=True, is_superuser=True)
        device = Device.objects.create(
            workspace=workspace,
            name="Pump",
            service_policy=ServicePolicy.objects.create(workspace=workspace, name="Bench"),
            coverage_policy=CoveragePolicy.objects.create(workspace=workspace, name="Bench", data_plan=plan),
        )
        model = SimModel.objects.create(description=f"Bench {mark}", form_factor="2FF", manufacturer="Bench")
    numbers = (f"89{mark[1:]}{n:06d},90143{mark[-3:]}{n:07d}" for n in range(count))
    content = "\n".join(["iccid,imsi", *numbers])

    with acting_as(staff_actor(staff), surface=Surface.ADMIN):
        batch = create_batch(bic=f"{mark:0>16}", model=model)
        made = start_import(batch_id=batch.pk, content=content.encode(), file_name="bench.csv")
    return workspace.pk, device.pk, made.pk


def _import(import_id: int) -> None:

    jobs.run(str(SimImport.objects.values_list("job_id", flat=True).get(pk=import_id)))
    made = SimImport.objects.get(pk=import_id)
    if made.state != SimImport.State.DONE:
        raise RuntimeError(f"The import is {made.state}: {made.errors[:3]}")


def _write(workspace_id: int, device_id: int, waits: Any, ready: Event, over: Event) -> None:
    """Change a device until the import is over, and say how long each change took."""

    took: list[float] = []
    while not over.is_set():
        with acting_as(SYSTEM):
            began = time.perf_counter()
            update_devices(workspace_id=workspace_id, changes={device_id: {"name": f"Pump {len(took)}"}})
            took.append(time.perf_counter() - began)
        ready.set()
        time.sleep(PAUSE)
    waits.put(took)


if __name__ == "__main__":
    main()
