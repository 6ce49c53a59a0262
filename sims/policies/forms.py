"""Forms of the policy pages. They read and name what was typed; services decide and write."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import DataPlan, Workspace
from sims.models import CoveragePolicy, ServicePolicy


class PolicyForm(forms.Form):
    """What both kinds of policies have."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)

    model: ClassVar[type[ServicePolicy] | type[CoveragePolicy]]

    def __init__(self, *args: Any, workspace: Workspace, policy_id: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        self.policy_id = policy_id

    def clean_name(self) -> str:
        """Refuse a name that another policy of this kind has, whatever its case."""
        name: str = self.cleaned_data["name"]
        others = self.model._default_manager.filter(workspace_id=self.workspace.pk).exclude(pk=self.policy_id)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("Another policy of this kind has this name."))
        return name

    def values(self) -> dict[str, Any]:
        """Return what the services take."""
        return dict(self.cleaned_data)


class ServicePolicyForm(PolicyForm):
    """Which services and networks a device may use."""

    model = ServicePolicy
    data = forms.BooleanField(label=_("Data"), required=False, initial=True)  # type: ignore[assignment]  # Django takes fields out of the class
    sms_mo = forms.BooleanField(label=_("SMS from the device"), required=False, initial=True)
    sms_mt = forms.BooleanField(label=_("SMS to the device"), required=False, initial=True)
    allowed_2g = forms.BooleanField(label="2G", required=False, initial=True)
    allowed_3g = forms.BooleanField(label="3G", required=False, initial=True)
    allowed_4g = forms.BooleanField(label="4G", required=False, initial=True)
    allowed_5g = forms.BooleanField(label="5G", required=False)
    allowed_nb_iot = forms.BooleanField(label="NB-IoT", required=False, initial=True)


class CoveragePolicyForm(PolicyForm):
    """Where a device may connect and at which data plan."""

    model = CoveragePolicy
    data_plan = forms.ModelChoiceField(
        label=_("Data plan"), queryset=DataPlan.objects.none(), help_text=_("One that this workspace has booked.")
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, workspace=workspace, **kwargs)
        field = self.fields["data_plan"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type checker what stands above
        field.queryset = DataPlan.objects.filter(workspaces=workspace).order_by("name")
        plans = list(field.queryset)
        field.choices = [("", _("Choose…")), *((plan.pk, plan.name) for plan in plans)]
        if len(plans) == 1:
            self.initial.setdefault("data_plan", plans[0].pk)

    def values(self) -> dict[str, Any]:
        """Return what the services take."""
        values = super().values()
        values["data_plan_id"] = values.pop("data_plan").pk
        return values
