"""What staff do about a request for a workspace: make it, link it, or decline; one action with the answer's mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.locking import lock_workspace
from accounts.models import Workspace, WorkspaceRequest
from accounts.people.services.super_admins import drop_super_admin, keep_super_admin
from accounts.permissions import authorise_staff
from accounts.workspaces.services.requests import handle_workspace_request
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.action import action, retried
from kit.errors import Conflict, NotFound

DONE = WorkspaceRequest.Status.DONE


@retried
def create_requested_workspace(
    *,
    request_id: int,
    name: str,
    package_id: int,
    data_plan_ids: Sequence[int] = (),
    answer: str = "",
) -> Workspace:
    """Make the workspace that a main organisation asked for, linked to it, and answer the request.

    The SuperAdmin of the main organisation enters it at once. A main organisation without one gets its
    longest-standing Administrator (`docs/rules.md` section 8). Country, currency and kind are the main organisation's.

    Args:
        request_id: which request; one for a new workspace.
        name: of the workspace.
        package_id: its package.
        data_plan_ids: data plans it may use.
        answer: for the customer; a sentence that says what was made when left out.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such request, package or data plan.
        Conflict: it was answered already, asks for something else, or the package of the main organisation is full.
        Invalid: an input is wrong; `field` names it.
    """
    authorise_staff("accounts.change_workspacerequest")
    with action():
        request = _waiting(request_id, WorkspaceRequest.Kind.NEW)
        main = lock_workspace(request.workspace_id)
        _require_super_admin(main)
        made = create_workspace(
            name=name,
            package_id=package_id,
            type=main.type,
            country=main.country,
            currency=main.currency,
            main_id=main.pk,
            data_plan_ids=data_plan_ids,
        )
        text = answer.strip() or _("The workspace %(name)s (%(id)s) is ready.") % {"name": made.name, "id": made.pk}
        handle_workspace_request(request_id=request_id, status=DONE, answer=text)
    return made


@retried
def link_requested_workspace(*, request_id: int, workspace_id: int, answer: str = "") -> Workspace:
    """Link an existing workspace to the main organisation that asked for it, and answer the request.

    Its own SuperAdmin, if it has one, is Administrator there from then on: there is one SuperAdmin for all.

    Args:
        request_id: which request; one for a link.
        workspace_id: the workspace to link.
        answer: for the customer; a sentence that says what was linked when left out.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: no such request or workspace.
        Conflict: it was answered already, asks for something else, the workspace is a main organisation or linked
            already, or the package of the main organisation is full.
        Invalid: the workspace is the main organisation itself.
    """
    authorise_staff("accounts.change_workspacerequest")
    with action():
        request = _waiting(request_id, WorkspaceRequest.Kind.LINKED)
        # Locked in id order, as whoever needs several workspaces does.
        locked = {pk: lock_workspace(pk) for pk in sorted({request.workspace_id, workspace_id})}
        linked = locked[workspace_id]
        if linked.main_id is not None:
            raise Conflict(
                _("%(name)s is linked to a main organisation already.") % {"name": linked.name}, field="workspace"
            )
        if linked.type == Workspace.Type.OPERATOR:
            raise Conflict(_("The operator's own workspace is not linked."), field="workspace")
        _require_super_admin(locked[request.workspace_id])
        if linked.super_admin_id is not None and workspace_id != request.workspace_id:
            drop_super_admin(workspace_id=workspace_id)
        linked = update_workspace(workspace_id=workspace_id, changes={"main_id": request.workspace_id})
        text = answer.strip() or _("The workspace %(name)s (%(id)s) is linked.") % {
            "name": linked.name,
            "id": linked.pk,
        }
        handle_workspace_request(request_id=request_id, status=DONE, answer=text)
    return linked


def decline_workspace_request(*, request_id: int, answer: str) -> WorkspaceRequest:
    """Say no, and why. Args and errors as `handle_workspace_request`."""
    return handle_workspace_request(request_id=request_id, status=WorkspaceRequest.Status.DECLINED, answer=answer)


def _waiting(request_id: int, kind: str) -> WorkspaceRequest:
    """Lock a request that waits for an answer."""
    found = WorkspaceRequest.objects.select_for_update(of=("self",)).filter(pk=request_id).first()
    if found is None:
        raise NotFound(_("Request with Id '%(id)s' not found.") % {"id": request_id})
    if found.status != WorkspaceRequest.Status.OPEN:
        raise Conflict(_("This request was answered already."), code="closed")
    if found.kind != kind:
        raise Conflict(
            _("This request asks for something else: %(kind)s.") % {"kind": found.get_kind_display()}, code="kind"
        )
    return found


def _require_super_admin(main: Workspace) -> None:
    """Give a main organisation, whose row is locked, a SuperAdmin if it has none.

    Raises:
        Conflict: nobody can be it.
    """
    if not keep_super_admin(main):
        raise Conflict(
            _("%(name)s has no active Administrator who could be SuperAdmin. Add one on its page, under Members.")
            % {"name": main.name},
            code="no_super_admin",
        )
