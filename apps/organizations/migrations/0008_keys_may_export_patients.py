import django.contrib.postgres.fields
from django.db import migrations, models

SCOPES = (
    "today.view patients.view patients.manage patients.merge patients.export media.view media.manage"
    " appointments.view appointments.manage appointments.override practitioners.view practitioners.manage conversations.view conversations.reply"
    " communications.view communications.manage templates.manage journeys.view journeys.advance journeys.manage"
    " reports.view events.view audit.view organization.manage admin.use"
).split()


class Migration(migrations.Migration):
    """No change in the database: the choices of a key's scopes."""

    dependencies = [
        ("organizations", "0007_keys_may_open_files"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=[(scope, scope) for scope in SCOPES], max_length=40),
                blank=True,
                default=list,
                size=None,
            ),
        ),
    ]
