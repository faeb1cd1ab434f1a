from django.db import migrations, models


class Migration(migrations.Migration):
    """A nullable column: nothing is rewritten. What was refused before has none, and is erased by age."""

    dependencies = [
        ("rejections", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="rejection",
            name="item_id",
            field=models.CharField(db_collation="C", max_length=255, null=True),
        ),
    ]
