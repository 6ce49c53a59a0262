"""People who come and go by mail, support access, requests, billing, and what else happens once or twice in a month."""

from __future__ import annotations

from functools import partial
from secrets import token_hex

from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone

from accounts.models import CompanyDetails, Invitation, SupportAccess, User, Workspace, WorkspaceRequest
from accounts.packages.services.subscriptions import set_subscription
from accounts.packages.services.trials import settle_trials
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
from portal.demo import master_data
from portal.demo.past import Past
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.connectivity.services.messages import SmsText, send_sms
from sims.models import Device
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.factory_test_watch import note_check, note_ranges, ranges_in_test, tell_lateness, watch_only

HEATHMILL = "Heathmill Beekeeping"
_EMPTY_RANGE = 1
"""A range of SIM ids, beyond those of the demo, whose check is said to be late."""
_FIRST_NETWORK, _SECOND_NETWORK = 20404, 20408


def write_invitations_and_requests(past: Past) -> None:
    """Add the acts."""
    _write_sign_up(past)
    _write_invitations(past)
    _write_second_factor(past)
    _write_support(past)
    _write_requests(past)
    _write_rest(past)


def _link(_key: str) -> str:
    """Return an address for a mail that nobody is sent."""
    return "https://portal.example.com/"


# --- by mail ---


def _write_sign_up(past: Past) -> None:
    at = past.calendar.at
    past.add(at(17, 18, 52), "visitor:nils", partial(_sign_up, past))
    past.add(at(18, 10, 31), "alma", partial(_to_dollars, past))
    # The trial is told to end a week before, a day before, and at its end.
    for day in (19, 25, 26):
        past.add(at(day, 10, 32), "schedule", settle_trials)
    past.add(at(17, 18, 58, 20), "visitor:nils", partial(_verify, past))
    past.add(at(20, 7, 58), "visitor:jonas", partial(_ask_for_password, past, "jonas"))


def _sign_up(past: Past) -> None:
    person = master_data.GUESTS["nils"]
    secrets: list[str] = []

    def link(secret: str) -> str:
        secrets.append(secret)
        return _link(secret)

    sign_up(email=person.email, name=person.name, organisation=HEATHMILL, link=link, sign_in_url=_link(""))
    past.link_secrets["nils"] = secrets[-1]
    past.users["nils"] = User.objects.get(email=person.email)


def _to_dollars(past: Past) -> None:
    """The new customer pays in dollars: package, plan and currency change together."""
    workspace = Workspace.objects.get(name=HEATHMILL)
    set_subscription(
        workspace_id=workspace.pk,
        package_id=past.packages["Trial USD"],
        data_plan_ids=[past.plans["Global Basic USD"]],
        currency="USD",
    )


def _verify(past: Past) -> None:
    past.users["nils"] = verify_user(link_secret=past.link_secrets["nils"], digest=_unknown_password())


def _unknown_password() -> str:
    """Return the digest of a password that nobody knows: guests of the demo don't sign in."""
    return token_hex(20)


def _ask_for_password(past: Past, person: str) -> None:
    user = past.users[person]
    secret = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    request_password_reset(user=user, link=_link(secret))


def _write_invitations(past: Past) -> None:
    at, end = past.calendar.at, past.calendar.today
    past.add(at(7, 9, 12), "marco", partial(_invite, past, "water", "lena", master_data.USER))
    # The first mail was overlooked.
    past.add(at(9, 8, 31), "marco", partial(_resend, past, "water", "lena"))
    past.add(at(9, 8, 47), "visitor:lena", partial(_accept, past, "water", "lena"))
    # Into a workspace of another customer, and out of it again.
    past.add(at(14, 11, 15), "hugo", partial(_invite, past, "cold", "lena", master_data.OBSERVER))
    past.add(at(14, 11, 40), "visitor:lena", partial(_accept, past, "cold", "lena"))
    past.add(at(22, 16, 4), "amara", partial(_remove, past, "cold", "lena"))
    # One that ran out, one that was withdrawn, one that waits.
    past.add(at(6, 14, 20), "marco", partial(_invite, past, "water", "omar", master_data.OBSERVER))
    past.add(at(8, 10, 2), "hugo", partial(_invite, past, "cold", "yusuf", master_data.USER))
    past.add(at(8, 10, 9), "hugo", partial(_withdraw, past, "cold", "yusuf"))
    past.add(at(end - 2, 15, 33), "amara", partial(_invite, past, "cold", "greta", master_data.USER))


