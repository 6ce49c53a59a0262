"""Texts are compared regardless of case and composition, in all alphabets and alike on both databases.

SQLite folds the case of ASCII only. What is looked for decides: a text of ASCII is compared as ever, by the database
alone; any other by a function of ours, which folds what is stored too. Whatever is looked for is composed (NFC), as
everything is that `kit.text` has let in (`docs/rules.md` section 24).
"""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django.db.backends.signals import connection_created
from django.db.models import Field, lookups
from django.db.models.fields.json import KeyTransform, KeyTransformIContains
from django.dispatch import receiver

from kit.filter_values import Wildcard, like_pattern

FUNCTION = "portal_fold"
"""Name of the function in SQLite."""


def fold(text: str | None) -> str | None:
    """Return a text as it is compared: composed, in lower case."""
    return None if text is None else unicodedata.normalize("NFC", str(text)).lower()


@receiver(connection_created, dispatch_uid="kit.folding")
def give_function(connection: Any, **_kwargs: Any) -> None:
    """Give the function to each new connection with SQLite."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 1, fold, deterministic=True)


class Folding:
    """What the lookups below do differently from Django's."""

    shape: ClassVar[str] = "%s"
    """The LIKE pattern round the text."""
    lhs: Any
    rhs: Any

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(lhs, unicodedata.normalize("NFC", rhs) if isinstance(rhs, str) else rhs)  # type: ignore[call-arg]  # of the lookup behind it

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        """Compare what is not plain ASCII by the function."""
        if not isinstance(self.rhs, str) or self.rhs.isascii():
            return self.as_sql(compiler, connection)  # type: ignore[attr-defined]  # of the lookup behind it
        column, parameters = self.process_lhs(compiler, connection)  # type: ignore[attr-defined]  # of the lookup behind it
        return f"{FUNCTION}({column}) LIKE %s ESCAPE '\\'", (*parameters, self.pattern(str(fold(self.rhs))))

    def pattern(self, text: str) -> str:
        """Return the LIKE pattern of a folded text."""
        for sign in ("\\", "%", "_"):
            text = text.replace(sign, "\\" + sign)
        return self.shape % text


@Field.register_lookup
class FoldingContains(Folding, lookups.IContains):
    """`icontains`."""

    shape = "%%%s%%"


@Field.register_lookup
class FoldingExact(Folding, lookups.IExact):
    """`iexact`."""


@Field.register_lookup
class FoldingStart(Folding, lookups.IStartsWith):
    """`istartswith`."""

    shape = "%s%%"


@Field.register_lookup
class FoldingEnd(Folding, lookups.IEndsWith):
    """`iendswith`."""

    shape = "%%%s"


@Field.register_lookup
class FoldingWildcard(Folding, Wildcard):
    """`wildcard`."""

    def pattern(self, text: str) -> str:
        """Return the LIKE pattern of a folded text with `*`."""
        return like_pattern(text)


@KeyTransform.register_lookup
class FoldingKeyContains(Folding, KeyTransformIContains):  # type: ignore[misc]  # the stubs of its bases disagree
    """`icontains` of a text inside of JSON."""

    shape = "%%%s%%"
