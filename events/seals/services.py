"""What is done to seals: sealing, on a schedule or at once, and who gets the daily mail."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from accounts.signals import SettingChange
from events.seals import checkpoints, sealer
from events.seals.models import SealLog
from kit.action import action, retried
from kit.errors import Invalid

MOST_ADDRESSES: Final = 5


def seal_now(*, seconds: float | None = None, wait: float = sealer.LONGEST_WAIT) -> tuple[int, int]:
    """Give every settled event its place and sign what came of it; returns how many events, how many checkpoints.

    Nothing is signed while settled events wait for their places: a checkpoint says that all before it is in.

    Args:
        seconds: begin no further piece after this time; all of it when left out.
        wait: seconds to wait for writers whose events are not committed yet.
    """
    sealed = sealer.seal(seconds=seconds, wait=wait)
    return sealed.events, checkpoints.write_checkpoints() if sealed.complete else 0


@retried
def set_mail_to(*, workspace_id: int, addresses: list[str]) -> None:
    """Say who gets the newest checkpoint of a workspace by mail once a day (event 10040, with their number).

    Args:
        workspace_id: whose log.
        addresses: at most five; none for no mail.

    Raises:
        NotFound, Forbidden: the actor may not change this workspace.
        Invalid: an address is none, there are too many, or nothing is sealed yet; `field` is "addresses".
    """
    authorise(workspace_id, Permission.WORKSPACE_UPDATE)
    wanted = list(dict.fromkeys(address.strip().lower() for address in addresses if address.strip()))
    if len(wanted) > MOST_ADDRESSES:
        raise Invalid(_("Name at most %(most)s addresses.") % {"most": MOST_ADDRESSES}, field="addresses")
    for address in wanted:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Invalid(_("“%(address)s” is no e-mail address.") % {"address": address}, field="addresses") from error
    with action():
        log = SealLog.objects.select_for_update().filter(workspace_id=workspace_id).first()
        if log is None:
            raise Invalid(_("Nothing is sealed here yet. Try again in a minute."), field="addresses")
        if log.mail_to == wanted:
            return
        # Addresses are personal data, and what the log says once it says for good: so it says how many.
        old, new = (f"{len(each)} addresses" for each in (log.mail_to, wanted))
        log.mail_to = wanted
        log.save(update_fields=["mail_to"])
        change = SettingChange(field="seal_mail", label="Daily mail of the seals", old=old, new=new)
        signals.workspace_settings_changed.send(sender=Workspace, workspace_id=workspace_id, changes=[change])
