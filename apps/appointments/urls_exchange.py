"""Routes of appointments as files: out for whoever sees them, in for whoever sets the clinic up."""

from django.urls import path

from apps.appointments.views.exchange import export, imports

urlpatterns = [
    path("appointments/export/", export.export, name="export"),
    path("settings/exchange/", imports.exchange, name="settings-exchange"),
    path("settings/exchange/<uuid:pk>/", imports.one_import, name="import"),
    path("settings/exchange/<uuid:pk>/problems.csv", imports.problems, name="import-problems"),
    path("settings/exchange/<uuid:pk>/<slug:step>/", imports.import_step, name="import-step"),
]
