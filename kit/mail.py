"""Mails that leave the portal: written with the change that causes them, sent by a worker, tried again until they go.

A row is a mail that is not sent yet; sending removes it, and with it the address and the links it holds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.context import current_actor, current_context
from kit.errors import Forbidden
from kit.models import OutgoingMail
from kit.wakeups import wake_worker

logger = logging.getLogger(__name__)

RETRY_RIGHT: Final = "kit.change_outgoingmail"
FIRST_WAIT: Final = timedelta(minutes=1)
"""Until the second attempt; each further one waits twice as long, at most `LONGEST_WAIT`."""
LONGEST_WAIT: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(hours=24)
KEPT_FOR: Final = timedelta(days=30)
"""How long staff can see and repeat a mail that was given up; it holds an address and may hold a link."""
AT_ONCE: Final = 100
"""Mails that one sweep looks at."""


class Letter(NamedTuple):
    """A plain-text mail.

    Args:
        to: addresses; without any nothing is sent.
        subject: line breaks in it, as in a workspace's name, do not become headers.
        body: plain text.
    """

    to: Sequence[str]
    subject: str
    body: str


def post(letters: Iterable[Letter]) -> None:
    """Send mails after the running transaction. One query; a mail server that fails undoes nothing.

    Nobody is told of the demo's past: its moments are set, and its addresses are made up.

    Args:
        letters: in the order to send them.
    """
    if current_context().moment is not None:
        return
    mails = OutgoingMail.objects.bulk_create(
        OutgoingMail(to=list(letter.to), subject=" ".join(letter.subject.split()), body=letter.body)
        for letter in letters
        if letter.to
    )

    def wake_all() -> None:
        for mail in mails:
            wake(mail.pk)

    # A function and not a `partial`: Django names what failed by its `__qualname__`.
    transaction.on_commit(wake_all, robust=True)


def wake(mail_id: int) -> None:
    """Ask a worker to send a mail; losing this loses nothing, the sweep asks again.

    Args:
        mail_id: id of the `OutgoingMail`.
    """
    wake_worker("kit.send_mail", mail_id)


def due() -> list[int]:
    """Return the ids of mails to try now, the longest waiting first."""
    now = timezone.now()
    open_mails = OutgoingMail.objects.filter(given_up=False, next_attempt__lte=now)
    return list(open_mails.order_by("next_attempt", "pk").values_list("pk", flat=True)[:AT_ONCE])


# untold: delivery state
def send(mail_id: int) -> bool:
    """Try to send a mail, unless somebody else is at it; returns whether it went.

    A worker that dies between sending and removing the row sends it twice: better than never.

    Args:
        mail_id: id of the `OutgoingMail`.
    """
    now = timezone.now()
    mail = OutgoingMail.objects.filter(pk=mail_id, given_up=False, next_attempt__lte=now).first()
    if mail is None:
        return False
    wait = min(FIRST_WAIT * 2 ** min(mail.attempts, 10), LONGEST_WAIT)
    claimed = OutgoingMail.objects.filter(pk=mail_id, attempts=mail.attempts).update(
        attempts=mail.attempts + 1, next_attempt=now + wait, claimed=now
    )
    if not claimed:
        return False
    try:
        EmailMessage(mail.subject, mail.body, None, mail.to).send()
    except Exception as error:
        # Whatever it is, the mails behind this one must go. The class says what happened (refused, timed out, …);
        # the server's text may quote addresses.
        what = type(error).__name__
        over = now - mail.since >= GIVEN_UP_AFTER
        OutgoingMail.objects.filter(pk=mail_id).update(error=what, given_up=over)
        logger.warning("Mail %s was not sent (attempt %s): %s", mail_id, mail.attempts + 1, what)
        return False
    mail.delete()
    return True


def retry(mail_ids: Iterable[int]) -> int:
    """Have mails tried now, those given up too, with a day more to go; returns how many.

    Args:
        mail_ids: ids of `OutgoingMail` rows; what went in the meantime, or is being sent, is left out.

    Raises:
        Forbidden: neither the portal itself nor staff who may change mails.
    """
    if not current_actor().holds(RETRY_RIGHT):
        raise Forbidden(_("Your staff role does not allow sending mails again."), permission=RETRY_RIGHT)
    now = timezone.now()
    # A claim stands for at least `FIRST_WAIT`: whoever claimed it less than half of that ago may be sending.
    idle = Q(given_up=True) | Q(claimed=None) | Q(claimed__lt=now - FIRST_WAIT / 2)
    found = list(OutgoingMail.objects.filter(idle, pk__in=list(mail_ids)).values_list("pk", flat=True))
    OutgoingMail.objects.filter(idle, pk__in=found).update(given_up=False, attempts=0, since=now, next_attempt=now)
    for pk in found:
        wake(pk)
    return len(found)


def drop_old() -> int:
    """Remove mails that were given up long ago; returns how many."""
    return OutgoingMail.objects.filter(given_up=True, since__lt=timezone.now() - KEPT_FOR).delete()[0]


def forget(addresses: Iterable[str]) -> int:
    """Drop the waiting mails to any of these addresses; returns how many.

    Args:
        addresses: in any case.
    """
    wanted = {address.lower() for address in addresses}
    # Few rows wait, and JSON is compared differently by each database.
    found = [
        pk for pk, to in OutgoingMail.objects.values_list("pk", "to") if wanted & {address.lower() for address in to}
    ]
    OutgoingMail.objects.filter(pk__in=found).delete()
    return len(found)
