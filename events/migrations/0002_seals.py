"""Trees, checkpoints and keys beside the log; a salt and a commitment for each person that it remembers."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from events.seals.commitments import new_salt, person_commitment


def commit_to_persons(apps, schema_editor):
    persons = apps.get_model("events", "FrozenPerson").objects.using(schema_editor.connection.alias)
    for person in persons.order_by("pk").iterator(chunk_size=2_000):
        salt = new_salt()
        values = {"user_id": person.user_id, "name": person.name, "username": person.username}
        person.salt, person.commitment = salt, person_commitment(salt, **values)
        person.save(update_fields=["salt", "commitment"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SealCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished", models.DateTimeField(null=True)),
                (
                    "step",
                    models.PositiveIntegerField(
                        default=0, help_text="Pieces done; whoever does the next one counts it up."
                    ),
                ),
                ("position", models.JSONField(default=dict, help_text="Where the next piece begins.")),
                ("checked", models.BigIntegerField(default=0, help_text="Events looked at.")),
                ("found", models.BigIntegerField(default=0, help_text="Things that are wrong.")),
                ("findings", models.JSONField(default=list, help_text="The first of them, a sentence each.")),
            ],
            options={
                "verbose_name": "check of the log",
                "verbose_name_plural": "checks of the log",
                "ordering": ("-id",),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SealKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public", models.BinaryField(help_text="Ed25519, 32 bytes.", max_length=32, unique=True)),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("until", models.DateTimeField(null=True)),
                (
                    "handover",
                    models.TextField(blank=True, help_text="Signed note by which the key before names this one."),
                ),
            ],
            options={
                "verbose_name": "seal key",
                "verbose_name_plural": "seal keys",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SealState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed_id", models.BigIntegerField(default=0, help_text="Every event up to this id has its place.")),
                ("ran", models.DateTimeField(help_text="When a sealer last came to its end.", null=True)),
                (
                    "problem",
                    models.CharField(blank=True, help_text="Why sealing stands still, in a sentence.", max_length=500),
                ),
            ],
        ),
        migrations.AddField(
            model_name="frozenperson",
            name="commitment",
            field=models.BinaryField(help_text="What seals hold of this person.", max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="frozenperson",
            name="salt",
            field=models.BinaryField(help_text="Opens the commitment; gone once erased.", max_length=32, null=True),
        ),
        migrations.RunPython(commit_to_persons, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="frozenperson",
            name="commitment",
            field=models.BinaryField(editable=False, help_text="What seals hold of this person.", max_length=32),
        ),
        migrations.CreateModel(
            name="SealLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(
                        help_text="Its public address; tells nothing of whose it is.", max_length=32, unique=True
                    ),
                ),
                (
                    "origin",
                    models.CharField(help_text="Its name in checkpoints; never changes.", max_length=200, unique=True),
                ),
                ("salt", models.BinaryField(help_text="Salts of context and detail come from it.", max_length=32)),
                ("size", models.BigIntegerField(default=0, help_text="Number of sealed events.")),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="Why no checkpoint is signed, in a sentence.", max_length=500
                    ),
                ),
                ("mail_to", models.JSONField(default=list, help_text="Who gets the newest checkpoint once a day.")),
                ("mailed", models.DateField(help_text="Day of the last mail.", null=True)),
                (
                    "workspace",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "sealed log",
                "verbose_name_plural": "sealed logs",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SealCheckpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("moment", models.DateTimeField()),
                ("note", models.TextField(help_text="The signed note, as it left.")),
                (
                    "key",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="events.sealkey",
                    ),
                ),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="checkpoints",
                        to="events.seallog",
                    ),
                ),
            ],
            options={
                "verbose_name": "checkpoint",
                "verbose_name_plural": "checkpoints",
                "ordering": ("-id",),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SealTile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("width", models.PositiveSmallIntegerField(help_text="How many hashes.")),
                ("low", models.BigIntegerField(null=True)),
                ("high", models.BigIntegerField(null=True)),
                ("hashes", models.BinaryField(help_text="32 bytes each.")),
                ("ids", models.BinaryField(help_text="8 bytes each, most significant first; empty above level 0.")),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.seallog",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SealCosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("witness", models.CharField(max_length=200)),
                ("size", models.BigIntegerField()),
                ("moment", models.DateTimeField(help_text="As the witness says.")),
                ("line", models.TextField(help_text="The signature line, as it came.")),
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="cosignatures",
                        to="events.sealcheckpoint",
                    ),
                ),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.seallog",
                    ),
                ),
            ],
            options={
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["log", "witness", "-size"], name="seal_cosignature_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "witness"), name="seal_cosignature_unique")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="sealcheckpoint",
            index=models.Index(fields=["log", "size", "id"], name="seal_checkpoint_size"),
        ),
        migrations.AddIndex(
            model_name="sealcheckpoint",
            index=models.Index(fields=["log", "-id"], name="seal_checkpoint_newest"),
        ),
        migrations.AddIndex(
            model_name="sealtile",
            index=models.Index(condition=models.Q(("level", 0)), fields=["log", "high"], name="seal_tile_event"),
        ),
        migrations.AddIndex(
            model_name="sealtile",
            index=models.Index(condition=models.Q(("width__lt", 256)), fields=["log"], name="seal_tile_edge"),
        ),
        migrations.AddConstraint(
            model_name="sealtile",
            constraint=models.UniqueConstraint(fields=("log", "level", "number"), name="seal_tile_unique"),
        ),
    ]
