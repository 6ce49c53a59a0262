"""An event's detail as people read it: one line a value, in words instead of braces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sims.identifiers import as_printed

MOST_LINES: Final = 40
MOST_ITEMS: Final = 20
"""Items of a list that are written out; the JSON below has them all."""
_WORDS: Final = {
    "apn": "APN",
    "bic": "BIC",
    "iccid": "ICCID",
    "iccids": "ICCIDs",
    "id": "ID",
    "imei": "IMEI",
    "imsi": "IMSI",
    "ip": "IP",
    "sim": "SIM",
    "sims": "SIMs",
    "sms": "SMS",
    "url": "URL",
}


@dataclass(frozen=True)
class Line:
    """One value of a detail.

    Args:
        label: where it stands, e.g. "SIM batch, first ICCID".
        value: what it is; for a change what it became.
        old: what it was before, `None` when it is no change.
    """

    label: str
    value: str
    old: str | None = None


def lines_of(detail: Any) -> list[Line]:
    """Return a completed detail line by line; at most `MOST_LINES`, the last one says that there is more."""
    found: list[Line] = []
    for line in _lines(detail, ()):
        if len(found) == MOST_LINES:
            found.append(Line("", _("More stands in the JSON below.")))
            break
        found.append(line)
    return found


def _lines(value: Any, path: tuple[str, ...]) -> Iterator[Line]:
    if isinstance(value, Mapping):
        yield from _of_mapping(value, path)
    elif isinstance(value, list | tuple):
        yield from _of_list(value, path)
    else:
        yield Line(_label(path), _text(value))


def _of_mapping(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Line]:
    keys = set(value)
    for before, after in (("from", "to"), ("old", "new")):
        if keys == {before, after}:
            yield Line(_label(path), _short(value[after]), _short(value[before]))
            return
    if path and _is_reference(keys):
        yield Line(_label(path), _short(value))
        return
    if not value and path:
        yield Line(_label(path), _text(None))
    for key, item in value.items():
        # "changes" says nothing that the arrow does not say.
        yield from _lines(item, path if key in ("changes", "changed_data") and not path else (*path, str(key)))


def _of_list(value: list[Any] | tuple[Any, ...], path: tuple[str, ...]) -> Iterator[Line]:
    if value and all(isinstance(item, Mapping) and not _is_reference(set(item)) for item in value):
        for item in value[:MOST_ITEMS]:
            yield from _lines(item, path)
    else:
        shown = ", ".join(_short(item) for item in value[:MOST_ITEMS])
        yield Line(_label(path), shown or _text(None))
    rest = len(value) - MOST_ITEMS
    if rest > 0:
        more = ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": f"{rest:,}"}
        yield Line(_label(path), more)


def _is_reference(keys: set[str]) -> bool:
    """Tell whether an object only names something: `{"id": 9, "name": "…"}`."""
    return "id" in keys and keys <= {"id", "name", "description", "iccid", "username"}


def _short(value: Any) -> str:
    """Return a value on one line; an object that names something by its name and id."""
    if isinstance(value, Mapping):
        for key in ("name", "description", "iccid", "username"):
            if value.get(key):
                return f"{_text(value[key])} (ID {value['id']})" if "id" in value else _text(value[key])
        return ", ".join(f"{_word(key)} {_short(item)}" for key, item in value.items()) or _text(None)
    if isinstance(value, list | tuple):
        return ", ".join(_short(item) for item in value) or _text(None)
    return _text(value)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    # Nothing else in a detail has 19 digits and begins like this.
    return as_printed(text) if text.startswith("89") else text


def _label(path: tuple[str, ...]) -> str:
    text = ", ".join(_word(key) for key in path)
    return text[:1].upper() + text[1:]


def _word(key: str) -> str:
    """Return a key in words: "first_iccid" is "first ICCID"."""
    return " ".join(_WORDS.get(part, part) for part in str(key).split("_"))
