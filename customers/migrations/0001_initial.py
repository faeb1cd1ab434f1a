import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import traitly.api.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
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
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "id",
                    models.UUIDField(default=traitly.api.ids.new_id, editable=False, primary_key=True, serialize=False),
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
        ),
        # What Django cannot say of a model that its admin is to show: see accounts.models.AccountOwned.
        migrations.RunSQL(
            "ALTER TABLE customers_customer DROP CONSTRAINT customers_customer_pkey, ADD PRIMARY KEY (account_id, id);",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("account", "customer_id"), name="customers_customer_id_unique"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["account", "created_at", "customer_id"], name="customers_by_created_at"),
        ),
    ]
