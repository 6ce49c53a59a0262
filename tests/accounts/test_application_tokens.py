"""Application tokens: shown once, never above their creator, revoked for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import actor_of_token
from accounts.models import ApplicationToken
from accounts.tokens.services import create_application_token, digest_of, revoke_application_token
from kit.errors import Forbidden, Invalid, NotFound
from tests.accounts.conftest import Cast, Facts, by

# --- application tokens ---


def test_a_key_is_shown_once_and_kept_as_a_digest(cast: Cast, facts: Facts) -> None:
    expiry = timezone.now() + timedelta(days=30)
    with by(cast.member):
        made = create_application_token(
            workspace_id=cast.home.pk, description="Billing", expiry_date=expiry, ip="10.88.0.139/24"
        )
    made.token.refresh_from_db()
    assert made.value.startswith("portal_app_")
    assert len(made.value) >= 11 + 43, "256 random bits"
    assert made.token.digest == digest_of(made.value)
    assert made.value not in repr(made)
    assert (made.token.role, made.token.creator, made.token.ip) == ("User", cast.member, "10.88.0.0/24")
    fact = facts.one("application_token_created")
    assert (fact["workspace_id"], fact["token"].name, fact["token"].role) == (cast.home.pk, "Billing", "User")
    assert made.value not in str(facts.seen)


def test_values_differ_and_the_demo_may_choose_its_own(cast: Cast, facts: Facts) -> None:
    with by(cast.member):
        values = {create_application_token(workspace_id=cast.home.pk).value for _ in range(5)}
        assert len(values) == 5
        chosen = create_application_token(workspace_id=cast.home.pk, value="d" * 40)
        assert (chosen.value, chosen.token.digest) == ("d" * 40, digest_of("d" * 40))


@pytest.mark.parametrize(
    ("who", "wanted", "role"),
    [
        ("owner", None, "Administrator"),
        ("admin", None, "Administrator"),
        ("admin", "Observer", "Observer"),
        ("member", "User", "User"),
        ("member", "Administrator", None),
        ("observer", None, "Observer"),
        ("observer", "User", None),
        ("owner", "SuperAdmin", None),
    ],
)
def test_a_key_never_has_more_rights_than_its_creator(
    cast: Cast, facts: Facts, who: str, wanted: str | None, role: str | None
) -> None:
    with by(getattr(cast, who)):
        if role is None:
            with pytest.raises((Forbidden, Invalid)):
                create_application_token(workspace_id=cast.home.pk, role=wanted)
            assert facts.names == []
        else:
            made = create_application_token(workspace_id=cast.home.pk, role=wanted)
            assert made.token.role == role


def test_a_key_made_by_a_key_has_no_creator(cast: Cast, facts: Facts) -> None:
    with by(actor_of_token(cast.token)):
        made = create_application_token(workspace_id=cast.home.pk)
        with pytest.raises(NotFound):
            create_application_token(workspace_id=cast.linked.pk)
    assert (made.token.creator, made.token.role) == (None, "User")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"description": "x" * 201}, "description"),
        ({"expiry_date": timezone.now() - timedelta(days=1)}, "expiry_date"),
        ({"ip": "300.1.1.1/8"}, "ip"),
        ({"ip": "10.0.0.0/40"}, "ip"),
        ({"value": "short"}, "application_token"),
    ],
)
def test_bad_keys_are_refused_with_the_field(cast: Cast, facts: Facts, values: dict[str, Any], field: str) -> None:
    with by(cast.admin), pytest.raises(Invalid) as caught:
        create_application_token(workspace_id=cast.home.pk, **values)
    assert caught.value.field == field
    assert facts.names == []


def test_revoking_is_told_once_and_stays_in_the_workspace(cast: Cast, facts: Facts) -> None:
    with by(cast.admin):
        revoke_application_token(workspace_id=cast.home.pk, token_id=cast.token.pk)
        revoke_application_token(workspace_id=cast.home.pk, token_id=cast.token.pk)
    with by(cast.outsider), pytest.raises(NotFound):
        revoke_application_token(workspace_id=cast.strange.pk, token_id=cast.token.pk)
    assert facts.one("application_token_revoked")["token"].id == cast.token.pk
    cast.token.refresh_from_db()
    assert cast.token.status == ApplicationToken.Status.REVOKED
