from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("rejections", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="rejection",
            name="rejections_by_customer",
        ),
    ]
