import django.db.models.deletion
import django.utils.timezone
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import BtreeGinExtension
from django.db import migrations, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Coalesce, Collate, Lower
from django.db.models.lookups import LessThanOrEqual

import traitly.db.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        BtreeGinExtension(),  # customers_by_attributes has the account in it
        migrations.CreateModel(
            name="Customer",
            fields=[
                # Columns of fixed width stand first: no padding between them.
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=traitly.db.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.CharField(db_collation="C", max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("email", models.CharField(max_length=254)),
                ("plan", models.CharField(max_length=255)),
                (
                    "monthly_payment_amount",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True),
                ),
                ("location", models.CharField(blank=True, max_length=255, null=True)),
                ("phone_number", models.CharField(blank=True, max_length=255, null=True)),
                ("organisation_id", models.CharField(blank=True, max_length=255, null=True)),
                ("custom_attributes", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "customer_id"), name="customers_customer_id_unique"
                    ),
                    models.CheckConstraint(
                        condition=LessThanOrEqual(
                            Func(
                                F("custom_attributes"),
                                function="pg_column_size",
                                output_field=models.IntegerField(),
                            ),
                            2000,
                        )
                        | LessThanOrEqual(
                            Func(
                                Cast("custom_attributes", models.TextField()),
                                function="octet_length",
                                output_field=models.IntegerField(),
                            ),
                            131_072,
                        ),
                        name="customers_attributes_size",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["account", "created_at", "customer_id"],
                        name="customers_by_created_at",
                    ),
                    models.Index(
                        fields=["account", "updated_at", "customer_id"],
                        name="customers_by_updated_at",
                    ),
                    models.Index(
                        F("account"),
                        Coalesce("monthly_payment_amount", Value(-1)),
                        F("customer_id"),
                        name="customers_by_payment",
                    ),
                    models.Index(
                        F("account"),
                        Collate(Lower(F("name")), "C"),
                        F("created_at"),
                        F("customer_id"),
                        name="customers_by_name",
                    ),
                    models.Index(
                        F("account"),
                        Collate(Lower(F("email")), "C"),
                        F("created_at"),
                        F("customer_id"),
                        name="customers_by_email",
                    ),
                    models.Index(
                        fields=["account", "plan", "created_at", "customer_id"],
                        name="customers_by_plan",
                    ),
                    models.Index(
                        fields=["account", "location", "created_at", "customer_id"],
                        name="customers_by_location",
                        condition=Q(("location__isnull", False)),
                    ),
                    models.Index(
                        fields=["account", "phone_number", "created_at", "customer_id"],
                        name="customers_by_phone_number",
                        condition=Q(("phone_number__isnull", False)),
                    ),
                    models.Index(
                        fields=["account", "organisation_id", "created_at", "customer_id"],
                        name="customers_by_organisation_id",
                        condition=Q(("organisation_id__isnull", False)),
                    ),
                    GinIndex(
                        fields=["account", "custom_attributes"],
                        name="customers_by_attributes",
                        opclasses=["int8_ops", "jsonb_path_ops"],
                    ),
                    models.Index(
                        F("account"),
                        Collate(Lower(Func(F("name"), Value("[^ ]+$"), function="substring")), "C"),
                        name="customers_by_lower_last_word",
                    ),
                ],
            },
        ),
        # What Django cannot say of a model that its admin is to show: see accounts.models.AccountOwned.
        migrations.RunSQL(
            "ALTER TABLE customers_customer DROP CONSTRAINT customers_customer_pkey, ADD PRIMARY KEY (account_id, id);",
            migrations.RunSQL.noop,
        ),
    ]
