"""A workspace that demands a second factor is closed to members without one, wherever they come from."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from accounts.actors import access_of, actor_of, actor_of_token, rights_of
from accounts.models import ApplicationToken, Workspace
from accounts.permissions import Permission, actor_may, authorise
from accounts.sign_in.services.second_factors import start_second_factor
from accounts.sign_in.services.sessions import switch_workspace
from accounts.support.services import access_under, start_support_access
from kit.context import Actor
from kit.errors import Forbidden, NotFound
from kit.jobs import freeze_actor, revive_actor
from sims.inventory.services.transfer import transfer_sims
from sims.inventory.views.transfer import targets_of
from sims.models import Sim
from tests.cast import Cast
from tests.log import types
from tests.second_factors import set_up


@pytest.fixture
def strict(cast: Cast) -> Workspace:
    """Bolt, which demands a second factor; Acme's owner, who is its Administrator too, has none."""
    Workspace.objects.filter(pk=cast.bolt.pk).update(mfa_required=True)
    return cast.bolt


def test_it_is_theirs_and_opens_nothing(cast: Cast, strict: Workspace) -> None:
    actor = actor_of(cast.owner)
    assert actor.roles == {cast.acme.pk: "Administrator", strict.pk: "Administrator"}
    assert (actor.closed, actor.open_workspaces) == (frozenset({strict.pk}), [cast.acme.pk])
    assert rights_of(actor, cast.acme.pk)
    assert not rights_of(actor, strict.pk)
    with cast.acting(cast.owner):
        authorise(cast.acme.pk, Permission.USER_MANAGE)
        with pytest.raises(Forbidden, match="demands a second factor") as refused:
            authorise(strict.pk, Permission.INVENTORY_READ)
    assert refused.value.code == "second_factor"
    assert "Set it up in the portal" in refused.value.message
    with cast.acting(cast.outsider), pytest.raises(NotFound):
        authorise(strict.pk, Permission.INVENTORY_READ)
    set_up(cast.owner)
    assert actor_of(cast.owner).closed == frozenset()


def test_a_key_without_its_first_code_opens_nothing(cast: Cast, strict: Workspace) -> None:
    with cast.acting(cast.owner):
        start_second_factor(user_id=cast.owner.pk)
    assert actor_of(cast.owner).closed == {strict.pk}


def test_it_takes_no_query_more(cast: Cast, strict: Workspace, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture without a type
        assert [entry.closed for entry in access_of(cast.owner).entries] == [False, True]


def test_application_tokens_and_support_answer_for_themselves(cast: Cast, strict: Workspace) -> None:
    token = ApplicationToken.objects.create(workspace=strict, digest="0" * 64, role="User")
    assert actor_may(actor_of_token(token), strict.pk, Permission.SIM_UPDATE)
    with cast.staffing():
        access = start_support_access(workspace_id=strict.pk, user_id=cast.owner.pk, reason="Ticket 4711")
    assert actor_may(access_under(access).actor, strict.pk, Permission.SIM_UPDATE)


def test_no_sims_leave_or_enter_by_another_workspace(cast: Cast, strict: Workspace) -> None:
    (mine,), (theirs,) = cast.sims(1), cast.sims(1, workspace=strict)
    with cast.acting(cast.owner):
        with pytest.raises(Forbidden, match="second factor"):
            transfer_sims(target_id=strict.pk, sim_ids=[mine.pk], dry_run=False)
        for dry_run in (True, False):
            with pytest.raises(NotFound):
                transfer_sims(target_id=cast.acme.pk, sim_ids=[theirs.pk], dry_run=dry_run)
    assert Sim.objects.get(pk=theirs.pk).workspace_id == strict.pk
    assert types() == []


def test_the_transfer_dialog_does_not_offer_it(cast: Cast, strict: Workspace) -> None:
    class Request:
        access = access_of(cast.owner)
        workspace = cast.acme

    assert targets_of(Request()) == []  # type: ignore[arg-type]  # what is read of one
    set_up(cast.owner)
    Request.access = access_of(cast.owner)
    assert targets_of(Request()) == [(strict.pk, "Bolt")]  # type: ignore[arg-type]


def test_going_there_leads_to_the_page_where_it_is_set_up(cast: Cast, strict: Workspace) -> None:
    client = cast.client(cast.owner)
    assert client.get(f"/w/{cast.acme.pk}/").status_code == 200
    led = client.get(f"/w/{strict.pk}/sims/")
    assert led.status_code == 303
    assert led["Location"].startswith(reverse("accounts:account_mfa_setup"))
    assert b"<bdi>Bolt</bdi> demands a second factor" in client.get(led["Location"]).content
    for page in ("accounts:account", "accounts:account_security", "accounts:account_sessions"):
        assert client.get(reverse(page)).status_code == 200
    with cast.acting(cast.owner):
        switch_workspace(workspace_id=strict.pk)
    assert types(strict) == [67]


def test_an_actor_is_frozen_with_it(cast: Cast, strict: Workspace) -> None:
    actor = actor_of(cast.owner)
    revived: Actor = revive_actor(json.loads(json.dumps(freeze_actor(actor))))
    assert (revived.roles, revived.closed) == (actor.roles, frozenset())
