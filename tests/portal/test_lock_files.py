from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[.*?\])?==([^\s;]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_host_and_no_folder(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|\bfile:", text)
    assert not re.search(r"(^|\s)/\w", text), "a path of the machine that compiled it"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    for block in re.split(r"\n(?=\S)", lock.read_text().strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_development_lock_installs_what_runs() -> None:
    """`make test` then `make run` must not change a version: both use one environment."""
    runtime, prod, dev = (pins(REQUIREMENTS / f"{name}.txt") for name in ("runtime", "prod", "dev"))
    assert len(runtime) > 30
    assert runtime.items() <= prod.items() <= dev.items()
