"""Forms of the calendar and the book dialog."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.appointments.models import AppointmentType, CancelReason
from apps.core.dates import read_moment
from apps.core.forms import DayField, MomentField
from apps.organizations.models import Location, Organization
from apps.practitioners.hours import first_instant
from apps.practitioners.models import Practitioner, Room


def rooms_to_choose(organization: Organization) -> QuerySet:
    """Return the rooms that visits may go to."""
    rooms = Room.objects.for_organization(organization).filter(is_active=True, location__is_active=True)
    return rooms.select_related("location")


class TellField(forms.TypedChoiceField):
    """Whether the patient is told: `1`, `0`; true where nothing was said, so that silence is never an accident."""

    def __init__(self) -> None:
        choices = [("1", _("Tell the patient")), ("0", _("Don’t tell the patient"))]
        super().__init__(choices=choices, coerce=lambda value: value == "1", empty_value=True, required=False)


class MoveForm(forms.Form):
    """Where a visit was dropped: a local day and minute of the day, or an exact instant (a free slot, an undo).

    `minutes` is its new length, `room` another room. With `ask` nothing is moved yet.
    """

    day = DayField(required=False)
    minute = forms.IntegerField(required=False, min_value=0, max_value=24 * 60 - 1)
    at = MomentField(required=False)
    practitioner = forms.ModelChoiceField(Practitioner.objects.none(), required=False)
    location = forms.ModelChoiceField(Location.objects.none(), required=False)
    room = forms.ModelChoiceField(Room.objects.none(), required=False)
    minutes = forms.IntegerField(required=False, min_value=5, max_value=600)
    version = forms.IntegerField(required=False)
    ask = forms.BooleanField(required=False)
    tell = TellField()

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["practitioner"].queryset = Practitioner.objects.for_organization(organization).filter(
            is_active=True
        )
        self.fields["location"].queryset = Location.objects.for_organization(organization).filter(is_active=True)
        self.fields["room"].queryset = rooms_to_choose(organization)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("at") and (data.get("day") is None or data.get("minute") is None):
            raise forms.ValidationError(_("Give `at`, or `day` and `minute`."))
        return data

    def instant(self, zone: ZoneInfo) -> dt.datetime:
        """Return the wanted start in UTC; a wall time that the clocks skip becomes the next one that exists."""
        if self.cleaned_data.get("at"):
            return self.cleaned_data["at"].astimezone(dt.UTC)
        hour, minute = divmod(self.cleaned_data["minute"], 60)
        return first_instant(zone, self.cleaned_data["day"], dt.time(hour, minute))


class TimeForm(forms.Form):
    """With whom and when: `slot` is `practitioner|location|start` of a listed free time, or `own` for a time of one's own.

    A listed time counts, whatever stands in the field beside it.
    """

    OWN = "own"

    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), label=_("With"), required=False, empty_label=_("First available")
    )
    day = DayField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    slot = forms.CharField(required=False)
    own_time = forms.TimeField(
        label=_("Another time"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "step": 300}),
    )
    room = forms.ModelChoiceField(Room.objects.none(), label=_("Room"), required=False, empty_label=_("Any free room"))
    override_reason = forms.CharField(label=_("Why it may be booked all the same"), max_length=300, required=False)
    overbook = forms.BooleanField(label=_("Book it beside the other visit, on purpose"), required=False)
    tell = TellField()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.fields["practitioner"].queryset = Practitioner.objects.for_organization(organization).filter(
            is_active=True
        )
        self.fields["room"].queryset = rooms_to_choose(organization)

    def chosen_practitioner(self) -> uuid.UUID | None:
        """Return the id that stands in the field, of a form that may be invalid."""
        try:
            return uuid.UUID(str(self["practitioner"].value()))
        except ValueError:
            return None

    def ask_for_override(self) -> None:
        """Show the override's reason as required: without one the refusal stands. For a form that is shown again."""
        self.fields["override_reason"].required = True

    def clean_slot(self) -> tuple[str, str, dt.datetime] | None:
        """Return practitioner id, location id and start of the chosen free time."""
        text = self.cleaned_data["slot"]
        if text in {"", self.OWN}:
            return None
        try:
            practitioner, location, start = text.split("|")
        except ValueError as error:
            raise forms.ValidationError(_("That time can’t be read. Choose one of the free times.")) from error
        moment = read_moment(start)
        if moment is None:
            raise forms.ValidationError(_("That time can’t be read. Choose one of the free times."))
        return practitioner, location, moment

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("slot"):
            return data
        if not data.get("own_time") and not {"slot", "own_time"} & set(self.errors):
            own = self.data.get("slot") == self.OWN
            self.add_error(
                *(("own_time", _("Say which time.")) if own else ("slot", _("Choose one of the free times.")))
            )
        elif data.get("own_time") and not data.get("practitioner"):
            self.add_error("practitioner", _("Another time needs a practitioner: choose who."))
        return data


class BookForm(TimeForm):
    """Who, what, with whom, when."""

    patient = forms.UUIDField(error_messages={"required": _("Choose a patient, or create one.")})
    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label=_("Type"), empty_label=None)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False, help_text=_("In the patient’s words."))

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        self.fields["appointment_type"].queryset = AppointmentType.objects.for_organization(organization).filter(
            is_active=True
        )


class CancelForm(forms.Form):
    """Why an appointment is called off."""

    reason = forms.ChoiceField(label=_("Reason"), choices=CancelReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("For staff only; the patient is told the new state, not the note."),
    )
