"""Further questions of the bulk actions on devices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.selectors import workspace_with_package
from kit.errors import Invalid
from sims.bulk.forms import NoteForm, OptionsForm
from sims.devices.services.for_sims import USUAL_PATTERN, check_pattern
from sims.devices.services.tags import normalise_tags
from sims.form_fields import sim_states
from sims.models import CoveragePolicy, Device, ServicePolicy
from sims.states import SimStatus


class BulkReleaseForm(OptionsForm):
    """Whether the SIMs of many devices stop with their release."""

    suspend = forms.BooleanField(
        label=_("Suspend the SIM too"),
        help_text=_("An Activated SIM is charged even when no device uses it."),
        initial=True,
        required=False,
    )
    changes_preview = True

    def options(self) -> dict[str, Any]:
        """Return the argument for the service; the box is ticked in a form that nobody has answered yet."""
        return {"suspend": self.cleaned_data["suspend"] if self.is_bound else True}


class TagsForm(OptionsForm):
    """Names to add and to take away."""

    add = forms.CharField(
        label=_("Add tags"),
        help_text=_("Separated by commas."),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    remove = forms.CharField(
        label=_("Remove tags"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def _names(self, field: str) -> list[str]:
        try:
            return normalise_tags(self.cleaned_data.get(field, ""))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean_add(self) -> list[str]:
        """Read the names to add."""
        return self._names("add")

    def clean_remove(self) -> list[str]:
        """Read the names to remove."""
        return self._names("remove")

    def clean(self) -> dict[str, Any]:
        """Refuse a form that asks for nothing or for both at once."""
        cleaned = super().clean() or {}
        add, remove = cleaned.get("add"), cleaned.get("remove")
        if add == [] and remove == []:
            self.add_error("add", _("Name at least one tag to add or remove."))
        elif add and remove and (both := sorted(set(add) & set(remove))):
            self.add_error("remove", _("“%(tag)s” cannot be added and removed at once.") % {"tag": both[0]})
        return cleaned

    def options(self) -> dict[str, Any]:
        """Return the arguments for the service; none while nobody has typed anything."""
        if not self.is_bound:
            return {}
        return {"add": self.cleaned_data["add"], "remove": self.cleaned_data["remove"]}


class PoliciesForm(OptionsForm):
    """The policies that many devices get; one that is not chosen stays what it is on each device."""

    service_policy = forms.ModelChoiceField(
        label=_("Service policy"),
        queryset=ServicePolicy.objects.none(),
        help_text=_("Which services the devices may use."),
        empty_label=_("Leave as it is"),
        required=False,
    )
    coverage_policy = forms.ModelChoiceField(
        label=_("Coverage policy"),
        queryset=CoveragePolicy.objects.none(),
        help_text=_("Where they may connect, and at which data plan."),
        empty_label=_("Leave as it is"),
        required=False,
    )
    changes_preview = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, policies in (
            ("service_policy", ServicePolicy.objects.of(self.workspace_id)),
            ("coverage_policy", CoveragePolicy.objects.of(self.workspace_id)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker what stands above
            field.queryset = policies

    def clean(self) -> dict[str, Any]:
        """Refuse a form that asks for nothing."""
        values = super().clean() or self.cleaned_data
        if not self.errors and not self._chosen():
            self.add_error("service_policy", _("Choose a service policy, a coverage policy or both."))
        return values

    def _chosen(self) -> dict[str, int]:
        names = ("service_policy", "coverage_policy")
        return {f"{name}_id": policy.pk for name in names if (policy := self.cleaned_data.get(name)) is not None}

    def options(self) -> dict[str, Any]:
        """Return the arguments for the service; none while nobody has chosen anything."""
        return self._chosen() if self.is_bound else {}


class DeviceNoteForm(NoteForm):
    """A note on devices."""

    def held(self, workspace_id: int, pk: int) -> str:
        """Return the note on a device."""
        return Device.objects.of(workspace_id).filter(pk=pk).values_list("note", flat=True).first() or ""


class DevicesForSimsForm(OptionsForm):
    """What the devices are to be that are made for SIMs, and the state of the SIMs."""

    pattern = forms.CharField(
        label=_("Names"),
        max_length=180,
        initial=USUAL_PATTERN,
        help_text=_("{iccid}, {imsi}, {last6} and {sim_id} stand for the numbers of each SIM."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    service_policy = forms.ModelChoiceField(
        label=_("Service policy"), queryset=ServicePolicy.objects.none(), empty_label=None
    )
    coverage_policy = forms.ModelChoiceField(
        label=_("Coverage policy"), queryset=CoveragePolicy.objects.none(), empty_label=None
    )
    tags = forms.CharField(label=_("Tags"), max_length=500, required=False, help_text=_("Separated by commas."))
    status = forms.TypedChoiceField(
        label=_("State of the SIMs"), required=False, coerce=int, empty_value=None, initial=SimStatus.ACTIVATED.value
    )
    changes_preview = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, policies in (
            ("service_policy", ServicePolicy.objects.of(self.workspace_id)),
            ("coverage_policy", CoveragePolicy.objects.of(self.workspace_id)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker what stands above
            field.queryset = policies
        states = self.fields["status"]
        assert isinstance(states, forms.TypedChoiceField)  # noqa: S101 - tells the type checker what stands above
        states.choices = sim_states(workspace_with_package(self.workspace_id))

    def clean_pattern(self) -> str:
        """Check what stands in braces."""
        try:
            return check_pattern(self.cleaned_data["pattern"])
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean_tags(self) -> str:
        """Bring the tags into their form."""
        try:
            return ",".join(normalise_tags(self.cleaned_data["tags"]))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def options(self) -> dict[str, Any]:
        """Return the arguments for the service; while nobody has answered, the policies that come first by name."""
        if not self.is_bound:
            first = {name: self.fields[name].queryset.first() for name in ("service_policy", "coverage_policy")}  # type: ignore[attr-defined]  # of ModelChoiceField
            chosen = {f"{name}_id": policy.pk if policy is not None else None for name, policy in first.items()}
            return {**chosen, "status": int(SimStatus.ACTIVATED)}
        values = self.cleaned_data
        return {
            "pattern": values["pattern"],
            "service_policy_id": values["service_policy"].pk,
            "coverage_policy_id": values["coverage_policy"].pk,
            "tags": values["tags"],
            "status": values["status"],
        }
