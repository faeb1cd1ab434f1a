from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate, Lower


class Migration(migrations.Migration):
    """An index that is built while customers are read and written."""

    atomic = False

    dependencies = [
        ("customers", "0003_alias"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                models.F("account"),
                Collate(
                    Lower(
                        models.Func(models.F("email"), models.Value("[^@]+$"), function="substring")
                    ),
                    "C",
                ),
                name="customers_by_email_domain",
            ),
        ),
    ]
