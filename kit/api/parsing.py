"""Reading request bodies."""

from __future__ import annotations

from typing import Any

import orjson

from kit.api.errors import bad_request


def parse_json(body: bytes) -> Any:
    """Return the JSON of a body.

    Raises:
        WireError: 400/1000; not UTF-8, no JSON, or nested too deep.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"Cannot parse the body as JSON: {str(error)[:200]}") from error
