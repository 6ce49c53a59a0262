"""What people and application tokens may be called, so that nobody stands in the log as somebody else.

A log shows names beside labels of its own ("Operator staff"), and a reader tells people of a workspace apart by their
names (`docs/rules.md` section 11). Names from before these rules stay as they are until somebody changes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.actors import STAFF_LABEL
from accounts.models import User, Workspace
from accounts.selectors import ERASED_NAME
from kit.errors import Invalid
from kit.text import likeness, looks_like_any, one_line

NAME_LENGTH: Final = 150
DESCRIPTION_LENGTH: Final = 200
LABELS: Final = (STAFF_LABEL, "System", "Schedule", "Network", "Not signed in", ERASED_NAME)
"""What the log shows where no person of the workspace acted."""
_TOKEN: Final = likeness("Application token")
_STAFF: Final = likeness(STAFF_LABEL)
"""Stands beside the names of the operator's staff."""
_NUMBERED: Final = re.compile(r"\bid\W{0,3}\d")
"""Where two people or tokens are called the same, the log adds "(ID 7)"."""
_FOR: Final = " for "
"""Support access reads "{staff} for {user}"."""


def person_name(value: str, *, field: str = "name") -> str:
    """Return a person's name as it is stored.

    Args:
        value: as typed.
        field: name of the input, for the refusal.

    Raises:
        Invalid: it is empty, too long, holds what can't be seen, or looks like a label of the log.
    """
    name = one_line(value, most=NAME_LENGTH, field=field)
    _refuse_labels(name, field)
    if _FOR in likeness(name):
        raise Invalid(
            _("A name can't contain the word “for”: the log would read like support access. Leave it out."),
            code="reserved_name",
            field=field,
        )
    return name


def token_description(value: str, *, field: str = "description") -> str:
    """Return the description of an application token as it is stored; it may be empty. Errors as `person_name`."""
    text = one_line(value, most=DESCRIPTION_LENGTH, field=field, required=False)
    _refuse_labels(text, field)
    return text


def _refuse_labels(text: str, field: str) -> None:
    own = likeness(text)
    if looks_like_any(text, LABELS) or own.startswith(_TOKEN) or _STAFF in own or _NUMBERED.search(own):
        raise Invalid(
            _("“%(name)s” looks like one of the portal's own labels in the event log. Choose another name.")
            % {"name": text},
            code="reserved_name",
            field=field,
        )


def require_unlike_members(
    name: str, workspace_ids: Collection[int], *, besides: int | None = None, field: str = "name"
) -> None:
    """Check that no other person of these workspaces has a name that looks the same. One query.

    Args:
        name: as `person_name` returned it.
        workspace_ids: the workspaces that the person is in, or joins.
        besides: id of the person.
        field: name of the input, for the refusal.

    Raises:
        Invalid: somebody has it.
    """
    there = Q(memberships__workspace_id__in=workspace_ids) | Q(
        pk__in=Workspace.objects.filter(Q(pk__in=workspace_ids) | Q(linked__in=workspace_ids)).values("super_admin_id")
    )
    names = User.objects.filter(there).exclude(pk=besides or 0).values_list("name", flat=True).distinct()
    if looks_like_any(name, names.iterator()):
        raise Invalid(
            _("Somebody in the workspace has this name already. Add something that tells the two apart."),
            code="name_taken",
            field=field,
        )
