"""Texts of one line have one form, and names can't be mistaken for the log's own words or for others, at every door.

`docs/rules.md` sections 11 and 20.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from accounts.actors import actor_of, staff_actor
from accounts.models import (
    ApplicationToken,
    CompanyDetails,
    Invitation,
    PlatformPackage,
    SupportAccess,
    User,
    Workspace,
)
from accounts.packages.services.catalogue import create_package, update_package
from accounts.people.services.invitations import accept_invitation, invite_user, link_secret_of
from accounts.people.services.members import add_member
from accounts.people.services.profiles import change_account
from accounts.people.services.staff_accounts import create_user, update_user
from accounts.sign_up.services import sign_up
from accounts.support.services import start_support_access
from accounts.tokens.services import create_application_token, describe_application_token
from accounts.workspaces.services.company import update_company
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.context import ANONYMOUS, SYSTEM, acting_as
from kit.errors import Invalid
from orders.addresses import AddressData, checked
from sims.devices.services.devices import update_devices
from sims.devices.services.tags import change_tags
from sims.models import Device, ServicePolicy
from sims.policies.services.policies import create_coverage_policy, create_service_policy, update_service_policy
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.trying import answer_of

Line = Callable[[Cast, str], Any]
"""Stores a text by one door, and returns what is stored, or the response of a refusal."""

TYPED, STORED = "  Cafe\u0301 \u00a0 Nine\r\n", "Caf\u00e9 Nine"
UNSEEN = {
    "reading direction": "Ben \u202eittehcraM",
    "zero width": "Hugo\u200bMarchetti",
    "escape": "Ben \x1b[31m",
    "nothing": "\u3164",
}


def _system(work: Callable[[], Any]) -> Any:
    with acting_as(SYSTEM):
        return work()


def _owner(cast: Cast, work: Callable[[], Any]) -> Any:
    with cast.acting(cast.owner):
        return work()


def _name(user_id: int) -> str:
    return User.objects.get(pk=user_id).name


# --- names of people ---


def own_name(cast: Cast, text: str) -> Any:
    with acting_as(actor_of(cast.member)):
        return change_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, name=text).name


def own_name_by_page(cast: Cast, text: str) -> Any:
    response = cast.client(cast.member).post(reverse("accounts:account"), {"part": "name", "name": text})
    return response if response.status_code >= 400 else _name(cast.member.pk)


def own_name_by_call(cast: Cast, text: str) -> Any:
    response = sign_in(cast.member).patch("/user/my", {"name": text})
    return response if response.status_code >= 400 else _name(cast.member.pk)


def name_by_administrator(cast: Cast, text: str) -> Any:
    return _owner(cast, lambda: change_account(workspace_id=cast.acme.pk, user_id=cast.observer.pk, name=text).name)


def name_by_administrators_call(cast: Cast, text: str) -> Any:
    response = sign_in(cast.owner).patch(f"/user/{cast.observer.pk}", {"name": text})
    return response if response.status_code >= 400 else _name(cast.observer.pk)


def name_by_staff(cast: Cast, text: str) -> Any:
    return _system(lambda: update_user(user_id=cast.member.pk, changes={"name": text}).name)


def name_by_admin_page(cast: Cast, text: str) -> Any:
    data = {"email": cast.member.email, "name": text}
    response = cast.client(cast.staff).post(f"/admin/accounts/user/{cast.member.pk}/change/", data)
    return response if response.status_code >= 400 else _name(cast.member.pk)


def new_account(cast: Cast, text: str) -> Any:
    return _system(lambda: create_user(email="new@example.com", name=text).name)


def invited(cast: Cast, text: str) -> Any:
    def work() -> str:
        made = invite_user(workspace_id=cast.acme.pk, email="new@example.com", name=text, role="User", link=str)
        assert made.name == made.user.name
        return made.name

    return _owner(cast, work)


def invited_by_page(cast: Cast, text: str) -> Any:
    data = {"email": "new@example.com", "name": text, "role": "User"}
    response = cast.client(cast.owner).post(reverse("accounts:workspace_user_invite", args=[cast.acme.pk]), data)
    return response if response.status_code >= 400 else Invitation.objects.get().name


def invited_by_call(cast: Cast, text: str) -> Any:
    body = {"username": "new@example.com", "name": text, "role": {"id": 2}}
    response = sign_in(cast.owner).call("POST", "/user/invitation", body, version=2)
    return response if response.status_code >= 400 else Invitation.objects.get().name


def joining(cast: Cast, text: str) -> Any:
    asked = _owner(
        cast,
        lambda: invite_user(workspace_id=cast.acme.pk, email="n@example.com", name="Nina", role="User", link=str),
    )
    with acting_as(ANONYMOUS):
        joined = accept_invitation(link_secret=link_secret_of(asked), name=text, password="a long new phrase")
    return joined.user.name


def signing_up(cast: Cast, text: str) -> Any:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(evaluation=True)
    with acting_as(ANONYMOUS):
        sign_up(email="new@example.com", name=text, organisation="Delta", link=str, sign_in_url="/")
    return User.objects.get(email="new@example.com").name


RENAMING: dict[str, Line] = {
    "own name": own_name,
    "portal: own name": own_name_by_page,
    "API: own name": own_name_by_call,
    "Administrator": name_by_administrator,
    "API: Administrator": name_by_administrators_call,
    "staff": name_by_staff,
    "admin: name": name_by_admin_page,
    "invitation": invited,
    "portal: invitation": invited_by_page,
    "API: invitation": invited_by_call,
    "joining": joining,
}
"""Doors to a workspace in which other people are."""
PEOPLE: dict[str, Line] = {**RENAMING, "new account": new_account, "sign-up": signing_up}

# --- descriptions of tokens ---


def token(cast: Cast, text: str) -> Any:
    return _owner(cast, lambda: create_application_token(workspace_id=cast.acme.pk, description=text).token.description)


def token_by_call(cast: Cast, text: str) -> Any:
    response = sign_in(cast.owner).post("/application_token", {"description": text})
    return response if response.status_code >= 400 else ApplicationToken.objects.get().description


def token_by_page(cast: Cast, text: str) -> Any:
    data = {"description": text, "role": "User"}
    response = cast.client(cast.owner).post(reverse("accounts:integrations", args=[cast.acme.pk]), data)
    return response if response.status_code >= 400 else ApplicationToken.objects.get().description


def token_described(cast: Cast, text: str) -> Any:
    def work() -> str:
        made = create_application_token(workspace_id=cast.acme.pk).token
        return describe_application_token(workspace_id=cast.acme.pk, token_id=made.pk, description=text).description

    return _owner(cast, work)


TOKENS: dict[str, Line] = {
    "token": token,
    "API: token": token_by_call,
    "portal: token": token_by_page,
    "token described": token_described,
}

# --- everything else ---


def workspace(cast: Cast, text: str) -> Any:
    return _system(lambda: create_workspace(name=text, package_id=cast.acme.package_id).name)


def workspace_renamed(cast: Cast, text: str) -> Any:
    return _system(lambda: update_workspace(workspace_id=cast.acme.pk, changes={"name": text}).name)


def workspace_by_customer(cast: Cast, text: str) -> Any:
    _owner(cast, lambda: update_company(workspace_id=cast.acme.pk, changes={"name": text}))
    return Workspace.objects.get(pk=cast.acme.pk).name


def workspace_of_sign_up(cast: Cast, text: str) -> Any:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(evaluation=True)
    with acting_as(ANONYMOUS):
        sign_up(email="new@example.com", name="Nora", organisation=text, link=str, sign_in_url="/")
    return Workspace.objects.latest("pk").name


def company(cast: Cast, text: str) -> Any:
    _owner(cast, lambda: update_company(workspace_id=cast.acme.pk, changes={"street": text}))
    return CompanyDetails.objects.get().street


def package(cast: Cast, text: str) -> Any:
    return _system(lambda: create_package(values={"name": text}).name)


def package_renamed(cast: Cast, text: str) -> Any:
    return _system(lambda: update_package(package_id=cast.acme.package_id, changes={"name": text}).name)


def reason(cast: Cast, text: str) -> Any:
    with acting_as(staff_actor(cast.staff)):
        start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason=text)
    return SupportAccess.objects.get().reason


def device_by_call(cast: Cast, text: str) -> Any:
    device = cast.device()
    response = sign_in(cast.owner).patch(f"/endpoint/{device.pk}", {"name": text})
    return response if response.status_code >= 400 else Device.objects.get(pk=device.pk).name


def device(cast: Cast, text: str) -> Any:
    made = cast.device()
    outcome = _owner(cast, lambda: update_devices(workspace_id=cast.acme.pk, changes={made.pk: {"name": text}}))
    if outcome.refused:
        raise Invalid(outcome.refused[0].reason, code=outcome.refused[0].code)
    return Device.objects.get(pk=made.pk).name


def tag(cast: Cast, text: str) -> Any:
    made = cast.device()
    _owner(cast, lambda: change_tags(workspace_id=cast.acme.pk, device_ids=[made.pk], add=[text]))
    return Device.objects.get(pk=made.pk).tags


def policy(cast: Cast, text: str) -> Any:
    return _owner(cast, lambda: create_service_policy(workspace_id=cast.acme.pk, values={"name": text}).name)


def policy_renamed(cast: Cast, text: str) -> Any:
    service, _coverage = cast.policies()
    _owner(
        cast,
        lambda: update_service_policy(workspace_id=cast.acme.pk, policy_id=service.pk, values={"name": text}),
    )
    return ServicePolicy.objects.get(pk=service.pk).name


def address(_cast: Cast, text: str) -> Any:
    data = AddressData(company="C", name=text, street="S", city="B", country="DE")
    return checked(data, billing=False).name


def coverage(cast: Cast, text: str) -> Any:
    values = {"name": text, "data_plan_id": cast.plan.pk}
    return _owner(cast, lambda: create_coverage_policy(workspace_id=cast.acme.pk, values=values).name)


def policy_by_call(cast: Cast, text: str) -> Any:
    response = sign_in(cast.owner).post("/service_profile", {"name": text})
    return response if response.status_code >= 400 else ServicePolicy.objects.latest("pk").name


def policy_by_page(cast: Cast, text: str) -> Any:
    address = reverse("sims:policy_create", args=[cast.acme.pk, "service"])
    response = cast.client(cast.owner).post(address, {"name": text})
    return response if response.status_code >= 400 else ServicePolicy.objects.latest("pk").name


def new_device_by_call(cast: Cast, text: str) -> Any:
    service, coverage_policy = cast.policies()
    body = {
        "name": text,
        "status": {"id": 1},
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage_policy.pk},
    }
    response = sign_in(cast.owner).post("/endpoint", body)
    return response if response.status_code >= 400 else Device.objects.latest("pk").name


def device_by_page(cast: Cast, text: str) -> Any:
    made = cast.device()
    address = reverse("sims:device_edit", args=[cast.acme.pk, made.pk])
    data = {"name": text, "service_policy": made.service_policy_id, "coverage_policy": made.coverage_policy_id}
    response = cast.client(cast.owner).post(address, data)
    return response if response.status_code >= 400 else Device.objects.get(pk=made.pk).name


def tags_by_call(cast: Cast, text: str) -> Any:
    made = cast.device()
    response = sign_in(cast.owner).patch(f"/endpoint/{made.pk}", {"tags": text})
    return response if response.status_code >= 400 else Device.objects.get(pk=made.pk).tags


def workspace_by_page(cast: Cast, text: str) -> Any:
    data = {"part": "company", "name": text, "country": "DE"}
    address = reverse("accounts:workspace_settings", args=[cast.acme.pk])
    response = cast.client(cast.owner).post(address, data)
    return response if response.status_code >= 400 else Workspace.objects.get(pk=cast.acme.pk).name


OTHERS: dict[str, Line] = {
    "coverage policy": coverage,
    "API: policy": policy_by_call,
    "portal: policy": policy_by_page,
    "API: new device": new_device_by_call,
    "portal: device": device_by_page,
    "API: tags": tags_by_call,
    "portal: workspace": workspace_by_page,
    "workspace": workspace,
    "workspace renamed": workspace_renamed,
    "workspace by customer": workspace_by_customer,
    "workspace of a sign-up": workspace_of_sign_up,
    "company": company,
    "package": package,
    "package renamed": package_renamed,
    "support reason": reason,
    "device": device,
    "API: device": device_by_call,
    "tag": tag,
    "policy": policy,
    "policy renamed": policy_renamed,
    "address": address,
}
DOORS = PEOPLE | TOKENS | OTHERS


@pytest.mark.parametrize("name", DOORS)
def test_a_text_is_stored_in_one_form(cast: Cast, name: str) -> None:
    assert DOORS[name](cast, TYPED) == STORED


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize("name", DOORS)
def test_what_cannot_be_seen_is_refused(cast: Cast, name: str, kind: str) -> None:
    assert answer_of(lambda cast: DOORS[name](cast, UNSEEN[kind]), cast) != "open"


LENGTHS: dict[str, int] = {
    **dict.fromkeys(PEOPLE, 150),
    **dict.fromkeys(TOKENS, 200),
    **dict.fromkeys(("workspace", "workspace renamed", "workspace by customer", "workspace of a sign-up"), 120),
    "portal: workspace": 120,
    "company": 200,
    **dict.fromkeys(("package", "package renamed"), 100),
    "support reason": 300,
    **dict.fromkeys(("device", "API: device", "API: new device", "portal: device"), 200),
    **dict.fromkeys(("tag", "API: tags"), 500),
    **dict.fromkeys(("policy", "policy renamed", "coverage policy", "API: policy", "portal: policy"), 100),
    "address": 120,
}
"""What the column holds, in characters: letters of four bytes count as one on both databases."""


@pytest.mark.parametrize("name", DOORS)
def test_a_text_is_at_most_as_long_as_its_column(cast: Cast, name: str) -> None:
    longest = "\U00020000" * LENGTHS[name]
    assert DOORS[name](cast, longest) == longest


@pytest.mark.parametrize("name", DOORS)
def test_a_text_that_is_longer_than_its_column_is_refused(cast: Cast, name: str) -> None:
    too_long = "x" * (LENGTHS[name] + 1)
    assert answer_of(lambda cast: DOORS[name](cast, too_long), cast) not in ("open", "database", "500")


def _wide(text: str) -> str:
    """Return a text in letters of full width, which look the same and are others."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


