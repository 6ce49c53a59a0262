"""Loads the demo once, and afterwards keeps it fit for use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.permissions import Role
from accounts.selectors import entries_of
from kit.context import SYSTEM, Surface, acting_as
from portal.demo import master_data, secrets, upkeep
from portal.demo.accounts_and_tokens import write_accounts_and_tokens
from portal.demo.daily_round import write_daily_round, write_last_hour
from portal.demo.foundation import write_foundation
from portal.demo.invitations_and_requests import write_invitations_and_requests
from portal.demo.numbers import Numbers
from portal.demo.operations import write_operations
from portal.demo.password_hashing import PasswordHashes
from portal.demo.past import Calendar, Past, Progress
from portal.demo.shipments import write_shipments
from portal.demo.shop import write_shop
from portal.demo.usage import write_usage
from sims.models import CoveragePolicy, ServicePolicy
from sims.policies.services.policies import create_coverage_policy, create_service_policy

RANK = {role: number for number, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    id: int
    name: str
    email: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoWorkspace:
    """One workspace of the demo; BICs are unregistered, policies are ids."""

    id: int
    name: str
    package: str
    application_token: str
    bics: list[str]
    service_profile: int
    tariff_profile: int
    users: list[Account]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a person or a program needs to use the demo.

    Args:
        workspaces: in the order of `master_data.CUSTOMERS`.
        staff: the superuser of the operator.
        network_feed_token: key with which records of the network are delivered.
        fresh: whether this run has made it.
    """

    workspaces: list[DemoWorkspace]
    staff: Account
    network_feed_token: str
    fresh: bool

    def as_json(self) -> dict[str, Any]:
        """Return what `seed_demo --json` prints."""
        return {
            "workspaces": [
                {
                    "id": workspace.id,
                    "name": workspace.name,
                    "package": workspace.package,
                    "application_token": workspace.application_token,
                    "bics": workspace.bics,
                    "service_profile": workspace.service_profile,
                    "tariff_profile": workspace.tariff_profile,
                    "users": [
                        {
                            "id": user.id,
                            "name": user.name,
                            "email": user.email,
                            "password": user.password,
                            "role": user.role,
                        }
                        for user in workspace.users
                    ],
                }
                for workspace in self.workspaces
            ],
            "staff": {"email": self.staff.email, "password": self.staff.password},
            "network_feed_token": self.network_feed_token,
        }


def load(progress: Progress | None = None) -> Demo:
    """Load the demo, or bring the one that is here up to what its description promises.

    All or nothing, and one loader at a time.

    Args:
        progress: told now and then how many acts of the past are done, of how many; never when it is here already.

    Raises:
        ForeignDatabase: the database holds something else.
    """
    with transaction.atomic():
        upkeep.lock()
        fresh = not upkeep.is_loaded()
        if fresh:
            _play(progress or _silent)
        with acting_as(SYSTEM, surface=Surface.COMMAND):
            demo = _describe(fresh)
    if fresh:
        with connection.cursor() as cursor:
            # Both databases plan badly for tables that were empty when they last looked.
            cursor.execute("ANALYZE")
    return demo


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def _play(progress: Progress) -> None:
    past = Past(Calendar(timezone.now()), Numbers())
    write_foundation(past)
    write_shipments(past)
    write_shop(past)
    write_operations(past)
    write_accounts_and_tokens(past)
    write_invitations_and_requests(past)
    write_daily_round(past)
    write_last_hour(past)
    write_usage(past)
    with PasswordHashes() as hashes:
        past.play(past.script, progress)
        hashes.give(past.users, past.last_sign_in)


def _describe(fresh: bool) -> Demo:
    found = upkeep.workspaces()
    bics = upkeep.waiting_bics(list(found.values()))
    accounts = _accounts()
    staff_key = next(iter(master_data.STAFF))
    staff_email = master_data.STAFF[staff_key].email
    staff = User.objects.filter(email=staff_email).first()
    return Demo(
        workspaces=[
            DemoWorkspace(
                id=workspace.pk,
                name=workspace.name,
                package=workspace.package.name,
                application_token=upkeep.live_token(key, workspace),
                bics=bics[workspace.pk],
                service_profile=_service_policy(workspace),
                tariff_profile=_coverage_policy(workspace),
                users=sorted(accounts.get(workspace.pk, []), key=lambda user: (RANK[Role(user.role)], user.id)),
            )
            for key, workspace in found.items()
        ],
        staff=Account(
            id=staff.pk if staff else 0,
            name=staff.name if staff else master_data.STAFF[staff_key].name,
            email=staff_email,
            password=secrets.password_of(staff_key),
            role="staff",
        ),
        network_feed_token=secrets.network_feed_token(),
        fresh=fresh,
    )


def _accounts() -> dict[int, list[Account]]:
    """Return who may sign in, by workspace id, with the role held now."""
    keys = {person.email: key for key, person in master_data.PEOPLE.items() if person.has_password}
    by_workspace: dict[int, list[Account]] = {}
    for user in User.objects.filter(email__in=list(keys), status=User.Status.ACTIVE):
        for entry in entries_of(user.pk):
            account = Account(user.pk, user.name, user.email, secrets.password_of(keys[user.email]), entry.role.value)
            by_workspace.setdefault(entry.id, []).append(account)
    return by_workspace


def _service_policy(workspace: Workspace) -> int:
    first = ServicePolicy.objects.of(workspace.pk).order_by("pk").first()
    return (first or create_service_policy(workspace_id=workspace.pk, values={"name": "Data and SMS"})).pk


def _coverage_policy(workspace: Workspace) -> int:
    first = CoveragePolicy.objects.of(workspace.pk).order_by("pk").first()
    if first is None:
        plan_id = workspace.data_plans.order_by("pk").values_list("pk", flat=True).first()
        first = create_coverage_policy(workspace_id=workspace.pk, values={"name": "Default", "data_plan_id": plan_id})
    return first.pk
