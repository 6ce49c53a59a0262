"""Packages that demand a second factor, and when application tokens ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_subscriptions"),
    ]

    operations = [
        migrations.AddField(
            model_name="applicationtoken",
            name="ended",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="ended"),
        ),
        migrations.AddField(
            model_name="platformpackage",
            name="mfa_required",
            field=models.BooleanField(
                default=False,
                help_text="Of everybody in workspaces that have it.",
                verbose_name="demands a second factor",
            ),
        ),
        migrations.AddIndex(
            model_name="applicationtoken",
            index=models.Index(condition=models.Q(("status", 0)), fields=["expiry_date"], name="token_expiry"),
        ),
    ]
