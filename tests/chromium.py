"""Which Chromium the tests and the pictures use: the one without a window, where it is installed, for it is quicker."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PLACES: Final = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
"""Where Debian's packages of these names put it."""
CHROMIUM: Final = next((place for place in PLACES if place.exists()), PLACES[-1])
"""The program; it need not be there."""
