"""The last Administrator of a workspace stays one who can sign in."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User, Workspace
from accounts.people.services.members import change_role, leave_workspace, remove_member
from accounts.people.services.profiles import change_account
from accounts.permissions import Role
from kit.context import acting_as
from kit.errors import Conflict, Forbidden
from tests.cast import Cast
from tests.log import types


def _second(cast: Cast) -> None:
    """Make the member Administrator of Acme too."""
    Membership.objects.filter(user=cast.member, workspace=cast.acme).update(role=Role.ADMINISTRATOR)


@pytest.mark.parametrize("status", [User.Status.SUSPENDED, User.Status.ACTIVATION_PENDING])
def test_administrators_who_can_not_sign_in_do_not_count(cast: Cast, status: User.Status) -> None:
    _second(cast)
    User.objects.filter(pk=cast.member.pk).update(status=status)
    with cast.acting(cast.owner), pytest.raises(Conflict, match="last Administrator of Acme"):
        leave_workspace(workspace_id=cast.acme.pk)
    with cast.staffing():
        for refused in (
            lambda: change_role(workspace_id=cast.acme.pk, user_id=cast.owner.pk, role="User"),
            lambda: remove_member(workspace_id=cast.acme.pk, user_id=cast.owner.pk),
        ):
            with pytest.raises(Conflict, match="last Administrator of Acme"):
                refused()
    assert Membership.objects.get(user=cast.owner, workspace=cast.acme).role == Role.ADMINISTRATOR
    assert types() == []
    # The one who can't sign in may go, as long as another stays.
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)


def test_an_application_token_does_not_suspend_the_last_one(cast: Cast) -> None:
    """Nor does it change any other account: people are managed by people."""
    with acting_as(cast.token(cast.umbra)), pytest.raises(Forbidden, match="Application tokens may not manage users"):
        change_account(workspace_id=cast.umbra.pk, user_id=cast.outsider.pk, status=User.Status.SUSPENDED)
    cast.outsider.refresh_from_db()
    assert (cast.outsider.status, cast.outsider.token_epoch) == (User.Status.ACTIVE, 0)
    assert types() == []


def test_each_workspace_of_the_account_counts(cast: Cast) -> None:
    _second(cast)
    Membership.objects.create(user=cast.observer, workspace=cast.bolt, role=Role.ADMINISTRATOR)
    Membership.objects.filter(user=cast.owner, workspace=cast.bolt).delete()
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.USER)
    Membership.objects.filter(user=cast.member).update(role=Role.ADMINISTRATOR)
    Membership.objects.filter(user=cast.observer).update(role=Role.ADMINISTRATOR)
    # The member administers both; Acme keeps the owner, Bolt only the observer.
    with cast.acting(cast.member):
        change_account(workspace_id=cast.acme.pk, user_id=cast.observer.pk, status=User.Status.SUSPENDED)
    assert types(cast.acme) == [10075]
    with cast.acting(cast.member), pytest.raises(Conflict):
        leave_workspace(workspace_id=cast.bolt.pk)


def test_suspending_takes_a_constant_number_of_queries(cast: Cast) -> None:
    _second(cast)
    for number in range(5):
        more = Workspace.objects.create(name=f"More {number}", package=cast.acme.package)
        for user in (cast.owner, cast.observer):
            Membership.objects.create(user=user, workspace=more, role=Role.ADMINISTRATOR)
    counts = []
    for user in (cast.member, cast.observer):
        with cast.acting(cast.owner), CaptureQueriesContext(connection) as captured:
            change_account(workspace_id=cast.acme.pk, user_id=user.pk, status=User.Status.SUSPENDED)
        counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_staff_may_and_are_told(cast: Cast) -> None:
    client = cast.client(cast.staff)
    url = reverse("admin:accounts_user_lock", args=[cast.outsider.pk, "suspend"])
    page = client.post(url, follow=True).content.decode()
    cast.outsider.refresh_from_db()
    assert cast.outsider.status == User.Status.SUSPENDED
    assert "No Administrator is left in: Umbra." in page
    # Where another one stays, nothing is said.
    url = reverse("admin:accounts_user_lock", args=[cast.member.pk, "suspend"])
    assert "No Administrator is left" not in client.post(url, follow=True).content.decode()
