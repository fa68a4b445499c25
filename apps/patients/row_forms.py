"""Rows of the patient form: each line of phones, addresses, numbers and people, added and removed in the page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import InvalidInput
from apps.organizations.holidays import countries
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.models import AddressUse, ContactUse, IdentifierSystem, Patient, Relationship
from apps.patients.parts import CONTACT_PARTS, MOST_LINES, MOST_ROWS, clean_part

OTHER = "-"
TITLES = {
    "phones": gettext_lazy("Phone"),
    "emails": gettext_lazy("E-mail"),
    "addresses": gettext_lazy("Address"),
    "identifiers": gettext_lazy("Number"),
    "related_persons": gettext_lazy("Person"),
}


class RowForm(forms.Form):
    """One line. What the service would refuse is said at its fields."""

    part: str
    written: Sequence[str] = ("value",)
    id = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organization: Organization, patient: Patient | None, **kwargs: Any) -> None:
        self.organization, self.patient = organization, patient
        super().__init__(*args, use_required_attribute=False, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    @property
    def place(self) -> int:
        """Return the number in the names of its fields."""
        return int(str(self.prefix).rpartition("-")[2])

    @property
    def title(self) -> str:
        """Return what the line is called for who can't see where it stands."""
        return f"{TITLES[self.part]} {self.place + 1}"

    @property
    def linked_id(self) -> str:
        """Return the id of the field that chooses one of the clinic's patients."""
        return f"id_{self.prefix}-linked_patient"

    @classmethod
    def initial_of(cls, row: Any, organization: Organization) -> dict[str, Any]:
        """Return what a saved row shows in the fields."""
        columns = {field.attname for field in row._meta.concrete_fields}
        return {name: getattr(row, name) for name in cls.base_fields if name in columns}

    def row(self) -> dict[str, Any]:
        """Return what is written, as the service takes it."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    def is_blank(self) -> bool:
        """Tell whether nothing was written that a row is made of."""
        return not any(self.cleaned_data.get(name) for name in self.written)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors or self.is_blank():
            return data
        try:
            clean_part(self.part, [self.row()], self.organization)
        except InvalidInput as refusal:
            for field, messages in refusal.errors.items():
                name = field.rpartition(".")[2]
                self.add_error(name if name in self.fields else None, messages)
        return data


class PhoneRow(RowForm):
    part = "phones"
    value = forms.CharField(
        label=gettext_lazy("Phone"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "type": "tel"}),
    )
    use = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ContactUse.choices, required=False)
    label = forms.CharField(
        label=gettext_lazy("Whose or where"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("daughter’s, reception …")}),
    )

    @classmethod
    def initial_of(cls, row: Any, organization: Organization) -> dict[str, Any]:
        return super().initial_of(row, organization) | {"value": show_phone(row.value, country=organization.country)}


class EmailRow(PhoneRow):
    part = "emails"
    value = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"inputmode": "email", "spellcheck": "false"}),
    )
    use = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, initial=ContactUse.HOME)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["use"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        # No e-mail is a mobile; one that says so already may go on saying it.
        field.choices = [
            (use, name)
            for use, name in ContactUse.choices
            if use != ContactUse.MOBILE or self.initial.get("use") == ContactUse.MOBILE
        ]

    @classmethod
    def initial_of(cls, row: Any, organization: Organization) -> dict[str, Any]:
        return super().initial_of(row, organization) | {"value": row.value}


class AddressRow(RowForm):
    part = "addresses"
    written = ("lines", "city", "district", "state", "postal_code")
    use = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AddressUse.choices, required=False)
    lines = forms.CharField(
        label=gettext_lazy("Street, number, apartment"),
        required=False,
        max_length=900,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    city = forms.CharField(label=gettext_lazy("City"), required=False, max_length=100)
    district = forms.CharField(label=gettext_lazy("County or district"), required=False, max_length=100)
    state = forms.CharField(label=gettext_lazy("State or region"), required=False, max_length=100)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), required=False, max_length=20)
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = countries()
        field.initial = self.organization.country

    @classmethod
    def initial_of(cls, row: Any, organization: Organization) -> dict[str, Any]:
        country = {"country": row.country or organization.country}
        return super().initial_of(row, organization) | {"lines": "\n".join(row.lines)} | country

    def clean_lines(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(_("Use at most %(limit)d lines.") % {"limit": MOST_LINES})
        return lines


class IdentifierRow(RowForm):
    part = "identifiers"
    system = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    other = forms.CharField(label=gettext_lazy("Which kind"), required=False, max_length=200)
    value = forms.CharField(label=gettext_lazy("Number"), required=False, max_length=100)

    def __init__(self, *args: Any, offered: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["system"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        own = self.initial.get("system")
        known = {system for system, _name in offered}
        field.choices = [
            *offered,
            *([(own, own)] if own and own not in known else []),
            (OTHER, _("Another kind …")),
        ]

    def row(self) -> dict[str, Any]:
        row = super().row()
        other = row.pop("other", "")
        return row | {"system": other if row.get("system", OTHER) == OTHER else row["system"]}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "system" in self.errors and data.get("system", OTHER) == OTHER and not data.get("other"):
            self.add_error("other", self.errors.pop("system").data)
        return data


class PersonRow(RowForm):
    part = "related_persons"
    written = ("name", "phone", "email", "linked_patient")
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=160)
    relationship = forms.ChoiceField(
        label=gettext_lazy("Is the patient’s"),
        choices=Relationship.choices,
        required=False,
        initial=Relationship.PARTNER,
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "type": "tel"}),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"inputmode": "email", "spellcheck": "false"}),
    )
    is_emergency_contact = forms.BooleanField(label=gettext_lazy("Call in an emergency"), required=False, initial=True)
    is_guardian = forms.BooleanField(label=gettext_lazy("Guardian: decides for the patient"), required=False)
    linked_patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    linked_name = ""

    @classmethod
    def initial_of(cls, row: Any, organization: Organization) -> dict[str, Any]:
        phone = show_phone(row.phone, country=organization.country) if row.phone else ""
        return super().initial_of(row, organization) | {"phone": phone, "linked_patient": row.linked_patient_id or ""}


ROW_FORMS: dict[str, type[RowForm]] = {
    form.part: form for form in (PhoneRow, EmailRow, AddressRow, IdentifierRow, PersonRow)
}


class Rows:
    """All lines of one part, in the order in which they stand in the page."""

    def __init__(
        self,
        part: str,
        *,
        organization: Organization,
        patient: Patient | None = None,
        data: QueryDict | None = None,
        offered: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.part = part
        self._further: dict[str, Any] = {"organization": organization, "patient": patient}
        if part == "identifiers":
            self._further["offered"] = offered
        self.saved = [ROW_FORMS[part].initial_of(row, organization) for row in saved_rows(patient, part)]
        self.forms = list(self._bound(data) if data is not None else self._unbound())

    def __iter__(self) -> Iterator[RowForm]:
        return iter(self.forms)

    def blank(self, place: int) -> RowForm:
        """Return an empty line with a place of its own."""
        return ROW_FORMS[self.part](prefix=f"{self.part}-{place}", **self._further)

    def is_valid(self) -> bool:
        for form in self.forms:
            form.full_clean()
        self._refuse_twice()
        return all(form.is_valid() for form in self.forms)

    def _refuse_twice(self) -> None:
        """Say at the second of two equal phones or e-mails that it is there already; the service would keep one."""
        seen: set[str] = set()
        for form in self.filled if self.part in CONTACT_PARTS else ():
            if form.errors:
                continue
            (row,) = clean_part(self.part, [form.row()], form.organization)
            if row["value"] in seen:
                form.add_error("value", _("This stands in the list twice. Take one of them away."))
            seen.add(row["value"])

    @property
    def filled(self) -> list[RowForm]:
        """Return the lines in which something is written; of a form that was checked."""
        return [form for form in self.forms if not form.is_blank()]

    def rows(self) -> list[dict[str, Any]]:
        return [form.row() for form in self.filled]

    def refuse(self, place: int, field: str, messages: Sequence[str]) -> None:
        """Show the service's refusal at the field of a filled line."""
        form = self.filled[place]
        form.add_error(field if field in form.fields else None, list(messages))

    def _unbound(self) -> Iterator[RowForm]:
        for place, initial in enumerate(self.saved):
            yield ROW_FORMS[self.part](prefix=f"{self.part}-{place}", initial=initial, **self._further)
        if not self.saved and self.part in {"phones", "emails"}:
            yield self.blank(0)

    def _bound(self, data: QueryDict) -> Iterator[RowForm]:
        kept = {str(initial["id"]): initial for initial in self.saved if initial.get("id")}
        for place in places_in(data, self.part):
            prefix = f"{self.part}-{place}"
            initial = kept.get(data.get(f"{prefix}-id", ""), {})
            yield ROW_FORMS[self.part](data, prefix=prefix, initial=initial, **self._further)


