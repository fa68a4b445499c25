"""What managers fill in. The services check it again: these forms read, name and order it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from apps.appointments.models import MOST_SEATS, AppointmentSettings, AppointmentType
from apps.appointments.services.policies import SETTINGS_FIELDS
from apps.appointments.views.settings.common import DaysForm, LinkedForm, RowForm, digest_of
from apps.core.errors import InvalidInput
from apps.organizations.holidays import countries, subdivisions_of
from apps.organizations.models import Location, Organization, User
from apps.patients.contact import normalise_phone, show_phone
from apps.practitioners.models import NO_PLACE, Colour, Practitioner, Room

LANGUAGES = "ar bn de en es fa fr gu hi it ja ko ml mr pa pl pt ru sv sw ta te tl tr uk ur vi zh".split()
# Django has no words for these.
NAMES = {"tl": "Tagalog", "zh": "Chinese", "gu": "Gujarati"}


def language_name(code: str) -> str:
    """Return what a language is called in the reader's language, its code when nobody knows."""
    try:
        return _(get_language_info(code)["name"])
    except KeyError:
        return NAMES.get(code, code)


def timezones() -> list[tuple[str, Any]]:
    """Return the IANA zones that people live in, by continent."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        continent, slash, city = name.partition("/")
        if slash and continent not in {"Etc", "SystemV", "US", "Canada", "Brazil", "Mexico", "Chile"}:
            groups.setdefault(continent, []).append((name, city.replace("_", " ")))
    return [*groups.items(), ("UTC", "UTC")]


class LocationForm(RowForm):
    """A place where patients are seen."""

    name = forms.CharField(label=_l("Name"), max_length=120, help_text=_l("What patients and staff call it."))
    phone = forms.CharField(
        label=_l("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    address = forms.CharField(label=_l("Street and number"), max_length=200, required=False)
    city = forms.CharField(label=_l("City"), max_length=80, required=False)
    region = forms.CharField(label=_l("State or province"), max_length=80, required=False)
    postal_code = forms.CharField(label=_l("Postal code"), max_length=20, required=False)
    country = forms.ChoiceField(label=_l("Country"), choices=countries)
    timezone = forms.ChoiceField(
        label=_l("Time zone"), choices=timezones, help_text=_l("Hours and closures are read on this clock.")
    )
    directions = forms.CharField(
        label=_l("Directions"), max_length=300, required=False, help_text=_l("Shown to patients after the address.")
    )
    observes_holidays = forms.BooleanField(label=_l("Closed on public holidays"), required=False)
    holiday_subdivision = forms.ChoiceField(label=_l("Holidays of"), required=False)

    def __init__(self, *args: Any, organization: Organization, location: Location | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        usual = {"country": organization.country, "timezone": organization.timezone}
        self.initial = _initial(self, location) if location else usual | self.initial
        if location:
            self.initial["phone"] = show_phone(location.phone, country=location.country) if location.phone else ""
        self.fields["holiday_subdivision"].choices = self._regions()

    def _regions(self) -> list[tuple[str, str]]:
        """Return the regions of the country that is chosen now."""
        country = str(self["country"].value() or "")
        return [("", _("The whole country only")), *subdivisions_of(country)]

    def clean_phone(self) -> str:
        raw = self.cleaned_data["phone"]
        if not raw.strip():
            return ""
        try:
            return normalise_phone(raw, country=str(self["country"].value() or self.organization.country))
        except InvalidInput as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class RoomForm(RowForm):
    """A room."""

    name = forms.CharField(label=_l("Name"), max_length=60, help_text=_l("As it stands on the door."))


class PractitionerForm(LinkedForm):
    """A person who sees patients, and what they offer."""

    prefix = forms.CharField(label=_l("Title"), max_length=20, required=False)
    given_name = forms.CharField(label=_l("Given name"), max_length=80)
    family_name = forms.CharField(label=_l("Family name"), max_length=80)
    specialty = forms.CharField(label=_l("Specialty"), max_length=80, required=False)
    colour = forms.ChoiceField(label=_l("Colour"), choices=Colour.choices, widget=forms.RadioSelect, initial=Colour.K1)
    languages = forms.MultipleChoiceField(
        label=_l("Speaks with patients"), required=False, widget=forms.CheckboxSelectMultiple
    )
    more_languages = forms.MultipleChoiceField(
        label=_l("More languages"), required=False, widget=forms.CheckboxSelectMultiple
    )
    user = forms.ModelChoiceField(
        User.objects.none(),
        label=_l("Signs in as"),
        required=False,
        empty_label=_l("Does not sign in"),
        help_text=_l("Then the calendar opens with this person’s days."),
    )
    sort_order = forms.IntegerField(
        label=_l("Place in lists"),
        min_value=0,
        max_value=NO_PLACE,
        required=False,
        help_text=_l("Lower numbers first. Empty: after those with a number, by name."),
    )
    offers = forms.ModelMultipleChoiceField(
        AppointmentType.objects.none(),
        label=_l("Offers"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_l("What can be booked with this person."),
    )

    def __init__(
        self, *args: Any, organization: Organization, practitioner: Practitioner | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        types = AppointmentType.objects.for_organization(organization)
        offered = self.links_of(practitioner)["offers"] if practitioner else set()
        self.fields["offers"].queryset = (types.filter(is_active=True) | types.filter(pk__in=offered)).distinct()
        self.fields["user"].queryset = User.objects.filter(
            memberships__organization=organization, memberships__is_active=True
        ).order_by("name", "email")
        first, more = _languages(organization, practitioner.languages if practitioner else ())
        self.fields["languages"].choices, self.fields["more_languages"].choices = first, more
        if practitioner:
            self.initial = _initial(self, practitioner) | {"offers": offered, "linked": digest_of({"offers": offered})}

    @staticmethod
    def links_of(practitioner: Practitioner) -> dict[str, set[Any]]:
        """Return what the practitioner offers now."""
        return {"offers": set(practitioner.offered_types.values_list("appointment_type_id", flat=True))}

    def clean_sort_order(self) -> int:
        place: int | None = self.cleaned_data["sort_order"]
        return NO_PLACE if place is None else place

    def values(self) -> dict[str, Any]:
        values = super().values()
        return values | {"languages": [*values["languages"], *values.pop("more_languages")]}


def _languages(
    organization: Organization, spoken: Iterable[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the clinic's and the person's own languages, and the others by name."""
    first = list(dict.fromkeys([*organization.languages, *spoken]))
    others = sorted(set(LANGUAGES) - set(first), key=language_name)
    return [(code, language_name(code)) for code in first], [(code, language_name(code)) for code in others]


