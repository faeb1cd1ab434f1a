from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Func, Value
from django.db.models.functions import Collate, Lower


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while customers are written

    dependencies = [
        ("customers", "0002_list_indexes"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(F("account"), Collate(Lower(F("email")), "C"), name="customers_by_lower_email"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(F("account"), Collate(Lower(F("name")), "C"), name="customers_by_lower_name"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                F("account"),
                Collate(Lower(Func(F("name"), Value("[^ ]+$"), function="substring")), "C"),
                name="customers_by_lower_last_word",
            ),
        ),
    ]
