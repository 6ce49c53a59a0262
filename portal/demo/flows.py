"""People who come and go by mail, support access, requests, billing, and what else happens once or twice in a month."""

from __future__ import annotations

from functools import partial

from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone

from accounts.models import CompanyDetails, Invitation, SupportAccess, User, WorkspaceRequest
from accounts.people.services.erasure import erase_user
from accounts.people.services.invitations import (
    accept_invitation,
    invite_user,
    link_secret_of,
    resend_invitation,
    withdraw_invitation,
)
from accounts.people.services.members import remove_member
from accounts.people.services.verification import verify_user
from accounts.sign_in.one_time_codes import code_of, counter_at
from accounts.sign_in.services.password_reset import request_password_reset
from accounts.sign_in.services.second_factors import activate_second_factor, remove_second_factor, start_second_factor
from accounts.sign_up.services import sign_up
from accounts.support.services import end_overdue, end_support_access, start_support_access
from accounts.tokens.services import describe_application_token
from accounts.workspaces.services.company import update_billing
from accounts.workspaces.services.request_answers import create_requested_workspace, decline_workspace_request
from accounts.workspaces.services.requests import request_workspace
from kit.context import current_context
from portal.demo import cast
from portal.demo.stage import Stage
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.connectivity.services.messages import SmsText, send_sms
from sims.models import Device
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.factory_test_watch import note_check, note_ranges, ranges_in_test, tell_lateness, watch_only

HEATHMILL = "Heathmill Beekeeping"
_EMPTY_RANGE = 1
"""A range of SIM ids, beyond those of the demo, whose check is said to be late."""
_FIRST_NETWORK, _SECOND_NETWORK = 20404, 20408


def write_flows(stage: Stage) -> None:
    """Add the acts."""
    _write_sign_up(stage)
    _write_invitations(stage)
    _write_second_factor(stage)
    _write_support(stage)
    _write_requests(stage)
    _write_rest(stage)


def _link(_key: str) -> str:
    """Return an address for a mail that nobody is sent."""
    return "https://portal.example.com/"


# --- by mail ---


def _write_sign_up(stage: Stage) -> None:
    at = stage.calendar.at
    stage.add(at(17, 18, 52), "visitor:nils", partial(_sign_up, stage))
    stage.add(at(17, 18, 58, 20), "visitor:nils", partial(_verify, stage))
    stage.add(at(20, 7, 58), "visitor:jonas", partial(_ask_for_password, stage, "jonas"))


def _sign_up(stage: Stage) -> None:
    person = cast.GUESTS["nils"]
    secrets: list[str] = []

    def link(secret: str) -> str:
        secrets.append(secret)
        return _link(secret)

    sign_up(email=person.email, name=person.name, organisation=HEATHMILL, link=link, sign_in_url=_link(""))
    stage.link_secrets["nils"] = secrets[-1]
    stage.users["nils"] = User.objects.get(email=person.email)


def _verify(stage: Stage) -> None:
    stage.users["nils"] = verify_user(link_secret=stage.link_secrets["nils"], choose=_no_password)


def _no_password(user: User) -> None:
    """Choose a password that nobody knows: guests of the demo don't sign in."""
    user.set_unusable_password()


def _ask_for_password(stage: Stage, person: str) -> None:
    user = stage.users[person]
    secret = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    request_password_reset(user=user, link_secret=secret, link=_link(secret))


def _write_invitations(stage: Stage) -> None:
    at, end = stage.calendar.at, stage.calendar.today
    stage.add(at(7, 9, 12), "marco", partial(_invite, stage, "water", "lena", cast.USER))
    # The first mail was overlooked.
    stage.add(at(9, 8, 31), "marco", partial(_resend, stage, "water", "lena"))
    stage.add(at(9, 8, 47), "visitor:lena", partial(_accept, stage, "water", "lena"))
    # Into a workspace of another customer, and out of it again.
    stage.add(at(14, 11, 15), "hugo", partial(_invite, stage, "cold", "lena", cast.OBSERVER))
    stage.add(at(14, 11, 40), "visitor:lena", partial(_accept, stage, "cold", "lena"))
    stage.add(at(22, 16, 4), "amara", partial(_remove, stage, "cold", "lena"))
    # One that ran out, one that was withdrawn, one that waits.
    stage.add(at(6, 14, 20), "marco", partial(_invite, stage, "water", "omar", cast.OBSERVER))
    stage.add(at(8, 10, 2), "hugo", partial(_invite, stage, "cold", "yusuf", cast.USER))
    stage.add(at(8, 10, 9), "hugo", partial(_withdraw, stage, "cold", "yusuf"))
    stage.add(at(end - 2, 15, 33), "amara", partial(_invite, stage, "cold", "greta", cast.USER))


