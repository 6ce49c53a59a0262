from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_unknown_addresses"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased__isnull", True),
                    models.Q(("is_staff", False), ("is_superuser", False), ("status", 2)),
                    _connector="OR",
                ),
                name="user_erased_stays_out",
                violation_error_message="This user was erased.",
            ),
        ),
    ]
