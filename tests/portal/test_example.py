"""The example of a device's life, as somebody starts it who has just read the README."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_without_a_demo_it_says_what_to_set(tmp_path: Path) -> None:
    environment = {**os.environ, "PORTAL_VAR": str(tmp_path), "DATABASE_URL": ""}
    script = settings.BASE_DIR / "examples" / "device_lifecycle.py"
    ended = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "Set DATABASE_URL as for `make run`" in ended.stdout
