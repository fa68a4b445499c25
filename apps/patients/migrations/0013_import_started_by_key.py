"""An API key may start an import of patients: the worker goes on with its rights."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_keys_may_read_reports"),
        ("patients", "0012_search_exchanged"),
    ]

    operations = [
        migrations.AddField(
            model_name="patientimport",
            name="started_by_key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="organizations.apikey",
            ),
        ),
    ]
