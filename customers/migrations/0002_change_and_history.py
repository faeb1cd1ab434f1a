from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

_ACCOUNT: tuple[str, Any] = (
    "account",
    models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="accounts.account",
    ),
)


def _key(*fields: str) -> tuple[str, models.CompositePrimaryKey]:
    return "pk", models.CompositePrimaryKey(
        *fields, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    """What changes often leaves the customers' indexes.

    Customers can be read and written while this fills the new table, and are locked for a moment at the end. What the
    old version still stores afterwards has no row there: `manage.py repair_customers` once it has stopped.
    """

    dependencies = [
        ("accounts", "0002_account_closed_at"),
        ("customers", "0001_initial"),
        ("traitly", "0001_clock"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                _key("account_id", "customer_id"),
                _ACCOUNT,
                ("changed_at", models.DateTimeField()),
                ("customer_id", models.CharField(db_collation="C", max_length=255)),
                ("attributes", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="History",
            fields=[
                _key("account_id", "customer_id", "changed_at", "field"),
                _ACCOUNT,
                ("changed_at", models.DateTimeField()),
                ("customer_id", models.CharField(db_collation="C", max_length=255)),
                ("field", models.CharField(db_collation="C", max_length=63)),
                ("before", models.TextField(null=True)),
                ("after", models.TextField(null=True)),
            ],
            options={"verbose_name_plural": "history"},
        ),
        migrations.RunSQL(
            """
            INSERT INTO customers_change (account_id, changed_at, customer_id, attributes)
            SELECT account_id, updated_at, customer_id, custom_attributes FROM customers_customer
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                fields=["account", "changed_at", "customer_id"], name="customers_by_changed_at"
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["account", "attributes"],
                name="customers_change_attributes",
                opclasses=["int8_ops", "jsonb_path_ops"],
            ),
        ),
        # Room in each page for the updates that need no new index entries.
        migrations.RunSQL(
            [
                "ALTER TABLE customers_customer SET (fillfactor = 80)",
                "ALTER TABLE customers_change SET (fillfactor = 80)",
            ],
            [
                "ALTER TABLE customers_customer RESET (fillfactor)",
                migrations.RunSQL.noop,
            ],
        ),
        migrations.AddField(
            model_name="customer",
            name="previous",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(null=True), editable=False, null=True, size=None
            ),
        ),
        migrations.RemoveIndex(model_name="customer", name="customers_by_updated_at"),
        migrations.RemoveIndex(model_name="customer", name="customers_by_attributes"),
    ]
