"""The table of the operator's visits."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import staff_are_named
from accounts.models import SupportAccess
from accounts.selectors import person_of
from kit.context import Person
from kit.rendering import badge, bdi, when_absolute
from kit.tables import ListColumn, ListTable


def _person(person: Person) -> SafeString:
    return format_html(
        '{} <span class="muted small">{} (ID {})</span>', bdi(person.name), person.username, person.user_id
    )


class VisitTable(ListTable):
    """Visits of the operator's staff to a workspace."""

    caption = gettext_lazy("Visits of the operator")

    started = ListColumn(gettext_lazy("Started"), classes="nowrap")
    ended = ListColumn(gettext_lazy("Ended"), classes="nowrap")
    staff = ListColumn(gettext_lazy("Operator staff"))
    acted_for = ListColumn(gettext_lazy("Acted for"))
    reason = ListColumn(gettext_lazy("Reason"))

    def render_started(self, record: SupportAccess) -> SafeString:
        """Draw when they came in."""
        return when_absolute(record.started)

    def render_ended(self, record: SupportAccess) -> SafeString:
        """Draw when they left."""
        return when_absolute(record.ended) if record.ended else badge(_("still inside"), "warn")

    def render_staff(self, record: SupportAccess) -> SafeString:
        """Draw who came, as the reader may know them."""
        if staff_are_named(staff=self.row_context.get("staff", False)):
            return _person(person_of(record.staff))
        return format_html("{}", _("Operator staff (User ID: %(id)s)") % {"id": record.staff_id})

    def render_acted_for(self, record: SupportAccess) -> SafeString:
        """Draw in whose place."""
        return _person(person_of(record.acted_for))

    def render_reason(self, record: SupportAccess) -> SafeString:
        """Draw what for."""
        return bdi(record.reason)
