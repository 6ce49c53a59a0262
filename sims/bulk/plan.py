"""What a person was asked to confirm: the very objects, signed, to be carried out once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate, pairwise

from django.core import signing
from django.utils.translation import gettext as _

from kit.errors import Invalid
from kit.selection import Selection

MOST_OBJECTS = 100_000
"""Objects of one action: its result names each of them and is kept in one row."""
LIFETIME = timedelta(hours=1)
_SALT = "sims.bulk.actions"


@dataclass(frozen=True)
class BulkPlan:
    """The objects of a dialog. They travel with it, so that what is done is what was shown, and no row more.

    Args:
        workspace_id: where it was made.
        user_id: for whom.
        action: kind of objects and name of the action, "sims/suspend".
        objects: their ids in ascending order.
        confirm: what must be typed, or "".
        key: makes it run once, however often the button is pressed.
    """

    workspace_id: int
    user_id: int
    action: str
    objects: tuple[int, ...]
    confirm: str = ""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def dump(self) -> str:
        """Return the plan as signed text. Ids are written as distances, which compress well."""
        steps = [b - a for a, b in pairwise((0, *self.objects))]
        return signing.dumps(
            [self.workspace_id, self.user_id, self.action, self.confirm, self.key, steps], salt=_SALT, compress=True
        )

    @classmethod
    def load(cls, text: str, *, workspace_id: int, user_id: int, action: str) -> BulkPlan:
        """Read a plan back.

        Raises:
            Invalid: damaged, older than an hour, or made elsewhere, for somebody else or for another action.
        """
        try:
            *made_for, confirm, key, steps = signing.loads(text, salt=_SALT, max_age=LIFETIME)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise Invalid(_("This dialog is too old. Close it and select the rows again."), code="plan") from error
        if made_for != [workspace_id, user_id, action]:
            raise Invalid(_("This dialog belongs to another page. Close it and select the rows again."), code="plan")
        return cls(workspace_id, user_id, action, tuple(accumulate(steps)), confirm, key)


@dataclass(frozen=True)
class PlannedSelection(Selection):
    """The selection that a dialog posts again: not what was ticked, but the plan made of it."""

    plan: str = ""

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        return [("plan", self.plan)]


def check_size(ids: Sequence[int]) -> None:
    """Refuse what is too much for one action.

    Raises:
        Invalid: more than 100,000 objects.
    """
    if len(ids) > MOST_OBJECTS:
        raise Invalid(
            _("%(count)s rows are selected; one action takes at most %(most)s. Narrow the filter.")
            % {"count": f"{len(ids):,}", "most": f"{MOST_OBJECTS:,}"},
            code="too_many",
        )
