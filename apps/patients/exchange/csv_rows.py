"""A CSV file's rows as drafts of patients."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.organizations.holidays import countries
from apps.organizations.models import Organization
from apps.patients.dates import PartialDate, read_birth_date
from apps.patients.exchange.drafts import Draft, RowRefused
from apps.patients.folding import fold
from apps.patients.models import AddressUse, ConsentPurpose, ContactUse, Relationship, Sex

_SEXES = {
    Sex.FEMALE: "f|female|woman|w|mujer|femenino",
    Sex.MALE: "m|male|man|hombre|masculino",
    Sex.OTHER: "o|other|x|non binary|nonbinary|diverse|otro",
    Sex.UNKNOWN: "|u|unknown|undisclosed|not known|not specified|na|n a",
}
_SEX_OF = {word: sex for sex, words in _SEXES.items() for word in words.split("|")}
_YES = frozenset("y yes true 1 x si t on agreed given".split())
_NO = frozenset("n no false 0 f off refused declined withdrawn".split())
_RELATIONSHIPS = {
    Relationship.PARENT: "parent|mother|father|mum|mom|dad|madre|padre",
    Relationship.CHILD: "child|son|daughter|hijo|hija",
    Relationship.PARTNER: "partner|spouse|wife|husband|partner or spouse|fiance|esposo|esposa",
    Relationship.SIBLING: "sibling|brother|sister|brother or sister|hermano|hermana",
    Relationship.GRANDPARENT: "grandparent|grandmother|grandfather|abuela|abuelo",
    Relationship.GUARDIAN: "guardian|legal guardian",
    Relationship.CAREGIVER: "caregiver|carer",
    Relationship.FRIEND: "friend|amigo|amiga",
}
RELATIONSHIP_OF = {word: kind for kind, words in _RELATIONSHIPS.items() for word in words.split("|")}
_PHONES = {
    "phone_mobile": ContactUse.MOBILE,
    "phone_home": ContactUse.HOME,
    "phone_work": ContactUse.WORK,
    "phone_other": ContactUse.OTHER,
}
_EMAILS = {"email": ContactUse.HOME, "email_work": ContactUse.WORK}
_NUMBERS = {"national_id": "national-id", "passport": "passport", "insurance": "insurance"}
_CONSENTS = {
    "consent_whatsapp": ConsentPurpose.WHATSAPP,
    "consent_sms": ConsentPurpose.SMS,
    "consent_email": ConsentPurpose.EMAIL,
    "consent_voice": ConsentPurpose.VOICE,
}
COUNTRY_OF = {fold(str(name)): code for code, name in countries()} | {"usa": "US", "uk": "GB"}
LANGUAGE_OF = {fold(str(name)): code for code, name in settings.LANGUAGES} | {"spanish": "es", "english": "en"}
_LIST = re.compile(r"[;|,]")


class Cells:
    """The cells of a row by our fields; empty where the file has no such column."""

    def __init__(self, header: Sequence[str], mapping: Mapping[str, int], cells: Sequence[str]) -> None:
        self.header, self.mapping, self.cells = header, mapping, cells

    def __getitem__(self, name: str) -> str:
        position = self.mapping.get(name)
        return self.cells[position] if position is not None and position < len(self.cells) else ""

    def column(self, name: str) -> str:
        """Return what the file calls a field."""
        position = self.mapping.get(name)
        return self.header[position] if position is not None else ""


def read_cells(row: Cells, *, organization: Organization, system: str) -> Draft:
    """Return what the row says. Raises RowRefused at the first cell that can't be read; asks the database nothing."""
    given, family = _names(row)
    phones, emails = _contacts(row, _PHONES, "phones"), _contacts(row, _EMAILS, "emails")
    numbers = [(name, kind) for name, kind in {"external_id": system, **_NUMBERS}.items() if row[name]]
    columns = {name: row.column(name) for name in row.mapping}
    for part, names in (("phones", _PHONES), ("emails", _EMAILS), ("identifiers", dict(numbers))):
        filled = [name for name in names if row[name]]
        columns |= {f"{part}.{place}": row.column(name) for place, name in enumerate(filled)}
    columns |= {
        "addresses.0.country": row.column("country"),
        "addresses.0.postal_code": row.column("postal_code"),
        "addresses": row.column("line_1"),
        "given_name": row.column("given_name") or row.column("full_name"),
    }
    people = _people(row)
    columns |= {f"related_persons.{place}": row.column(name) for place, (name, _person) in enumerate(people)}
    died = _deceased(row, organization)
    return Draft(
        given_name=given,
        family_name=family,
        preferred_name=row["preferred_name"],
        name_latin=row["name_latin"],
        birth_date=_birth_date(row, organization),
        sex=_sex(row),
        gender_identity=row["gender_identity"],
        language=_language(row),
        phones=phones,
        emails=emails,
        addresses=_addresses(row),
        identifiers=tuple({"system": kind, "value": row[name]} for name, kind in numbers),
        related_persons=tuple(person for _name, person in people),
        tags=_list(row["tags"]),
        alerts=_list(row["alerts"]),
        note="\n".join(part for part in (died, row["note"]) if part),
        consents={purpose: said for name, purpose in _CONSENTS.items() if (said := _yes_or_no(row, name)) is not None},
        is_archived=bool(died) or bool(_yes_or_no(row, "inactive")),
        columns=columns,
    )


