"""The REST API: each app's `api.py` brings `routes`, a list of (prefix, viewset, basename), and further `urlpatterns`.

Under the namespace `api`, so `reverse("api:patients-detail", args=[patient.pk])`.
"""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from apps.core.api.docs import docs
from apps.organizations.access import requires
from apps.organizations.permissions import Permission


def _routes() -> list[URLPattern | URLResolver]:
    router = SimpleRouter(use_regex_path=False)
    patterns: list[URLPattern | URLResolver] = []
    for app in settings.CLINIC_APPS:
        if find_spec(f"{app}.api") is None or app == "apps.core":
            continue
        module = import_module(f"{app}.api")
        for prefix, viewset, basename in getattr(module, "routes", []):
            router.register(prefix, viewset, basename=basename)
        patterns += getattr(module, "urlpatterns", [])
    return [*patterns, *router.urls]


urlpatterns = [
    path("v1/", include((_routes(), "api"))),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", requires(Permission.TODAY_VIEW)(docs), name="api-docs"),
]
