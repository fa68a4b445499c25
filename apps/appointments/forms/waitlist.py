"""Forms of the waitlist: who waits for what and when, and which time is offered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.appointments.models import OPEN_STATUSES, Appointment, AppointmentType, Urgency, WaitlistEntry
from apps.core.forms import DayField
from apps.organizations.models import Location, Organization
from apps.patients.models import Patient
from apps.practitioners.models import Practitioner

DEFAULT_WEEKS = 4
WEEKDAYS = (
    (0, _("Mon")),
    (1, _("Tue")),
    (2, _("Wed")),
    (3, _("Thu")),
    (4, _("Fri")),
    (5, _("Sat")),
    (6, _("Sun")),
)


def visits_to_move(
    organization: Organization, patient: Patient | None, kind: AppointmentType | None
) -> QuerySet[Appointment]:
    """Return the patient's visits of the type that are ahead: taking an offer could move one of them."""
    rows = Appointment.objects.for_organization(organization).for_list().filter(status__in=OPEN_STATUSES)
    return rows.filter(patient=patient, appointment_type=kind, start__gt=timezone.now()).order_by("start")


class VisitChoice(forms.ModelChoiceField):
    """Names a visit by its time and practitioner."""

    def label_from_instance(self, visit: Appointment) -> str:
        return f"{visit.local_start:%a %d %b, %H:%M} · {visit.practitioner.short_name}"


class WindowForm(forms.Form):
    """What somebody waits for: with whom, where, when, how urgently."""

    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), label=_("With"), required=False, empty_label=_("Anyone")
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), label=_("Where"), required=False, empty_label=_("Anywhere")
    )
    earliest_date = DayField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    latest_date = DayField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None means any."),
    )
    from_time = forms.TimeField(
        label=_("Starts from"), required=False, widget=forms.TimeInput(attrs={"type": "time", "step": 300})
    )
    until_time = forms.TimeField(
        label=_("Starts before"), required=False, widget=forms.TimeInput(attrs={"type": "time", "step": 300})
    )
    urgency = forms.TypedChoiceField(
        label=_("Urgency"), choices=Urgency.choices, coerce=int, initial=Urgency.ROUTINE, widget=forms.RadioSelect
    )
    moves = VisitChoice(
        Appointment.objects.none(), label=_("Instead of"), required=False, empty_label=_("Nothing: a further visit")
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=_("For staff only."))

    def __init__(
        self,
        *args: Any,
        organization: Organization,
        patient: Patient | None = None,
        kind: AppointmentType | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        people = Practitioner.objects.for_organization(organization).filter(is_active=True)
        self.fields["practitioner"].queryset = people  # type: ignore[attr-defined]
        places = Location.objects.for_organization(organization).filter(is_active=True)
        self.fields["location"].queryset = places  # type: ignore[attr-defined]
        self.fields["moves"].queryset = visits_to_move(organization, patient, kind)  # type: ignore[attr-defined]

    @classmethod
    def of(cls, entry: WaitlistEntry, data: Any = None) -> WindowForm:
        """Return the form filled with an entry."""
        names = (
            "earliest_date",
            "latest_date",
            "weekdays",
            "from_time",
            "until_time",
            "urgency",
            "note",
            "practitioner",
            "location",
            "moves",
        )
        initial = {name: getattr(entry, name) for name in names} | {"version": entry.version}
        return cls(
            data,
            initial=initial,
            organization=entry.organization,
            patient=entry.patient,
            kind=entry.appointment_type,
        )


class WaitForm(WindowForm):
    """Somebody to put on the list."""

    patient = forms.UUIDField(error_messages={"required": _("Choose a patient, or create one.")})
    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label=_("Waits for"), empty_label=None)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        kinds = AppointmentType.objects.for_organization(organization).filter(is_active=True)
        self.fields["appointment_type"].queryset = kinds  # type: ignore[attr-defined]

    @staticmethod
    def first_values(organization: Organization) -> dict[str, Any]:
        """Return what an empty form begins with: from today, for four weeks."""
        today = organization.today()
        return {"earliest_date": today, "latest_date": today + dt.timedelta(weeks=DEFAULT_WEEKS)}
