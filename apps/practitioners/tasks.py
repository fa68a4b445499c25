"""The worker's side of practitioners and places."""

from celery import shared_task

from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Location
from apps.practitioners.services import keep_holidays


@shared_task(name="practitioners.keep_holidays", queue="slow")
def keep_all_holidays() -> None:
    """Keep the next 18 months of holidays of every location, each in a transaction of its organization."""
    with all_organizations():
        locations = list(Location.objects.filter(observes_holidays=True, is_active=True))
    for location in locations:
        with organization_scope(location.organization_id):
            keep_holidays(location=location)