def places_in(data: QueryDict, part: str) -> list[int]:
    """Return the places of a part's lines, in the order of the page; at most one more than may be saved."""
    pattern = re.compile(rf"^{part}-(\d{{1,4}})-")
    places = dict.fromkeys(int(match[1]) for name in data if (match := pattern.match(name)))
    return list(places)[: MOST_ROWS + 1]


def written_values(data: QueryDict, field: str) -> list[str]:
    """Return the phones (`phone`) or e-mails written into a form, be it the short one or the one with lines."""
    lines = [data.get(f"{field}s-{place}-value", "") for place in places_in(data, f"{field}s")]
    return [text.strip() for text in (data.get(field, ""), data.get(f"{field}_2", ""), *lines) if text.strip()]


def name_linked(people: Iterable[RowForm], organization: Organization) -> None:
    """Let the lines of people say who of the clinic's patients they are; one query when there is one."""
    wanted = {form: value for form in people if (value := _uuid(form["linked_patient"].value()))}
    known = Patient.objects.for_organization(organization).in_bulk(wanted.values()) if wanted else {}
    for form, pk in wanted.items():
        if isinstance(form, PersonRow) and pk in known:
            form.linked_name = known[pk].full_name


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None


def saved_rows(patient: Patient | None, part: str) -> list[Any]:
    """Return the record's rows, from what was loaded with it."""
    if patient is None:
        return []
    if part in {"phones", "emails"}:
        return [point for point in patient.contact_points.all() if point.system == CONTACT_PARTS[part]]
    return list(getattr(patient, part).all())


def offered_systems(organization: Organization) -> list[tuple[str, str]]:
    """Return the kinds of numbers that the form offers: the clinic's list, else the passport; one query."""
    listed = IdentifierSystem.objects.for_organization(organization).filter(is_active=True)
    return list(listed.values_list("system", "name")) or [("passport", _("Passport"))]
