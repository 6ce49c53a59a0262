"""The workspace switcher leads to the same part of the other workspace."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from accounts.permissions import Role
from portal.context_processors import section_of
from tests.cast import Cast


@pytest.mark.parametrize(
    ("seen", "opens"),
    [
        ("", ""),
        ("sims/?status=2", "sims/"),
        ("sims/99/?tab=events", "sims/"),
        ("devices/create/", "devices/"),
        ("events/?type=9", "events/"),
        ("settings/users/", "settings/"),
        ("integrations/", "integrations/"),
        ("no/such/page/", ""),
    ],
)
def test_the_part_that_is_looked_at_stays(cast: Cast, seen: str, opens: str) -> None:
    Membership.objects.get_or_create(user=cast.member, workspace=cast.bolt, defaults={"role": Role.USER})
    page = f"http://testserver/w/{cast.acme.pk}/{seen}"
    headers = {"hx-request": "true", "hx-current-url": page}
    shown = cast.client(cast.member).get("/workspaces/", headers=headers).content.decode()
    assert f'href="/w/{cast.bolt.pk}/{opens}"' in shown


def test_another_host_or_no_page_leads_to_the_dashboard(cast: Cast) -> None:
    client = cast.client(cast.member)
    foreign = {"hx-request": "true", "hx-current-url": f"http://elsewhere.example/w/{cast.acme.pk}/sims/"}
    for headers in ({}, foreign):
        assert f'href="/w/{cast.acme.pk}/"' in client.get("/workspaces/", headers=headers).content.decode()


@pytest.mark.parametrize(
    ("page", "section"),
    [
        ("events:detail", "events:list"),
        ("events:sim_then", "sims:sim_list"),
        ("events:device_then", "sims:device_list"),
        ("events:users_then", "accounts:workspace_settings"),
        ("sims:result_detail", "sims:result_list"),
        ("search", "dashboard"),
    ],
)
def test_a_page_belongs_to_the_part_that_names_most_of_it(page: str, section: str) -> None:
    assert section_of(page) == section
