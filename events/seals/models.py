"""What stands beside the log so that nobody has to believe it: trees, checkpoints, keys, and the results of checks."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace

TILE_WIDTH = 256
"""Hashes in a full tile (C2SP tlog-tiles)."""


class SealState(models.Model):
    """How far the log is sealed. One row, locked by whoever seals, so that there is one sealer at a time."""

    sealed_id = models.BigIntegerField(default=0, help_text="Every event up to this id has its place.")
    ran = models.DateTimeField(null=True, help_text="When a sealer last came to its end.")
    problem = models.CharField(max_length=500, blank=True, help_text="Why sealing stands still, in a sentence.")

    def __str__(self) -> str:
        return f"Sealed up to event {self.sealed_id}"


class SealLog(models.Model):
    """The Merkle tree of one workspace's events."""

    workspace = models.OneToOneField(Workspace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    token = models.CharField(max_length=32, unique=True, help_text="Its public address; tells nothing of whose it is.")
    origin = models.CharField(max_length=200, unique=True, help_text="Its name in checkpoints; never changes.")
    salt = models.BinaryField(max_length=32, editable=False, help_text="Salts of context and detail come from it.")
    size = models.BigIntegerField(default=0, help_text="Number of sealed events.")
    problem = models.CharField(max_length=500, blank=True, help_text="Why no checkpoint is signed, in a sentence.")
    mail_to = models.JSONField(default=list, help_text="Who gets the newest checkpoint once a day.")
    mailed = models.DateField(null=True, help_text="Day of the last mail.")

    class Meta:
        verbose_name = _("sealed log")
        verbose_name_plural = _("sealed logs")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.origin


class SealTile(models.Model):
    """Up to 256 neighbouring hashes of a tree (C2SP tlog-tiles), and on level 0 the events they are of.

    A tile only grows at its end; when it is full it never changes. Events stand in the order of their ids, and
    `low` and `high` are the first and the last of them, so that an event's place is one look-up in an index.
    """

    log = models.ForeignKey(SealLog, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    width = models.PositiveSmallIntegerField(help_text="How many hashes.")
    low = models.BigIntegerField(null=True)
    high = models.BigIntegerField(null=True)
    hashes = models.BinaryField(help_text="32 bytes each.")
    ids = models.BinaryField(help_text="8 bytes each, most significant first; empty above level 0.")

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=("log", "high"), name="seal_tile_event", condition=models.Q(level=0)),
            models.Index(fields=("log",), name="seal_tile_edge", condition=models.Q(width__lt=TILE_WIDTH)),
        )
        constraints = (models.UniqueConstraint(fields=("log", "level", "number"), name="seal_tile_unique"),)

    def __str__(self) -> str:
        return f"Tile {self.level}/{self.number} of {self.log_id}"


class SealKey(models.Model):
    """A public key that signs or signed checkpoints. The private key is never in the database."""

    public = models.BinaryField(max_length=32, unique=True, help_text="Ed25519, 32 bytes.")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)
    handover = models.TextField(blank=True, help_text="Signed note by which the key before names this one.")

    class Meta:
        verbose_name = _("seal key")
        verbose_name_plural = _("seal keys")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return bytes(self.public).hex()


class SealCheckpoint(models.Model):
    """The root of a workspace's tree at a moment, signed (C2SP tlog-checkpoint)."""

    log = models.ForeignKey(
        SealLog, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="checkpoints"
    )
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    moment = models.DateTimeField()
    key = models.ForeignKey(SealKey, on_delete=models.PROTECT, db_index=False, related_name="+")
    note = models.TextField(help_text="The signed note, as it left.")

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        default_permissions = ("view",)
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("log", "size", "id"), name="seal_checkpoint_size"),
            models.Index(fields=("log", "-id"), name="seal_checkpoint_newest"),
        )

    def __str__(self) -> str:
        return f"Checkpoint {self.pk} over {self.size} events"


class SealCosignature(models.Model):
    """What a witness said about a checkpoint (C2SP tlog-cosignature)."""

    checkpoint = models.ForeignKey(
        SealCheckpoint, on_delete=models.DO_NOTHING, db_constraint=False, related_name="cosignatures"
    )
    log = models.ForeignKey(SealLog, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    witness = models.CharField(max_length=200)
    size = models.BigIntegerField()
    moment = models.DateTimeField(help_text="As the witness says.")
    line = models.TextField(help_text="The signature line, as it came.")

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=("checkpoint", "witness"), name="seal_cosignature_unique"),)
        indexes = (models.Index(fields=("log", "witness", "-size"), name="seal_cosignature_newest"),)

    def __str__(self) -> str:
        return f"{self.witness} over {self.size} events"


class SealCheck(models.Model):
    """One run over the whole live log: every row against its seal, every seal against its checkpoint."""

    started = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True)
    step = models.PositiveIntegerField(default=0, help_text="Pieces done; whoever does the next one counts it up.")
    position = models.JSONField(default=dict, help_text="Where the next piece begins.")
    checked = models.BigIntegerField(default=0, help_text="Events looked at.")
    found = models.BigIntegerField(default=0, help_text="Things that are wrong.")
    findings = models.JSONField(default=list, help_text="The first of them, a sentence each.")

    class Meta:
        verbose_name = _("check of the log")
        verbose_name_plural = _("checks of the log")
        default_permissions = ("view",)
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Check {self.pk}"
