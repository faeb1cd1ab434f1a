from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def account() -> Any:
    """The column that every table here begins with."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="accounts.account",
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        # In SQL, because Django cannot say the primary key of a model that its admin is to show (see
        # accounts.models.AccountOwned), and would add an index for LIKE on the id. Columns of fixed width stand first:
        # no padding between them.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    """
                    CREATE TABLE events_event (
                        account_id bigint NOT NULL,
                        created_at timestamptz NOT NULL,
                        received_at timestamptz NOT NULL,
                        id varchar(255) COLLATE "C" NOT NULL,
                        customer_id varchar(255) COLLATE "C" NOT NULL,
                        name varchar(255) NOT NULL,
                        custom_attributes jsonb NOT NULL,
                        PRIMARY KEY (account_id, id)
                    )
                    """,
                    "DROP TABLE events_event",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("account", account()),
                        ("created_at", models.DateTimeField()),
                        (
                            "received_at",
                            models.DateTimeField(default=django.utils.timezone.now),
                        ),
                        (
                            "id",
                            models.CharField(
                                db_collation="C",
                                max_length=255,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "customer_id",
                            models.CharField(db_collation="C", max_length=255),
                        ),
                        ("name", models.CharField(max_length=255)),
                        ("custom_attributes", models.JSONField(default=dict)),
                    ],
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["account", "customer_id", "name", "created_at", "id"],
                name="events_by_customer_name",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["account", "received_at"], name="events_by_received_at"),
        ),
        # A customer_id is of one account. Where PostgreSQL takes the two for independent, it expects less than one event
        # of any customer, all indexes that begin with both look alike, and a list of one name may walk a customer's
        # events of every name. ANALYZE keeps it; writes do not pay.
        migrations.RunSQL(
            "CREATE STATISTICS events_of_customer (dependencies) ON account_id, customer_id FROM events_event",
            "DROP STATISTICS events_of_customer",
        ),
        migrations.CreateModel(
            name="Counted",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.account",
                    ),
                ),
                ("received_until", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "watermarks of figures"},
        ),
        migrations.CreateModel(
            name="Daily",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", account()),
                ("day", models.DateField()),
                ("events", models.BigIntegerField()),
                ("customers", models.BigIntegerField()),
            ],
            options={"verbose_name_plural": "daily figures"},
        ),
        migrations.CreateModel(
            name="DailyName",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "day",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", account()),
                ("day", models.DateField()),
                ("events", models.BigIntegerField()),
                ("name", models.CharField(max_length=255)),
            ],
            options={"verbose_name_plural": "daily figures of names"},
        ),
        migrations.CreateModel(
            name="DailyCustomer",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "day",
                        "customer_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", account()),
                ("day", models.DateField()),
                ("events", models.BigIntegerField()),
                ("customer_id", models.CharField(db_collation="C", max_length=255)),
            ],
            options={"verbose_name_plural": "daily figures of customers"},
        ),
    ]
