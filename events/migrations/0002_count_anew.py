from django.db import migrations


class Migration(migrations.Migration):
    """Count 184 days instead of 92.

    Every row of these tables can be made again. The next who looks counts, and until that is done the overview says that
    its numbers are not complete. A portal of the old version that is looked at meanwhile counts 92 days of an account:
    stop it before.
    """

    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            "TRUNCATE events_counted, events_daily, events_dailyname, events_dailycustomer",
            migrations.RunSQL.noop,
        ),
    ]
