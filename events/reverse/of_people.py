"""The opposites of events about members, invitations and application tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, Invitation, Membership
from accounts.people.services.invitations import withdraw_invitation
from accounts.people.services.members import change_role, remove_member
from accounts.permissions import Role
from accounts.tokens.services import describe_application_token, revoke_application_token
from events.reverse.opposites import Difference, Gone, Opposite, Row, changed_since, text, word
from events.selectors import persons_of


def _person(row: Row) -> Any:
    person = persons_of([row]).get(row["subject_id"])
    if person is None:
        raise Gone(_("This event does not keep enough of what was before."))
    return person


def _membership(row: Row, user_id: int) -> Membership:
    found = Membership.objects.filter(workspace_id=row["workspace_id"], user_id=user_id).select_related("user").first()
    if found is None:
        raise Gone(_("The person is no member of this workspace any more."))
    return found


def role(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Give somebody the role of before."""
    held = _membership(row, _person(row).user_id)
    before, after = Role(detail["role"]["from"]), Role(detail["role"]["to"])
    if held.role == before:
        raise Gone(_("Everything is as it was before."))
    if held.role != after:
        raise Gone(changed_since("role"))
    return Opposite(
        title=_("Role of %(name)s") % {"name": held.user.name},
        do=lambda: change_role(workspace_id=row["workspace_id"], user_id=held.user_id, role=before.value),
        differences=[Difference(word("role"), str(after.label), str(before.label))],
        note=_("Application tokens that the person made never get more rights back."),
    )


def joined(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Take out who joined."""
    held = _membership(row, _person(row).user_id)
    return Opposite(
        title=_("Remove %(name)s") % {"name": held.user.name},
        do=lambda: remove_member(workspace_id=row["workspace_id"], user_id=held.user_id),
        note=_(
            "%(name)s can no longer enter this workspace, at once. Application tokens of the person are revoked, and "
            "an account whose last workspace this is ends with it."
        )
        % {"name": held.user.name},
        danger=True,
    )


def invited(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Withdraw an invitation."""
    person = _person(row)
    found = Invitation.objects.of(row["workspace_id"]).filter(
        user_id=person.user_id, accepted__isnull=True, withdrawn__isnull=True
    )
    invitation = found.first()
    if invitation is None:
        raise Gone(_("The invitation was accepted or withdrawn since."))
    return Opposite(
        title=_("Withdraw the invitation of %(email)s") % {"email": invitation.email},
        do=lambda: withdraw_invitation(workspace_id=row["workspace_id"], invitation_id=invitation.pk),
        note=_("The link in the mail stops working at once."),
        danger=True,
    )


def _token(row: Row, detail: Mapping[str, Any]) -> ApplicationToken:
    tokens = ApplicationToken.objects.of(row["workspace_id"])
    found = tokens.filter(pk=detail["application_token"]["id"]).first()
    if found is None:
        raise Gone(_("There is no such application token any more."))
    return found


def token_created(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Revoke an application token that was made."""
    token = _token(row, detail)
    if token.status == ApplicationToken.Status.REVOKED:
        raise Gone(_("The token is revoked already."))
    return Opposite(
        title=_("Revoke application token “%(name)s”") % {"name": token.description or token.pk},
        do=lambda: revoke_application_token(workspace_id=row["workspace_id"], token_id=token.pk),
        note=_("What is signed in with it is refused from its next call on. A revoked token stays revoked."),
        danger=True,
    )


def token_changed(row: Row, detail: Mapping[str, Any]) -> Opposite:
    """Describe an application token as before."""
    change = detail["changes"].get("description")
    if change is None:
        raise Gone(_("The rights of a token are never raised. Create a new one with the role that is needed."))
    token = _token(row, detail)
    if token.description == change["from"]:
        raise Gone(_("Everything is as it was before."))
    if token.description != change["to"]:
        raise Gone(changed_since("description"))
    return Opposite(
        title=_("Describe application token %(id)s as before") % {"id": token.pk},
        do=lambda: describe_application_token(
            workspace_id=row["workspace_id"], token_id=token.pk, description=change["from"]
        ),
        differences=[Difference(word("description"), text(token.description), text(change["from"]))],
    )
