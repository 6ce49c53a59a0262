"""The tables of device policies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.rendering import bdi, by_jinja, dash, number
from kit.tables import ListColumn, ListTable
from sims.models import CoveragePolicy, ServicePolicy

Policy = ServicePolicy | CoveragePolicy


class PolicyLook:
    """How both tables look."""

    attrs: ClassVar[dict[str, str]] = {"class": "table policy-table"}


class PolicyTable(ListTable):
    """What both kinds of policies show; the context holds `device_base`, the address of the device list."""

    kind: ClassVar[str] = ""
    parameter: ClassVar[str] = ""

    def row_id(self, record: Policy) -> str:
        """Return what links to one policy lead to."""
        return f"{self.kind}-{record.pk}"

    def render_name(self, record: Policy) -> SafeString:
        """Draw the name, and what the policy is for."""
        name = format_html('<span class="policy-name">{}</span>', bdi(record.name))
        if not record.description:
            return name
        return name + format_html('<span class="small muted">{}</span>', bdi(record.description))

    def render_devices(self, record: Any) -> SafeString | str:
        """Draw how many devices use the policy, with a link to them."""
        if not record.device_count:
            return "0"
        return format_html(
            '<a href="{}?{}={}">{}<span class="visually-hidden"> {}</span></a>',
            self.row_context["device_base"],
            self.parameter,
            record.pk,
            number(record.device_count),
            _("devices, show them"),
        )

    def render_actions(self, record: Policy) -> SafeString:
        """Draw the buttons."""
        return by_jinja("sims/_policy_actions.html", {"policy": record, "kind": self.kind})


class ServicePolicyTable(PolicyTable):
    """Service policies of a workspace."""

    kind = "service"
    parameter = "service_policy"
    caption = gettext_lazy("Service policies")

    class Meta(PolicyLook):
        """The look is not inherited from the table above."""

    name = ListColumn(gettext_lazy("Name"), classes="wrap", heads_row=True)
    allows = ListColumn(gettext_lazy("Services and networks"), classes="policy-allows")
    devices = ListColumn(gettext_lazy("Devices"), align="end", classes="c-more")
    actions = ListColumn(gettext_lazy("Actions"), classes="row-actions c-end", silent=True)

    def render_allows(self, record: ServicePolicy) -> SafeString:
        """Draw the services and the networks."""
        return by_jinja("sims/_policy_allows.html", {"policy": record})


class CoveragePolicyTable(PolicyTable):
    """Coverage policies of a workspace."""

    kind = "coverage"
    parameter = "coverage_policy"
    caption = gettext_lazy("Coverage policies")

    class Meta(PolicyLook):
        """The look is not inherited from the table above."""

    name = ListColumn(gettext_lazy("Name"), classes="wrap", heads_row=True)
    plan = ListColumn(gettext_lazy("Data plan"))
    included = ListColumn(gettext_lazy("Included per SIM"), align="end")
    devices = ListColumn(gettext_lazy("Devices"), align="end", classes="c-more")
    actions = ListColumn(gettext_lazy("Actions"), classes="row-actions c-end", silent=True)

    def render_plan(self, record: CoveragePolicy) -> SafeString:
        """Draw the data plan, and what the policy leaves out of it."""
        plan = record.data_plan
        notes = [plan.get_category_display(), *record.left_out]
        drawn = [format_html('<span class="policy-note small muted">{}</span>', note) for note in notes]
        return format_html("{}" * (1 + len(drawn)), bdi(plan.name), *drawn)

    def render_included(self, record: CoveragePolicy) -> SafeString | str:
        """Draw the volume that each SIM has free a month."""
        volume = record.data_plan.included_mb
        return f"{number(volume)} MB" if volume else dash()
