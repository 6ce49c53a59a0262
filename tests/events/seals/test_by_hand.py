"""The recipe of `docs/trust.md` for checking one proof by hand, run as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "docs/trust.md"


def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    commands = re.search(r"```sh\n(.*?)```", page, re.S)
    printed = re.search(r"It printed:\n\n```\n(.*?)```", page, re.S)
    assert commands
    assert printed
    shutil.copy(PAGE.with_name("proof-example.json"), tmp_path)
    script = f"set -eu\n{commands[1]}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == printed[1].strip()


def test_the_example_is_right() -> None:
    program = Path(settings.BASE_DIR) / "static" / "verify_log.py"
    done = subprocess.run(
        [sys.executable, "-I", str(program), str(PAGE.with_name("proof-example.json"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "WRONG" in done.stdout) == (0, False)
