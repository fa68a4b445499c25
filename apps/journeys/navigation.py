"""Journeys in the navigation and on the patient page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.navigation import Badge, Entry, register
from apps.journeys.selectors import count_open_runs, count_overdue
from apps.organizations.permissions import Permission
from apps.patients import panels


def overdue_badge(request: HttpRequest) -> Badge | None:
    """Return how many runs are overdue; None for none."""
    count = count_overdue(request.organization)  # type: ignore[attr-defined]
    return Badge(count, "", _("overdue")) if count else None


register(
    Entry("journeys", gettext_lazy("Journeys"), "route", "journeys:board", Permission.JOURNEYS_VIEW, 60, overdue_badge)
)
panels.register(
    slot="tab",
    key="journeys",
    label=gettext_lazy("Journeys"),
    url_name="journeys:for-patient",
    order=50,
    permission=Permission.JOURNEYS_VIEW,
    count=count_open_runs,
)
