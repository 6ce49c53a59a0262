"""Requests for a new workspace or a link, which the operator's staff answer (`docs/rules.md` section 8)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import mails, signals
from accounts.locking import lock_workspace
from accounts.models import Workspace, WorkspaceRequest
from accounts.permissions import Permission, authorise, authorise_staff
from accounts.signals import SettingChange
from kit.action import action, retried
from kit.context import current_context
from kit.email_addresses import checked_email
from kit.errors import Conflict, Invalid, NotFound

TEXT_LENGTH = 2000


def require_room(main: Workspace) -> None:
    """Check that the package of a main organisation has room for one more linked workspace.

    Raises:
        Conflict: it allows none, or no more; the text says which package and how many.
    """
    package = main.package
    if not package.workspaces_allowed:
        raise Conflict(
            _("The package %(package)s has no linked workspaces. Choose another package first.")
            % {"package": package.name},
            code="package",
        )
    present = 1 + main.linked.count()
    if present >= package.max_workspaces:
        raise Conflict(
            _("The package %(package)s allows %(limit)s workspaces, and there are %(count)s.")
            % {"package": package.name, "limit": package.max_workspaces, "count": present},
            code="limit_reached",
        )


@retried
def request_workspace(*, workspace_id: int, kind: str, contact_email: str, text: str) -> WorkspaceRequest:
    """Ask the operator for a new workspace, or for an existing one to be linked (event 10041).

    Args:
        workspace_id: the main organisation.
        kind: "new" or "linked".
        contact_email: where staff can ask back.
        text: what is needed, at most 2,000 characters.

    Raises:
        NotFound, Forbidden: the actor may not request workspaces here.
        Invalid: an input is wrong; `field` names it.
        Conflict: the workspace is linked itself, the package has no room, or a request of this kind is open.
    """
    actor = authorise(workspace_id, Permission.WORKSPACE_REQUEST)
    wanted = text.strip()
    if kind not in WorkspaceRequest.Kind.values:
        raise Invalid(_("Choose a new workspace or a link."), field="kind")
    address = checked_email(contact_email, field="contact_email")
    if not wanted or len(wanted) > TEXT_LENGTH:
        raise Invalid(_("Say what you need, in at most 2,000 characters."), field="text")
    with action():
        workspace = lock_workspace(workspace_id)
        if workspace.main_id is not None:
            raise Conflict(_("Send the request from the main organisation; this workspace is linked to it."))
        require_room(workspace)
        if workspace.requests.filter(kind=kind, status=WorkspaceRequest.Status.OPEN).exists():
            raise Conflict(_("Such a request is open already. There is one at a time."), code="duplicate")
        made = WorkspaceRequest.objects.create(
            workspace=workspace,
            kind=kind,
            contact_email=address,
            text=wanted,
            requester_id=actor.person.user_id if actor.person else None,
            created=current_context().now(),
        )
        signals.workspace_requested.send(
            sender=WorkspaceRequest, workspace_id=workspace_id, kind=kind, request_id=made.pk
        )
    return made


@retried
def handle_workspace_request(*, request_id: int, status: int, answer: str = "") -> WorkspaceRequest:
    """Close a request with an answer and mail it (event 10040 in the workspace); `request_answers` does what is asked.

    Args:
        request_id: which one.
        status: Done or Declined.
        answer: one sentence for the customer; needed when declined.

    Raises:
        Forbidden: somebody else than staff asks.
        NotFound: there is no such request.
        Invalid: no answer, or not a final status.
        Conflict: it was handled already.
    """
    actor = authorise_staff("accounts.change_workspacerequest")
    chosen = WorkspaceRequest.Status(status) if status in WorkspaceRequest.Status.values else None
    if chosen is None or chosen == WorkspaceRequest.Status.OPEN:
        raise Invalid(_("A request is done or declined."), field="status")
    if chosen == WorkspaceRequest.Status.DECLINED and not answer.strip():
        raise Invalid(_("Say why, for the customer."), field="answer")
    if len(answer) > 500:
        raise Invalid(_("An answer has at most 500 characters."), field="answer")
    with action():
        found = WorkspaceRequest.objects.select_for_update(of=("self",)).filter(pk=request_id).first()
        if found is None:
            raise NotFound(_("Request with Id '%(id)s' not found.") % {"id": request_id})
        if found.status != WorkspaceRequest.Status.OPEN:
            raise Conflict(_("This request was handled already."), code="closed")
        found.status = chosen
        found.answer = answer.strip()
        found.handled = current_context().now()
        found.handled_by_id = actor.person.user_id if actor.person else None
        found.save(update_fields=["status", "answer", "handled", "handled_by"])
        change = SettingChange(
            field="workspace_request",
            label=f"Request for a {found.kind} workspace",
            old="Open",
            new=chosen.name.title(),
        )
        signals.workspace_settings_changed.send(
            sender=WorkspaceRequest,
            workspace_id=found.workspace_id,
            changes=[change],
            covers={"request": [found.pk]},
        )
        done = chosen == WorkspaceRequest.Status.DONE
        facts = {"request": found, "workspace": found.workspace, "done": done}
        mails.send_later("workspace_request", found.contact_email, facts)
    return found
