"""Forms of staff that say to which workspace stock goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from kit.admin.filters import Picker
from sims.inventory.services.registration import REGISTER_AS
from sims.models import SimBatch


class WorkspaceChoiceForm(forms.Form):
    """To whom stock goes."""

    help_text = gettext_lazy(
        "Search by name or ID. Only this workspace can register it then, with the code on the card or label. Nothing "
        "is written to the customer's event log."
    )

    def __init__(self, site: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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

    def __init__(self, site: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(site, *args, **kwargs)
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
