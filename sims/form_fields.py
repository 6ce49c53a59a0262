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
