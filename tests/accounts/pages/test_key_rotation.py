"""Second factors outlive a new `SECRET_KEY`: what is used is encrypted anew, and a command does all of it."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from accounts.models.second_factors import RECOVERY
from accounts.sign_in.second_factors import MfaAdapter, needs_new_encryption
from tests.accounts.pages.test_mfa import try_code
from tests.cast import Cast
from tests.second_factors import set_up

pytestmark = pytest.mark.django_db
NEW = {"SECRET_KEY": "another " * 8, "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY]}
ALONE = {"SECRET_KEY": "another " * 8, "SECRET_KEY_FALLBACKS": []}


def stored() -> list[str]:
    found: list[str] = []
    for row in Authenticator.objects.order_by("pk"):
        found += [row.data["secret"]] if "secret" in row.data else row.data["codes"]
    return found


def test_a_recovery_code_that_is_used_encrypts_the_others_anew(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    with override_settings(**NEW):
        assert try_code(cast.member, codes[0]) == cast.member
    with override_settings(**ALONE):
        left = Authenticator.objects.get(user=cast.member, type=RECOVERY).data["codes"]
        assert len(left) == 9
        assert [MfaAdapter().decrypt(code) for code in left] == [code.replace(" ", "") for code in codes[1:]]


def test_the_command_makes_a_fallback_needless(cast: Cast) -> None:
    app, codes, _key = set_up(cast.member)
    set_up(cast.owner)
    told = StringIO()
    with override_settings(**NEW):
        call_command("encrypt_second_factors", stdout=told)
        assert not any(needs_new_encryption(value) for value in stored())
        call_command("encrypt_second_factors", stdout=told)
    assert told.getvalue().splitlines() == [
        "4 second factors and sets of recovery codes were encrypted anew.",
        "0 second factors and sets of recovery codes were encrypted anew.",
    ]
    with override_settings(**ALONE):
        assert try_code(cast.member, codes[0]) == cast.member
        assert try_code(cast.member, app.code(periods=1)) == cast.member


def test_the_command_names_whose_factor_is_lost_and_does_the_others(cast: Cast) -> None:
    with override_settings(SECRET_KEY="a lost one " * 8):
        set_up(cast.owner)
    set_up(cast.member)
    with override_settings(**NEW):
        with pytest.raises(CommandError, match=f"reads those of users {cast.owner.pk}\\."):
            call_command("encrypt_second_factors", stdout=StringIO())
        mine = Authenticator.objects.filter(user=cast.member)
        assert not any(needs_new_encryption(row.data.get("secret") or row.data["codes"][0]) for row in mine)
