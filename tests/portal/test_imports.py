"""The root is composition: it imports all apps, and nobody imports it. `lint-imports` checks the order of the apps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("accounts", "sims", "orders", "events", "portal/kit")


def files() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_imports_the_root(path: Path) -> None:
    names = {name for name in imported(ast.parse(path.read_text())) if name.split(".")[0] == "portal"}
    assert not {name for name in names if name.split(".")[1:2] != ["kit"]}
