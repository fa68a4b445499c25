"""The form of a patient: what people type, in their own formats. The service checks and normalises."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

from django import forms
from django.conf import settings
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import InvalidInput, StaleVersion
from apps.organizations.models import Organization
from apps.patients.cleaning import clean_fields
from apps.patients.contact import show_phone
from apps.patients.dates import BirthPrecision, PartialDate, birth_date_problem, read_birth_date, two_digit_year
from apps.patients.edit_mark import MINE, THEIRS, EditMark, field_of, written
from apps.patients.meanwhile import WORDS, merge_words
from apps.patients.models import ContactSystem, Patient, PreferredChannel, Sex
from apps.patients.presentations import FIELD_NAMES
from apps.patients.services import read_values
from apps.patients.times import times_in_words

MOST_PHONES = 2


class BirthDateField(forms.Field):
    """A birth date in any common way of writing it, in the organization's order of day and month."""

    def __init__(self, *, organization: Organization, **kwargs: Any) -> None:
        self.organization = organization
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, PartialDate):
            if value.precision != BirthPrecision.DAY:
                return value.first.strftime("%Y" if value.precision == BirthPrecision.YEAR else "%m/%Y")
            value = value.first
        if isinstance(value, dt.date):
            return value.strftime("%d/%m/%Y" if self.organization.day_first else "%m/%d/%Y")
        return value

    def to_python(self, value: Any) -> PartialDate | None:
        text = str(value or "").strip()
        if not text:
            return None
        organization = self.organization
        found = read_birth_date(text[:60], day_first=organization.day_first, today=organization.today())
        if found is None or two_digit_year(text[:60]):
            problem = birth_date_problem(text[:60], day_first=organization.day_first, today=organization.today())
            if problem:
                raise forms.ValidationError(problem)
            example = "14/03/1978" if organization.day_first else "03/14/1978"
            message = _("Write the birth date like %(example)s. When no more is known: 03/1978, or 1978.")
            raise forms.ValidationError(message % {"example": example})
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True


def read_back(text: str, organization: Organization) -> tuple[str, str]:
    """Return how a typed birth date is understood, with the age, or what is wrong with it; both empty without one."""
    try:
        found = BirthDateField(organization=organization, required=False).clean(text)
    except forms.ValidationError as refusal:
        return "", refusal.messages[0]
    if found is None:
        return "", ""
    age = found.ages_text(organization.today())
    return _("Born %(date)s, age %(age)s") % {"date": found.in_words("j F Y"), "age": age}, ""


