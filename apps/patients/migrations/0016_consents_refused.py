"""A no of somebody who never gave the consent is `refused`, no longer `withdrawn`."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0015_search_archived")]
    operations = [
        migrations.AlterField(
            model_name="consent",
            name="status",
            field=models.CharField(
                choices=[("active", "Given"), ("refused", "Refused"), ("withdrawn", "Withdrawn")], max_length=10
            ),
        ),
    ]
