"""A handful of the runs that `python -m tests.usage.kill` does by the hundred."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
def test_killed_anywhere_there_is_one_event_a_sim() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PORTAL_VAR"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.usage.kill", "--runs", "8"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
