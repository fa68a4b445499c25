"""Routes. Each app brings its own pages; `clinic/api.py` brings the REST API."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

from apps.core import health
from apps.core.metrics import metrics
from apps.organizations.views import set_language

handler400 = "apps.core.refusals.bad_request"
handler403 = "apps.core.refusals.permission_denied"
handler404 = "apps.core.refusals.page_not_found"
handler500 = "apps.core.refusals.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    # The address that somebody signs in with is the administrators' to change: they invited it.
    path("accounts/email/", RedirectView.as_view(pattern_name="account_change_password"), name="account_email"),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("organization/", include("apps.organizations.urls")),
    path("journeys/", include("apps.journeys.urls")),
    path("patients/", include("apps.patients.urls")),
    path("webhooks/", include("apps.webhooks.urls")),
    path("api/", include("clinic.api")),
    path("", include("apps.portal.urls")),
    path("", include("apps.media.urls")),
    path("", include("apps.appointments.urls")),
    path("", include("apps.conversations.urls")),
]

if settings.DEMO or settings.DEBUG:
    urlpatterns.append(path("styleguide/", TemplateView.as_view(template_name="styleguide.html"), name="styleguide"))
