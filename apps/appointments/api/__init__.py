"""The appointment book's part of the REST API, a module per topic."""

from apps.appointments.api import feeds, reports, series, settings, visits, waitlist

# The longer prefixes first: `appointments/<id>/` would take them.
routes = [*feeds.routes, *series.routes, *settings.routes, *visits.routes, *waitlist.routes]
urlpatterns = [*reports.urlpatterns, *settings.urlpatterns, *visits.urlpatterns]
