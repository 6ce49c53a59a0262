"""Forms of staff that say to which workspace stock goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from kit.admin.filters import Picker
from sims.inventory.services.registration import REGISTER_AS
from sims.inventory.services.status import activation_notes
from sims.models import SimBatch
from sims.states import SimStatus

MOST_DIGITS = 19
"""A number as long as this is no id."""


class WorkspaceChoiceForm(forms.Form):
    """To whom stock goes.

    Args:
        count: how many SIMs there are.
    """

    help_text = gettext_lazy(
        "Search by name or ID. Only this workspace can register it then, with the code on the card or label. Nothing "
        "is written to the customer's event log."
    )

    def __init__(self, site: Any, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = count
        field = SimBatch._meta.get_field("workspace")
        self.fields["workspace"] = forms.ModelChoiceField(
            queryset=Workspace.objects.all(),
            label=_("Workspace"),
            help_text=self.help_text,
            widget=Picker(field, site, _("Search workspaces")),
        )


class InventoryForm(WorkspaceChoiceForm):
    """Whose inventory SIMs go into, and as what."""

    help_text = gettext_lazy(
        "Search by name or ID. The SIMs are there at once, without a code. Nothing of that is written to the "
        "customer's event log."
    )

    def __init__(self, site: Any, *args: Any, count: int, **kwargs: Any) -> None:
        super().__init__(site, *args, count=count, **kwargs)
        self.fields["status"] = forms.TypedChoiceField(
            choices=[(int(status), status.label) for status in REGISTER_AS],
            coerce=int,
            initial=int(REGISTER_AS[0]),
            label=_("State"),
            help_text=_(
                "Issued SIMs cost nothing yet. Activated ones are charged for this month, and the customer's log says "
                "for each that it was activated."
            ),
        )
        self._ask_about_charges()

    def _ask_about_charges(self) -> None:
        """Ask before SIMs become chargeable, with their number and cost. Another number or workspace asks anew."""
        chosen = self.data.get("workspace", "")
        if self.data.get("status") != str(int(SimStatus.ACTIVATED)) or not (chosen.isascii() and chosen.isdigit()):
            return
        workspace = Workspace.objects.filter(pk=int(chosen)).first() if len(chosen) < MOST_DIGITS else None
        if workspace is None:
            return
        notes = activation_notes(workspace.pk, self.count, tested=0, newly=self.count)
        self.fields[f"charge_{workspace.pk}_{self.count}"] = forms.BooleanField(
            label=_("Activate %(n)s SIMs of %(workspace)s") % {"n": f"{self.count:,}", "workspace": workspace.name},
            help_text=" ".join(notes),
            error_messages={"required": _("Nothing is done yet. Confirm what is charged from now on.")},
        )
