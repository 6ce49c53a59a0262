"""Acme's world, in which every text is a canary: a word that no stranger may ever read.

Rows are planted for every model, by what its fields are. A model that is neither planted nor listed in `COMMON` fails
`test_every_model_is_planted`, so that a new one is not forgotten.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db import models
from django.utils import timezone

from accounts.models import ApplicationToken, Invitation, Membership, SavedView, TrustedDevice, User, Workspace
from accounts.people.services.members import change_role
from accounts.permissions import Role
from accounts.sign_in.one_time_codes import new_secret
from accounts.sign_in.second_factors import MfaAdapter
from accounts.tokens.services import create_application_token
from accounts.workspaces.services.company import update_company
from events import registry
from events.models import Event, SealLog
from events.seals.services import seal_now
from events.writer import PendingEvent, log
from kit.action import action
from kit.models import Job
from orders.models import Order
from sims.bulk.actions import carry_out
from sims.bulk.schedule import schedule
from sims.bulk.selection import Selection
from sims.devices.services.devices import update_devices
from sims.inventory.bulk import ACTIVATE, SUSPEND
from sims.inventory.services.status import change_sim_status
from sims.models import CoveragePolicy, Device, DeviceFile, ServicePolicy, Sim, SimBatch
from sims.states import SimStatus
from tests.cast import PASSWORD, Cast

CANARY: Final = "xanthocanary"
APPS: Final = ("accounts", "sims", "orders", "events", "kit")

COMMON: Final[dict[str, str]] = {
    "accounts.PlatformPackage": "the operator's price list",
    "accounts.DataPlan": "the operator's price list",
    "accounts.User": "named by `people`",
    "accounts.Workspace": "named by `people`",
    "accounts.Membership": "made by the cast",
    "accounts.UnknownAddress": "holds no text and belongs to no workspace",
    "kit.SubmittedForm": "holds digests; no page shows it",
    "sims.SimImport": "the operator's stock",
    "kit.CallCounter": "counts calls; no page shows it",
    "sims.NetworkReport": "holds ids of reports; no page shows it",
    "kit.KeptAnswer": "holds hashes and what only the caller's key decrypts",
    "orders.MoneyTransfer": "for staff",
    "events.Event": "written by actions on what is planted here",
    "events.FrozenPerson": "written with the events",
    "events.RetentionReceipt": "holds no text",
    "events.ErasureReceipt": "holds no text",
    "events.GuardCheck": "for staff",
    "events.SealState": "written by the sealer, for all logs together",
    "events.SealLog": "written by the sealer",
    "events.SealTile": "written by the sealer",
    "events.SealCheckpoint": "written by the sealer",
    "events.SealCosignature": "written by witnesses; public",
    "events.SealKey": "public",
    "events.SealCheck": "for staff",
    "orders.Article": "the operator's shop",
    "orders.ArticlePrice": "the operator's shop",
    "orders.ShippingOption": "the operator's shop",
    "orders.ShippingProvider": "the operator's shop",
    "sims.SimModel": "the operator's catalogue",
    "sims.SimNumbers": "for staff",
    "sims.FactoryTestRange": "holds no text and belongs to no workspace",
    "sims.FactoryTestWatch": "holds no text and belongs to no workspace",
    "sims.Country": "the same for everybody",
    "sims.Network": "the same for everybody",
    "sims.Operator": "the same for everybody",
}
KEEPS_ITS_FORM: Final = frozenset(
    {"iccid", "imsi", "bic", "msisdn", "eid", "imei", "digest", "country", "currency", "ip"}
)
"""Texts with a form of their own: their numbers are canaries themselves where they are long enough."""


@dataclass
class World:
    """Acme with everything in it, and strangers at its door."""

    cast: Cast
    planted: dict[str, models.Model] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    @property
    def trusted(self) -> TrustedDevice:
        """A trusted device of Acme's member."""
        return TrustedDevice.objects.filter(user=self.cast.member).latest("pk")

    @property
    def mfa_key(self) -> Authenticator:
        """The second factor of Acme's member."""
        return Authenticator.objects.get(user=self.cast.member, type="totp")

    @property
    def session(self) -> UserSession:
        """A session of Acme's member."""
        return UserSession.objects.filter(user=self.cast.member).latest("pk")

    @property
    def canaries(self) -> list[bytes]:
        """What nobody else may read."""
        return [CANARY.encode(), *(number.encode() for number in self.numbers)]

    def values(self, path: str) -> dict[str, Any]:
        """Return what each parameter stands for: an object of Acme's, or something that belongs to nobody."""
        acme = self.cast.acme
        policy = ServicePolicy if "service" in path else CoveragePolicy
        device = Device.objects.filter(workspace=acme).latest("pk")
        sim = Sim.objects.filter(workspace=acme).latest("pk")
        return {
            "workspace_id": acme.pk,
            "visited_id": acme.pk,
            "organisation_id": acme.pk,
            "sim_id": sim.pk,
            "device_id": self.trusted.pk if "trusted_device" in path else device.pk,
            "trusted_id": self.trusted.pk,
            "session_id": self.session.pk,
            "endpoint_id": device.pk,
            "policy_id": CoveragePolicy.objects.filter(workspace=acme).latest("pk").pk,
            "profile_id": policy.objects.filter(workspace=acme).latest("pk").pk,
            "order_id": Order.objects.filter(workspace=acme).latest("pk").pk,
            "event_id": Event.objects.filter(workspace=acme).latest("pk").pk,
            "request_id": Event.objects.filter(workspace=acme).latest("pk").request_id,
            "job_id": Job.objects.filter(workspace_id=acme.pk).latest("created").pk,
            "file_id": DeviceFile.objects.filter(workspace=acme).latest("created").pk,
            "user_id": self.cast.member.pk,
            "invitation_id": Invitation.objects.filter(workspace=acme).latest("pk").pk,
            "token_id": ApplicationToken.objects.filter(workspace=acme).latest("pk").pk,
            "bic": SimBatch.objects.filter(workspace=acme).latest("pk").bic,
            "token": SealLog.objects.get(workspace=acme).token,
            "level": 0,
            "place": "000.p/1",
            "list_name": "sims",
            "view_id": SavedView.objects.filter(workspace=acme).latest("pk").pk,
            "sms_id": 1,
            "key_id": self.mfa_key.pk,
            "package_id": acme.package_id,
            "action": "suspend",
            "kind": "coverage",
            "what": "suspend",
            "article_id": 1,
            "country_id": 1,
            "operator_id": 1,
            "ratezone_id": 1,
            "inclusive_volume_id": 1,
            "role_id": 1,
            "service_id": 1,
            "key": "abc",
            "link_secret": "abc",
            "uidb36": "1",
            "name": "mail",
            "object_id": acme.pk,
        }


