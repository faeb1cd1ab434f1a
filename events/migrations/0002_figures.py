import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("events", "0001_initial"),
    ]

    operations = [
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
                        "account_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                        "account_id", "day", "name", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                ("day", models.DateField()),
                ("events", models.BigIntegerField()),
                ("customer_id", models.CharField(db_collation="C", max_length=255)),
            ],
            options={"verbose_name_plural": "daily figures of customers"},
        ),
    ]
