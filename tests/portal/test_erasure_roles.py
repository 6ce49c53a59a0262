"""Erasing whoever leads a workspace: allowed, because it is a duty; told, followed by somebody, and warned of."""

from __future__ import annotations

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command

from accounts.models import Membership, SupportAccess, User, Workspace
from accounts.people.services.erasure import erase_user
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.selectors import without_administrator
from accounts.support.services import start_support_access
from events.models import Event
from kit.jobs import freeze_actor, revive_actor
from kit.models import Job
from tests.admin.conftest import text_of
from tests.cast import PASSWORD, Cast


def second(cast: Cast, name: str = "Anna Next", status: int = User.Status.ACTIVE) -> User:
    user = User.objects.create_user(f"{name.split()[0].lower()}@example.com", PASSWORD, name=name, status=status)
    Membership.objects.create(user=user, workspace=cast.acme, role=Role.ADMINISTRATOR)
    return user


def roles_told(workspace: Workspace) -> list[tuple[int, str]]:
    """Return who got another role, and the description of each event, as it was logged in a workspace."""
    rows = Event.objects.filter(workspace=workspace, type=10024).order_by("pk").select_related("subject")
    return [(row.subject.user_id, row.description.split(" changed ")[1]) for row in rows if row.subject]


@pytest.fixture
def chief(cast: Cast) -> User:
    """Acme's owner, named SuperAdmin of Acme and with it of Bolt."""
    with cast.staffing():
        set_super_admin(workspace_id=cast.acme.pk, user_id=cast.owner.pk)
    return cast.owner


def test_the_longest_standing_active_administrator_follows_the_super_admin(cast: Cast, chief: User) -> None:
    second(cast, "Paul Suspended", User.Status.SUSPENDED)
    heir = second(cast)
    second(cast, "Zoe Later")
    assert without_administrator(chief.pk) == []
    with cast.staffing():
        done = erase_user(user_id=chief.pk)
    cast.acme.refresh_from_db()
    assert cast.acme.super_admin_id == heir.pk
    assert done.headless == []
    assert roles_told(cast.acme)[1:] == [
        (chief.pk, "from SuperAdmin to none"),
        (heir.pk, "from Administrator to SuperAdmin"),
    ]


def test_where_nobody_follows_the_page_and_the_result_say_so(cast: Cast, chief: User) -> None:
    second(cast, "Paul Suspended", User.Status.SUSPENDED)
    assert without_administrator(chief.pk) == [cast.acme, cast.bolt]
    assert without_administrator(cast.member.pk) == []
    staff = cast.client(cast.staff)
    url = f"/admin/accounts/user/{chief.pk}/erase/"
    page = staff.get(url)
    assert "After this nobody can administer these workspaces" in text_of(page)
    for workspace in (cast.acme, cast.bolt):
        link = f'href="/admin/accounts/workspace/{workspace.pk}/members/"><bdi>{workspace.name}</bdi></a>'
        assert link in page.content.decode()
    done = text_of(staff.post(url, {"typed": str(chief.pk)}, follow=True))
    assert "No Administrator is left in: Acme, Bolt." in done
    cast.acme.refresh_from_db()
    assert cast.acme.super_admin_id is None
    assert roles_told(cast.acme)[1:] == [(chief.pk, "from SuperAdmin to none")]
    harmless = f"/admin/accounts/user/{cast.member.pk}/erase/"
    assert "nobody can administer" not in text_of(staff.get(harmless))


def test_the_command_says_so_too(cast: Cast) -> None:
    out = StringIO()
    call_command("erase_user", str(cast.outsider.pk), "--no-input", stdout=out)
    assert f"Umbra (ID {cast.umbra.pk}) has no Administrator now." in out.getvalue()


def test_a_visit_in_the_persons_place_ends_with_its_event(cast: Cast) -> None:
    with cast.staffing():
        visit = start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason="Asked to look.")
        erase_user(user_id=cast.member.pk)
    assert SupportAccess.objects.get(pk=visit.pk).ended is not None
    ended = Event.objects.get(workspace=cast.acme, type=10042)
    assert ended.subject is not None
    assert (ended.subject.user_id, ended.subject.name) == (cast.member.pk, "Erased user")
    order = Event.objects.filter(workspace=cast.acme).order_by("pk").values_list("type", flat=True)
    assert list(order)[-3:] == [10042, 10026, 10027]


@pytest.mark.parametrize("name", ["Name", "User", "Administrator", "Person", "Kind"])
def test_a_name_like_a_word_of_the_portal_changes_no_frozen_actor(cast: Cast, name: str) -> None:
    with cast.acting(cast.member) as context:
        assert context.actor is not None
        frozen = freeze_actor(context.actor)
    frozen["roles"][str(cast.acme.pk)] = "Administrator"
    frozen["person"]["name"] = name
    User.objects.filter(pk=cast.member.pk).update(name=name)
    job = Job.objects.create(
        kind="x", title="x", actor=frozen, user_id=cast.member.pk, request_id=uuid4(), surface=1, total=0
    )
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    job.refresh_from_db()
    revived = revive_actor(job.actor)
    assert revived.person is not None
    assert (revived.person.name, revived.roles) == ("Erased user", {cast.acme.pk: "Administrator"})
    assert revived.label == frozen["label"]