class WordsField(forms.Field):
    """Words separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        return [word.strip() for word in str(value or "")[:2000].split(",") if word.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class PatientForm(forms.Form):
    """Register a patient, or change one: only what differs from the record is sent to the service.

    `names` keeps only those fields (the few that stand inside another form).
    """

    given_name = forms.CharField(label=gettext_lazy("Given name"), required=False, max_length=120)
    family_name = forms.CharField(label=gettext_lazy("Family name"), required=False, max_length=120)
    phone = forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=40)
    phone_2 = forms.CharField(label=gettext_lazy("Second phone"), required=False, max_length=40)
    email = forms.CharField(label=gettext_lazy("E-mail"), required=False, max_length=254)
    sex = forms.ChoiceField(label=gettext_lazy("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    language = forms.ChoiceField(label=gettext_lazy("Language"))
    preferred_channel = forms.ChoiceField(label=gettext_lazy("Prefers to be reached by"), required=False)
    preferred_name = forms.CharField(label=gettext_lazy("Wants to be called"), required=False, max_length=80)
    name_latin = forms.CharField(
        label=gettext_lazy("Name in Latin letters"),
        required=False,
        max_length=160,
        help_text=gettext_lazy("For a name in another script: how it is spelled on forms."),
    )
    alerts = WordsField(
        label=gettext_lazy("Alerts"),
        required=False,
        help_text=gettext_lazy("Seen before anything else: allergies, risks. Separate with commas."),
    )
    tags = WordsField(label=gettext_lazy("Tags"), required=False, help_text=gettext_lazy("Separate with commas."))
    note = forms.CharField(
        label=gettext_lazy("Note for staff"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    read = forms.CharField(required=False, widget=forms.HiddenInput)
    once = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex)

    FIRST = ("given_name", "family_name", "birth_date", "sex", "phone", "email", "language", "preferred_channel")
    FURTHER = ("preferred_name", "name_latin", "phone_2", "alerts", "tags", "note")

    def __init__(
        self,
        *args: Any,
        organization: Organization,
        patient: Patient | None = None,
        names: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        self.organization, self.patient = organization, patient
        if patient is not None:
            kwargs.setdefault("initial", _initial(patient))
        super().__init__(*args, **kwargs)
        self.mark = EditMark.of(self.data.get("read", ""), patient) if self.is_bound and patient is not None else None
        if self.mark is not None:
            self.initial = {**self.initial, **self._said(self.mark.read)}
        self.fields["birth_date"] = BirthDateField(
            organization=organization,
            label=_("Birth date"),
            required=False,
            widget=forms.TextInput(
                attrs={"placeholder": _("DD/MM/YYYY") if organization.day_first else _("MM/DD/YYYY")}
            ),
        )
        self._choose("language", _languages(organization, patient))
        self._choose("preferred_channel", [("", _("No preference")), *PreferredChannel.choices])
        # One name is needed; people with a single one have it as their given name.
        self.fields["given_name"].required = patient is None or bool(patient.given_name)
        self.fields["given_name"].widget.attrs |= {"autocomplete": "off"}
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["phone_2"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["email"].widget.attrs |= {"inputmode": "email", "autocomplete": "off"}
        for name in set(self.fields) - {*names, "once"} if names else ():
            del self.fields[name]

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Let the service's own checks speak now, so that everything that is wrong is said at once."""
        data = super().clean() or {}
        try:
            clean_fields(self.changes(), organization=self.organization)
        except InvalidInput as refusal:
            self.refuse(refusal)
        return data

    def changes(self) -> dict[str, Any]:
        """Return the fields for the service; of an existing patient only those that somebody changed here."""
        data = dict(self.cleaned_data)
        for name in ("version", "read", "once"):
            data.pop(name, None)
        phones = [data.pop("phone", ""), data.pop("phone_2", "")]
        email = data.pop("email", "")
        touched = set(self.changed_data) if self.patient is not None else set(self.fields)
        fields = {name: value for name, value in data.items() if name in touched}
        if "language" in fields and not fields["language"]:
            del fields["language"]
        if {"phone", "phone_2"} & touched:
            fields["phones"] = [phone for phone in phones if phone] + self._further(ContactSystem.PHONE, MOST_PHONES)
        if "email" in touched:
            fields["emails"] = [*([email] if email else []), *self._further(ContactSystem.EMAIL, 1)]
        return self.without_theirs(fields)

    def without_theirs(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Leave out what somebody chose to keep as a colleague saved it."""
        return {name: value for name, value in fields.items() if self.settled(name) != THEIRS}

    def settled(self, field: str) -> str:
        """Return which value somebody chose for a field that two people changed: `mine`, `theirs`, or none yet."""
        asked = self.mark is not None and field in self.mark.seen
        return self.data.get(f"settle-{field}", "") if asked else ""

    @property
    def read_values(self) -> dict[str, Any] | None:
        """Return what the changes were made from, for the service; None when the form does not say it."""
        if self.mark is None:
            return None
        read, seen = self.mark.read, self.mark.seen
        return read | {name: value for name, value in seen.items() if self.settled(name) == MINE}

    @property
    def contested(self) -> list[dict[str, str]]:
        """Return the fields that somebody else changed as well, with what they say now, and the choice so far."""
        seen = self.mark.seen if self.mark is not None else {}
        return [
            {
                "name": f"settle-{field}",
                "label": self._label_of(field),
                "theirs": self._shown(field, value) or _("empty"),
                "chosen": self.settled(field),
            }
            for field, value in seen.items()
        ]

    def _label_of(self, field: str) -> str:
        """Return a field's name as the form says it; lists of lines have none there."""
        shown = self.fields.get(field)
        return str(shown.label) if shown is not None and shown.label else str(FIELD_NAMES[field]).capitalize()

    def _shown(self, field: str, value: Any) -> str:
        names = dict(getattr(self.fields.get(field), "choices", ()) or ())
        return str(names.get(value, "")) if isinstance(value, str) and value in names else _shown(field, value)

    def _said(self, read: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields as the form showed them when it was made from these values."""
        said = {name: value for name, value in read.items() if name in self.base_fields}
        if "birth_date" in read:
            said["birth_date"] = PartialDate.fromisoformat(read["birth_date"]) if read["birth_date"] else None
        if "phones" in read:
            phones = [show_phone(row["value"], country=self.organization.country) for row in read["phones"]]
            said |= dict(zip(("phone", "phone_2"), [*phones, "", ""], strict=False))
        if "emails" in read:
            said["email"] = next((row["value"] for row in read["emails"]), "")
        return said

    def refuse(self, refusal: InvalidInput) -> None:
        """Show the service's refusal at the fields that it names."""
        for field, messages in refusal.errors.items():
            name = {"phones": "phone", "emails": "email"}.get(field, field)
            second = self.data.get("phone_2", "").strip()
            if name == "phone" and second and f"“{second}”" in messages[0]:
                name = "phone_2"
            self.add_error(name if name in self.fields else None, messages)
        if not refusal.errors:
            self.add_error(None, refusal.message)

    def after(self, refusal: StaleVersion, *, patient: Patient) -> Self:
        """Return the form on the record as it is now: what was not touched here says what somebody else saved.

        A field that both changed keeps what was written here, and asks whose value is to stay.
        """
        now, read = read_values(patient), self.mark.read if self.mark is not None else {}
        contested = {one["field"].removesuffix("_kinds") for one in refusal.extra["conflicts"]}
        touched = set(refusal.extra.get("touched", contested))
        kept = {name: read[name] for name in touched & read.keys()}
        words = {name: merge_words(read[name], now[name], self.cleaned_data[name]) for name in kept.keys() & WORDS}
        mark = EditMark(
            read={**{name: value for name, value in now.items() if name not in touched}, **kept}
            | {name: now[name] for name in words},
            seen={name: now[name] for name in sorted(contested)},
        )
        data = self.data.copy()  # type: ignore[attr-defined]
        fresh = type(self)(organization=self.organization, patient=patient)
        for name in [key for key in data if key.startswith("settle-") or field_of(key) in now.keys() - touched]:
            del data[name]
        for bound in fresh.all_fields():
            if field_of(bound.html_name) not in touched and (values := written(bound)):
                data.setlist(bound.html_name, values)
        for name, value in words.items():
            data[name] = ", ".join(value)
        data["version"], data["read"] = str(patient.version), mark.signed(patient)
        return type(self)(data, organization=self.organization, patient=patient)

    def all_fields(self) -> Iterator[BoundField]:
        """Yield every field, those of the lines included."""
        yield from self

    def _further(self, system: str, shown: int) -> list[str]:
        if self.patient is None:
            return []
        return [point.value for point in _points(self.patient, system)][shown:]


def _points(patient: Patient, system: str) -> list[Any]:
    return [point for point in patient.contact_points.all() if point.system == system]


def _initial(patient: Patient) -> dict[str, Any]:
    country = patient.organization.country
    phones = [show_phone(point.value, country=country) for point in _points(patient, ContactSystem.PHONE)]
    emails = [point.value for point in _points(patient, ContactSystem.EMAIL)]
    names = (*PatientForm.FIRST, *PatientForm.FURTHER)
    fields = {name: getattr(patient, name) for name in names if hasattr(patient, name)}
    return fields | {
        "birth_date": patient.born,
        "phone": phones[0] if phones else "",
        "phone_2": phones[1] if len(phones) > 1 else "",
        "email": emails[0] if emails else "",
        "version": patient.version,
        "read": EditMark(read_values(patient)).signed(patient),
    }


def _languages(organization: Organization, patient: Patient | None) -> list[tuple[str, str]]:
    names = dict(settings.LANGUAGES)
    codes = [
        *organization.languages,
        *([patient.language] if patient and patient.language not in organization.languages else []),
    ]
    return [(code, str(names.get(code, code))) for code in codes]


def _shown(field: str, value: Any) -> str:
    if field == "preferred_times":
        return times_in_words(value)
    if isinstance(value, list):
        return "; ".join(_row_shown(item) if isinstance(item, dict) else str(item) for item in value)
    return str(value if value is not None else "")


def _row_shown(row: dict[str, Any]) -> str:
    said = row.get("value") or row.get("name") or ", ".join([*row.get("lines", []), row.get("city", "")])
    return f"{said} ({row['label'] or row['use']})" if "label" in row else str(said).strip(", ")
