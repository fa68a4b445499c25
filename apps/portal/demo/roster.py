"""Who could come: patients whom a type of visit fits, none of them twice within some days, nobody new twice."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection

from apps.patients.models import Patient
from apps.portal.demo.clinic import REASONS

YEAR = dt.timedelta(days=365.25)
APART = dt.timedelta(days=4)
FAR_APART = {"A": dt.timedelta(days=14), "K": dt.timedelta(days=14), "V": dt.timedelta(days=14)}
WOMEN_ONLY = "A"
NEW, CONSULTATION = "N", "C"
TRIES = 20


class Roster:
    """The patients of a clinic while its days are filled in order.

    The last ones of them (`new` of 1) are not known yet: each comes once as a new patient, and for other things after.
    """

    def __init__(self, patients: list[Patient], *, today: dt.date, new: float = 0.5) -> None:
        self.ages = {str(patient.pk): (today - patient.birth_date) / YEAR for patient in patients if patient.birth_date}
        self.last: dict[str, dt.date] = {}
        self.fitting: dict[str, list[Patient]] = {code: [] for code in REASONS if code != NEW}
        known = len(patients) - int(len(patients) * new)
        self.new = patients[known:]
        for patient in patients[:known]:
            self._know(patient)

    def find(self, code: str, offers: Collection[str], day: dt.date, rng: random.Random) -> tuple[str, Patient | None]:
        """Return somebody for a visit of that type, else for a consultation where that is offered, else nobody."""
        found = self._somebody(code, day, rng)
        if found is None and code != CONSULTATION and CONSULTATION in offers:
            code, found = CONSULTATION, self._somebody(CONSULTATION, day, rng)
        return code, found

    def note(self, patient: Patient, code: str, day: dt.date) -> None:
        """Remember that they come on that day."""
        self.last[str(patient.pk)] = day
        if code == NEW:
            self.new.remove(patient)
            self._know(patient)

    def reason(self, patient: Patient, code: str, rng: random.Random) -> str:
        """Return what the visit is about, as it would be at their age."""
        return rng.choice(self._reasons(patient, code))

    def _somebody(self, code: str, day: dt.date, rng: random.Random) -> Patient | None:
        if code == NEW:
            return rng.choice(self.new) if self.new else None
        apart = FAR_APART.get(code, APART)
        candidates = self.fitting[code]
        for _attempt in range(TRIES if candidates else 0):
            patient = candidates[int(rng.random() ** 1.2 * len(candidates))]
            before = self.last.get(str(patient.pk))
            if before is None or day - before >= apart:
                return patient
        return None

    def _know(self, patient: Patient) -> None:
        for code, patients in self.fitting.items():
            if (code != WOMEN_ONLY or patient.sex == "female") and self._reasons(patient, code):
                patients.append(patient)

    def _reasons(self, patient: Patient, code: str) -> list[str]:
        age = self.ages.get(str(patient.pk), 40.0)
        return [words for words, youngest, oldest in REASONS[code] if youngest <= age <= oldest]
