"""The canonical text of a JSON value: the same bytes for the same value, on every machine and in every language.

RFC 8785 with two differences, both so that nothing is lost: whole numbers of 64 bits are written out in full, and the
members of an object stand in the order of their names' code points (which is RFC 8785's order for all names that we
use). `docs/trust.md` describes it for people who write a verifier of their own.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, Final

import orjson

_LEAST, _MOST = -(2**63), 2**63 - 1

_UNUSUAL: Final = re.compile(r"[0-9][.eE]|[0-9]{18}|-0(?![0-9])")
"""What a stored text may hold that orjson writes differently: a number with a point or an exponent, or a long one."""

_ESCAPES: Final = {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\b"): "\\b",
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\f"): "\\f",
    ord("\r"): "\\r",
    **{code: f"\\u{code:04x}" for code in range(32) if code not in (8, 9, 10, 12, 13)},
}


def canonical(value: Any) -> bytes:
    """Return the canonical text of a value without fractions, quickly.

    Args:
        value: of strings, whole numbers of 64 bits, booleans, `None`, lists and string-keyed dicts; no floats.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_json(text: str) -> bytes:
    """Return the canonical text of a JSON text as a database stores it.

    Args:
        text: any JSON.

    Raises:
        ValueError: it is no JSON.
    """
    if _UNUSUAL.search(text):
        return _written(json.loads(text)).encode()
    return canonical(orjson.loads(text))


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, int) and _LEAST <= value <= _MOST:
        return str(value)
    if isinstance(value, int | float):
        return number(float(value))
    if isinstance(value, dict):
        members = (f"{_written(name)}:{_written(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(_written(item) for item in value) + "]"


def number(value: float) -> str:
    """Return a number as ECMAScript writes it (RFC 8785 section 3.2.2.3).

    Raises:
        ValueError: it is infinite or not a number, which JSON can't hold.
    """
    if not math.isfinite(value):
        raise ValueError("JSON holds no infinite numbers.")
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    point = len(digits) + int(exponent)
    text = "".join(map(str, digits)).rstrip("0")
    if not text:
        return "0"
    minus, count = "-" if sign else "", len(text)
    # The value is 0.TEXT times ten to the power of `point`.
    if count <= point <= 21:
        return f"{minus}{text}{'0' * (point - count)}"
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    tail = f".{text[1:]}" if count > 1 else ""
    return f"{minus}{text[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"
