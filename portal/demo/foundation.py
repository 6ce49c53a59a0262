"""Before the first SIM: the operator's workspace, what it sells, the customers' workspaces, people and policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from accounts.models import PlatformPackage, Workspace
from accounts.packages.services.catalogue import create_data_plan, create_package
from accounts.packages.services.subscriptions import set_data_plans
from accounts.people.services.members import add_member
from accounts.people.services.staff_accounts import create_user
from accounts.people.services.super_admins import set_super_admin
from accounts.selectors import operator_workspace_id
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.context import Surface, current_context
from portal.demo import master_data, secrets
from portal.demo.past import Past
from sims.models import SimModel
from sims.policies.services import policies

SERVICE_POLICIES = (
    ("all", {"name": "Data and SMS", "description": "Everything a device may need."}),
    ("data", {"name": "Data only", "description": "No SMS in either direction.", "sms_mo": False, "sms_mt": False}),
    (
        "low",
        {
            "name": "Low power",
            "description": "NB-IoT and 4G for devices on batteries.",
            "allowed_2g": False,
            "allowed_3g": False,
        },
    ),
)


class _Steps:
    """Acts one after the other."""

    def __init__(self, past: Past, start: datetime, seconds: float) -> None:
        self._past, self._at, self._step = past, start, timedelta(seconds=seconds)

    def __call__(self, who: str, do: Callable[[], object]) -> None:
        self._past.add(self._at, who, do)
        self._at += self._step


def write_foundation(past: Past) -> None:
    """Add the acts that make everything a month of work needs."""
    calendar = past.calendar
    step = _Steps(past, calendar.at(0, 6), seconds=20)
    step("system", partial(_operator, past))
    step("system", partial(_mark, past))
    step("system", partial(_user, past, "alma", master_data.STAFF["alma"], superuser=True))
    step = _Steps(past, calendar.at(0, 6, 30), seconds=75)
    step("alma", partial(_user, past, "tobias", master_data.STAFF["tobias"]))
    for values in master_data.DATA_PLANS:
        step("alma", partial(_data_plan, past, values))
    for values in master_data.PACKAGES:
        step("alma", partial(_package, past, values))
    step("alma", _sim_models)
    for number, (key, customer) in enumerate(master_data.CUSTOMERS.items()):
        step = _Steps(past, calendar.at(customer.day, 7, 30 + 6 * number), seconds=7)
        step("alma", partial(_workspace, past, key, customer))
        step("alma", partial(_book, past, key, customer.plans))
        for person_key, person in master_data.PEOPLE.items():
            if key in person.roles:
                step("alma", partial(_join, past, person_key, person, key))
        step("alma", partial(_name_super_admin, past, key))
        _write_policies(past, key, customer)
        _write_program(past, key, customer)


def administrator_of(workspace: str) -> str:
    """Return the key of the Administrator of a workspace."""
    return next(
        key for key, person in master_data.PEOPLE.items() if person.roles.get(workspace) == master_data.ADMINISTRATOR
    )


def user_of(workspace: str) -> str:
    """Return the key of somebody with the role User in a workspace."""
    return next(
        key
        for key, person in master_data.PEOPLE.items()
        if person.roles.get(workspace) == master_data.USER and person.has_password
    )


def _operator(past: Past) -> None:
    workspace_id = operator_workspace_id()
    # It was made with the tables, which is later than the past that the demo tells of.
    Workspace.objects.filter(pk=workspace_id).update(created=current_context().now())
    update_workspace(
        workspace_id=workspace_id,
        changes={"name": master_data.OPERATOR_NAME, "country": master_data.OPERATOR_COUNTRY},
    )
    past.workspaces["operator"] = workspace_id


def _mark(past: Past) -> None:
    """Leave the mark by which the loader knows its database; see `secrets.marker`."""
    workspace_id = past.workspaces["operator"]
    created = create_application_token(
        workspace_id=workspace_id, description="Demo data", role=master_data.OBSERVER, value=secrets.marker()
    )
    revoke_application_token(workspace_id=workspace_id, token_id=created.token.pk)


def _user(past: Past, key: str, person: master_data.CastMember, *, superuser: bool = False) -> None:
    # Passwords come at the end, see `password_hashing`.
    past.users[key] = create_user(
        email=person.email,
        name=person.name,
        is_staff=not person.roles,
        is_superuser=superuser,
        staff_role=person.staff_role,
    )


def _data_plan(past: Past, values: Mapping[str, object]) -> None:
    past.plans[str(values["name"])] = create_data_plan(values=values).pk


def _package(past: Past, values: Mapping[str, object]) -> None:
    past.packages[str(values["name"])] = create_package(values=values).pk


def _sim_models() -> None:
    # A catalogue without a service of its own: nothing is logged about it.
    for values in master_data.SIM_MODELS.values():
        SimModel.objects.create(**values)


def _workspace(past: Past, key: str, customer: master_data.Customer) -> None:
    workspace = create_workspace(
        name=customer.name,
        package_id=PlatformPackage.objects.get(name=customer.package).pk,
        country=customer.country,
        main_id=past.workspaces[customer.main] if customer.main else None,
    )
    past.workspaces[key] = workspace.pk


def _book(past: Past, key: str, plans: tuple[str, ...]) -> None:
    set_data_plans(workspace_id=past.workspaces[key], data_plan_ids=[past.plans[name] for name in plans])


def _join(past: Past, person_key: str, person: master_data.CastMember, workspace: str) -> None:
    if person_key not in past.users:
        _user(past, person_key, person)
    role = person.roles[workspace]
    add_member(
        workspace_id=past.workspaces[workspace],
        user_id=past.users[person_key].pk,
        role=master_data.ADMINISTRATOR if role == master_data.SUPERADMIN else role,
    )
    past.users[person_key].refresh_from_db()


def _name_super_admin(past: Past, key: str) -> None:
    for person_key, person in master_data.PEOPLE.items():
        if person.roles.get(key) == master_data.SUPERADMIN:
            set_super_admin(workspace_id=past.workspaces[key], user_id=past.users[person_key].pk)
    past.forget_actors()


def _write_policies(past: Past, key: str, customer: master_data.Customer) -> None:
    who = administrator_of(key)
    step = _Steps(past, past.calendar.at(customer.day, 8, 40 + len(past.script) % 13), seconds=95)
    for name, values in SERVICE_POLICIES:
        step(who, partial(_service_policy, past, key, name, values))
    for plan in customer.plans:
        step(who, partial(_coverage_policy, past, key, plan))


def _service_policy(past: Past, key: str, name: str, values: Mapping[str, object]) -> None:
    policy = policies.create_service_policy(workspace_id=past.workspaces[key], values=values)
    past.policies[f"{key}/{name}"] = policy.pk


def _coverage_policy(past: Past, key: str, plan: str) -> None:
    values = {"name": plan, "description": f"Wherever {plan} reaches.", "data_plan_id": past.plans[plan]}
    policy = policies.create_coverage_policy(workspace_id=past.workspaces[key], values=values)
    past.policies[f"{key}/{plan}"] = policy.pk


def _write_program(past: Past, key: str, customer: master_data.Customer) -> None:
    past.add(
        past.calendar.at(customer.day, 9, 5),
        administrator_of(key),
        partial(_program, past, key, customer),
        surface=Surface.PORTAL,
    )


def _program(past: Past, key: str, customer: master_data.Customer) -> None:
    past.tokens[key] = create_application_token(
        workspace_id=past.workspaces[key],
        description=customer.program,
        role=master_data.ADMINISTRATOR,
        value=secrets.application_token(key),
    ).token
