"""The appointment book's part of the REST API, a module per topic."""

from apps.appointments.api import busy_times, feeds, imports, reports, series, settings, together, visits, waitlist

# The longer prefixes first: `appointments/<id>/` would take them.
routes = [
    *feeds.routes,
    *imports.routes,
    *series.routes,
    *settings.routes,
    *together.routes,
    *visits.routes,
    *waitlist.routes,
]
urlpatterns = [
    *busy_times.urlpatterns,
    *imports.urlpatterns,
    *reports.urlpatterns,
    *settings.urlpatterns,
    *visits.urlpatterns,
]
