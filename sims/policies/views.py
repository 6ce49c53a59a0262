"""Device policies: both kinds on one page, and the forms that make, change and delete them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid
from kit.htmx import redirect_to, render_fragment, respond, wants_fragment
from kit.sent_once import sent_once
from sims.form_fields import show_error
from sims.models import CoveragePolicy, ServicePolicy
from sims.policies.forms import CoveragePolicyForm, PolicyForm, ServicePolicyForm
from sims.policies.selectors import coverage_policies, service_policies
from sims.policies.services import policies as services
from sims.policies.tables import CoveragePolicyTable, ServicePolicyTable

Policy = ServicePolicy | CoveragePolicy


@dataclass(frozen=True)
class PolicyKind:
    """What differs between service and coverage policies.

    Args:
        name: in addresses.
        parameter: filter of the device list.
        form: of its properties.
        create, update, delete: services.
        found: the policies of a workspace, with `device_count`.
        noun: for messages.
        new: verb of the button and title that make one.
        lead: one sentence about what such a policy does.
    """

    name: str
    parameter: str
    form: type[PolicyForm]
    create: Callable[..., Policy]
    update: Callable[..., Policy]
    delete: Callable[..., None]
    found: Callable[[int], QuerySet[Any]]
    noun: Any
    new: Any
    lead: Any


KINDS = {
    kind.name: kind
    for kind in (
        PolicyKind(
            name="service",
            parameter="service_policy",
            form=ServicePolicyForm,
            create=services.create_service_policy,
            update=services.update_service_policy,
            delete=services.delete_service_policy,
            found=service_policies,
            noun=gettext_lazy("Service policy"),
            new=gettext_lazy("Create service policy"),
            lead=gettext_lazy("A service policy says which services and networks its devices may use."),
        ),
        PolicyKind(
            name="coverage",
            parameter="coverage_policy",
            form=CoveragePolicyForm,
            create=services.create_coverage_policy,
            update=services.update_coverage_policy,
            delete=services.delete_coverage_policy,
            found=coverage_policies,
            noun=gettext_lazy("Coverage policy"),
            new=gettext_lazy("Create coverage policy"),
            lead=gettext_lazy("A coverage policy says at which data plan, and so where, its devices connect."),
        ),
    )
}


def _kind(name: str) -> PolicyKind:
    if name not in KINDS:
        raise Http404(_("There is no such kind of policy."))
    return KINDS[name]


def _policy(kind: PolicyKind, workspace_id: int, policy_id: int) -> Any:
    """Return a policy with its number of devices.

    Raises:
        Http404: no such policy here; one of another workspace looks the same.
    """
    found = kind.found(workspace_id).filter(pk=policy_id).first()
    if found is None:
        raise Http404(_("%(kind)s %(id)s does not exist in this workspace.") % {"kind": kind.noun, "id": policy_id})
    return found


def _form(kind: PolicyKind, workspace: Workspace, data: Any, policy: Policy | None) -> PolicyForm:
    """Return the form of a kind, beginning with what the policy holds."""
    initial = {name: getattr(policy, name) for name in kind.form.base_fields} if policy is not None else {}
    if isinstance(policy, CoveragePolicy):
        initial["data_plan"] = policy.data_plan_id
    return kind.form(data, initial=initial, workspace=workspace, policy_id=policy.pk if policy is not None else 0)


@require_safe
def policy_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show all policies of a workspace and how many devices use each."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    may_change = Permission.POLICY_UPDATE.name in request.may
    base = {"device_base": reverse("sims:device_list", args=[workspace_id])}
    hidden = () if may_change else ("actions",)
    context = {
        "service_policies": ServicePolicyTable(list(service_policies(workspace_id)), hidden=hidden, context=base),
        "coverage_policies": CoveragePolicyTable(list(coverage_policies(workspace_id)), hidden=hidden, context=base),
        "may_change": may_change,
        "leads": {name: kind.lead for name, kind in KINDS.items()},
    }
    return render_fragment(request, "sims/policy_list.html", context)


# untold: calls a service by its kind of policy
@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
def policy_create(request: WorkspacePageRequest, workspace_id: int, kind: str) -> HttpResponse:
    """Show and take the form of a new policy."""
    authorise(workspace_id, Permission.POLICY_UPDATE)
    chosen = _kind(kind)
    posted = request.POST if request.method == "POST" else None
    form = _form(chosen, request.workspace, posted, None)
    if posted is not None and form.is_valid():
        try:
            policy = chosen.create(workspace_id=workspace_id, values=form.values())
        except Invalid as error:
            show_error(form, error)
        else:
            messages.success(request, _("%(kind)s “%(name)s” created.") % {"kind": chosen.noun, "name": policy.name})
            return redirect_to(request, reverse("sims:policy_list", args=[workspace_id]))
    return _page(request, chosen, form, None, status=200 if posted is None else 422)


# untold: calls a service by its kind of policy
@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: WorkspacePageRequest, workspace_id: int, kind: str, policy_id: int) -> HttpResponse:
    """Show and take the form of a policy."""
    authorise(workspace_id, Permission.POLICY_UPDATE)
    chosen = _kind(kind)
    policy = _policy(chosen, workspace_id, policy_id)
    posted = request.POST if request.method == "POST" else None
    form = _form(chosen, request.workspace, posted, policy)
    if posted is not None and form.is_valid():
        try:
            chosen.update(workspace_id=workspace_id, policy_id=policy_id, values=form.values())
        except Invalid as error:
            show_error(form, error)
        else:
            name = form.cleaned_data["name"]
            messages.success(request, _("%(kind)s “%(name)s” saved.") % {"kind": chosen.noun, "name": name})
            return redirect_to(request, reverse("sims:policy_list", args=[workspace_id]))
    return _page(request, chosen, form, policy, status=200 if posted is None else 422)


def _page(
    request: WorkspacePageRequest, kind: PolicyKind, form: PolicyForm, policy: Any, *, status: int
) -> HttpResponse:
    workspace_id = request.workspace.pk
    context = {
        "kind": kind,
        "form": form,
        "policy": policy,
        "list_url": reverse("sims:policy_list", args=[workspace_id]),
        "no_plans": kind.name == "coverage" and not form.fields["data_plan"].choices[1:],  # type: ignore[attr-defined]  # of ModelChoiceField
    }
    return render_fragment(request, "sims/policy_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_delete(request: WorkspacePageRequest, workspace_id: int, kind: str, policy_id: int) -> HttpResponse:
    """Show and take the dialog that deletes a policy; one that devices use says how many and where."""
    authorise(workspace_id, Permission.POLICY_UPDATE)
    chosen = _kind(kind)
    policy = _policy(chosen, workspace_id, policy_id)
    list_url = reverse("sims:policy_list", args=[workspace_id])
    error, status = "", 200
    if request.method == "POST":
        try:
            chosen.delete(workspace_id=workspace_id, policy_id=policy_id)
        except Conflict as conflict:
            error, status = conflict.message, 422
            policy = _policy(chosen, workspace_id, policy_id)
        else:
            messages.success(request, _("%(kind)s “%(name)s” deleted.") % {"kind": chosen.noun, "name": policy.name})
            return redirect_to(request, list_url)
    devices = reverse("sims:device_list", args=[workspace_id])
    used = ngettext(
        "%(count)s device uses it. Give it another policy first.",
        "%(count)s devices use it. Give them another policy first.",
        policy.device_count,
    ) % {"count": f"{policy.device_count:,}"}
    context = {
        "title": _("Delete “%(name)s”") % {"name": policy.name},
        "kind": chosen,
        "policy": policy,
        "as_page": not wants_fragment(request),
        "error": error,
        "used": used if policy.device_count else "",
        "devices_url": f"{devices}?{chosen.parameter}={policy.pk}",
        "url": reverse("sims:policy_delete", args=[workspace_id, kind, policy_id]),
        "back": list_url,
        "dialog": "sims/_policy_delete.html",
    }
    return respond(request, "sims/policy_dialog.html", "sims/_policy_delete.html", context, status=status)
