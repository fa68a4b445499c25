"""Journeys in the navigation and on the patient page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.navigation import Badge, Entry, register
from apps.journeys.selectors import open_runs_of, overdue_runs
from apps.organizations.permissions import Permission
from apps.patients import panels


def overdue_badge(request: HttpRequest) -> Badge:
    """Return the badge of the runs that are overdue."""
    return Badge(overdue_runs(request.organization), "", _("overdue"))  # type: ignore[attr-defined]


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
    live=("journeys",),
    rows=open_runs_of,
)
