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
from tests.accounts.conftest import Facts, Firm, by

# --- application tokens ---


def test_a_key_is_shown_once_and_kept_as_a_digest(firm: Firm, facts: Facts) -> None:
    expiry = timezone.now() + timedelta(days=30)
    with by(firm.member):
        made = create_application_token(
            workspace_id=firm.acme.pk, description="Billing", expiry_date=expiry, ip="10.88.0.139/24"
        )
    made.token.refresh_from_db()
    assert made.value.startswith("portal_app_")
    assert len(made.value) >= 11 + 43, "256 random bits"
    assert made.token.digest == digest_of(made.value)
    assert made.value not in repr(made)
    assert (made.token.role, made.token.creator, made.token.ip) == ("User", firm.member, "10.88.0.0/24")
    fact = facts.one("application_token_created")
    assert (fact["workspace_id"], fact["token"].name, fact["token"].role) == (firm.acme.pk, "Billing", "User")
    assert made.value not in str(facts.seen)


def test_values_differ_and_the_demo_may_choose_its_own(firm: Firm, facts: Facts) -> None:
    with by(firm.member):
        values = {create_application_token(workspace_id=firm.acme.pk).value for _ in range(5)}
        assert len(values) == 5
        chosen = create_application_token(workspace_id=firm.acme.pk, value="d" * 40)
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
    firm: Firm, facts: Facts, who: str, wanted: str | None, role: str | None
) -> None:
    with by(getattr(firm, who)):
        if role is None:
            with pytest.raises((Forbidden, Invalid)):
                create_application_token(workspace_id=firm.acme.pk, role=wanted)
            assert facts.names == []
        else:
            made = create_application_token(workspace_id=firm.acme.pk, role=wanted)
            assert made.token.role == role


def test_a_token_makes_no_token(firm: Firm, facts: Facts) -> None:
    with by(actor_of_token(firm.erp)):
        with pytest.raises(Forbidden, match="Application tokens may not create application tokens"):
            create_application_token(workspace_id=firm.acme.pk)
        with pytest.raises(NotFound):
            create_application_token(workspace_id=firm.bolt.pk)
    assert facts.names == []


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
def test_bad_keys_are_refused_with_the_field(firm: Firm, facts: Facts, values: dict[str, Any], field: str) -> None:
    with by(firm.admin), pytest.raises(Invalid) as caught:
        create_application_token(workspace_id=firm.acme.pk, **values)
    assert caught.value.field == field
    assert facts.names == []


def test_revoking_is_told_once_and_stays_in_the_workspace(firm: Firm, facts: Facts) -> None:
    with by(firm.admin):
        revoke_application_token(workspace_id=firm.acme.pk, token_id=firm.erp.pk)
        revoke_application_token(workspace_id=firm.acme.pk, token_id=firm.erp.pk)
    with by(firm.outsider), pytest.raises(NotFound):
        revoke_application_token(workspace_id=firm.umbra.pk, token_id=firm.erp.pk)
    assert facts.one("application_token_revoked")["token"].id == firm.erp.pk
    firm.erp.refresh_from_db()
    assert firm.erp.status == ApplicationToken.Status.REVOKED