def _invite(stage: Stage, workspace: str, person: str, role: str) -> None:
    guest = cast.GUESTS[person]
    invite_user(workspace_id=stage.workspaces[workspace], email=guest.email, name=guest.name, role=role, link=_link)
    stage.users[person] = User.objects.get(email=guest.email)


def _invitation(stage: Stage, workspace: str, person: str) -> Invitation:
    return Invitation.objects.of(stage.workspaces[workspace]).filter(user=stage.users[person]).latest("pk")


def _resend(stage: Stage, workspace: str, person: str) -> None:
    invitation = _invitation(stage, workspace, person)
    resend_invitation(workspace_id=invitation.workspace_id, invitation_id=invitation.pk, link=_link)


def _withdraw(stage: Stage, workspace: str, person: str) -> None:
    invitation = _invitation(stage, workspace, person)
    withdraw_invitation(workspace_id=invitation.workspace_id, invitation_id=invitation.pk)


def _accept(stage: Stage, workspace: str, person: str) -> None:
    secret = link_secret_of(_invitation(stage, workspace, person))
    accept_invitation(link_secret=secret, name=cast.GUESTS[person].name, choose=_no_password)
    stage.users[person].refresh_from_db()
    stage.forget_actors()


def _remove(stage: Stage, workspace: str, person: str) -> None:
    remove_member(workspace_id=stage.workspaces[workspace], user_id=stage.users[person].pk)
    stage.forget_actors()


# --- at the door ---


def _write_second_factor(stage: Stage) -> None:
    at = stage.calendar.at
    stage.add(at(10, 9, 30), "lena", partial(_set_up_factor, stage, "lena"))
    # The telephone is lost; the next one is set up the day after.
    stage.add(at(18, 13, 50), "tobias", partial(_take_factor, stage, "lena"))
    stage.add(at(19, 8, 14), "lena", partial(_set_up_factor, stage, "lena"))


def _set_up_factor(stage: Stage, person: str) -> None:
    user_id = stage.users[person].pk
    key = start_second_factor(user_id=user_id)
    code = code_of(key.secret, counter_at(current_context().now().timestamp()))
    activate_second_factor(user_id=user_id, key_id=key.row.pk, code=code)


def _take_factor(stage: Stage, person: str) -> None:
    """Let staff do it: an Administrator can't, while the person is in another customer's workspace too."""
    remove_second_factor(workspace_id=None, user_id=stage.users[person].pk)


def _write_support(stage: Stage) -> None:
    at = stage.calendar.at
    stage.add(
        at(11, 13, 10), "alma", partial(_enter, stage, "cold", "amara", "Ticket 4711: reefers lose their connection")
    )
    stage.add(at(11, 13, 38), "alma", partial(_leave, stage, "alma"))
    stage.add(at(23, 9, 5), "tobias", partial(_enter, stage, "bikes", "oskar", "Ticket 4786: question about an order"))
    # Nobody left, so the time ran out.
    stage.add(at(23, 10, 6), "schedule", end_overdue)


def _enter(stage: Stage, workspace: str, person: str, reason: str) -> None:
    start_support_access(workspace_id=stage.workspaces[workspace], user_id=stage.users[person].pk, reason=reason)


def _leave(stage: Stage, staff: str) -> None:
    access = SupportAccess.objects.get(staff=stage.users[staff], ended=None)
    end_support_access(access_id=access.pk)


# --- between customer and operator ---


def _write_requests(stage: Stage) -> None:
    at, end = stage.calendar.at, stage.calendar.today
    text = "We need a second workspace for containers that come back for repair."
    stage.add(at(8, 15, 20), "hugo", partial(_ask, stage, "new", text))
    stage.add(at(10, 9, 10), "alma", partial(_make, stage, "Kestrel Returns", "Starter EUR"))
    stage.add(at(15, 10, 0), "hugo", partial(_ask, stage, "new", "One for each of our 40 drivers, please."))
    stage.add(at(16, 8, 35), "alma", partial(_decline, stage, "Drivers can share one workspace: invite them as users."))
    text = f"We have taken over {HEATHMILL}. Please link their workspace to ours."
    stage.add(at(end - 1, 14, 12), "hugo", partial(_ask, stage, "linked", text))
    stage.add(at(8, 13, 30), "hugo", partial(_bill, stage, "cold", "bills@kestrel.example.org"))
    stage.add(at(9, 9, 0), "alma", partial(_terms, stage, "cold"))


