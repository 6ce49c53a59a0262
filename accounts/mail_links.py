"""What the mails about accounts need from whoever asks for them."""

from __future__ import annotations

from collections.abc import Callable

LinkMaker = Callable[[str], str]
"""Turns the secret of a mail's link into the address that opens it."""
