from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_idempotent_answers_as_text"),
    ]

    operations = [
        migrations.AddField(
            model_name="idempotencyrecord",
            name="traces",
            field=models.JSONField(default=list, help_text="left again by each replay: whose records it shows"),
        ),
    ]
