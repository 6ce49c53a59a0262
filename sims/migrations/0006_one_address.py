from django.db import migrations, models

from kit.indexes import AddUniqueBeside

# Addresses that were given twice stay as they are, for nobody may take one away unasked; the first keeps it as its own.
SHARED = """
UPDATE sims_device SET address_shared = (1 = 1) WHERE id IN (
    SELECT d.id FROM sims_device d JOIN (
        SELECT workspace_id, ip_address, min(id) AS first FROM sims_device
        WHERE status = 0 AND ip_address IS NOT NULL GROUP BY workspace_id, ip_address HAVING count(*) > 1
    ) twice ON twice.workspace_id = d.workspace_id AND twice.ip_address = d.ip_address
    WHERE d.status = 0 AND d.id <> twice.first
)
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sims", "0005_tenures"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="address_shared",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text=(
                    "Has had its address, together with another enabled device, since before addresses were unique."
                ),
            ),
        ),
        migrations.RunSQL(SHARED, migrations.RunSQL.noop),
        AddUniqueBeside(
            model_name="device",
            constraint=models.UniqueConstraint(
                condition=models.Q(status=0, address_shared=False),
                fields=("workspace", "ip_address"),
                name="device_one_address",
            ),
        ),
    ]
