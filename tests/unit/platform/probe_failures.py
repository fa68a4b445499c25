"""Routes that fail while they hold a patient's data; only in tests."""

from __future__ import annotations

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from apps.core.errors import Conflict
from apps.organizations.access import requires
from apps.organizations.permissions import Permission
from clinic.urls import *  # noqa: F403 - the real routes stay

NAME, PHONE, WORDS = "Canaria Zyxgeist", "+14155550199", "my secret rash is back"
CANARIES = (NAME, PHONE, WORDS, "Canaria", "Zyxgeist", "4155550199", "secret rash")


@requires(Permission.TODAY_VIEW)
def fail(request: HttpRequest, how: str, rest: str = "") -> HttpResponse:
    patient = {"name": NAME, "phone": PHONE, "words": WORDS}
    if how == "bug":
        raise ValueError(f"{patient}")
    if how == "refusal":
        raise Conflict(f"{NAME} is busy.")
    if how == "missing":
        raise Http404(NAME)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0 WHERE %s <> ''", [f"{patient}"])
    return HttpResponse()


urlpatterns = [
    path("probe/<str:how>/<str:rest>/", fail, name="probe-failure"),
    path("probe/<str:how>/", fail, name="probe-failure"),
    *urlpatterns,  # noqa: F405
]
