"""When staff last gave an account another address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_second_factors_and_ended_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="moved_by_staff",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="address changed by staff"),
        ),
    ]
