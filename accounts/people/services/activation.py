"""Activating an account by a program: with the secret of a mail's link and the SHA-1 hex of the password (event 41).

The secret is that of an invitation or of a verification mail; the actions are those behind the links of the mails.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signed_links
from accounts.locking import lock_user
from accounts.mail_links import LinkMaker
from accounts.models import User, Workspace
from accounts.people.services.invitations import accept_invitation, invitation_of, send_invitation
from accounts.people.services.verification import ask_to_verify, verification_of, verify_user
from accounts.selectors import user_by_email
from kit.action import action, retried
from kit.api import limits
from kit.context import ANONYMOUS, acting_within, current_context
from kit.email_addresses import email_address_of
from kit.errors import Invalid

RESENDS: Final = 3
RESEND_SECONDS: Final = 3600
"""How many mails an address may get in this time by whoever asks for them."""


@sensitive_variables("link_secret", "digest")
def activate_account(*, link_secret: str, digest: str | None, name: str = "") -> None:
    """Activate an account, or join the workspace with one that is active already.

    Args:
        link_secret: from the mail.
        digest: 40 hex digits; not needed by an account that is active already.
        name: of a new account; the one in the invitation unless given.

    Raises:
        LinkRefused: the link opens nothing.
        Invalid: name or password.
        Conflict: the account is suspended, is a member already, or the package is full by now.
    """
    try:
        invitation = invitation_of(link_secret)
    except signed_links.LinkRefused:
        # Neither an invitation nor a verification: the second call refuses it.
        if digest is None:
            verification_of(link_secret)
            raise _no_password() from None
        verify_user(link_secret=link_secret, digest=digest)
        return
    accept_invitation(link_secret=link_secret, name=name or invitation.name, digest=digest)


def _no_password() -> Invalid:
    return Invalid(_("Choose a password."), field="password", code="required")


@retried
def resend_activation(*, email: str, invitation_link: LinkMaker, verification_link: LinkMaker) -> None:
    """Send the mail by which an account is activated, or joins a workspace (event 40, or 36); else nothing.

    Whoever asks learns nothing, and the mail goes to the mailbox alone; an address gets three an hour. An invitation
    keeps its time: only who invited may give it a new one. One that was made without a mail gets its first one here.

    Args:
        email: in any case.
        invitation_link: makes the address of an invitation.
        verification_link: makes the address that verifies a sign-up.
    """
    address = email_address_of(email)
    if not address or not limits.may(f"activation-mail:{address[:254]}", RESENDS, RESEND_SECONDS):
        return
    found = user_by_email(address)
    if found is None or found.erased is not None:
        return
    with acting_within(ANONYMOUS), action():
        user = lock_user(found.pk)
        if user.status == User.Status.SUSPENDED:
            return
        if user.status == User.Status.ACTIVATION_PENDING:
            own = Workspace.objects.filter(super_admin=user).values_list("pk", flat=True).first()
            if own is None and user.memberships.exists():
                # A member whose address was changed.
                own = user.default_workspace_id
            if own is not None:
                ask_to_verify(user, own, verification_link)
                return
        now = current_context().now()
        waiting = user.invitations.filter(accepted__isnull=True, withdrawn__isnull=True, expires__gt=now)
        invitation = waiting.select_related("workspace", "user", "inviter").order_by("-sent").first()
        if invitation is not None:
            send_invitation(invitation, invitation.workspace, invitation_link)