def _invite(past: Past, workspace: str, person: str, role: str) -> None:
    guest = master_data.GUESTS[person]
    invite_user(workspace_id=past.workspaces[workspace], email=guest.email, name=guest.name, role=role, link=_link)
    past.users[person] = User.objects.get(email=guest.email)


def _invitation(past: Past, workspace: str, person: str) -> Invitation:
    return Invitation.objects.of(past.workspaces[workspace]).filter(user=past.users[person]).latest("pk")


def _resend(past: Past, workspace: str, person: str) -> None:
    invitation = _invitation(past, workspace, person)
    resend_invitation(workspace_id=invitation.workspace_id, invitation_id=invitation.pk, link=_link)


def _withdraw(past: Past, workspace: str, person: str) -> None:
    invitation = _invitation(past, workspace, person)
    withdraw_invitation(workspace_id=invitation.workspace_id, invitation_id=invitation.pk)


def _accept(past: Past, workspace: str, person: str) -> None:
    secret = link_secret_of(_invitation(past, workspace, person))
    accept_invitation(link_secret=secret, name=master_data.GUESTS[person].name, digest=_unknown_password())
    past.users[person].refresh_from_db()
    past.forget_actors()


def _remove(past: Past, workspace: str, person: str) -> None:
    remove_member(workspace_id=past.workspaces[workspace], user_id=past.users[person].pk)
    past.forget_actors()


# --- at the door ---


def _write_second_factor(past: Past) -> None:
    at = past.calendar.at
    past.add(at(10, 9, 30), "lena", partial(_set_up_factor, past, "lena"))
    # The telephone is lost; the next one is set up the day after.
    past.add(at(18, 13, 50), "tobias", partial(_take_factor, past, "lena"))
    past.add(at(19, 8, 14), "lena", partial(_set_up_factor, past, "lena"))


def _set_up_factor(past: Past, person: str) -> None:
    user_id = past.users[person].pk
    key = start_second_factor(user_id=user_id)
    code = code_of(key.secret, counter_at(current_context().now().timestamp()))
    activate_second_factor(user_id=user_id, key_id=key.row.pk, code=code)


def _take_factor(past: Past, person: str) -> None:
    """Let staff do it: an Administrator can't, while the person is in another customer's workspace too."""
    remove_second_factor(workspace_id=None, user_id=past.users[person].pk)


def _write_support(past: Past) -> None:
    at = past.calendar.at
    past.add(
        at(11, 13, 10), "alma", partial(_enter, past, "cold", "amara", "Ticket 4711: reefers lose their connection")
    )
    past.add(at(11, 13, 38), "alma", partial(_leave, past, "alma"))
    past.add(at(23, 9, 5), "tobias", partial(_enter, past, "bikes", "oskar", "Ticket 4786: question about an order"))
    # Nobody left, so the time ran out.
    past.add(at(23, 10, 6), "schedule", end_overdue)


def _enter(past: Past, workspace: str, person: str, reason: str) -> None:
    start_support_access(workspace_id=past.workspaces[workspace], user_id=past.users[person].pk, reason=reason)


def _leave(past: Past, staff: str) -> None:
    access = SupportAccess.objects.get(staff=past.users[staff], ended=None)
    end_support_access(access_id=access.pk)


# --- between customer and operator ---


def _write_requests(past: Past) -> None:
    at, end = past.calendar.at, past.calendar.today
    text = "We need a second workspace for containers that come back for repair."
    past.add(at(8, 15, 20), "hugo", partial(_ask, past, "new", text))
    past.add(at(10, 9, 10), "alma", partial(_make, past, "Kestrel Returns", "Starter EUR"))
    past.add(at(15, 10, 0), "hugo", partial(_ask, past, "new", "One for each of our 40 drivers, please."))
    past.add(at(16, 8, 35), "alma", partial(_decline, past, "Drivers can share one workspace: invite them as users."))
    text = f"We have taken over {HEATHMILL}. Please link their workspace to ours."
    past.add(at(end - 1, 14, 12), "hugo", partial(_ask, past, "linked", text))
    past.add(at(8, 13, 30), "hugo", partial(_bill, past, "cold", "bills@kestrel.example.org"))
    past.add(at(9, 9, 0), "alma", partial(_terms, past, "cold"))


