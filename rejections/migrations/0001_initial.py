import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import traitly.db.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        # In SQL for the same reasons as events_event: the primary key, and the order of the columns.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    """
                    CREATE TABLE rejections_rejection (
                        account_id bigint NOT NULL,
                        received_at timestamptz NOT NULL,
                        key_id bigint,
                        id uuid NOT NULL,
                        truncated boolean NOT NULL,
                        kind varchar(10) NOT NULL,
                        customer_id varchar(255) COLLATE "C",
                        name varchar(255),
                        errors jsonb NOT NULL,
                        payload text NOT NULL,
                        PRIMARY KEY (account_id, id)
                    )
                    """,
                    "DROP TABLE rejections_rejection",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Rejection",
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
                        ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("key_id", models.BigIntegerField(null=True)),
                        (
                            "id",
                            models.UUIDField(
                                default=traitly.db.ids.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("truncated", models.BooleanField(default=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("event", "Event"), ("customer", "Customer")],
                                max_length=10,
                            ),
                        ),
                        (
                            "customer_id",
                            models.CharField(db_collation="C", max_length=255, null=True),
                        ),
                        ("name", models.CharField(max_length=255, null=True)),
                        ("errors", models.JSONField(default=list)),
                        ("payload", models.TextField()),
                    ],
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="rejection",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["event", "customer"])),
                name="rejections_rejection_kind",
            ),
        ),
    ]
