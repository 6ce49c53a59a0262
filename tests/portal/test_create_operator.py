"""The command that makes the operator's workspace in a new portal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User, Workspace
from accounts.operator import OPERATOR_ID, OPERATOR_NAME
from events.models import Event
from portal.management.commands import createsuperuser
from portal.management.commands.create_operator import PASSWORD_VARIABLE

ARGUMENTS = ("--name", "Example Mobile", "--email", "First@example.com", "--staff-name", "First Person")
PASSWORD = "kept-in-a-drawer-7"


def run() -> str:
    out = StringIO()
    call_command("create_operator", *ARGUMENTS, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_makes_workspace_and_superuser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    printed = run()
    workspace = Workspace.objects.get()
    user = User.objects.get()
    assert (workspace.name, workspace.type) == ("Example Mobile", Workspace.Type.OPERATOR)
    assert (user.email, user.is_staff, user.is_superuser) == ("first@example.com", True, True)
    assert user.check_password(PASSWORD)
    assert "first@example.com" in printed
    assert list(Event.objects.order_by("pk").values_list("type", "workspace_id")) == [
        (31, workspace.pk),
        (10072, workspace.pk),
    ]


@pytest.mark.django_db
def test_a_second_operator_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    run()
    with pytest.raises(CommandError, match="already"):
        run()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_another_superuser_leaves_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(createsuperuser.PASSWORD_VARIABLE, PASSWORD)
    out = StringIO()
    call_command("createsuperuser", "--email", "Two@example.com", "--name", "Second Person", stdout=out)
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("two@example.com", True, True)
    assert user.check_password(PASSWORD)
    assert "two@example.com" in out.getvalue()
    assert list(Event.objects.values_list("type", "workspace_id", "subject__username")) == [
        (10072, OPERATOR_ID, "two@example.com")
    ]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("createsuperuser", "--email", "two@example.com", "--name", "Second Person")
    with pytest.raises(CommandError, match="--name"):
        call_command("createsuperuser", "--noinput", "--email", "three@example.com")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_weak_password_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "short")
    with pytest.raises(CommandError, match="password"):
        run()
    assert not User.objects.exists()
    assert Workspace.objects.get().name == OPERATOR_NAME
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_asks_nothing_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match=PASSWORD_VARIABLE):
        run()
