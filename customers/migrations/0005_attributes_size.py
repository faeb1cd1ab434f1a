from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Func
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_fewer_indexes"),
    ]

    operations = [
        AddConstraintNotValid(  # holds for every write from now on, without reading what is stored
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(F("custom_attributes"), function="pg_column_size", output_field=models.IntegerField()), 2000
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
        ),
    ]
