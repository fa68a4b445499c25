"""What managers ask of the appointment book, in figures. What each figure means: `docs/reports.md`.

A report is asked for with a `Scope` (which days, where, grouped by what) and answers a `Report`: the total, a line per
group, a line per day, week or month. The number of queries doesn't depend on the number of rows.
"""

from apps.appointments.reports.figures import Group, Report, Share, Stretch
from apps.appointments.reports.scope import Bucket, Grouping, Scope, make_scope, names_of, since_opening
from apps.appointments.reports.sheets import SHEETS, Column, Sheet
from apps.appointments.reports.utilisation import Utilisation, utilisation_of
from apps.appointments.reports.visits import (
    Cancellations,
    LeadTimes,
    NoShows,
    cancellations_of,
    lead_times_of,
    no_shows_of,
)

__all__ = [
    "SHEETS",
    "Bucket",
    "Cancellations",
    "Column",
    "Group",
    "Grouping",
    "LeadTimes",
    "NoShows",
    "Report",
    "Scope",
    "Share",
    "Sheet",
    "Stretch",
    "Utilisation",
    "cancellations_of",
    "lead_times_of",
    "make_scope",
    "names_of",
    "no_shows_of",
    "since_opening",
    "utilisation_of",
]
