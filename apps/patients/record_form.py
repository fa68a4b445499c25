"""The whole record as one form: the fields of the short one, and lines for everything of which there may be several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy

from apps.core.errors import InvalidInput
from apps.organizations.models import Organization
from apps.patients.cleaning import clean_fields
from apps.patients.forms import PatientForm
from apps.patients.models import Patient
from apps.patients.parts import PARTS
from apps.patients.row_forms import Rows, name_linked, offered_systems
from apps.patients.times import DAYS, PartOfDay

TIMES = {"times_days": "days", "times_parts": "parts", "times_from": "from", "times_to": "to"}


class RecordForm(PatientForm):
    """Register a patient with everything, or change one. The lists are sent whole: the service finds what differs."""

    gender_identity = forms.CharField(
        label=gettext_lazy("Gender identity"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("In the person’s own words."),
    )
    times_days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"),
        required=False,
        choices=[(day, WEEKDAYS_ABBR[place]) for place, day in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    times_parts = forms.MultipleChoiceField(
        label=gettext_lazy("Part of the day"),
        required=False,
        choices=PartOfDay.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    times_from = forms.CharField(
        label=gettext_lazy("From"), required=False, max_length=5, widget=forms.TextInput(attrs={"type": "time"})
    )
    times_to = forms.CharField(
        label=gettext_lazy("Until"), required=False, max_length=5, widget=forms.TextInput(attrs={"type": "time"})
    )

    def __init__(self, *args: Any, organization: Organization, patient: Patient | None = None, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, patient=patient, **kwargs)
        for name in ("phone", "phone_2", "email"):
            del self.fields[name]
        if patient is not None:
            read = self.mark.read if self.mark is not None else {}
            times = read.get("preferred_times", patient.preferred_times)
            wish = {name: times.get(key) for name, key in TIMES.items()}
            identity = read.get("gender_identity", patient.gender_identity)
            self.initial = {**self.initial, **wish, "gender_identity": identity}
        data = self.data if self.is_bound else None
        offered = offered_systems(organization)
        if self.mark is not None:  # a kind that is nobody's list's, of a number that somebody else took away meanwhile
            known = {system for system, _name in offered}
            read = dict.fromkeys(row["system"] for row in self.mark.read.get("identifiers", []))
            offered = [*offered, *((system, system) for system in read if system not in known)]
        self.parts = {
            part: Rows(part, organization=organization, patient=patient, data=data, offered=offered)  # type: ignore[arg-type]
            for part in PARTS
        }
        name_linked(self.parts["related_persons"], organization)

    def is_valid(self) -> bool:
        """Check the lines as well, so that everything that is wrong is said at once."""
        lines = [rows.is_valid() for rows in self.parts.values()]
        return super().is_valid() and all(lines)

    def all_errors(self) -> dict[str, str]:
        """Return every field's error by the id of its control; of a form that was checked."""
        return {
            form[name].id_for_label: " ".join(str(message) for message in messages)
            for form in (self, *(line for rows in self.parts.values() for line in rows))
            for name, messages in form.errors.items()
            if name in form.fields
        }

    def changes(self) -> dict[str, Any]:
        """Return the fields for the service: single ones that somebody changed here, and the lists."""
        fields = super().changes()
        for name in TIMES:
            fields.pop(name, None)
        if self.patient is None or set(self.changed_data) & TIMES.keys():
            fields["preferred_times"] = {key: self.cleaned_data.get(name) or None for name, key in TIMES.items()}
        parts = {part: rows.rows() for part, rows in self.parts.items() if rows.is_valid()}
        return self.without_theirs(fields | parts)

    def all_fields(self) -> Iterator[BoundField]:
        yield from super().all_fields()
        for rows in self.parts.values():
            for line in rows:
                yield from line

    def clean(self) -> dict[str, Any]:
        """Check what the lines do not check by themselves: the wish when to be contacted."""
        data = forms.Form.clean(self) or {}
        single = {name: value for name, value in self.changes().items() if name not in PARTS}
        try:
            clean_fields(single, organization=self.organization)
        except InvalidInput as refusal:
            self.refuse(refusal)
        return data

    def refuse(self, refusal: InvalidInput) -> None:
        """Show the service's refusal at the fields, and in the lines, that it names."""
        single: dict[str, list[str]] = {}
        for field, messages in refusal.errors.items():
            part, _dot, rest = field.partition(".")
            if part in self.parts and rest:
                place, _dot, name = rest.partition(".")
                self.parts[part].refuse(int(place), name, messages)
            elif field == "preferred_times":
                self.add_error("times_from", messages)
            else:
                single[field] = messages
        if single or not refusal.errors:
            super().refuse(InvalidInput(refusal.message, errors=single))
