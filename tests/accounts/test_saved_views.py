"""Saved views: whose they are, who may share and change them, what the log tells, and what stays when people go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import SavedView, User
from accounts.people.services.erasure import erase_user
from accounts.people.services.members import remove_member
from accounts.permissions import Role
from accounts.saved_views.services import change_view, delete_view, open_with, save_view
from kit.context import Surface, acting_as
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from kit.filter_values import keep_list
from kit.models import SavedFilter
from kit.tasks import sweep_filters
from tests.cast import Cast
from tests.log import last, rows, types

QUERY = "status=2&sort=iccid&columns=iccid,status"


def made(cast: Cast, user: User, name: str = "Suspended", *, shared: bool = False, query: str = QUERY) -> SavedView:
    with cast.acting(user):
        return save_view(workspace_id=cast.acme.pk, list_name="sims", name=name, query=query, shared=shared)


# --- rights ---


def test_a_view_of_ones_own_is_told_nobody(cast: Cast) -> None:
    view = made(cast, cast.observer)
    assert (view.name, view.query, view.shared, view.owner_id) == ("Suspended", QUERY, False, cast.observer.pk)
    with cast.acting(cast.observer):
        change_view(workspace_id=cast.acme.pk, view_id=view.pk, name="Dark", query="status=2")
        view.refresh_from_db()
        assert (view.name, view.query) == ("Dark", "status=2")
        open_with(workspace_id=cast.acme.pk, list_name="sims", view_id=view.pk)
        delete_view(workspace_id=cast.acme.pk, view_id=view.pk)
    assert not SavedView.objects.exists()
    assert types() == []


def test_what_is_shared_is_told(cast: Cast) -> None:
    view = made(cast, cast.member, shared=True)
    assert rows(cast.acme)[-1] == (10125, "View 'Suspended' shared with the workspace")
    event = last()
    assert (event.user_id, event.detail["view"]) == (
        cast.member.pk,
        {"id": view.pk, "name": "Suspended", "list": "sims", "query": QUERY},
    )
    with cast.acting(cast.owner):
        change_view(workspace_id=cast.acme.pk, view_id=view.pk, name="Dark SIMs")
    assert rows(cast.acme)[-1] == (10126, "Shared view 'Dark SIMs' changed")
    assert last().detail["changes"] == {"name": {"from": "Suspended", "to": "Dark SIMs"}}
    with cast.acting(cast.member):
        change_view(workspace_id=cast.acme.pk, view_id=view.pk, name="Dark SIMs")
        assert len(types()) == 2, "nothing was changed"
        change_view(workspace_id=cast.acme.pk, view_id=view.pk, shared=False)
        assert rows(cast.acme)[-1] == (10127, "View 'Dark SIMs' no longer shared with the workspace")
        change_view(workspace_id=cast.acme.pk, view_id=view.pk, shared=True)
        delete_view(workspace_id=cast.acme.pk, view_id=view.pk)
    assert types() == [10125, 10126, 10127, 10125, 10127]
    assert rows(cast.acme)[-1] == (10127, "Shared view 'Dark SIMs' deleted")


def test_who_may_share_and_change(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="share views of lists"):
        made(cast, cast.observer, shared=True)
    own = made(cast, cast.observer)
    with cast.acting(cast.observer), pytest.raises(Forbidden, match="share views of lists"):
        change_view(workspace_id=cast.acme.pk, view_id=own.pk, shared=True)
    theirs = made(cast, cast.owner, shared=True)
    for call in (
        lambda: change_view(workspace_id=cast.acme.pk, view_id=theirs.pk, name="Mine now"),
        lambda: delete_view(workspace_id=cast.acme.pk, view_id=theirs.pk),
    ):
        with cast.acting(cast.member), pytest.raises(Forbidden, match="shared by Olga Owner"):
            call()
    # Nobody but its owner knows of a view that is not shared, Administrators neither.
    with cast.acting(cast.owner), pytest.raises(NotFound):
        change_view(workspace_id=cast.acme.pk, view_id=own.pk, name="Seen")
    assert types() == [10125]


def test_whoever_lost_the_right_changes_nothing_shared(cast: Cast) -> None:
    view = made(cast, cast.member, shared=True)
    cast.member.memberships.update(role=Role.OBSERVER)
    with cast.acting(cast.member), pytest.raises(Forbidden):
        delete_view(workspace_id=cast.acme.pk, view_id=view.pk)
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_neither_programs_nor_visiting_staff_save_views(cast: Cast) -> None:
    for actor in (cast.token(), cast.support()):
        for shared in (False, True):
            with acting_as(actor, surface=Surface.API), pytest.raises(Forbidden):
                save_view(workspace_id=cast.acme.pk, list_name="sims", name="Left", query="", shared=shared)
    assert not SavedView.objects.exists()


def test_nothing_of_another_workspace(cast: Cast) -> None:
    view = made(cast, cast.owner, shared=True)
    calls: list[Callable[[], object]] = [
        lambda: save_view(workspace_id=cast.acme.pk, list_name="sims", name="In", query=""),
        lambda: change_view(workspace_id=cast.acme.pk, view_id=view.pk, name="In"),
        lambda: change_view(workspace_id=cast.umbra.pk, view_id=view.pk, name="In"),
        lambda: delete_view(workspace_id=cast.umbra.pk, view_id=view.pk),
        lambda: open_with(workspace_id=cast.umbra.pk, list_name="sims", view_id=view.pk),
    ]
    for call in calls:
        with cast.acting(cast.outsider), pytest.raises(NotFound):
            call()
    view.refresh_from_db()
    assert view.name == "Suspended"


# --- input ---


def test_bad_input(cast: Cast) -> None:
    made(cast, cast.owner)
    with cast.acting(cast.owner):
        for name, query, error in (
            ("", QUERY, Invalid),
            ("x" * 61, QUERY, Invalid),
            ("a\u202eb", QUERY, Invalid),
            ("Long", f"iccid={'8' * 5000}", Invalid),
            ("suspended", QUERY, Conflict),
        ):
            with pytest.raises(error) as refused:
                save_view(workspace_id=cast.acme.pk, list_name="sims", name=name, query=query)
            assert getattr(refused.value, "field", None) in ("name", "query")
        with pytest.raises(NotFound, match="no list"):
            save_view(workspace_id=cast.acme.pk, list_name="orders", name="x", query="")
    assert SavedView.objects.count() == 1
    # The same name among what is shared, and of another person, is another view.
    made(cast, cast.owner, shared=True)
    made(cast, cast.member)
    view = made(cast, cast.owner, "Place", query="?page=3&cursor=abc&tab=x&view=all&status=2&status=3&q=")
    assert view.query == "status=3", "where somebody was in the list is no part of a view"


# --- who goes ---


def test_who_leaves_takes_their_own_views_along(cast: Cast) -> None:
    made(cast, cast.member)
    shared = made(cast, cast.member, "For all", shared=True)
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert list(SavedView.objects.all()) == [shared]


def test_who_is_erased_is_in_no_view(cast: Cast) -> None:
    made(cast, cast.member)
    shared = made(cast, cast.member, "For all", shared=True)
    about = made(cast, cast.owner, "Max Member at work", query="q=Max+Member&status=2")
    mailed = made(cast, cast.owner, "Mail", query="q=max.member%40example.com")
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    assert set(SavedView.objects.all()) == {shared, about, mailed}
    for view in (about, mailed):
        view.refresh_from_db()
        assert "Max" not in view.name + view.query
        assert "max" not in view.query
    assert about.query.endswith("&status=2")
    page = cast.client(cast.owner).get(reverse("accounts:saved_views", args=[cast.acme.pk, "sims"])).content.decode()
    assert "Max Member" not in page


def test_two_views_that_named_an_erased_person_stay_two(cast: Cast) -> None:
    """Called by the name and by the address they would now be called the same, which no list has twice."""
    long = f"tag=max.member@example.com,{'x,' * 1_985}"
    names = ("SIMs of Max Member", "SIMs of max.member@example.com")
    assert cast.member.name == "Max Member"
    assert cast.member.email == "max.member@example.com"
    views = [made(cast, cast.owner, name, shared=True) for name in names]
    full = SavedView.objects.create(
        workspace=cast.acme, owner=cast.owner, list_name="sims", name="Long", query=(long + "&status=2")[:4_000]
    )
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    for view in (*views, full):
        view.refresh_from_db()
    first, second = views[0].name, views[1].name
    assert first != second
    assert second.startswith(first)
    assert not any("Max" in name or "max" in name for name in (first, second))
    assert "max.member" not in full.query
    assert len(full.query) <= 4_000


def test_a_long_list_of_values_stays_as_long_as_its_view(cast: Cast) -> None:
    kept, other = (keep_list(cast.acme.pk, "iccid", ["8" * 19, end * 19]) for end in "12")
    made(cast, cast.owner, "Pasted", query=f"iccid=list:{kept}")
    SavedFilter.objects.update(created_at=timezone.now() - timedelta(days=800))
    sweep_filters()
    assert list(SavedFilter.objects.values_list("token", flat=True)) == [kept]
    assert kept != other


# --- pages ---


def test_a_list_has_its_views_and_its_address_is_plain(cast: Cast) -> None:
    view = made(cast, cast.owner, shared=True)
    made(cast, cast.owner, "Only mine", query="status=1")
    cast.sims(1, status=2)
    base = f"/w/{cast.acme.pk}/sims/"
    page = cast.client(cast.member).get(base).content.decode()
    assert f'href="{base}?status=2&amp;sort=iccid&amp;columns=iccid,status"' in page
    assert "Only mine" not in page
    page = cast.client(cast.member).get(f"{base}?{view.query}").content.decode()
    assert 'id="saved-views"' in page
    assert '<span class="view-open truncate">Suspended' in page.replace("<bdi>", "")
    assert "col-status" in page
    assert "col-imsi" not in page
    odd = cast.client(cast.member).get(f"{base}?columns=nonsense,status").content.decode()
    assert "There is no column “nonsense”." in odd


def test_saving_changing_and_deleting_by_the_pages(cast: Cast) -> None:
    client, base = cast.client(cast.member), f"/w/{cast.acme.pk}/views/sims/"
    page = client.get(f"{base}save/", {"query": QUERY}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="shared"' in page
    assert client.post(f"{base}save/", {"query": QUERY, "name": ""}).status_code == 422
    answer = client.post(f"{base}save/", {"query": QUERY, "name": "Dark", "shared": "on", "default": "on"})
    assert answer["Location"] == f"/w/{cast.acme.pk}/sims/?{QUERY}"
    view = SavedView.objects.get()
    assert types() == [10125]
    # The list opens with it, for this person alone, and `view=all` shows the whole list.
    assert client.get(f"/w/{cast.acme.pk}/sims/")["Location"] == f"/w/{cast.acme.pk}/sims/?{QUERY}"
    assert client.get(f"/w/{cast.acme.pk}/sims/?view=all").status_code == 200
    assert client.get(f"/w/{cast.acme.pk}/sims/", headers={"HX-Request": "true"}).status_code == 200
    cleared = client.get(f"/w/{cast.acme.pk}/sims/?view=all", headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="/w/{cast.acme.pk}/sims/?view=all"' in cleared, "the list comes anew as the whole list"
    assert cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    assert "Dark" in client.get(base).content.decode()
    client.post(f"{base}{view.pk}/default/", {"off": "1"})
    assert client.get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    # In the place of an older one.
    client.post(f"{base}save/", {"query": "status=3", "name": "", "replace": view.pk})
    view.refresh_from_db()
    assert (view.name, view.query, view.shared) == ("Dark", "status=3", True)
    assert client.post(f"{base}{view.pk}/", {"name": "Gone", "shared": "on"}).status_code == 303
    view.refresh_from_db()
    assert view.name == "Gone"
    assert client.post(f"{base}{view.pk}/delete/").status_code == 303
    assert types() == [10125, 10126, 10126, 10127]
    # Whoever may not share is not asked.
    page = cast.client(cast.observer).get(f"{base}save/", headers={"HX-Request": "true"}).content.decode()
    assert 'name="shared"' not in page
    cast.client(cast.observer).post(f"{base}save/", {"query": "", "name": "All", "shared": "on"})
    assert not SavedView.objects.get().shared


def test_pages_open_nothing_of_others(cast: Cast) -> None:
    own = made(cast, cast.owner)
    shared = made(cast, cast.owner, "Shared", shared=True)
    base = f"/w/{cast.acme.pk}/views/sims/"
    member = cast.client(cast.member)
    assert member.get(f"{base}{own.pk}/").status_code == 404
    assert member.get(f"{base}{shared.pk}/").status_code == 403
    assert member.post(f"{base}{shared.pk}/delete/").status_code == 403
    assert member.post(f"{base}{own.pk}/default/").status_code == 404
    assert cast.client(cast.outsider).get(base).status_code == 404
    assert cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/views/sims/{shared.pk}/").status_code == 404
    assert member.get(f"/w/{cast.acme.pk}/views/nothing/").status_code == 404


def test_devices_and_events_have_views_too(cast: Cast) -> None:
    client = cast.client(cast.owner)
    for name, query in (("devices", "status=1"), ("events", "severity=1")):
        client.post(f"/w/{cast.acme.pk}/views/{name}/save/", {"query": query, "name": "Mine", "default": "on"})
        assert client.get(f"/w/{cast.acme.pk}/{name}/")["Location"] == f"/w/{cast.acme.pk}/{name}/?{query}"
        page = client.get(f"/w/{cast.acme.pk}/{name}/?{query}").content.decode()
        assert "view=all" in page
