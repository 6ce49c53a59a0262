import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("sims", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("company", models.CharField(max_length=120, verbose_name="company")),
                ("name", models.CharField(max_length=120, verbose_name="contact person")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                ("street", models.CharField(max_length=120, verbose_name="street and number")),
                ("extra", models.CharField(blank=True, max_length=120, verbose_name="further line")),
                ("postcode", models.CharField(blank=True, max_length=20, verbose_name="postcode")),
                ("city", models.CharField(max_length=80, verbose_name="city")),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                ("vat_id", models.CharField(blank=True, max_length=20, verbose_name="VAT ID")),
            ],
        ),
        migrations.CreateModel(
            name="ShippingProvider",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "tracking_url",
                    models.URLField(
                        blank=True,
                        help_text="With {reference} in place of the tracking reference.",
                        verbose_name="tracking address",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "shipping provider",
                "verbose_name_plural": "shipping providers",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "quality",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Commercial"), (2, "Industrial"), (3, "Automotive")],
                        default=2,
                        verbose_name="quality grade",
                    ),
                ),
                (
                    "size",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Single SIM"), (25, "25"), (100, "100"), (500, "500")],
                        default=1,
                        verbose_name="SIMs in a batch",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="can be ordered")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "sim_model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sims.simmodel",
                        verbose_name="SIM model",
                    ),
                ),
            ],
            options={
                "verbose_name": "article",
                "verbose_name_plural": "articles",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="ArticlePrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "currency",
                    models.CharField(
                        choices=[("EUR", "Euro"), ("USD", "US dollar")], max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "amount",
                    models.PositiveIntegerField(help_text="In the minor unit, e.g. cents.", verbose_name="price"),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="orders.article"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Cart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "payment_method",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Online payment"), (2, "Bank transfer"), (3, "Nothing to pay")], null=True
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="your reference")),
                (
                    "billing_address",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="orders.address"
                    ),
                ),
                (
                    "shipping_address",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="orders.address"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CartLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "quantity",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ]
                    ),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.article"
                    ),
                ),
                (
                    "cart",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.cart"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Submitted"), (1, "Paid"), (2, "Shipped"), (3, "Canceled")],
                        default=0,
                        editable=False,
                        verbose_name="state",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=64)),
                (
                    "currency",
                    models.CharField(
                        choices=[("EUR", "Euro"), ("USD", "US dollar")], max_length=3, verbose_name="currency"
                    ),
                ),
                ("items_amount", models.PositiveBigIntegerField(verbose_name="items")),
                ("shipping_amount", models.PositiveIntegerField(verbose_name="shipping")),
                ("sim_count", models.PositiveIntegerField(verbose_name="SIMs")),
                (
                    "payment_method",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Online payment"), (2, "Bank transfer"), (3, "Nothing to pay")],
                        verbose_name="payment",
                    ),
                ),
                (
                    "payment_reference",
                    models.CharField(blank=True, editable=False, max_length=100, verbose_name="payment reference"),
                ),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="customer's reference")),
                ("submitted_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="submitted")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                ("shipped_at", models.DateTimeField(blank=True, null=True, verbose_name="shipped")),
                ("canceled_at", models.DateTimeField(blank=True, null=True, verbose_name="canceled")),
                (
                    "ext_shipping_reference",
                    models.CharField(blank=True, max_length=100, verbose_name="tracking reference"),
                ),
                (
                    "billing_address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.address"
                    ),
                ),
                (
                    "shipping_address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.address"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="article")),
                ("size", models.PositiveSmallIntegerField(verbose_name="SIMs in a batch")),
                ("quantity", models.PositiveSmallIntegerField(verbose_name="quantity")),
                ("free", models.PositiveSmallIntegerField(default=0, verbose_name="of these free")),
                ("unit_amount", models.PositiveIntegerField(verbose_name="price")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.article"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="OrderBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sims.simbatch"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="batches", to="orders.orderline"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="ShippingOption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
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
                    "amount",
                    models.PositiveIntegerField(help_text="In the minor unit, e.g. cents.", verbose_name="price"),
                ),
                ("active", models.BooleanField(default=True, verbose_name="can be chosen")),
            ],
            options={
                "verbose_name": "shipping option",
                "verbose_name_plural": "shipping options",
                "ordering": ("amount", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "currency"),
                        name="shipping_option_unique",
                        violation_error_message="A shipping option of this name exists in this currency.",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="shipping_option",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.shippingoption",
                verbose_name="shipping option",
            ),
        ),
        migrations.AddField(
            model_name="cart",
            name="shipping_option",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="orders.shippingoption"
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="shipping_provider",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.shippingprovider",
                verbose_name="shipping provider",
            ),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.UniqueConstraint(
                condition=models.Q(("active", True)),
                fields=("sim_model", "size"),
                name="article_stock_unique",
                violation_error_message="Another article already sells batches of this SIM model and size.",
            ),
        ),
        migrations.AddConstraint(
            model_name="articleprice",
            constraint=models.UniqueConstraint(fields=("article", "currency"), name="article_price_unique"),
        ),
        migrations.AddConstraint(
            model_name="cartline",
            constraint=models.UniqueConstraint(fields=("cart", "article"), name="cart_line_unique"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(fields=("order", "article"), name="order_line_unique"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("free__lte", models.F("quantity")), ("quantity__gte", 1)),
                name="order_line_quantity",
            ),
        ),
        migrations.AddConstraint(
            model_name="cart",
            constraint=models.UniqueConstraint(fields=("workspace", "user"), name="cart_unique"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["workspace", "status", "id"], name="order_ws_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["workspace", "submitted_at", "id"], name="order_ws_submitted"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("status__in", (0, 1))), fields=["id"], name="order_open"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("workspace", "key"), name="order_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", 2), _negated=True),
                    models.Q(
                        ("paid_at__isnull", False), ("shipped_at__isnull", False), ("shipping_provider__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="order_shipped_is_paid",
            ),
        ),
    ]
