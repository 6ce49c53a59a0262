import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("pay_per_use", "Pay per use"),
                            ("pooled", "Pooled allowance"),
                            ("fixed", "Fixed allowance"),
                        ],
                        default="pooled",
                        max_length=20,
                        verbose_name="category",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("EUR", "Euro"), ("USD", "US dollar")],
                        default="EUR",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                ("included_mb", models.PositiveIntegerField(default=0, verbose_name="included MB per activated SIM")),
                ("active", models.BooleanField(default=True, verbose_name="can be booked")),
            ],
            options={
                "verbose_name": "data plan",
                "verbose_name_plural": "data plans",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="PlatformPackage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Staging"), (1, "Active"), (2, "Deprecated"), (3, "Deleted")],
                        default=1,
                        verbose_name="status",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("EUR", "Euro"), ("USD", "US dollar")],
                        default="EUR",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "monthly_rate_cents",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Base fee a month, in cents of the currency.",
                        verbose_name="monthly rate in cents",
                    ),
                ),
                (
                    "sim_rates",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='Price of an activated SIM a month by volume: [{"scale_start": 1, "rate": 0.75}, …].',
                        verbose_name="SIM rates",
                    ),
                ),
                ("evaluation", models.BooleanField(default=False, verbose_name="trial")),
                (
                    "trial_days",
                    models.PositiveSmallIntegerField(default=0, help_text="0: no end.", verbose_name="trial days"),
                ),
                ("factory_test_allowed", models.BooleanField(default=False, verbose_name="allows factory test")),
                ("workspaces_allowed", models.BooleanField(default=False, verbose_name="allows linked workspaces")),
                ("max_workspaces", models.PositiveSmallIntegerField(default=1, verbose_name="workspaces at most")),
                ("max_data_plans", models.PositiveSmallIntegerField(default=1, verbose_name="data plans at most")),
                (
                    "max_active_sims",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="active SIMs at most"),
                ),
                ("max_users", models.PositiveIntegerField(blank=True, null=True, verbose_name="users at most")),
            ],
            options={
                "verbose_name": "platform package",
                "verbose_name_plural": "platform packages",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Activation pending"), (1, "Active"), (2, "Suspended")],
                        default=1,
                        verbose_name="status",
                    ),
                ),
                ("is_staff", models.BooleanField(default=False, verbose_name="operator staff")),
                (
                    "staff_role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("support", "Support: customers, their people and workspaces, support access"),
                            ("shop", "Shop: orders, articles, stock and shipping"),
                            ("operations", "Operations: SIMs, batches, devices, packages and data plans"),
                            ("reader", "Reader: sees everything, changes nothing"),
                        ],
                        help_text="What a member of staff may do in the admin site; a superuser may do everything.",
                        max_length=20,
                        verbose_name="staff role",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "failed_sign_ins",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, verbose_name="consecutive failed sign-ins"
                    ),
                ),
                (
                    "locked_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="locked until"),
                ),
                ("token_epoch", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "preferences",
                    models.JSONField(blank=True, default=dict, editable=False, verbose_name="view preferences"),
                ),
                ("erased", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "ordering": ("email",),
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("Administrator", "Administrator"), ("User", "User"), ("Observer", "Observer")],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "joined",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="joined"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "membership",
                "verbose_name_plural": "memberships",
                "ordering": ("workspace", "user"),
            },
        ),
        migrations.CreateModel(
            name="TrustedDevice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("operating_system", models.CharField(blank=True, max_length=100, verbose_name="operating system")),
                ("browser", models.CharField(blank=True, max_length=100, verbose_name="browser")),
                (
                    "created",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="trusted since"
                    ),
                ),
                ("expires", models.DateTimeField(verbose_name="trusted until")),
                ("last_used", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trusted_devices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "trusted device",
                "verbose_name_plural": "trusted devices",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "type",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Mobile network operator"),
                            (2, "Service provider"),
                            (3, "Reseller"),
                            (4, "Enterprise"),
                        ],
                        default=4,
                        verbose_name="type",
                    ),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Enabled"), (1, "Suspended")], default=0, verbose_name="status"
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="ISO 3166 code, e.g. DE.", max_length=2, verbose_name="country"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("EUR", "Euro"), ("USD", "US dollar")],
                        default="EUR",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "factory_test_override",
                    models.BooleanField(
                        blank=True, help_text="Unknown: as the package says.", null=True, verbose_name="factory test"
                    ),
                ),
                (
                    "factory_test_bytes",
                    models.PositiveBigIntegerField(
                        default=100000,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="factory test data limit in bytes",
                    ),
                ),
                (
                    "factory_test_sms",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="factory test SMS limit",
                    ),
                ),
                (
                    "factory_test_days",
                    models.PositiveSmallIntegerField(
                        default=180,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="factory test period in days",
                    ),
                ),
                (
                    "event_days",
                    models.PositiveSmallIntegerField(
                        default=400,
                        validators=[django.core.validators.MinValueValidator(30)],
                        verbose_name="days events are kept",
                    ),
                ),
                ("mfa_required", models.BooleanField(default=False, verbose_name="second factor required")),
                (
                    "data_plans",
                    models.ManyToManyField(
                        blank=True, related_name="workspaces", to="accounts.dataplan", verbose_name="data plans"
                    ),
                ),
                (
                    "main",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for an organisation of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="linked",
                        to="accounts.workspace",
                        verbose_name="main organisation",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="workspaces",
                        to="accounts.platformpackage",
                        verbose_name="platform package",
                    ),
                ),
                (
                    "super_admin",
                    models.ForeignKey(
                        blank=True,
                        help_text="Of a main organisation only: has access to all workspaces linked to it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="SuperAdmin",
                    ),
                ),
                (
                    "users",
                    models.ManyToManyField(
                        related_name="workspaces",
                        through="accounts.Membership",
                        through_fields=("workspace", "user"),
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "workspace",
                "verbose_name_plural": "workspaces",
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="SupportAccess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "started",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="started"),
                ),
                ("expires", models.DateTimeField(verbose_name="ends at the latest")),
                ("ended", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="ended")),
                (
                    "acted_for",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acted for",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="operator staff",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="support_accesses",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "support access",
                "verbose_name_plural": "support accesses",
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="accounts.workspace",
                verbose_name="workspace",
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                (
                    "role",
                    models.CharField(
                        choices=[("Administrator", "Administrator"), ("User", "User"), ("Observer", "Observer")],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "sent",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="last sent"),
                ),
                ("expires", models.DateTimeField(verbose_name="expires")),
                ("number", models.PositiveSmallIntegerField(default=1, editable=False)),
                ("accepted", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="accepted")),
                ("withdrawn", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="withdrawn")),
                (
                    "inviter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited account",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="CompanyDetails",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                ("city", models.CharField(blank=True, max_length=120, verbose_name="city")),
                (
                    "verification_type",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(1, "VAT identification number"), (2, "Commercial register number")],
                        null=True,
                        verbose_name="kind of number",
                    ),
                ),
                ("verification", models.CharField(blank=True, max_length=40, verbose_name="number")),
                (
                    "charging_model",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Postpaid"), (1, "Prepaid")], default=0, verbose_name="charging model"
                    ),
                ),
                (
                    "payment_term",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Due immediately"), (1, "14 days"), (2, "30 days")],
                        default=0,
                        verbose_name="payment term",
                    ),
                ),
                ("vatin", models.CharField(blank=True, max_length=20, verbose_name="VAT number on the invoice")),
                ("invoice_email", models.EmailField(blank=True, max_length=254, verbose_name="invoices go to")),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="company",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "company details",
                "verbose_name_plural": "company details",
            },
        ),
        migrations.CreateModel(
            name="ApplicationToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="description")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Activated"), (1, "Revoked")], default=0, verbose_name="status"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("Administrator", "Administrator"), ("User", "User"), ("Observer", "Observer")],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("expiry_date", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                (
                    "ip",
                    models.CharField(
                        blank=True, help_text="CIDR, e.g. 192.0.2.0/24.", max_length=49, verbose_name="address range"
                    ),
                ),
                ("last_used", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                (
                    "creator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="application_tokens",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "application token",
                "verbose_name_plural": "application tokens",
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="user",
            name="default_workspace",
            field=models.ForeignKey(
                blank=True,
                help_text="The first one joined; sign-in opens it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.workspace",
                verbose_name="default workspace",
            ),
        ),
        migrations.CreateModel(
            name="WorkspaceRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("new", "New workspace"), ("linked", "Link an existing workspace")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("contact_email", models.EmailField(max_length=254, verbose_name="contact e-mail")),
                ("text", models.TextField(max_length=2000, verbose_name="what is needed")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Open"), (1, "Done"), (2, "Declined")], default=0, verbose_name="status"
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=500, verbose_name="answer")),
                ("handled", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="handled")),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requests",
                        to="accounts.workspace",
                        verbose_name="main organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "workspace request",
                "verbose_name_plural": "workspace requests",
                "ordering": ("-id",),
            },
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("main__isnull", True), ("super_admin__isnull", True), _connector="OR"),
                name="workspace_superadmin_on_main",
                violation_error_message="Only a main organisation has a SuperAdmin.",
            ),
        ),
        migrations.AddIndex(
            model_name="supportaccess",
            index=models.Index(fields=["workspace", "started"], name="support_access_started"),
        ),
        migrations.AddConstraint(
            model_name="supportaccess",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended__isnull", True)), fields=("staff",), name="support_access_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("user", "workspace"), name="membership_unique"),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("accepted__isnull", True), ("withdrawn__isnull", True)),
                fields=("workspace", "user"),
                name="invitation_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                name="user_email_unique",
                violation_error_message="This e-mail address is taken.",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspacerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", 0)), fields=("workspace", "kind"), name="workspace_request_open_once"
            ),
        ),
    ]
