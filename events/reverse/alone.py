"""Reversing one event that is about one thing: a policy, a person, a token, the workspace's own data, an order.

Each type has a function that reads the event and what holds now, and returns the opposite action: what would change,
what is in the way, and the ordinary service that does it and has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from events.reverse import of_people, of_policies, of_workspaces
from events.reverse.opposites import Gone, Opposite, Row
from events.text import complete_detail
from kit.action import action, retried
from kit.context import reversing


def opposite_of(row: Row) -> Opposite:
    """Return the opposite of an event that is reversed by itself.

    Args:
        row: of `selectors.event_row`, of a type that `reversals.TABLE` lists so.

    Raises:
        Gone: it can't be done as things are; the text says why.
    """
    detail = complete_detail(row["detail"], None, None)
    try:
        return _WAYS[row["type"]](row, detail if isinstance(detail, Mapping) else {})
    except (KeyError, TypeError, ValueError) as error:
        raise Gone(_("This event does not keep enough of what was before.")) from error


@retried
def reverse_alone(*, event_id: int, opposite: Opposite) -> None:
    """Do the opposite of one event; what is written names it.

    Args:
        event_id: the event.
        opposite: of `opposite_of`.

    Raises:
        DomainError: the service refuses; nothing was done.
    """
    with reversing(event=event_id), action():
        opposite.do()


_WAYS: Final[Mapping[int, Callable[[Row, Mapping[str, Any]], Opposite]]] = {
    31: of_workspaces.organisation,
    36: of_people.invited,
    38: of_workspaces.order,
    69: of_workspaces.transfer,
    10005: of_policies.policy_created,
    10006: of_policies.policy_updated,
    10008: of_policies.policy_created,
    10009: of_policies.policy_updated,
    10012: of_policies.blocklist,
    10024: of_people.role,
    10025: of_people.joined,
    10030: of_people.token_created,
    10040: of_workspaces.setting,
    10085: of_people.token_changed,
}
"""The opposite of each type that is reversed by itself."""
