from django.db import migrations, models
from django.db.models import Count

from apps.core.tenancy import all_organizations


def forget_places_that_nobody_chose(apps, schema_editor):
    """Give who stands at 0 beside others there no place: 0 was what an empty field left."""
    Practitioner = apps.get_model("practitioners", "Practitioner")
    with all_organizations():
        first = Practitioner.objects.filter(sort_order=0).order_by()
        crowded = first.values("organization_id").annotate(n=Count("pk")).filter(n__gt=1)
        Practitioner.objects.filter(
            sort_order=0, organization_id__in=[row["organization_id"] for row in crowded]
        ).update(sort_order=999)


class Migration(migrations.Migration):
    dependencies = [("practitioners", "0003_busy_times_and_holidays")]

    operations = [
        migrations.AlterField("practitioner", "sort_order", models.PositiveSmallIntegerField(default=999)),
        migrations.RunPython(forget_places_that_nobody_chose, migrations.RunPython.noop),
    ]