def make_world(cast: Cast) -> World:
    """Name Acme's people, plant a row of every model, and let things happen."""
    world = World(cast)
    _people(cast)
    cast.sims(3, status=SimStatus.ACTIVATED)
    cast.device(sim=Sim.objects.filter(workspace=cast.acme).first(), name=f"{CANARY} pump", tags=f"{CANARY}-tag")
    for policy in cast.policies():
        type(policy).objects.filter(pk=policy.pk).update(name=f"{CANARY} {policy.pk}", description=CANARY)
    _sign_ins(cast)
    _covered(cast)
    for model in all_models():
        if model._meta.label not in COMMON and _absent(model, cast):
            world.planted[model._meta.label] = plant(model, cast)
    _things_happen(cast)
    seal_now()
    sims = Sim.objects.filter(workspace=cast.acme)
    world.numbers = [*sims.values_list("iccid", flat=True), *sims.values_list("imsi", flat=True)]
    world.numbers += SimBatch.objects.filter(workspace=cast.acme).values_list("bic", flat=True)
    return world


def all_models() -> list[type[models.Model]]:
    """Return our models."""
    return [model for model in apps.get_models() if model._meta.app_label in APPS and not model._meta.auto_created]


def _people(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(name=f"{CANARY} Ltd")
    for user in (cast.owner, cast.member, cast.observer):
        User.objects.filter(pk=user.pk).update(name=f"{CANARY} {user.pk}", email=f"{CANARY}{user.pk}@example.com")
    for found in (cast.acme, cast.owner, cast.member, cast.observer):
        found.refresh_from_db()


def _covered(cast: Cast) -> None:
    """Tell of a device what covers it: rows of `EventObject` come and go with their event, so none can be planted."""
    device = Device.objects.filter(workspace=cast.acme).latest("pk")
    with cast.acting(cast.owner), action():
        log([PendingEvent(registry.get(69), cast.acme.pk, f"{CANARY} covered", covers={"device": [device.pk]})])


def strangers(cast: Cast) -> dict[str, User | None]:
    """Return each role of Umbra, and nobody."""
    found: dict[str, User | None] = {"Administrator": cast.outsider, "nobody": None}
    for role in (Role.USER, Role.OBSERVER):
        user = User.objects.create_user(f"umbra.{role.value}@example.com", PASSWORD, name=f"Umbra {role.value}")
        Membership.objects.create(user=user, workspace=cast.umbra, role=role)
        user.default_workspace = cast.umbra
        user.save()
        found[role.value] = user
    chief = User.objects.create_user("umbra.super@example.com", PASSWORD, name="Umbra Super")
    chief.default_workspace = cast.umbra
    chief.save()
    Workspace.objects.filter(pk=cast.umbra.pk).update(super_admin=chief)
    found["SuperAdmin"] = chief
    return found


def _sign_ins(cast: Cast) -> None:
    """Give Acme's member a second factor, a trusted device and a session."""
    Authenticator.objects.create(user=cast.member, type="totp", data={"secret": MfaAdapter().encrypt(new_secret())})
    TrustedDevice.objects.create(
        user=cast.member,
        digest="0" * 64,
        name=CANARY,
        browser=CANARY,
        operating_system=CANARY,
        expires=timezone.now() + dt.timedelta(days=90),
    )
    store = SessionStore()
    store.create()
    UserSession.objects.create(
        user=cast.member, session_key=store.session_key, ip="192.0.2.77", user_agent=f"{CANARY} browser"
    )


def _things_happen(cast: Cast) -> None:
    """Write events: their texts and details hold the names of what they tell of."""
    with cast.acting(cast.owner):
        device = Device.objects.filter(workspace=cast.acme).earliest("pk")
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": f"{CANARY} valve"}})
        first = Sim.objects.filter(workspace=cast.acme).earliest("pk")
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[first.pk], to=SimStatus.SUSPENDED)
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
        create_application_token(workspace_id=cast.acme.pk, description=f"{CANARY} token")
        update_company(workspace_id=cast.acme.pk, changes={"city": f"{CANARY}ville", "verification_type": 1})
        every = tuple(Sim.objects.filter(workspace=cast.acme).order_by("pk").values_list("pk", flat=True))
        asked = Selection(cast.acme.pk, cast.owner.pk, SUSPEND.path, every, key="now")
        carry_out(SUSPEND, asked, {})
        later = Selection(cast.acme.pk, cast.owner.pk, ACTIVATE.path, every, key="later")
        schedule(ACTIVATE, later, {}, due=timezone.now() + dt.timedelta(days=1))


