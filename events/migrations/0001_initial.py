import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


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
            index=models.Index(
                fields=["account", "customer_id", "created_at", "id"],
                name="events_by_customer",
            ),
        ),
    ]
