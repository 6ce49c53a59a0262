"""The compatibility table of `docs/api.md`: emnify's published calls against those that this portal answers."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from django.conf import settings

from portal.api import api
from portal.api_document import operations
from portal.published_api import PUBLISHED, calls

BEGIN: Final = "<!-- The table is written by `manage.py api_table`. -->"
END: Final = "<!-- The table ends here. -->"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def document_path() -> Path:
    """Return the file that holds the table."""
    return Path(settings.BASE_DIR) / "docs/api.md"


def answered() -> dict[str, set[str]]:
    """Return the methods that the portal answers by path; `{}` stands for an id."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, method, _operation in operations(api.get_openapi_schema()):
        found[re.sub(r"{[^}]+}", "{}", path)].add(method.upper())
    return found


def table() -> str:
    """Return the table in Markdown: a part for each subject, and one for the calls beside the published description."""
    ours = answered()
    parts = [_summary(ours)]
    for subject in PUBLISHED:
        rows = [_row(path, methods, ours.get(path, set())) for path, methods in calls(subject)]
        parts.append(_part(subject, "| call | answered | not answered |\n| --- | --- | --- |", rows))
    published = {path: set(methods) for subject in PUBLISHED for path, methods in calls(subject)}
    besides = {path: methods - published.get(path, set()) for path, methods in ours.items()}
    rows = [f"| {_shown(path)} | {_listed(besides[path])} |" for path in sorted(besides) if besides[path]]
    parts.append(_part("Beside the published description", "| call | answered |\n| --- | --- |", rows))
    return "\n\n".join(parts)


def written(text: str) -> str:
    """Return the text of the document with the table of now.

    Args:
        text: the document as it is.

    Raises:
        ValueError: it has no place for the table.
    """
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The document needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _summary(ours: dict[str, set[str]]) -> str:
    published = [(path, method) for subject in PUBLISHED for path, methods in calls(subject) for method in methods]
    count = sum(method in ours.get(path, set()) for path, method in published)
    return f"The portal answers {count} of the {len(published)} published calls."


def _part(title: str, head: str, rows: list[str]) -> str:
    return "\n".join([f"### {title}", "", head, *rows])


def _row(path: str, methods: list[str], ours: set[str]) -> str:
    return f"| {_shown(path)} | {_listed(ours & set(methods))} | {_listed(set(methods) - ours)} |"


def _shown(path: str) -> str:
    return f"`{path.replace('{}', '{id}')}`"


def _listed(methods: set[str]) -> str:
    return ", ".join(method for method in _METHODS if method in methods)
