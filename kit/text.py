"""Texts of one line that people type: names of people, devices, policies, workspaces, tokens, tags, orders, addresses.

One rule for all of them, because a log shows them beside its own words: what can't be seen, reverses the reading
direction or breaks the line must not be able to forge an entry (`docs/rules.md` section 20).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from kit.errors import Invalid

_UNSEEN: Final = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "half of a character",
    "Co": "a character without meaning",
    "Cn": "a character without meaning",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols by their category that nobody sees."""


def one_line(value: str, *, most: int, field: str, required: bool = True) -> str:
    """Return a text in the one form in which it is stored: composed (NFC), with single spaces, nothing unseen.

    Args:
        value: as typed or sent.
        most: characters the column holds.
        field: name of the input, for the refusal.
        required: whether it needs at least one visible character.

    Raises:
        Invalid: it is empty, too long, or holds a character that can't be seen; the text says which and where.
    """
    # Spaces of all kinds and the line ends of a pasted text become one space each, also at the ends.
    text = " ".join(unicodedata.normalize("NFC", value).split())
    for place, character in enumerate(text, start=1):
        kind = _UNSEEN.get(unicodedata.category(character))
        if kind is not None:
            raise Invalid(
                _("Character %(place)s is %(kind)s (U+%(code)s). Delete it and type the text again.")
                % {"place": place, "kind": kind, "code": f"{ord(character):04X}"},
                code="unseen_character",
                field=field,
            )
    if not any(_visible(character) for character in text):
        if not required and not text:
            return ""
        raise Invalid(_("Enter at least one visible character."), code="required", field=field)
    if len(text) > most:
        raise Invalid(
            _("At most %(most)s characters; these are %(count)s.") % {"most": most, "count": len(text)},
            code="too_long",
            field=field,
        )
    return text


def several_lines(value: str, *, most: int, field: str) -> str:
    """Return a text of several lines as it is stored: composed, line ends as `\\n`, nothing unseen; it may be empty.

    Args and errors: as `one_line`.
    """
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    lines = [line.rstrip() for line in text.split("\n")]
    for line in lines:
        if line.strip():
            one_line(line, most=max(most, len(line)), field=field)
    text = "\n".join(lines).strip()
    if len(text) > most:
        raise Invalid(
            _("At most %(most)s characters; these are %(count)s.") % {"most": most, "count": len(text)},
            code="too_long",
            field=field,
        )
    return text


def searched(value: str, *, most: int) -> str:
    """Return a text as a search takes it: composed as stored texts are, with single spaces, cut to a length.

    Args:
        value: as typed; what no database stores is left out.
        most: characters that are looked for.
    """
    return " ".join(unicodedata.normalize("NFC", value).replace("\x00", "").split())[:most]


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def likeness(text: str) -> str:
    """Return a text as the eye compares it: without width, case and composition. Equal likenesses look alike."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def looks_like_any(text: str, labels: Iterable[str]) -> bool:
    """Tell whether a text looks like one of these labels."""
    own = likeness(text)
    return any(own == likeness(label) for label in labels)