LABELS = [
    "Operator staff",
    f"  {_wide('operator')}  STAFF",
    "system",
    "Schedule",
    "NETWORK",
    "Not signed in",
    "Erased user",
    "Olga Owner (ID 3)",
    f"Alma (operator {_wide('Staff')})",
    f"Olga Owner, {_wide('user')} {_wide('ID')}: 3",
]


@pytest.mark.parametrize("label", [*LABELS, "Application token “ERP”", "Alma Lindqvist for Hugo Marchetti"])
@pytest.mark.parametrize("name", PEOPLE)
def test_nobody_is_called_like_a_label_of_the_log(cast: Cast, name: str, label: str) -> None:
    assert answer_of(lambda cast: PEOPLE[name](cast, label), cast) in ("reserved_name", "409", "422")


@pytest.mark.parametrize("label", [*LABELS, "application TOKEN “ERP”"])
@pytest.mark.parametrize("name", TOKENS)
def test_no_token_is_called_like_a_label_of_the_log(cast: Cast, name: str, label: str) -> None:
    assert answer_of(lambda cast: TOKENS[name](cast, label), cast) in ("reserved_name", "422")


@pytest.mark.parametrize("name", RENAMING)
def test_nobody_is_called_like_another_of_the_workspace(cast: Cast, name: str) -> None:
    """Olga Owner is a member; the case, the width and the spaces make no other name of it."""
    assert answer_of(lambda cast: RENAMING[name](cast, f"OLGA  {_wide('owner')}"), cast) in ("name_taken", "409", "422")


