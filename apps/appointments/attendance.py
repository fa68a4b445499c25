"""Whether patients come: their history, and how likely a coming visit is missed, worked out from stated facts only.

The risk is a sum of points that a receptionist can follow, not a model: each reason is shown with the badge. Sources of
the facts: missed visits of the past, lead time and a missing confirmation are the predictors that reviews of no-show
studies agree on (Dantas et al. 2018, Health Policy 122:412).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.appointments.models import Appointment, Status
from apps.organizations.models import Organization

LOOKS_BACK = dt.timedelta(days=730)
SOON = dt.timedelta(hours=48)
LONG_LEAD, VERY_LONG_LEAD = 14, 30
MEDIUM, HIGH = 2, 4


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many visits of the last two years a patient kept and missed; `last_missed` in UTC."""

    kept: int = 0
    missed: int = 0
    last_missed: dt.datetime | None = None

    @property
    def visits(self) -> int:
        return self.kept + self.missed

    @property
    def rate(self) -> int:
        """Return the missed share in percent; 0 without visits."""
        return round(100 * self.missed / self.visits) if self.visits else 0


@dataclass(frozen=True, slots=True)
class Risk:
    """How likely a visit is missed: `low`, `medium` or `high`, and the facts that say so, heaviest first."""

    level: str
    reasons: tuple[str, ...]

    @property
    def word(self) -> str:
        return {"low": _("Low no-show risk"), "medium": _("Some no-show risk"), "high": _("High no-show risk")}[
            self.level
        ]


def attendance_of(*, organization: Organization, patient_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Attendance]:
    """Return the attendance of patients who had a visit in the last two years; one query."""
    rows = (
        Appointment.objects.for_organization(organization)
        .filter(patient_id__in=list(patient_ids), status__in=[Status.FULFILLED, Status.NO_SHOW])
        .filter(start__gt=timezone.now() - LOOKS_BACK)
        .values("patient_id")
        .annotate(
            kept=Count("pk", filter=Q(status=Status.FULFILLED)),
            missed=Count("pk", filter=Q(status=Status.NO_SHOW)),
            last_missed=Max("start", filter=Q(status=Status.NO_SHOW)),
        )
    )
    return {row["patient_id"]: Attendance(row["kept"], row["missed"], row["last_missed"]) for row in rows}


def no_show_risk(
    *,
    attendance: Attendance,
    start: dt.datetime,
    booked_at: dt.datetime,
    is_confirmed: bool,
    now: dt.datetime,
) -> Risk:
    """Work out the risk of a coming visit; no query. All times UTC."""
    found: list[tuple[int, str]] = []
    if attendance.missed:
        words = ngettext(
            "Missed %(missed)d of %(visits)d visit", "Missed %(missed)d of %(visits)d visits", attendance.visits
        )
        points = min(6, 2 * attendance.missed) if attendance.rate >= 10 else 1
        found.append((points, words % {"missed": attendance.missed, "visits": attendance.visits}))
    elif not attendance.visits:
        found.append((1, _("First visit in two years")))
    lead = (start - booked_at).days
    if lead >= LONG_LEAD:
        found.append((2 if lead >= VERY_LONG_LEAD else 1, _("Booked %(n)d days ahead") % {"n": lead}))
    if is_confirmed:
        found.append((-2, _("Confirmed")))
    elif start - now <= SOON:
        found.append((1, _("Not confirmed")))
    total = sum(points for points, _reason in found)
    level = "high" if total >= HIGH else "medium" if total >= MEDIUM else "low"
    return Risk(level, tuple(reason for _points, reason in sorted(found, key=lambda pair: -abs(pair[0]))))
