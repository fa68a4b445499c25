"""A record in short, for paper: the same facts for the page that is printed and for the PDF.

Paper leaves the house: nobody stands on it who merely has the same phone, that is for the screen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils import timezone

from apps.organizations.models import Organization
from apps.patients import profile
from apps.patients.merging.living import merged_ids_of
from apps.patients.merging.parted import consents_to_tell, parted_of
from apps.patients.models import Patient
from apps.patients.particulars import Particulars, particulars_of

ON_PAPER = 50  # entries of the timeline


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands on paper about a patient, in words; printed `at` a moment (UTC), `by` somebody."""

    organization: Organization
    patient: Patient
    age: str
    language: str
    flags: list[profile.Flag]
    parts: Particulars
    all_consents: list[profile.ConsentLine]
    timeline: profile.Timeline
    at: dt.datetime
    by: str


def summary_of(patient: Patient, organization: Organization, *, at: dt.datetime, by: str) -> Summary:
    """Return the summary of a patient loaded as a whole, in the active language, on the organization's clock.

    At most five queries: consents and merged records if they are not loaded, undone merges, the names of numbers, the
    timeline; a few more for whom a merge was undone (`merging.parted`).
    """
    prefetch_related_objects([patient], "consents")
    parted = parted_of(organization, [patient.pk, *merged_ids_of(patient)])
    consents = consents_to_tell(patient, parted)
    with timezone.override(organization.zone):
        return Summary(
            organization=organization,
            patient=patient,
            age=patient.age_text(organization.today()),
            language=str(dict(settings.LANGUAGES).get(patient.language, patient.language)),
            flags=profile.flags_of(patient, consents, sharing=()),
            parts=particulars_of(patient, organization, sharing=(), as_written=True),
            all_consents=profile.consent_lines(patient, consents, everything=True),
            timeline=profile.timeline_of(organization, patient, kind="", shown=ON_PAPER, before=None, outside=parted),
            at=at,
            by=by,
        )
