"""No key that opens an account lies in the log: it is in the mail alone."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of
from accounts.models import PlatformPackage
from accounts.people.services.invitations import invite_user, resend_invitation
from accounts.sign_in.services.password_reset import send_password_reset
from accounts.sign_up.services import sign_up
from events import registry
from events.models import Event
from events.seals.proofs import Reader, bundle_of, seal_of
from events.seals.services import seal_now
from events.text import MASK, mask
from kit.context import ANONYMOUS, acting_as
from kit.models import OutgoingMail
from tests.cast import Cast
from tests.events.build import record
from tests.log import told

pytestmark = pytest.mark.django_db


def rows_with_keys(cast: Cast) -> list[str]:
    """Write events 36, 37 and 40 by every door, and return the secrets of their links."""
    made: list[str] = []

    def link(secret: str) -> str:
        made.append(secret)
        return f"https://portal.example.com/{secret}/"

    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(evaluation=True)
    with cast.acting(cast.owner):
        asked = invite_user(workspace_id=cast.acme.pk, email="new@example.com", name="N", role="User", link=link)
        resend_invitation(workspace_id=cast.acme.pk, invitation_id=asked.pk, link=link)
    with acting_as(ANONYMOUS):
        sign_up(email="nora@example.com", name="Nora", organisation="Delta", link=link, sign_in_url="/")
    with cast.staffing():
        send_password_reset(user_id=cast.member.pk, link=link)
    assert Client().post(reverse("account_reset_password"), {"email": cast.observer.email}).status_code == 302
    return made


def test_details_of_new_rows_hold_no_key(cast: Cast) -> None:
    made = rows_with_keys(cast)
    assert len(made) == 4
    rows = {row.pk: row for row in Event.objects.filter(type__in=(36, 37, 40))}
    assert sorted(row.type for row in rows.values()) == [36, 36, 37, 37, 40]
    for row in rows.values():
        assert row.detail is not None
        text = json.dumps(row.detail)
        assert not [secret for secret in made if secret in text or secret.rpartition("-")[2] in text]
        # The published keys are there.
        assert set(registry.get(row.type).sample_detail or {}) == set(told(row))
        assert mask(row.type, row.detail) == row.detail
        assert MASK in row.detail.values()
    mails = " ".join(OutgoingMail.objects.values_list("body", flat=True))
    assert all(secret in mails for secret in made)


def test_no_type_with_secrets_is_forgotten(cast: Cast) -> None:
    """Each type that is said to have secrets is among those that `rows_with_keys` writes."""
    rows_with_keys(cast)
    assert {kind.id for kind in registry.all_types() if kind.secrets} == set(
        Event.objects.filter(type__in=[kind.id for kind in registry.all_types() if kind.secrets]).values_list(
            "type", flat=True
        )
    )


def test_a_proof_opens_a_detail_that_holds_no_key(cast: Cast) -> None:
    """Rows of an earlier version, which hold the key, stay closed."""
    with cast.acting(cast.owner):
        invite_user(workspace_id=cast.acme.pk, email="new@example.com", name="N", role="User", link=str)
    new = Event.objects.get(type=36).pk
    old = record(cast.acme, 36, actor_of(cast.owner), detail={"id": 7, "activationKey": "live"})
    seal_now()
    opened = {}
    for event_id in (new, old):
        seal = seal_of(cast.acme.pk, event_id)
        assert seal is not None
        bundle = bundle_of(seal, event_id, Reader(staff=False, context=True))
        assert bundle is not None
        opened[event_id] = bundle["openings"]
    assert MASK in opened[new]["detail"]["value"]
    assert "detail" not in opened[old]
