import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import benchmarks.baselines.drf.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=benchmarks.baselines.drf.models.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("email", models.EmailField(max_length=254)),
                ("plan", models.CharField(max_length=255)),
                (
                    "monthly_payment_amount",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True),
                ),
                ("location", models.CharField(blank=True, max_length=255, null=True)),
                ("phone_number", models.CharField(blank=True, max_length=255, null=True)),
                ("organisation_id", models.CharField(blank=True, max_length=255, null=True)),
                ("custom_attributes", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "customers_customer",
                "ordering": ["created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "customer_id"), name="customer_of_account"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=benchmarks.baselines.drf.models.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                ("custom_attributes", models.JSONField(blank=True, default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "events_event",
                "ordering": ["created_at"],
                "indexes": [
                    models.Index(
                        fields=["account", "customer_id", "name", "created_at"], name="event_list"
                    )
                ],
            },
        ),
    ]
