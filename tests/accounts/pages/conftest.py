"""Pages and flows play with the cast of all other tests, and with the real log."""

from __future__ import annotations

from tests.cast import cast  # noqa: F401  (a fixture, in place of the one of the services' tests)
