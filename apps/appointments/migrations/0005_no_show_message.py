from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("appointments", "0004_groups_series_waitlist")]

    operations = [
        migrations.AddField(
            model_name="appointmentsettings",
            name="no_show_message",
            field=models.BooleanField(
                default=False,
                help_text="write to a patient who missed a visit, once the marking can't be undone any more",
            ),
        ),
    ]
