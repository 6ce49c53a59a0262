"""Notes on SIMs and devices."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sims", "0012_sim_imports_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=1000, verbose_name="note"),
        ),
        migrations.AddField(
            model_name="device",
            name="noted_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="note written"),
        ),
        migrations.AddField(
            model_name="device",
            name="noted_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="note written by",
            ),
        ),
        migrations.AddField(
            model_name="sim",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=1000, verbose_name="note"),
        ),
        migrations.AddField(
            model_name="sim",
            name="noted_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="note written"),
        ),
        migrations.AddField(
            model_name="sim",
            name="noted_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="note written by",
            ),
        ),
    ]