def test_an_account_that_exists_does_not_join_under_the_name_of_a_member(cast: Cast) -> None:
    User.objects.filter(pk=cast.outsider.pk).update(name="olga owner")

    def add(_cast: Cast) -> Any:
        return _system(lambda: add_member(workspace_id=cast.acme.pk, user_id=cast.outsider.pk, role="User"))

    def join(_cast: Cast) -> Any:
        asked = _owner(
            cast,
            lambda: invite_user(workspace_id=cast.acme.pk, email=cast.outsider.email, name="O", role="User", link=str),
        )
        with acting_as(ANONYMOUS):
            return accept_invitation(link_secret=link_secret_of(asked))

    assert [answer_of(door, cast) for door in (add, join)] == ["name_taken", "name_taken"]


def test_the_super_admin_of_the_main_organisation_counts(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.outsider)
    _system(lambda: add_member(workspace_id=cast.bolt.pk, user_id=cast.observer.pk, role="User"))

    def door(_cast: Cast) -> Any:
        with acting_as(actor_of(cast.observer)):
            return change_account(workspace_id=cast.bolt.pk, user_id=cast.observer.pk, name="Otto outsider")

    assert answer_of(door, cast) == "name_taken"


def test_a_name_of_before_stays_readable_and_can_be_saved_again(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(name="System")
    _system(lambda: update_user(user_id=cast.member.pk, changes={"name": "System"}))
    assert own_name(cast, "System") == "System"
    assert own_name(cast, "Max M") == "Max M"


def test_elsewhere_the_same_name_is_free(cast: Cast) -> None:
    with acting_as(actor_of(cast.outsider)):
        found = change_account(workspace_id=cast.umbra.pk, user_id=cast.outsider.pk, name="Olga Owner")
    assert found.name == "Olga Owner"
