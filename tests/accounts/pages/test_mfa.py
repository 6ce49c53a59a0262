"""Second factors by their services: secrets, codes, recovery codes, removal, lock-out and trusted devices."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts.models import Membership, TrustedDevice, User, Workspace
from accounts.people.services.erasure import erase_user
from accounts.permissions import Role
from accounts.sign_in.authentication import (
    AccountLocked,
    SignInRefused,
    WrongCode,
    sign_in_with_code,
    sign_in_with_password,
)
from accounts.sign_in.second_factors import KeyUnreadable, MfaAdapter, has_second_factor, recovery_codes_left
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.second_factors import (
    activate_second_factor,
    pending_key,
    remove_own_second_factor,
    remove_second_factor,
    renew_recovery_codes,
    start_second_factor,
)
from accounts.sign_in.services.trusted_devices import (
    MOST_DEVICES,
    devices_of,
    forget_all_devices,
    forget_device,
    is_trusted,
    trust_device,
)
from accounts.sign_in.user_agents import client_of
from kit.context import ANONYMOUS, acting_as
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from tests.cast import PASSWORD, Cast
from tests.log import rows, types
from tests.second_factors import App, set_up


def try_code(user: User, code: str) -> User:
    with acting_as(ANONYMOUS, ip="203.0.113.7"):
        return sign_in_with_code(user_id=user.pk, code=code)


def trust(user: User, secret: str = "the fingerprint of a server") -> TrustedDevice:
    with acting_as(ANONYMOUS):
        return trust_device(
            user_id=user.pk, kind="fingerprint", secret=secret, operating_system="Linux", browser="curl 8"
        )


def trusted(user: User, secret: str = "the fingerprint of a server", kind: str = "fingerprint") -> bool:
    with acting_as(ANONYMOUS):
        return is_trusted(user_id=user.pk, kind=kind, secret=secret)  # type: ignore[arg-type]  # a Literal there


# --- keys ---


def test_setting_up_is_10028_and_gives_recovery_codes(cast: Cast) -> None:
    _app, codes, key = set_up(cast.member)
    assert has_second_factor(cast.member.pk)
    assert len(set(codes)) == 10
    assert recovery_codes_left(cast.member.pk) == 10
    assert rows(cast.acme) == [
        (10028, "MFA key of type 'Time-Based One-Time Password' activated for {subject.username}")
    ]
    assert key.type == "totp"


def test_a_key_without_its_first_code_asks_nobody(cast: Cast) -> None:
    with cast.acting(cast.member):
        made = start_second_factor(user_id=cast.member.pk)
        assert made.otpauth.startswith("otpauth://totp/Operator%20portal%3Amax.member%40example.com?secret=")
        assert not has_second_factor(cast.member.pk)
        # Its owner may see it again until it is active; a new one replaces it.
        again = pending_key(user_id=cast.member.pk, key_id=made.row.pk)
        assert again is not None
        assert again.secret == made.secret
        newer = start_second_factor(user_id=cast.member.pk)
        assert pending_key(user_id=cast.member.pk, key_id=made.row.pk) is None
        with time_machine.travel(timezone.now() + timedelta(minutes=31)):
            assert pending_key(user_id=cast.member.pk, key_id=newer.row.pk) is None
            with pytest.raises(NotFound):
                activate_second_factor(user_id=cast.member.pk, key_id=newer.row.pk, code=App(newer.secret).code())
    assert types(cast.acme) == []


def test_a_second_key_is_refused_or_replaces_the_first(cast: Cast) -> None:
    app, codes, key = set_up(cast.member)
    with cast.acting(cast.member):
        with pytest.raises(Conflict):
            start_second_factor(user_id=cast.member.pk)
        made = start_second_factor(user_id=cast.member.pk, replace=True)
        other = App(made.secret)
        assert has_second_factor(cast.member.pk)
        activate_second_factor(user_id=cast.member.pk, key_id=made.row.pk, code=other.code(periods=-1))
    assert types(cast.acme) == [10028, 14, 10028]
    assert rows(cast.acme)[1][1].startswith(f"MFA key with Id '{key.pk}' of Type")
    for old in (app.code(), codes[0]):
        with pytest.raises(WrongCode):
            try_code(cast.member, old)
    assert try_code(cast.member, other.code()) == cast.member


def test_nobody_sets_up_or_sees_the_key_of_another(cast: Cast) -> None:
    with cast.acting(cast.member):
        made = start_second_factor(user_id=cast.member.pk)
    with cast.acting(cast.owner):
        with pytest.raises(Forbidden):
            start_second_factor(user_id=cast.member.pk)
        with pytest.raises(Forbidden):
            pending_key(user_id=cast.member.pk, key_id=made.row.pk)
        with pytest.raises(NotFound):
            activate_second_factor(user_id=cast.owner.pk, key_id=made.row.pk, code=App(made.secret).code())
    with acting_as(cast.token()), pytest.raises(Forbidden):
        start_second_factor(user_id=cast.member.pk)


# --- what the database holds ---


def test_no_secret_can_be_read_in_the_database(cast: Cast) -> None:
    app, codes, _key = set_up(cast.member)
    trust(cast.member, "a very secret fingerprint")
    with connection.cursor() as cursor:
        stored = ""
        for table in ("mfa_authenticator", "accounts_trusteddevice", "events_event"):
            cursor.execute(f"SELECT * FROM {table}")
            stored += json.dumps(cursor.fetchall(), default=str)
    assert app.secret not in stored
    assert "a very secret fingerprint" not in stored
    assert not [code for code in codes if code.replace(" ", "") in stored]


def test_secrets_follow_the_rotation_of_the_key(cast: Cast) -> None:
    app, _codes, key = set_up(cast.member)
    trust(cast.member)
    before = key.data["secret"]
    with override_settings(SECRET_KEY="another " * 8, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert trusted(cast.member)
        try_code(cast.member, app.code())
        key.refresh_from_db()
        assert key.data["secret"] != before
    with override_settings(SECRET_KEY="another " * 8, SECRET_KEY_FALLBACKS=[]):
        # Its use has encrypted it anew.
        assert MfaAdapter().decrypt(key.data["secret"]) == app.secret
        assert not trusted(cast.member)
    # With the secret lost no code can be right, and none is counted as wrong.
    with override_settings(SECRET_KEY="a third " * 8), pytest.raises(KeyUnreadable):
        try_code(cast.member, app.code(periods=1))
    assert 6 not in types(cast.acme)
    assert recovery_codes_left(cast.member.pk) == 10


# --- codes ---


def test_a_code_works_once(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    code = app.code()
    assert try_code(cast.member, f"{code[:3]} {code[3:]}") == cast.member
    with pytest.raises(WrongCode):
        try_code(cast.member, code)
    # Nor does an older one, and the next one does.
    with pytest.raises(WrongCode):
        try_code(cast.member, app.code(periods=-1))
    assert try_code(cast.member, app.code(periods=1)) == cast.member


@pytest.mark.parametrize("periods", [-2, 2])
def test_a_code_of_another_time_is_wrong(cast: Cast, periods: int) -> None:
    app, _codes, _key = set_up(cast.member)
    with pytest.raises(WrongCode):
        try_code(cast.member, app.code(periods=periods))


def test_a_recovery_code_works_once(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    assert try_code(cast.member, codes[3]) == cast.member
    assert recovery_codes_left(cast.member.pk) == 9
    with pytest.raises(WrongCode):
        try_code(cast.member, codes[3])
    with cast.acting(cast.member):
        fresh = renew_recovery_codes(user_id=cast.member.pk)
    assert types(cast.acme)[-1] == 10075
    assert not set(fresh) & set(codes)
    with pytest.raises(WrongCode):
        try_code(cast.member, codes[4])
    assert try_code(cast.member, fresh[0]) == cast.member


def test_three_wrong_codes_lock_the_account(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    for expected in (WrongCode, WrongCode, AccountLocked):
        with pytest.raises(expected):
            try_code(cast.member, app.wrong())
    assert types(cast.acme) == [10028, 6, 6, 6, 10022]
    assert "Invalid code" in rows(cast.acme)[1][1]
    assert "Too many failed authentication requests" in rows(cast.acme)[3][1]
    # Even the right one, and the password, are refused now.
    with pytest.raises(AccountLocked):
        try_code(cast.member, app.code())
    with acting_as(ANONYMOUS), pytest.raises(AccountLocked):
        sign_in_with_password(email=cast.member.email, password=PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert try_code(cast.member, app.code()) == cast.member


def test_the_password_forgives_no_wrong_code(cast: Cast) -> None:
    """Otherwise two guesses could be made for each time that the password is sent."""
    app, _codes, _key = set_up(cast.member)
    found: list[type[SignInRefused]] = []
    for _attempt in range(3):
        with acting_as(ANONYMOUS):
            sign_in_with_password(email=cast.member.email, password=PASSWORD)
        try:
            try_code(cast.member, app.wrong())
        except SignInRefused as refusal:
            found.append(type(refusal))
    assert found == [WrongCode, WrongCode, AccountLocked]


def test_a_new_password_by_mail_gives_no_new_guesses(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    for _attempt in range(2):
        with pytest.raises(WrongCode):
            try_code(cast.member, app.wrong())
    with cast.acting(cast.member):
        set_user_password(user_id=cast.member.pk, password="another long phrase")
    with pytest.raises(AccountLocked):
        try_code(cast.member, app.wrong())


def test_a_wrong_first_code_counts_too(cast: Cast) -> None:
    with cast.acting(cast.member):
        made = start_second_factor(user_id=cast.member.pk)
        app = App(made.secret)
        for expected in (Invalid, Invalid, AccountLocked):
            with pytest.raises(expected):
                activate_second_factor(user_id=cast.member.pk, key_id=made.row.pk, code=app.wrong())
    assert not has_second_factor(cast.member.pk)
    assert types(cast.acme) == [6, 6, 6, 10022]


# --- removal ---


def test_removing_ones_own_is_14_and_takes_everything_along(cast: Cast) -> None:
    _app, _codes, key = set_up(cast.member)
    trust(cast.member)
    with cast.acting(cast.member):
        remove_own_second_factor(user_id=cast.member.pk)
    assert rows(cast.acme)[-1] == (
        14,
        f"MFA key with Id '{key.pk}' of Type 'Time-Based One-Time Password' deleted for user '{{subject.username}}'",
    )
    assert not Authenticator.objects.filter(user=cast.member).exists()
    assert not TrustedDevice.objects.filter(user=cast.member).exists()


def test_it_stays_while_a_workspace_demands_it(cast: Cast) -> None:
    set_up(cast.member)
    cast.acme.mfa_required = True
    cast.acme.save()
    with cast.acting(cast.member), pytest.raises(Conflict, match="Acme demands"):
        remove_own_second_factor(user_id=cast.member.pk)
    # Whoever has lost the app is helped all the same, by somebody who has one.
    with cast.acting(cast.owner), pytest.raises(Forbidden, match="demands a second factor"):
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    set_up(cast.owner)
    with cast.acting(cast.owner):
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert types(cast.acme)[-1] == 14


def test_who_may_remove_anothers(cast: Cast) -> None:
    set_up(cast.member)
    set_up(cast.owner)
    with cast.acting(cast.observer), pytest.raises(Forbidden):
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    with cast.acting(cast.outsider):
        with pytest.raises(NotFound):
            remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
        with pytest.raises(NotFound):
            remove_second_factor(workspace_id=cast.umbra.pk, user_id=cast.member.pk)
        with pytest.raises(Forbidden):
            remove_second_factor(workspace_id=None, user_id=cast.member.pk)
    with cast.acting(cast.owner):
        with pytest.raises(Forbidden, match="own account"):
            remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.owner.pk)
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
        with pytest.raises(NotFound):
            remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    with cast.staffing():
        remove_second_factor(workspace_id=None, user_id=cast.owner.pk)
    assert types(cast.acme).count(14) == 2


def test_erasing_a_person_leaves_nothing(cast: Cast) -> None:
    set_up(cast.member)
    trust(cast.member)
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    assert not Authenticator.objects.filter(user=cast.member).exists()
    assert not TrustedDevice.objects.filter(user=cast.member).exists()


# --- trusted devices ---


def test_a_device_is_trusted_by_its_owner_for_90_days(cast: Cast) -> None:
    set_up(cast.member)
    device = trust(cast.member)
    assert types(cast.acme)[-1] == 10075
    assert trusted(cast.member)
    assert not trusted(cast.member, "another")
    assert not trusted(cast.member, "")
    assert not trusted(cast.owner)
    # What a program says of itself is no browser's cookie.
    assert not trusted(cast.member, kind="browser")
    with time_machine.travel(device.expires - timedelta(minutes=1)):
        assert trusted(cast.member)
    with time_machine.travel(device.created + timedelta(days=90)):
        assert not trusted(cast.member)


def test_a_forgotten_device_is_not_trusted(cast: Cast) -> None:
    set_up(cast.member)
    device = trust(cast.member)
    with cast.acting(cast.outsider), pytest.raises(NotFound):
        forget_device(user_id=cast.member.pk, device_id=device.pk, workspace_id=cast.umbra.pk)
    with cast.acting(cast.observer), pytest.raises(Forbidden):
        forget_device(user_id=cast.member.pk, device_id=device.pk, workspace_id=cast.acme.pk)
    with cast.acting(cast.observer), pytest.raises(NotFound):
        forget_device(user_id=cast.observer.pk, device_id=device.pk)
    assert trusted(cast.member)
    with cast.acting(cast.member):
        forget_device(user_id=cast.member.pk, device_id=device.pk)
    assert not trusted(cast.member)
    assert rows(cast.acme)[-1] == (10075, "Account of {subject.username} updated: trusted device forgotten")


def test_an_administrator_forgets_those_of_members_in_their_own_log(cast: Cast) -> None:
    # At home elsewhere, in a workspace of the same Administrator.
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.USER)
    User.objects.filter(pk=cast.member.pk).update(default_workspace=cast.bolt)
    first, _second = trust(cast.member, "the first of two ones"), trust(cast.member, "the second of them")
    before = types(cast.bolt)
    with cast.acting(cast.owner):
        forget_device(user_id=cast.member.pk, device_id=first.pk, workspace_id=cast.acme.pk)
        assert forget_all_devices(user_id=cast.member.pk, workspace_id=cast.acme.pk) == 1
        with pytest.raises(Forbidden, match="own account"):
            forget_all_devices(user_id=cast.owner.pk, workspace_id=cast.acme.pk)
    assert [text for _type, text in rows(cast.acme)] == [
        "Account of {subject.username} updated: trusted device forgotten",
        "Account of {subject.username} updated: all trusted devices forgotten",
    ]
    assert types(cast.bolt) == before


def test_nobody_forgets_those_of_somebody_with_two_customers(cast: Cast) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role=Role.USER)
    device = trust(cast.member)
    before = types(cast.acme)
    for user, workspace in ((cast.owner, cast.acme), (cast.outsider, cast.umbra)):
        with cast.acting(user):
            with pytest.raises(Forbidden, match="workspaces that you don't administer"):
                forget_device(user_id=cast.member.pk, device_id=device.pk, workspace_id=workspace.pk)
            with pytest.raises(Forbidden):
                forget_all_devices(user_id=cast.member.pk, workspace_id=workspace.pk)
    Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.member)
    Membership.objects.filter(user=cast.member, workspace=cast.umbra).delete()
    with cast.acting(cast.owner), pytest.raises(Conflict):
        forget_all_devices(user_id=cast.member.pk, workspace_id=cast.acme.pk)
    assert trusted(cast.member)
    assert (types(cast.acme), types(cast.umbra)) == (before, [])


def test_another_app_forgets_all_devices(cast: Cast) -> None:
    set_up(cast.member)
    trust(cast.member)
    with cast.acting(cast.member):
        made = start_second_factor(user_id=cast.member.pk, replace=True)
        assert trusted(cast.member)
        app = App(made.secret)
        with pytest.raises(Invalid):
            activate_second_factor(user_id=cast.member.pk, key_id=made.row.pk, code=app.wrong())
        assert trusted(cast.member)
        activate_second_factor(user_id=cast.member.pk, key_id=made.row.pk, code=app.code())
    assert not trusted(cast.member)
    assert types(cast.acme)[-3:] == [6, 14, 10028]


def test_a_new_password_forgets_all_devices(cast: Cast) -> None:
    set_up(cast.member)
    trust(cast.member)
    with cast.acting(cast.member):
        set_user_password(user_id=cast.member.pk, password="another long phrase")
    assert not trusted(cast.member)


def test_the_oldest_device_makes_room(cast: Cast) -> None:
    set_up(cast.member)
    for number in range(MOST_DEVICES + 2):
        trust(cast.member, f"long fingerprint {number}")
    with acting_as(ANONYMOUS):
        assert devices_of(cast.member.pk).count() == MOST_DEVICES
    assert not trusted(cast.member, "long fingerprint 1")
    assert trusted(cast.member, "long fingerprint 2")


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox 144", "Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Safari/537.36 Edg/142.0.0.0",
            "Edge 142",
            "Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari 18",
            "iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Mobile Safari/537.36",
            "Chrome 142",
            "Android",
        ),
        ("", "", ""),
        ("something else", "", ""),
    ],
)
def test_what_a_browser_says_it_is(user_agent: str, browser: str, system: str) -> None:
    found = client_of(user_agent)
    assert (found.browser, found.system) == (browser, system)
