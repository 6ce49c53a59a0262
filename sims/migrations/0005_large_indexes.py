from django.db import migrations, models

from kit.indexes import AddIndexBeside


class Migration(migrations.Migration):
    """The largest tables stay usable while their indexes are built, so this is no transaction."""

    atomic = False

    dependencies = [("sims", "0004_coverage_and_sms")]

    operations = [
        AddIndexBeside(
            model_name="sim",
            index=models.Index(fields=["workspace", "last_updated", "id"], name="sim_ws_updated"),
        ),
        AddIndexBeside(
            model_name="sim",
            index=models.Index(fields=["msisdn"], name="sim_msisdn"),
        ),
        AddIndexBeside(
            model_name="usageday",
            index=models.Index(fields=["workspace_id", "day"], name="usage_day_ws"),
        ),
        AddIndexBeside(
            model_name="usagerecord",
            index=models.Index(fields=["workspace_id", "ended"], name="usage_ws_ended"),
        ),
    ]
