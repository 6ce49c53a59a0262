"""The headers of htmx are the business of django-htmx: nobody reads or writes one by its name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("accounts", "events", "kit", "orders", "portal", "sims")
HEADER = re.compile(r"\bHX-[A-Z]|HTTP_HX")


def test_no_header_of_htmx_is_named_in_our_code() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for app in OURS
        for path in sorted((ROOT / app).rglob("*.py"))
        for line in path.read_text().splitlines()
        if HEADER.search(line)
    ]
    # django-htmx has no names for `Vary`, nor for what an answer that is kept and given again has: one place.
    assert named == [
        'kit/htmx.py: VARYING = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "Cookie")',
        'kit/htmx.py: LEADING = ("Location", "HX-Redirect")',
        'kit/htmx.py: TRIGGER = "HX-Trigger"',
    ]