def _ask(stage: Stage, kind: str, text: str) -> None:
    request_workspace(
        workspace_id=stage.workspaces["cold"], kind=kind, contact_email=cast.PEOPLE["hugo"].email, text=text
    )


def _waiting() -> int:
    return WorkspaceRequest.objects.get(status=WorkspaceRequest.Status.OPEN).pk


def _make(stage: Stage, name: str, package: str) -> None:
    create_requested_workspace(
        request_id=_waiting(),
        name=name,
        package_id=stage.packages[package],
        data_plan_ids=[stage.plans["Global Basic"]],
    )
    stage.forget_actors()


def _decline(_stage: Stage, answer: str) -> None:
    decline_workspace_request(request_id=_waiting(), answer=answer)


def _bill(stage: Stage, workspace: str, email: str) -> None:
    update_billing(
        workspace_id=stage.workspaces[workspace], changes={"vatin": "CHE-123.456.788", "invoice_email": email}
    )


def _terms(stage: Stage, workspace: str) -> None:
    terms = {"payment_term": CompanyDetails.PaymentTerm.DAYS_30}
    update_billing(workspace_id=stage.workspaces[workspace], changes=terms)


# --- the rest ---


def _write_rest(stage: Stage) -> None:
    at = stage.calendar.at
    stage.add(at(12, 10, 25), "daan", partial(_block, stage, "delta", _FIRST_NETWORK))
    stage.add(at(12, 10, 26), "daan", partial(_block, stage, "delta", _SECOND_NETWORK))
    stage.add(at(21, 9, 50), "daan", partial(_allow, stage, "delta", _SECOND_NETWORK))
    stage.add(at(13, 11, 5), "ben", partial(_message, stage, "cold", "REPORT NOW"))
    stage.add(at(18, 6, 30), "app:cold", partial(_message, stage, "cold", "SET INTERVAL 900"))
    stage.add(at(16, 9, 15), "marco", partial(_describe, stage, "water", "Meter head-end, second site"))
    stage.add(at(17, 9, 15), "marco", partial(_describe, stage, "water", cast.CUSTOMERS["water"].program))
    stage.add(at(24, 3, 20), "schedule", _checks_are_late)
    stage.add(at(24, 3, 41), "schedule", _checks_are_on_time)
    # Somebody who has left asks that nothing of them be kept.
    stage.add(at(26, 9, 30), "alma", partial(_erase, stage, "petra"))


def _device_in_use(stage: Stage, workspace: str) -> int:
    devices = Device.objects.of(stage.workspaces[workspace]).order_by("pk")
    return devices.filter(status=DeviceStatus.ENABLED, sim__status=SimStatus.ACTIVATED).values_list("pk", flat=True)[0]


def _block(stage: Stage, workspace: str, operator_id: int) -> None:
    device_id = stage.devices[workspace][3]
    block_operator(workspace_id=stage.workspaces[workspace], device_id=device_id, operator_id=operator_id)


def _allow(stage: Stage, workspace: str, operator_id: int) -> None:
    device_id = stage.devices[workspace][3]
    allow_operator(workspace_id=stage.workspaces[workspace], device_id=device_id, operator_id=operator_id)


def _message(stage: Stage, workspace: str, text: str) -> None:
    send_sms(
        workspace_id=stage.workspaces[workspace], device_id=_device_in_use(stage, workspace), sms=SmsText(payload=text)
    )


def _describe(stage: Stage, workspace: str, text: str) -> None:
    describe_application_token(
        workspace_id=stage.workspaces[workspace], token_id=stage.tokens[workspace].pk, description=text
    )
    stage.tokens[workspace].refresh_from_db()
    stage.forget_actors()


def _checks_are_late() -> None:
    """Say that a range waits for its check since twenty minutes: a worker stood still."""
    note_ranges([_EMPTY_RANGE], current_context().now().replace(minute=0))
    tell_lateness()


def _checks_are_on_time() -> None:
    note_check(_EMPTY_RANGE, current_context().now())
    tell_lateness()
    # Only ranges with SIMs in test are watched on.
    watch_only(ranges_in_test(), timezone.now())


def _erase(stage: Stage, person: str) -> None:
    erase_user(user_id=stage.users[person].pk)
    stage.forget_actors()
