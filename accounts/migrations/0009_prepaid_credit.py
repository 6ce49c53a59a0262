"""What a trial may use, what staff have added to it, and when it was found used up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_saved_views"),
    ]

    operations = [
        migrations.AddField(
            model_name="platformpackage",
            name="prepaid_credit_cents",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="What a trial may use for traffic, in cents of the currency; 0: no credit, and no limit by it.",
                verbose_name="prepaid credit",
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="credit_ended",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the prepaid credit of this trial was found used up.",
                null=True,
                verbose_name="credit used up",
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="prepaid_extra_cents",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Beyond the credit of the package, for this trial.",
                verbose_name="prepaid credit added, in cents",
            ),
        ),
    ]
