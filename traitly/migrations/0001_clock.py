from django.db import migrations


class Migration(migrations.Migration):
    """What ``traitly.db.clock`` keeps. No model: nothing but its own statements reads or writes either."""

    initial = True

    operations = [
        migrations.RunSQL(
            [
                # The latest time that readers were promised, in microseconds since 1970. A sequence, because writers
                # must see its newest value whatever their snapshot.
                "CREATE SEQUENCE traitly_clock",
                # One row: up to when everything has arrived.
                "CREATE TABLE traitly_settled (settled timestamptz NOT NULL)",
                "INSERT INTO traitly_settled VALUES ('epoch')",
            ],
            ["DROP SEQUENCE traitly_clock", "DROP TABLE traitly_settled"],
        ),
    ]
