"""Forms of the SIM pages. They read and name what is wrong; services decide and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.delimited import like
from kit.errors import DomainError, Invalid
from kit.filter_values import parse_values
from sims.bulk.forms import NoteForm
from sims.form_fields import DisabledTestMixin
from sims.identifiers import normalise_bic
from sims.inventory.services.status import billing_note
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus, sim_may_move

MOST_BICS = 50
LEAVE = ""


class RegisterForm(forms.Form):
    """The codes of batches, and the state their SIMs start in.

    Args:
        factory_test: whether the workspace may test.
        price: what an activated SIM costs a month in words, or "".
    """

    bics = forms.CharField(
        label=gettext_lazy("BIC"),
        help_text=gettext_lazy(
            "16 digits, printed on the card or on the label of the batch. Several codes: one on each line."
        ),
        max_length=4_000,
        error_messages={"required": gettext_lazy("Enter the BIC printed on the card or on the label of the batch.")},
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "class": "mono",
                "autocomplete": "off",
                "spellcheck": "false",
                "inputmode": "text",
                "placeholder": "1234 5678 9012 3456",
                "autofocus": True,
            }
        ),
    )
    status = forms.TypedChoiceField(
        label=gettext_lazy("State after registration"), coerce=int, widget=forms.RadioSelect, initial=SimStatus.ISSUED
    )

    def __init__(self, *args: Any, factory_test: bool, price: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        charged = billing_note(SimStatus.ACTIVATED, 2)
        choices = [
            (SimStatus.ISSUED.value, _("Issued: no traffic and no charge until you activate the SIMs")),
            (SimStatus.ACTIVATED.value, _("Activated: ready to use. %(note)s") % {"note": price or charged}),
        ]
        if factory_test:
            note = billing_note(SimStatus.FACTORY_TEST, 2)
            choices.append((SimStatus.FACTORY_TEST.value, _("Factory test: %(note)s") % {"note": note}))
        status = self.fields["status"]
        if isinstance(status, forms.TypedChoiceField):
            status.choices = choices

    def clean_bics(self) -> list[str]:
        """Read the codes, each once, in their order, below a heading or not. Spaces are what people group digits by."""
        lines = parse_values(self.cleaned_data["bics"])
        if len(lines) > 1 and like(lines[0]) == "bic":
            del lines[0]
        found: dict[str, None] = {}
        wrong: list[str] = []
        for line in lines:
            try:
                found.setdefault(normalise_bic(line, field="bics"))
            except Invalid as error:
                wrong.append(error.message)
        if wrong:
            raise forms.ValidationError(wrong)
        if len(found) > MOST_BICS:
            raise forms.ValidationError(
                _("%(count)s codes are too many; register at most %(most)s at once.")
                % {"count": len(found), "most": MOST_BICS}
            )
        return list(found)


class AssignForm(DisabledTestMixin):
    """The device a SIM goes onto, and the state to bring it into.

    Args:
        status: state of the SIM.
        factory_test: whether the workspace may test.
        workspace_id: of the SIM.
    """

    device = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.HiddenInput,
        error_messages={"required": gettext_lazy("Choose a device.")},
    )
    status = forms.TypedChoiceField(
        label=gettext_lazy("State of the SIM"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, status: int, factory_test: bool, workspace_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sim_status, self.workspace_id = status, workspace_id
        possible = [SimStatus.ACTIVATED, *([SimStatus.FACTORY_TEST] if factory_test else [])]
        choices: list[tuple[Any, str]] = [
            (LEAVE, _("Leave it %(state)s") % {"state": SimStatus(status).label}),
            *((new.value, f"{new.label}: {billing_note(new, 1)}") for new in possible if sim_may_move(status, new)),
        ]
        field = self.fields["status"]
        if isinstance(field, forms.TypedChoiceField):
            field.choices = choices
        self.has_choice = len(choices) > 1

    def clean(self) -> dict[str, Any]:
        """Ask about a device that is Disabled, where a SIM in test would come onto it."""
        values = super().clean() or self.cleaned_data
        chosen = values.get("status")
        status = self.sim_status if chosen is None else chosen
        if status == SimStatus.FACTORY_TEST and values.get("device"):
            of_device = Device.objects.of(self.workspace_id).filter(pk=values["device"])
            disabled = of_device.values_list("status", flat=True).first() == DeviceStatus.DISABLED
            self.ask_disabled_test(values, disabled=disabled, status=status)
        return values

    def refuse(self, error: DomainError) -> None:
        """Show what a service refused, beside the input it names."""
        self.add_error("status" if error.field == "sim.status" else None, error.message)


class TransferForm(forms.Form):
    """Where SIMs go, and whether they are taken off their devices.

    Args:
        targets: id and name of the workspaces that can be chosen.
    """

    target = forms.TypedChoiceField(
        label=gettext_lazy("To workspace"),
        coerce=int,
        error_messages={"required": gettext_lazy("Choose the workspace that receives the SIMs.")},
    )
    detach = forms.BooleanField(
        label=gettext_lazy("Release SIMs from their devices"),
        help_text=gettext_lazy("Their devices are disabled. Without this, SIMs on devices are not transferred."),
        required=False,
    )

    def __init__(self, *args: Any, targets: list[tuple[int, str]], preview_url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        if isinstance(field, forms.TypedChoiceField):
            field.choices = targets if len(targets) == 1 else [("", _("Choose a workspace")), *targets]
        for name in ("target", "detach"):
            self.fields[name].widget.attrs.update(
                {
                    "hx-post": preview_url,
                    "hx-trigger": "change",
                    "hx-target": "#dialog-body",
                    "hx-include": "closest form",
                    "hx-disabled-elt": "unset",
                }
            )


class SimNoteForm(NoteForm):
    """A note on SIMs."""

    def held(self, workspace_id: int, pk: int) -> str:
        """Return the note on a SIM."""
        return Sim.objects.of(workspace_id).filter(pk=pk).values_list("note", flat=True).first() or ""
