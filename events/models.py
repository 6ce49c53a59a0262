"""The log's rows. Nothing here is ever changed: see `triggers` for how the database itself sees to that."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Never, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from events.replay.models import ReplayCheck
from events.seals.commitments import SALT_BYTES, new_salt, person_commitment
from events.seals.models import SealCheck, SealCheckpoint, SealCosignature, SealKey, SealLog, SealState, SealTile
from events.types.base import Severity, Source
from kit.context import ActorKind, Surface
from kit.paging import Cursor, after

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


__all__ = [
    "AppendOnly",
    "ErasureReceipt",
    "Event",
    "EventObject",
    "EventQuerySet",
    "FrozenPerson",
    "GuardCheck",
    "ReplayCheck",
    "RetentionReceipt",
    "SealCheck",
    "SealCheckpoint",
    "SealCosignature",
    "SealKey",
    "SealLog",
    "SealState",
    "SealTile",
]


class AppendOnly(RuntimeError):
    """Raised when code tries to change or remove what was logged."""


class FrozenPerson(models.Model):
    """A user as events remember them: a new row whenever the name or the address changes.

    Events hold the row's id only, so a person is erased by rewriting these few rows; no event is touched. Seals hold
    `commitment` only, which nobody can lead back to a name once `salt` is gone (`docs/trust.md`).
    """

    user_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=150)
    username = models.CharField(max_length=254)
    salt = models.BinaryField(
        max_length=SALT_BYTES, null=True, editable=False, help_text="Opens the commitment; gone once erased."
    )
    commitment = models.BinaryField(max_length=32, editable=False, help_text="What seals hold of this person.")

    class Meta:
        verbose_name = _("person in the log")
        verbose_name_plural = _("persons in the log")
        constraints = (models.UniqueConstraint(fields=("user_id", "name", "username"), name="frozen_person_unique"),)

    def __str__(self) -> str:
        return f"{self.name}, {self.username}"

    @classmethod
    def remembered(cls, *, user_id: int, name: str, username: str) -> FrozenPerson:
        """Return a row, not saved yet, with a salt of its own and the commitment to this name and address."""
        salt = new_salt()
        made = person_commitment(salt, user_id=user_id, name=name, username=username)
        return cls(user_id=user_id, name=name, username=username, salt=salt, commitment=made)


def _person(name: StrOrPromise, help_text: str) -> models.ForeignKey[FrozenPerson | None, FrozenPerson | None]:
    return models.ForeignKey(
        FrozenPerson,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=name,
        help_text=help_text,
    )


class EventQuerySet(models.QuerySet["Event"]):
    """Events of workspaces."""

    def of(self, workspace_id: int) -> Self:
        """Return the log of one workspace."""
        return self.filter(workspace_id=workspace_id)

    def newest(self) -> Self:
        """Order as the pages do: newest first, in the order recorded within a moment."""
        return self.order_by("-timestamp", "-id")

    def before(self, timestamp: datetime, id_: int) -> Self:
        """Return what comes after this row when read newest first."""
        return self.filter(after(Cursor(timestamp, id_)))

    def after(self, timestamp: datetime, id_: int) -> Self:
        """Return what comes before this row when read newest first."""
        return self.filter(after(Cursor(timestamp, id_, newer=True)))

    def _refuse(self, *args: Any, **kwargs: Any) -> Never:
        raise RuntimeError("The log is append-only: rows are written by events.writer and leave by retention alone.")

    create = update = delete = bulk_create = bulk_update = get_or_create = update_or_create = _refuse


class Event(models.Model):
    """What happened, to which SIM or device, in which workspace, and who did it.

    Names of SIMs and devices are those of the moment. No foreign key leads to them, and none with a constraint leads
    anywhere, so that the log outlives all it speaks of. Frozen columns are null where they do not apply: the wire
    leaves such keys out.
    """

    external_id = models.BigIntegerField(null=True, help_text="Id given by the stream an event was taken in from.")
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    timestamp = models.DateTimeField(_("date"))
    type = models.PositiveSmallIntegerField(_("event type"))
    source = models.PositiveSmallIntegerField(_("event source"), choices=Source.choices)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    alert = models.BooleanField(default=False)
    description = models.TextField(_("description"), help_text="Stored form, see `registry`.")
    detail = models.JSONField(null=True, help_text="Stored form, see `registry`.")
    old_state = models.PositiveSmallIntegerField(null=True, help_text="State before, for changes of SIM or device.")
    new_state = models.PositiveSmallIntegerField(null=True)

    sim_id = models.BigIntegerField(null=True)
    iccid = models.CharField(_("ICCID"), max_length=19, null=True)  # noqa: DJ001 - null: the key is left out
    production_date = models.DateTimeField(null=True)
    imsi_id = models.BigIntegerField(null=True)
    imsi = models.CharField(_("IMSI"), max_length=15, null=True)  # noqa: DJ001
    import_date = models.DateTimeField(null=True)
    device_id = models.BigIntegerField(null=True)
    device_name = models.CharField(_("device"), max_length=200, null=True)  # noqa: DJ001
    device_imei = models.CharField(max_length=16, null=True)  # noqa: DJ001
    device_ip_address = models.GenericIPAddressField(null=True)
    device_tags = models.CharField(max_length=500, null=True)  # noqa: DJ001

    user_id = models.BigIntegerField(null=True, help_text="Of the wire's user object: the actor's or the subject's.")
    actor = _person(_("actor"), "Who acted.")
    subject = _person(_("subject"), "The account concerned.")
    acted_for = _person(_("acted for"), "The customer's user, under support access.")
    actor_kind = models.PositiveSmallIntegerField(_("actor kind"), choices=ActorKind.choices)
    actor_ref = models.BigIntegerField(default=0, help_text="Id of the user or application token that acted.")
    actor_label = models.CharField(_("actor"), max_length=240)
    request_id = models.UUIDField(_("request"))
    ip = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("client"), max_length=256, blank=True)
    surface = models.PositiveSmallIntegerField(_("surface"), choices=Surface.choices)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ("view",)
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("workspace", "timestamp", "id"), name="event_ws"),
            # The wire's default order is by id.
            models.Index(fields=("workspace", "id"), name="event_ws_id"),
            models.Index(fields=("workspace", "type", "timestamp", "id"), name="event_ws_type"),
            models.Index(fields=("workspace", "severity", "timestamp", "id"), name="event_ws_severity"),
            models.Index(fields=("workspace", "source", "timestamp", "id"), name="event_ws_source"),
            models.Index(
                fields=("sim_id", "timestamp", "id"), name="event_sim", condition=models.Q(sim_id__isnull=False)
            ),
            models.Index(
                fields=("device_id", "timestamp", "id"),
                name="event_device",
                condition=models.Q(device_id__isnull=False),
            ),
            models.Index(
                fields=("workspace", "user_id", "timestamp", "id"),
                name="event_ws_user",
                condition=models.Q(user_id__isnull=False),
            ),
            # Few events concern a person other than by `user_id`.
            models.Index(
                fields=("workspace", "subject", "timestamp", "id"),
                name="event_ws_subject",
                condition=models.Q(subject__isnull=False),
            ),
            models.Index(
                fields=("workspace", "acted_for", "timestamp", "id"),
                name="event_ws_acted_for",
                condition=models.Q(acted_for__isnull=False),
            ),
            models.Index(fields=("workspace", "actor_kind", "actor_ref", "timestamp", "id"), name="event_ws_actor"),
            models.Index(fields=("request_id",), name="event_request"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "external_id"),
                name="event_external_unique",
                condition=models.Q(external_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"Event {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse: rows are written by `writer` alone, from recorded facts."""
        raise AppendOnly("Events are written by events.writer alone.")

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse: rows leave by retention alone."""
        raise AppendOnly("Events are never deleted one by one; retention removes what is too old.")


class EventObject(models.Model):
    """A SIM or device that one event speaks of among others, so that its own log finds the event.

    Made and removed by triggers from what the event covers (`events.covered`): derived, so it is not sealed.
    """

    class Kind(models.IntegerChoices):
        SIM = 1, _("SIM")
        DEVICE = 2, _("device")

    pk = models.CompositePrimaryKey("kind", "object_id", "event_id")
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    object_id = models.BigIntegerField()
    event_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("event_id",), name="event_object_event"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.object_id} in event {self.event_id}"


class RetentionReceipt(models.Model):
    """Leave to remove old events of one workspace; written before they go, in the same transaction.

    The trigger on the log lets a DELETE pass only for rows that an open receipt covers. Receipts are guarded as the log
    is: they are opened now, for what is old enough, closed once, and stay.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, db_index=True, related_name="+"
    )
    cutoff = models.DateTimeField(help_text="Rows older than this may go.")
    opened = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    transaction = models.BigIntegerField(db_default=0, help_text="PostgreSQL's number of the transaction it holds in.")
    closed = models.DateTimeField(null=True)
    removed = models.PositiveBigIntegerField(default=0, help_text="Rows that went.")

    class Meta:
        verbose_name = _("retention receipt")
        verbose_name_plural = _("retention receipts")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"Workspace {self.workspace_id} up to {self.cutoff}"


class ErasureReceipt(models.Model):
    """Leave to take a user's name out of the log; written before it goes, in the same transaction.

    The trigger on the persons lets an UPDATE pass only where such a receipt is open, and only to what erased persons
    are called. It is guarded like a receipt of retention.
    """

    user_id = models.BigIntegerField(db_index=True)
    opened = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    transaction = models.BigIntegerField(db_default=0, help_text="PostgreSQL's number of the transaction it holds in.")
    closed = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("erasure receipt")
        verbose_name_plural = _("erasure receipts")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"User {self.user_id}"


class GuardCheck(models.Model):
    """What the last look at the triggers of the log found. One row."""

    checked = models.DateTimeField()
    problems = models.JSONField(default=list, help_text="A sentence each.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Guards at {self.checked}"
