"""Forms of the device and policy pages. They read and name what was typed; services decide and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.errors import Invalid
from sims.devices.selectors import only_match
from sims.devices.services.values import check_imei_lock
from sims.form_fields import DisabledTestMixin, sim_states
from sims.identifiers import normalise_imei
from sims.inventory.services.assignment import SimChoice
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.states import DeviceStatus, SimStatus


class SimPickerMixin(DisabledTestMixin):
    """A SIM chosen from the list a search found, or named by a number that only one free SIM has.

    `sim` 0 is the choice "No SIM", whatever was searched for.
    """

    sim = forms.IntegerField(label=_("Free SIM"), required=False, min_value=0, max_value=2**63 - 1)
    sim_search = forms.CharField(required=False, max_length=100)
    sim_status = forms.TypedChoiceField(
        label=_("State of the SIM"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
    )
    workspace: Workspace

    def offer_states(self) -> None:
        """Offer the states this workspace has."""
        field = self.fields["sim_status"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - tells the type checker what stands above
        field.choices = sim_states(self.workspace)

    def read_sim(self, values: dict[str, Any], *, required: bool) -> None:
        """Complete `sim` from what was typed; say so when that leads to no single free SIM."""
        typed = (values.get("sim_search") or "").strip()
        if values.get("sim") or "sim" in self.errors or (values.get("sim") == 0 and not required):
            return
        if typed:
            values["sim"] = only_match(self.workspace.pk, typed)
        if values.get("sim"):
            return
        if typed:
            self.add_error(
                "sim", _("“%(typed)s” is not exactly one free SIM. Choose one of the list.") % {"typed": typed}
            )
        elif required:
            self.add_error("sim", _("Choose a SIM."))

    def sim_becomes(self, values: dict[str, Any]) -> int | None:
        """Return the state in which the chosen SIM will be, `None` without one."""
        if not values.get("sim"):
            return None
        if (chosen := values.get("sim_status")) is not None:
            return int(chosen)
        return Sim.objects.of(self.workspace.pk).filter(pk=values["sim"]).values_list("status", flat=True).first()


class AssignForm(SimPickerMixin):
    """Which SIM to put on a device, and the state to bring it into."""

    def __init__(self, *args: Any, workspace: Workspace, device: Device, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace, self.device = workspace, device
        self.offer_states()

    def clean(self) -> dict[str, Any]:
        """Find the SIM that is meant."""
        values = super().clean() or self.cleaned_data
        self.read_sim(values, required=True)
        disabled = self.device.status == DeviceStatus.DISABLED
        self.ask_disabled_test(values, disabled=disabled, status=self.sim_becomes(values))
        return values


class DeviceForm(forms.Form):
    """Properties of a device."""

    name = forms.CharField(label=_("Name"), max_length=200)
    service_policy = forms.ModelChoiceField(
        label=_("Service policy"),
        queryset=ServicePolicy.objects.none(),
        help_text=_("Which services the device may use."),
        empty_label=_("Choose…"),
    )
    coverage_policy = forms.ModelChoiceField(
        label=_("Coverage policy"),
        queryset=CoveragePolicy.objects.none(),
        help_text=_("Where it may connect, and at which data plan."),
        empty_label=_("Choose…"),
    )
    tags = forms.CharField(
        label=_("Tags"), max_length=500, required=False, help_text=_("Separated by commas, e.g. fleet, north.")
    )
    imei = forms.CharField(label=_("IMEI"), max_length=32, required=False, help_text=_("14 to 16 digits."))
    imei_lock = forms.BooleanField(
        label=_("IMEI lock"), required=False, help_text=_("The SIM works in the device of this IMEI only.")
    )
    # The service says what is an address; Django's own field would drop a zone ("%eth0") without a word.
    ip_address = forms.CharField(
        label=_("IP address"), max_length=60, required=False, help_text=_("Fixed address inside your network.")
    )

    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What is worth keeping in mind, at most 1,000 characters."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        self._offer("service_policy", ServicePolicy.objects.of(workspace.pk))
        self._offer("coverage_policy", CoveragePolicy.objects.of(workspace.pk))
        for name in ("name", "tags", "imei", "ip_address"):
            self.fields[name].widget.attrs.update(autocomplete="off", spellcheck="false")
        self.fields["imei"].widget.attrs.update(inputmode="numeric")

    def _offer(self, name: str, policies: Any) -> None:
        """Offer the workspace's policies, read once; a single one is chosen already."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker what stands above
        field.queryset = policies
        known = list(policies)
        field.choices = [("", field.empty_label), *((policy.pk, policy.name) for policy in known)]
        if len(known) == 1 and name not in self.initial:
            self.initial[name] = known[0].pk

    def clean_imei(self) -> str:
        """Check the IMEI here too, so that all mistakes of the form are named at once."""
        try:
            return normalise_imei(self.cleaned_data["imei"])
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        """A lock needs something to be locked to."""
        values = super().clean() or self.cleaned_data
        if "imei" not in self.errors:
            try:
                check_imei_lock(imei=values.get("imei", ""), imei_lock=values.get("imei_lock", False))
            except Invalid as error:
                self.add_error("imei", error.message)
        return values

    def properties(self) -> dict[str, Any]:
        """Return what the services take."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "service_policy_id": values["service_policy"].pk,
            "coverage_policy_id": values["coverage_policy"].pk,
            "tags": values["tags"],
            "imei": values["imei"],
            "imei_lock": values["imei_lock"],
            "ip_address": values["ip_address"] or None,
            "note": values["note"],
        }


def initial_of(device: Device) -> dict[str, Any]:
    """Return the values with which the form of an existing device begins."""
    return {
        "name": device.name,
        "service_policy": device.service_policy_id,
        "coverage_policy": device.coverage_policy_id,
        "tags": ", ".join(device.tags.split(",")) if device.tags else "",
        "imei": device.imei,
        "imei_lock": device.imei_lock,
        "ip_address": device.ip_address or "",
        "note": device.note,
    }


class CreateDeviceForm(SimPickerMixin, DeviceForm):
    """A new device, with a SIM if one is chosen."""

    status = forms.TypedChoiceField(
        label=_("State"),
        coerce=int,
        choices=[(state.value, state.label) for state in (DeviceStatus.ENABLED, DeviceStatus.DISABLED)],
        initial=DeviceStatus.ENABLED.value,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, workspace=workspace, **kwargs)
        self.offer_states()
        # Enabled stands preselected, and a device is of use with an activated SIM only.
        self.initial.setdefault("sim_status", str(SimStatus.ACTIVATED.value))

    def clean(self) -> dict[str, Any]:
        """Find the SIM that is meant, if any."""
        values = super().clean() or self.cleaned_data
        self.read_sim(values, required=False)
        disabled = values.get("status") == DeviceStatus.DISABLED
        self.ask_disabled_test(values, disabled=disabled, status=self.sim_becomes(values))
        return values

    def device_status(self) -> int:
        """Return the state in which the device is made."""
        return DeviceStatus.ENABLED if self.enables_first else self.cleaned_data["status"]

    def sim_choice(self) -> SimChoice | None:
        """Return the SIM to put on the device and its state, or `None` without one."""
        sim = self.cleaned_data["sim"]
        return SimChoice(sim_id=sim, status=self.cleaned_data["sim_status"]) if sim else None


class ReleaseForm(forms.Form):
    """Whether the SIM stops with its release."""

    suspend = forms.BooleanField(label=_("Suspend the SIM too"), required=False, initial=True)

    def __init__(self, *args: Any, sim: Sim, note: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sim.status == SimStatus.ACTIVATED:
            self.fields["suspend"].help_text = note
        else:
            # Only Activated SIMs can be suspended; there is nothing to choose.
            del self.fields["suspend"]
