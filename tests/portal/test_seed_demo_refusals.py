"""The demo keeps away from other people's data, and never stays by half."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User, Workspace
from accounts.operator import OPERATOR_ID
from accounts.packages.services.catalogue import create_package
from accounts.workspaces.services.workspaces import create_workspace
from kit.context import SYSTEM, acting_as
from portal.demo import load, loader, password_hashing
from sims.models import Sim


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["user", "workspace", "package"])
def test_a_foreign_database_is_left_alone(what: str) -> None:
    if what == "user":
        User.objects.create_user("somebody@example.com", name="Somebody")
    else:
        with acting_as(SYSTEM):
            package = create_package(values={"name": "Theirs"})
            if what == "workspace":
                create_workspace(name="Theirs", package_id=package.pk)
    with pytest.raises(CommandError, match="has not made"):
        call_command("seed_demo")
    assert not Sim.objects.exists()


@pytest.mark.django_db
def test_half_a_demo_never_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("stop")

    monkeypatch.setattr(password_hashing.PasswordHashes, "__enter__", lambda self: self)
    monkeypatch.setattr(password_hashing.PasswordHashes, "give", broken)
    for name in (
        "shipments",
        "shop",
        "operations",
        "accounts_and_tokens",
        "invitations_and_requests",
        "daily_round",
        "last_hour",
        "usage",
    ):
        monkeypatch.setattr(loader, f"write_{name}", lambda _stage: None)
    with pytest.raises(RuntimeError, match="stop"), transaction.atomic():
        load()
    assert not Workspace.objects.exclude(pk=OPERATOR_ID).exists()
    assert not User.objects.exists()