def _names(row: Cells) -> tuple[str, str]:
    given = " ".join(part for part in (row["given_name"], row["middle_name"]) if part)
    family, whole = row["family_name"], row["full_name"]
    if not given and not family:
        before, comma, after = whole.partition(",")
        if comma:
            given, family = after.strip(), before.strip()
        else:
            given, _space, family = whole.rpartition(" ")
            given, family = (given, family) if given else (family, "")
    if not given and not family:
        column = row.column("given_name") or row.column("full_name") or row.column("family_name")
        raise RowRefused(column, "missing_name", _("The name is missing. Write it, or leave the row out."))
    return given, family


def _birth_date(row: Cells, organization: Organization) -> PartialDate | None:
    text = row["birth_date"]
    if not text:
        return None
    # Midnight is what spreadsheets and databases add to a day.
    text = re.sub(r"[T ]0{1,2}:00(:00)?(\.0+)?(Z|\+00:?00)?$", "", text)
    strict = re.match(r"^(\d{1,2})([/-])(\d{1,2})\2(\d{2}|\d{4})$", text)
    born = read_birth_date(text, day_first=organization.day_first, today=organization.today())
    in_order = strict is None or int(strict[3] if organization.day_first else strict[1]) <= 12
    example = "31/12/1984" if organization.day_first else "12/31/1984"
    if born is None or not in_order or (strict is not None and len(strict[4]) == 2):
        message = _(
            "“%(text)s” is not a clear birth date. Write 1984-12-31 or %(example)s; 1984 when no more is known."
        )
        raise RowRefused(
            row.column("birth_date"), "unreadable_date", message % {"text": row["birth_date"][:40], "example": example}
        )
    return born


def _sex(row: Cells) -> str:
    sex = _SEX_OF.get(fold(row["sex"]))
    if sex is None:
        message = _("“%(text)s” is not known. Write female, male, other or unknown.") % {"text": row["sex"][:40]}
        raise RowRefused(row.column("sex"), "unknown_sex", message)
    return str(sex)


def _language(row: Cells) -> str:
    text = row["language"]
    return LANGUAGE_OF.get(fold(text), text.lower() if len(text) <= 3 else text)


def _contacts(row: Cells, kinds: Mapping[str, ContactUse], part: str) -> tuple[dict[str, Any], ...]:
    return tuple({"value": row[name], "use": str(use)} for name, use in kinds.items() if row[name])


def _addresses(row: Cells) -> tuple[dict[str, Any], ...]:
    lines = [row[name] for name in ("line_1", "line_2") if row[name]]
    place = {name: row[name] for name in ("city", "district", "state", "postal_code")}
    if not lines and not any(place.values()):
        return ()
    country = COUNTRY_OF.get(fold(row["country"]), row["country"])
    return ({"use": str(AddressUse.HOME), "lines": lines, **place, "country": country},)


def _people(row: Cells) -> list[tuple[str, dict[str, Any]]]:
    people = []
    if row["emergency_name"] or row["emergency_phone"]:
        kind = RELATIONSHIP_OF.get(fold(row["emergency_relationship"]), Relationship.OTHER)
        person = {"name": row["emergency_name"] or _("Emergency contact"), "phone": row["emergency_phone"]}
        people.append(
            (
                "emergency_phone",
                {**person, "relationship": str(kind), "is_emergency_contact": True, "is_guardian": False},
            )
        )
    if row["guardian_name"]:
        person = {"name": row["guardian_name"], "phone": row["guardian_phone"], "relationship": "guardian"}
        people.append(("guardian_phone", {**person, "is_guardian": True, "is_emergency_contact": False}))
    return people


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _LIST.split(text) if part.strip())


def _yes_or_no(row: Cells, name: str) -> bool | None:
    word = fold(row[name])
    if not word:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    message = _("“%(text)s” is neither yes nor no. Write yes or no, or leave it empty.") % {"text": row[name][:40]}
    raise RowRefused(row.column(name), "unclear_answer", message)


def _deceased(row: Cells, organization: Organization) -> str:
    """Return the line for the note, empty for the living."""
    text = row["deceased"]
    if not text or fold(text) in _NO:
        return ""
    if fold(text) in _YES:
        return _("Deceased")
    died = read_birth_date(text.split("T")[0], day_first=organization.day_first, today=organization.today())
    if died is None:
        message = _("“%(text)s” is neither yes or no nor a date. Write yes or 2020-12-31.") % {"text": text[:40]}
        raise RowRefused(row.column("deceased"), "unreadable_date", message)
    return _("Deceased %(day)s") % {"day": died.isoformat()}