# --- planting ---


def _absent(model: type[models.Model], cast: Cast) -> bool:
    names = {field.attname for field in model._meta.concrete_fields}
    rows = model._default_manager.all()
    return not (rows.filter(workspace_id=cast.acme.pk) if "workspace_id" in names else rows).exists()


def plant(model: type[models.Model], cast: Cast) -> models.Model:
    """Store a row of Acme's with a canary in every text."""
    values: dict[str, Any] = {}
    for column in model._meta.concrete_fields:
        if column.auto_created or (column.primary_key and column.has_default()):
            continue
        value = _value(column, cast)
        if model._meta.label in COMMON and isinstance(value, str):
            value = value.replace(CANARY, "common")
        if value is not None:
            values[column.attname] = value
    return model._default_manager.create(**values)


def _value(column: models.Field[Any, Any], cast: Cast) -> Any:
    named = {
        "workspace_id": cast.acme.pk,
        "user_id": cast.owner.pk,
        "sim_id": Sim.objects.filter(workspace=cast.acme).values_list("pk", flat=True).first(),
        "device_id": Device.objects.filter(workspace=cast.acme).values_list("pk", flat=True).first(),
    }
    if column.attname in named:
        return named[column.attname]
    if isinstance(column, models.ForeignKey):
        return _related(column, cast)
    if isinstance(column, models.CharField | models.TextField):
        return _text(column)
    if column.null or column.has_default():
        return None
    if isinstance(column, models.JSONField):
        return {"text": CANARY}
    if isinstance(column, models.UUIDField):
        return uuid.uuid4()
    if isinstance(column, models.DateTimeField):
        return timezone.now() + dt.timedelta(days=1)
    if isinstance(column, models.DateField):
        return timezone.now().date()
    if isinstance(column, models.GenericIPAddressField):
        return "192.0.2.77"
    if isinstance(column, models.BooleanField):
        return False
    if column.choices:
        return column.choices[0][0]
    return 1


def _text(column: models.Field[Any, Any]) -> Any:
    if column.choices:
        return None if column.has_default() or column.null else column.choices[0][0]
    if column.name in KEEPS_ITS_FORM or (column.max_length or 999) < len(CANARY):
        return None if column.blank or column.null or column.has_default() else "DE"
    if isinstance(column, models.EmailField):
        return f"{CANARY}@example.com"
    return CANARY


def _related(column: models.ForeignKey[Any, Any], cast: Cast) -> Any:
    target = column.related_model
    if target is User:
        return cast.owner.pk
    if target is Workspace:
        return cast.acme.pk
    rows = target._default_manager.all()
    names = {found.attname for found in target._meta.concrete_fields}
    if "workspace_id" in names:
        rows = rows.filter(workspace_id=cast.acme.pk)
    if isinstance(column, models.OneToOneField):
        rows = rows.exclude(pk__in=column.model._default_manager.values(column.attname))
    found = rows.first()
    if found is None:
        if column.null:
            return None
        # An address may be used once only, so each use gets one of its own.
        found = plant(target, cast)
    elif target._meta.label == "orders.Address":
        found = plant(target, cast)
    return found.pk