def _ask(past: Past, kind: str, text: str) -> None:
    request_workspace(
        workspace_id=past.workspaces["cold"], kind=kind, contact_email=master_data.PEOPLE["hugo"].email, text=text
    )


def _waiting() -> int:
    return WorkspaceRequest.objects.get(status=WorkspaceRequest.Status.OPEN).pk


def _make(past: Past, name: str, package: str) -> None:
    create_requested_workspace(
        request_id=_waiting(),
        name=name,
        package_id=past.packages[package],
        data_plan_ids=[past.plans["Global Basic"]],
    )
    past.forget_actors()


def _decline(_past: Past, answer: str) -> None:
    decline_workspace_request(request_id=_waiting(), answer=answer)


def _bill(past: Past, workspace: str, email: str) -> None:
    update_billing(
        workspace_id=past.workspaces[workspace], changes={"vatin": "CHE-123.456.788", "invoice_email": email}
    )


def _terms(past: Past, workspace: str) -> None:
    terms = {"payment_term": CompanyDetails.PaymentTerm.DAYS_30}
    update_billing(workspace_id=past.workspaces[workspace], changes=terms)


# --- the rest ---


def _write_rest(past: Past) -> None:
    at = past.calendar.at
    past.add(at(12, 10, 25), "daan", partial(_block, past, "delta", _FIRST_NETWORK))
    past.add(at(12, 10, 26), "daan", partial(_block, past, "delta", _SECOND_NETWORK))
    past.add(at(21, 9, 50), "daan", partial(_allow, past, "delta", _SECOND_NETWORK))
    past.add(at(13, 11, 5), "ben", partial(_message, past, "cold", "REPORT NOW"))
    past.add(at(18, 6, 30), "app:cold", partial(_message, past, "cold", "SET INTERVAL 900"))
    past.add(at(16, 9, 15), "marco", partial(_describe, past, "water", "Meter head-end, second site"))
    past.add(at(17, 9, 15), "marco", partial(_describe, past, "water", master_data.CUSTOMERS["water"].program))
    past.add(at(24, 3, 20), "schedule", _checks_are_late)
    past.add(at(24, 3, 41), "schedule", _checks_are_on_time)
    # Somebody who has left asks that nothing of them be kept.
    past.add(at(26, 9, 30), "alma", partial(_erase, past, "petra"))


def _device_in_use(past: Past, workspace: str) -> int:
    devices = Device.objects.of(past.workspaces[workspace]).order_by("pk")
    return devices.filter(status=DeviceStatus.ENABLED, sim__status=SimStatus.ACTIVATED).values_list("pk", flat=True)[0]


def _block(past: Past, workspace: str, operator_id: int) -> None:
    device_id = past.devices[workspace][3]
    block_operator(workspace_id=past.workspaces[workspace], device_id=device_id, operator_id=operator_id)


def _allow(past: Past, workspace: str, operator_id: int) -> None:
    device_id = past.devices[workspace][3]
    allow_operator(workspace_id=past.workspaces[workspace], device_id=device_id, operator_id=operator_id)


def _message(past: Past, workspace: str, text: str) -> None:
    send_sms(
        workspace_id=past.workspaces[workspace],
        device_id=_device_in_use(past, workspace),
        sms=SmsText(payload=text),
    )


def _describe(past: Past, workspace: str, text: str) -> None:
    describe_application_token(
        workspace_id=past.workspaces[workspace], token_id=past.tokens[workspace].pk, description=text
    )
    past.tokens[workspace].refresh_from_db()
    past.forget_actors()


def _checks_are_late() -> None:
    """Say that a range waits for its check since twenty minutes: a worker stood still."""
    note_ranges([_EMPTY_RANGE], current_context().now().replace(minute=0))
    tell_lateness()


def _checks_are_on_time() -> None:
    note_check(_EMPTY_RANGE, current_context().now())
    tell_lateness()
    # Only ranges with SIMs in test are watched on.
    watch_only(ranges_in_test(), timezone.now())


def _erase(past: Past, person: str) -> None:
    erase_user(user_id=past.users[person].pk)
    past.forget_actors()
