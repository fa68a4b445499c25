"""Routes of the bare project."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.floors.bare import views


def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n")


urlpatterns = [
    path("healthz", healthz),
    path("visits/", views.visits),
    path("visits/<uuid:pk>/", healthz, name="visit"),
    path("threads/", views.threads),
    path("threads/<uuid:pk>/", healthz, name="thread"),
    path("patients/", views.patients),
    path("patients/<uuid:pk>/", healthz, name="patient"),
    path("inbound/", views.inbound),
]
