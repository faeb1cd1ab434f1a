from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while events are written

    dependencies = [
        ("events", "0002_figures"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(fields=["account", "received_at"], name="events_by_received_at"),
        ),
    ]