class TypeForm(LinkedForm):
    """What can be booked."""

    name = forms.CharField(label=_l("Name"), max_length=80)
    colour = forms.ChoiceField(label=_l("Colour"), choices=Colour.choices, widget=forms.RadioSelect, initial=Colour.K1)
    duration_minutes = forms.IntegerField(label=_l("Minutes with the patient"), min_value=5, max_value=600, initial=20)
    buffer_before_minutes = forms.IntegerField(label=_l("Minutes before"), min_value=0, max_value=240, initial=0)
    buffer_after_minutes = forms.IntegerField(
        label=_l("Minutes after"), min_value=0, max_value=240, initial=0, help_text=_l("To tidy up or write notes.")
    )
    step_minutes = forms.IntegerField(label=_l("Offer a time every … minutes"), min_value=5, max_value=240, initial=10)
    minimum_notice_minutes = forms.IntegerField(
        label=_l("Book at least … minutes ahead"), min_value=0, max_value=60 * 24 * 90, initial=60
    )
    horizon_days = forms.IntegerField(label=_l("Book at most … days ahead"), min_value=0, max_value=730, initial=60)
    capacity = forms.IntegerField(
        label=_l("Patients at the same time"),
        min_value=1,
        max_value=MOST_SEATS,
        initial=1,
        help_text=_l("More than 1 makes it a group."),
    )
    needs_room = forms.BooleanField(label=_l("Needs a room to itself"), required=False)
    practitioners = forms.ModelMultipleChoiceField(
        Practitioner.objects.none(), label=_l("Who offers it"), required=False, widget=forms.CheckboxSelectMultiple
    )
    locations = forms.ModelMultipleChoiceField(
        Location.objects.none(),
        label=_l("Where"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_l("None chosen: at every location."),
    )
    rooms = forms.ModelMultipleChoiceField(
        Room.objects.none(),
        label=_l("In which rooms"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_l("None chosen: in any room of the location."),
    )
    online_bookable = forms.BooleanField(
        label=_l("Patients book it themselves"), required=False, initial=True, help_text=_l("By message or link.")
    )
    is_default = forms.BooleanField(label=_l("Book this when the reason fits nothing else"), required=False)
    keywords = forms.CharField(
        label=_l("Words in a patient’s reason"),
        max_length=300,
        required=False,
        help_text=_l("Separated by commas, in every language that patients write."),
    )
    price = forms.DecimalField(label=_l("Price"), min_value=0, max_digits=9, decimal_places=2, required=False)
    shows_price = forms.BooleanField(label=_l("Patients see the price"), required=False)
    instructions = forms.CharField(
        label=_l("Instructions"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_l("Sent with the confirmation, for example: please bring your medication list."),
    )
    sort_order = forms.IntegerField(
        label=_l("Place in lists"),
        min_value=0,
        max_value=NO_PLACE,
        required=False,
        help_text=_l("Lower numbers first. Empty: after those with a number, by name."),
    )
    LINKS = ("practitioners", "locations", "rooms")

    def __init__(self, *args: Any, organization: Organization, kind: AppointmentType | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        linked = self.links_of(kind) if kind else {name: set() for name in self.LINKS}
        sources = {
            "practitioners": Practitioner.objects.for_organization(organization),
            "locations": Location.objects.for_organization(organization),
            "rooms": Room.objects.for_organization(organization)
            .select_related("location")
            .order_by("location__name", "name"),
        }
        for name, rows in sources.items():
            self.fields[name].queryset = (rows.filter(is_active=True) | rows.filter(pk__in=linked[name])).distinct()
        self.fields["rooms"].label_from_instance = _room_name
        self.fields["price"].help_text = _("In %(currency)s.") % {"currency": organization.currency}
        if kind:
            self.initial = _initial(self, kind) | linked | {"linked": digest_of(linked)}

    def clean_sort_order(self) -> int:
        place: int | None = self.cleaned_data["sort_order"]
        return NO_PLACE if place is None else place

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("shows_price") and data.get("price") is None and "price" not in self.errors:
            self.add_error("price", _("Patients can’t see a price that is not stated."))
        return data

    @staticmethod
    def links_of(kind: AppointmentType) -> dict[str, set[Any]]:
        """Return who offers the type now, where, and in which rooms."""
        return {
            "practitioners": set(kind.offered_by.values_list("practitioner_id", flat=True)),
            "locations": set(kind.at_locations.values_list("location_id", flat=True)),
            "rooms": set(kind.in_rooms.values_list("room_id", flat=True)),
        }

    def split(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the type's own fields, and who offers it where."""
        values = self.values()
        return {name: value for name, value in values.items() if name not in self.LINKS}, {
            name: list(values[name]) for name in self.LINKS
        }


def _room_name(room: Room) -> str:
    return f"{room.location.name} · {room.name}"


class TimeOffForm(DaysForm):
    """An absence of a practitioner."""

    reason = forms.CharField(label=_l("Why"), max_length=120, required=False, help_text=_l("For staff only."))


class ClosureForm(DaysForm):
    """A time when a location, or the whole clinic, is closed."""

    location = forms.ModelChoiceField(
        Location.objects.none(), label=_l("Where"), required=False, empty_label=_l("All locations")
    )
    reason = forms.CharField(
        label=_l("Why"), max_length=120, help_text=_l("Shown in the calendar, and to whoever can’t book because of it.")
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = Location.objects.for_organization(organization).filter(is_active=True)


class PolicyForm(RowForm):
    """What the clinic decides about its appointment book."""

    no_show_after_minutes = forms.IntegerField(
        label=_l("Suggest a no-show after … minutes"),
        min_value=5,
        max_value=240,
        help_text=_l("Counted from the start of the visit; nothing is marked by itself."),
    )
    no_shows_block_online = forms.IntegerField(
        label=_l("Book by phone only after … no-shows"),
        min_value=1,
        max_value=20,
        required=False,
        help_text=_l("Within a year. Empty: patients always book themselves."),
    )
    no_show_message = forms.BooleanField(
        label=_l("Write to a patient who missed a visit"),
        required=False,
        help_text=_l("Ten minutes after the marking, with the text “no-show”. Undone in time, nothing is sent."),
    )
    self_service_notice_hours = forms.IntegerField(
        label=_l("Patients change visits until … hours before"), min_value=0, max_value=168
    )
    waitlist_fills_automatically = forms.BooleanField(
        label=_l("Offer freed times to the waitlist by itself"), required=False
    )
    waitlist_offer_minutes = forms.IntegerField(
        label=_l("Hold an offered time for … minutes"), min_value=5, max_value=60
    )
    feeds_show_patients = forms.BooleanField(
        label=_l("Calendar feeds name the patient"),
        required=False,
        help_text=_l(
            "Otherwise they show the type of visit only: phones and calendar programs are outside the clinic."
        ),
    )

    def __init__(self, *args: Any, row: AppointmentSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        never = row._state.adding
        self.initial = {name: getattr(row, name) for name in SETTINGS_FIELDS}
        self.initial["seen"] = "never" if never else row.updated_at.isoformat()


def _initial(form: RowForm, row: Location | Practitioner | AppointmentType) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in form.fields if name not in form.MARKS and hasattr(row, name)}
    if values.get("sort_order") == NO_PLACE:
        del values["sort_order"]
    return values | {"seen": row.updated_at.isoformat()}
