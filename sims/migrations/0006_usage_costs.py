from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sims", "0005_large_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="usageday",
            name="data_cost_eur",
            field=models.BigIntegerField(db_default=0, default=0, help_text="Millionths of a euro."),
        ),
        migrations.AddField(
            model_name="usageday",
            name="data_cost_usd",
            field=models.BigIntegerField(db_default=0, default=0, help_text="Millionths of a US dollar."),
        ),
        migrations.AddField(
            model_name="usageday",
            name="sms_cost_eur",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="usageday",
            name="sms_cost_usd",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="cost",
            field=models.BigIntegerField(help_text="In millionths of the currency, if it was sent.", null=True),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="currency",
            field=models.PositiveSmallIntegerField(help_text="1 EUR, 2 USD.", null=True),
        ),
    ]
