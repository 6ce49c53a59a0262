"""What the forms about SIMs and devices share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.errors import DomainError
from sims.states import SimStatus

FORM_FIELDS: Mapping[str, str] = {
    "service_profile": "service_policy",
    "tariff_profile": "coverage_policy",
    "sim.status": "sim_status",
}
"""Services name a wrong input as the wire does; where the form calls it differently, it stands here."""


def show_error(form: forms.BaseForm, error: DomainError) -> None:
    """Put a service's refusal at the field it names, or above the form when it names none of them."""
    field = FORM_FIELDS.get(error.field or "", error.field or "")
    form.add_error(field if field in form.fields else None, error.message)


def sim_states(workspace: Workspace) -> list[tuple[str, Any]]:
    """Return the states a SIM may be brought into along with an assignment, as choices."""
    choices: list[tuple[str, Any]] = [
        ("", _("Leave it as it is")),
        (str(SimStatus.ACTIVATED.value), SimStatus.ACTIVATED.label),
    ]
    if workspace.factory_test_allowed:
        choices.append((str(SimStatus.FACTORY_TEST.value), SimStatus.FACTORY_TEST.label))
    return choices


class DisabledTestMixin(forms.Form):
    """Asks what becomes of a device that is Disabled when a SIM in factory test comes onto it.

    The SIM could not test there, and enabling the device later ends the test (`docs/rules.md` section 2). The question
    stands in the form only once it arises.
    """

    ENABLE, LEAVE = "enable", "leave"

    disabled_test = forms.ChoiceField(
        label=_("The device is Disabled, and a SIM in factory test can use an enabled device only"),
        required=False,
        widget=forms.RadioSelect,
        choices=(
            (ENABLE, _("Enable the device first, so that the SIM can test")),
            (LEAVE, _("Leave it Disabled: the SIM cannot test, and enabling the device later ends its test")),
        ),
    )

    asks_disabled_test = False

    def ask_disabled_test(self, values: Mapping[str, Any], *, disabled: bool, status: int | None) -> None:
        """Ask, if it has to be and was not answered.

        Args:
            values: the cleaned values.
            disabled: whether the device is Disabled.
            status: the state in which the SIM will be, `None` without a SIM.
        """
        self.asks_disabled_test = disabled and status == SimStatus.FACTORY_TEST
        # Shown as what has to be answered.
        self.fields["disabled_test"].required = self.asks_disabled_test
        if self.asks_disabled_test and not values.get("disabled_test") and "disabled_test" not in self.errors:
            self.add_error("disabled_test", _("Choose what becomes of the device."))

    @property
    def enables_first(self) -> bool:
        """Whether the device is to be enabled before the SIM comes."""
        return self.asks_disabled_test and self.cleaned_data.get("disabled_test") == self.ENABLE
