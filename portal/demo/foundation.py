"""Before the first SIM: the operator's workspace, what it sells, the customers' workspaces, people and policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from accounts.models import PlatformPackage, Workspace
from accounts.packages.services.catalogue import create_data_plan, create_package
from accounts.packages.services.subscriptions import set_data_plans
from accounts.people.services.members import add_member, set_super_admin
from accounts.people.services.staff_accounts import create_user
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.workspaces.services.workspaces import create_workspace
from kit.context import Surface
from portal.catalogue import INTERNAL_PACKAGE
from portal.demo import cast, secrets
from portal.demo.stage import Stage
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

    def __init__(self, stage: Stage, start: datetime, seconds: float) -> None:
        self._stage, self._at, self._step = stage, start, timedelta(seconds=seconds)

    def __call__(self, who: str, do: Callable[[], object]) -> None:
        self._stage.add(self._at, who, do)
        self._at += self._step


def write_foundation(stage: Stage) -> None:
    """Add the acts that make everything a month of work needs."""
    calendar = stage.calendar
    step = _Steps(stage, calendar.at(0, 6), seconds=20)
    step("system", partial(_operator, stage))
    step("system", partial(_mark, stage))
    step("system", partial(_user, stage, "alma", cast.STAFF["alma"], superuser=True))
    step = _Steps(stage, calendar.at(0, 6, 30), seconds=75)
    step("alma", partial(_user, stage, "tobias", cast.STAFF["tobias"]))
    for values in cast.DATA_PLANS:
        step("alma", partial(_data_plan, stage, values))
    for values in cast.PACKAGES:
        step("alma", partial(_package, stage, values))
    step("alma", _sim_models)
    for number, (key, customer) in enumerate(cast.CUSTOMERS.items()):
        step = _Steps(stage, calendar.at(customer.day, 7, 30 + 6 * number), seconds=7)
        step("alma", partial(_workspace, stage, key, customer))
        step("alma", partial(_book, stage, key, customer.plans))
        for person_key, person in cast.PEOPLE.items():
            if key in person.roles:
                step("alma", partial(_join, stage, person_key, person, key))
        step("alma", partial(_name_super_admin, stage, key))
        _write_policies(stage, key, customer)
        _write_program(stage, key, customer)


def administrator_of(workspace: str) -> str:
    """Return the key of the Administrator of a workspace."""
    return next(key for key, person in cast.PEOPLE.items() if person.roles.get(workspace) == cast.ADMINISTRATOR)


def user_of(workspace: str) -> str:
    """Return the key of somebody with the role User in a workspace."""
    return next(
        key for key, person in cast.PEOPLE.items() if person.roles.get(workspace) == cast.USER and person.has_password
    )


def _operator(stage: Stage) -> None:
    package = create_package(values=INTERNAL_PACKAGE)
    workspace = create_workspace(
        name=cast.OPERATOR_NAME,
        package_id=package.pk,
        type=Workspace.Type.OPERATOR,
        country=cast.OPERATOR_COUNTRY,
    )
    stage.workspaces["operator"] = workspace.pk


def _mark(stage: Stage) -> None:
    """Leave the mark by which the loader knows its database; see `secrets.marker`."""
    workspace_id = stage.workspaces["operator"]
    created = create_application_token(
        workspace_id=workspace_id, description="Demo data", role=cast.OBSERVER, value=secrets.marker()
    )
    revoke_application_token(workspace_id=workspace_id, token_id=created.token.pk)


def _user(stage: Stage, key: str, person: cast.CastMember, *, superuser: bool = False) -> None:
    # Passwords come at the end, see `vault`.
    stage.users[key] = create_user(
        email=person.email,
        name=person.name,
        is_staff=not person.roles,
        is_superuser=superuser,
    )


def _data_plan(stage: Stage, values: Mapping[str, object]) -> None:
    stage.plans[str(values["name"])] = create_data_plan(values=values).pk


def _package(stage: Stage, values: Mapping[str, object]) -> None:
    stage.packages[str(values["name"])] = create_package(values=values).pk


def _sim_models() -> None:
    # A catalogue without a service of its own: nothing is logged about it.
    for values in cast.SIM_MODELS.values():
        SimModel.objects.create(**values)


def _workspace(stage: Stage, key: str, customer: cast.Customer) -> None:
    workspace = create_workspace(
        name=customer.name,
        package_id=PlatformPackage.objects.get(name=customer.package).pk,
        country=customer.country,
        main_id=stage.workspaces[customer.main] if customer.main else None,
    )
    stage.workspaces[key] = workspace.pk


def _book(stage: Stage, key: str, plans: tuple[str, ...]) -> None:
    set_data_plans(workspace_id=stage.workspaces[key], data_plan_ids=[stage.plans[name] for name in plans])


def _join(stage: Stage, person_key: str, person: cast.CastMember, workspace: str) -> None:
    if person_key not in stage.users:
        _user(stage, person_key, person)
    role = person.roles[workspace]
    add_member(
        workspace_id=stage.workspaces[workspace],
        user_id=stage.users[person_key].pk,
        role=cast.ADMINISTRATOR if role == cast.SUPERADMIN else role,
    )
    stage.users[person_key].refresh_from_db()


def _name_super_admin(stage: Stage, key: str) -> None:
    for person_key, person in cast.PEOPLE.items():
        if person.roles.get(key) == cast.SUPERADMIN:
            set_super_admin(workspace_id=stage.workspaces[key], user_id=stage.users[person_key].pk)
    stage.forget_actors()


def _write_policies(stage: Stage, key: str, customer: cast.Customer) -> None:
    who = administrator_of(key)
    step = _Steps(stage, stage.calendar.at(customer.day, 8, 40 + len(stage.script) % 13), seconds=95)
    for name, values in SERVICE_POLICIES:
        step(who, partial(_service_policy, stage, key, name, values))
    for plan in customer.plans:
        step(who, partial(_coverage_policy, stage, key, plan))


def _service_policy(stage: Stage, key: str, name: str, values: Mapping[str, object]) -> None:
    policy = policies.create_service_policy(workspace_id=stage.workspaces[key], values=values)
    stage.policies[f"{key}/{name}"] = policy.pk


def _coverage_policy(stage: Stage, key: str, plan: str) -> None:
    values = {"name": plan, "description": f"Wherever {plan} reaches.", "data_plan_id": stage.plans[plan]}
    policy = policies.create_coverage_policy(workspace_id=stage.workspaces[key], values=values)
    stage.policies[f"{key}/{plan}"] = policy.pk


def _write_program(stage: Stage, key: str, customer: cast.Customer) -> None:
    stage.add(
        stage.calendar.at(customer.day, 9, 5),
        administrator_of(key),
        partial(_program, stage, key, customer),
        surface=Surface.PORTAL,
    )


def _program(stage: Stage, key: str, customer: cast.Customer) -> None:
    stage.tokens[key] = create_application_token(
        workspace_id=stage.workspaces[key],
        description=customer.program,
        role=cast.ADMINISTRATOR,
        value=secrets.application_token(key),
    ).token
