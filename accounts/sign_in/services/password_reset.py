"""A forgotten password: the mail with the link, and the new password (events 37 and 10023)."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import mails, signals
from accounts.actors import actor_of
from accounts.authority import require_over
from accounts.locking import lock_user
from accounts.mail_links import LinkMaker
from accounts.models import User
from accounts.permissions import authorise_staff
from accounts.selectors import home_workspace_id, person_of
from accounts.sign_in.services.passwords import set_user_password
from kit.action import action, retried
from kit.context import ANONYMOUS, ActorKind, acting_within, current_actor, current_context
from kit.errors import Conflict


@retried
def send_password_reset(*, user_id: int, link: LinkMaker) -> None:
    """Send somebody the mail with a link to a new password (event 37), as staff asked to help.

    Only the owner of the mailbox learns the password: staff who need to see what a customer sees enter as support.

    Args:
        user_id: whose.
        link: makes the address from the secret `uid-key`.

    Raises:
        Forbidden: somebody else than staff who may change users asks, or other than a superuser about staff.
        NotFound: there is no such user.
        Conflict: the account is not active, or was erased.
    """
    authorise_staff("accounts.change_user")
    with action():
        user = lock_user(user_id)
        require_over(user)
        if not user.is_active:
            raise Conflict(_("Only an active account gets a new password."), code="not_active")
        link_secret = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
        _send(user, link(link_secret))


@retried
@sensitive_variables("link")
def request_password_reset(*, user: User, link: str) -> None:
    """Send the mail with a link to a new password (event 37).

    Args:
        user: whose; only an active account is asked for.
        link: its address, which holds the secret.
    """
    with acting_within(ANONYMOUS), action():
        _send(user, link)


@sensitive_variables("link")
def _send(user: User, link: str) -> None:
    context = current_context()
    # Where staff sit is not the customer's business, who reads this row.
    theirs = current_actor().kind == ActorKind.ANONYMOUS
    signals.password_reset_requested.send(
        sender=User,
        workspace_id=home_workspace_id(user),
        subject=person_of(user),
        ip=(context.ip or "") if theirs else "",
        user_agent=context.user_agent if theirs else "",
    )
    mails.send_later("password_reset", user.email, {"user": user, "link": link})


@sensitive_variables("password")
def reset_password(*, user: User, password: str) -> None:
    """Give an account the password its owner chose by the link of a mail (event 10023); all its sessions end.

    Args:
        user: whose; the link has shown that the mailbox is theirs.
        password: plain text.

    Raises:
        Invalid: it is too weak; the text says why.
    """
    with acting_within(actor_of(user)):
        set_user_password(user_id=user.pk, password=password)
