"""A CSV file's rows as drafts of patients."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.imports.refusals import Gathered, RowRefused
from apps.organizations.holidays import countries
from apps.organizations.models import Organization
from apps.patients.dates import PartialDate, birth_date_problem, read_birth_date
from apps.patients.exchange.drafts import Draft
from apps.patients.exchange.several import read_list, read_pairs
from apps.patients.folding import fold
from apps.patients.models import (
    AddressUse,
    ConsentPurpose,
    ConsentStatus,
    ContactUse,
    PreferredChannel,
    Relationship,
    Sex,
)

_SEXES = {
    Sex.FEMALE: "f|female|woman|w|mujer|femenino",
    Sex.MALE: "m|male|man|hombre|masculino",
    Sex.OTHER: "o|other|x|non binary|nonbinary|diverse|otro",
    Sex.UNKNOWN: "|u|unknown|undisclosed|not known|not specified|na|n a",
}
_SEX_OF = {word: sex for sex, words in _SEXES.items() for word in words.split("|")}
_YES = frozenset("y yes true 1 x si t on agreed given".split())
_NO = frozenset("n no false 0 f off refused declined withdrawn".split())
_REFUSED = frozenset({"refused", "declined"})
_RELATIONSHIPS = {
    Relationship.PARENT: "parent|mother|father|mum|mom|dad|madre|padre",
    Relationship.CHILD: "child|son|daughter|hijo|hija",
    Relationship.PARTNER: "partner|spouse|wife|husband|partner or spouse|fiance|esposo|esposa",
    Relationship.SIBLING: "sibling|brother|sister|brother or sister|hermano|hermana",
    Relationship.GRANDPARENT: "grandparent|grandmother|grandfather|abuela|abuelo",
    Relationship.GUARDIAN: "guardian|legal guardian",
    Relationship.CAREGIVER: "caregiver|carer",
    Relationship.FRIEND: "friend|amigo|amiga",
    Relationship.OTHER: "other|otro|otra",
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
    "consent_data_sharing": ConsentPurpose.DATA_SHARING,
    "consent_ai_processing": ConsentPurpose.AI_PROCESSING,
    "consent_photos": ConsentPurpose.PHOTOS,
}
_CHANNELS = {
    PreferredChannel.WHATSAPP: "whatsapp",
    PreferredChannel.SMS: "sms|text|text message",
    PreferredChannel.EMAIL: "email|e mail|mail",
    PreferredChannel.VOICE: "voice|phone|call|telephone",
}
_CHANNEL_OF = {word: channel for channel, words in _CHANNELS.items() for word in words.split("|")}
COUNTRY_OF = {fold(str(name)): code for code, name in countries()} | {"usa": "US", "uk": "GB"}
LANGUAGE_OF = {fold(str(name)): code for code, name in settings.LANGUAGES} | {"spanish": "es", "english": "en"}
# A phone may have its extension behind a semicolon (RFC 3966).
_ADDRESSES = re.compile(r"[;\n](?!\s*(?:ext|isub|phone-context)=)")


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
    """Return what the row says. Raises RowRefused for the cells that can't be read; asks the database nothing."""
    draft, refusals = try_cells(row, organization=organization, system=system)
    if refusals:
        raise RowRefused.together(refusals)
    return draft


def try_cells(row: Cells, *, organization: Organization, system: str) -> tuple[Draft, list[RowRefused]]:
    """Return what the row says as far as it can be read, and a refusal for each cell that can't."""
    attempt = Gathered()
    given, family = attempt(_names, row) or ("", "")
    birth_date = attempt(_birth_date, row, organization)
    sex = attempt(_sex, row) or Sex.UNKNOWN
    channel = attempt(_channel, row) or ""
    answers = attempt(_answers, row) or {}
    died = attempt(_deceased, row, organization) or ""
    inactive = attempt(_yes_or_no, row, "inactive")
    phones, emails, numbers = _contacts(row, _PHONES), _contacts(row, _EMAILS), _numbers(row, system)
    columns = {name: row.column(name) for name in row.mapping}
    for part, named in (("phones", phones), ("emails", emails), ("identifiers", numbers)):
        columns |= {f"{part}.{place}": row.column(name) for place, (name, _row) in enumerate(named)}
    columns |= {
        "addresses.0.country": row.column("country"),
        "addresses.0.postal_code": row.column("postal_code"),
        "addresses": row.column("line_1"),
        "given_name": row.column("given_name") or row.column("full_name"),
    }
    people = _people(row)
    columns |= {f"related_persons.{place}": row.column(name) for place, (name, _person) in enumerate(people)}
    draft = Draft(
        given_name=given,
        family_name=family,
        preferred_name=row["preferred_name"],
        name_latin=row["name_latin"],
        birth_date=birth_date,
        sex=sex,
        gender_identity=row["gender_identity"],
        language=_language(row),
        phones=tuple(phone for _name, phone in phones),
        emails=tuple(email for _name, email in emails),
        addresses=_addresses(row),
        identifiers=tuple(number for _name, number in numbers),
        related_persons=tuple(person for _name, person in people),
        tags=read_list(row["tags"]),
        alerts=read_list(row["alerts"]),
        preferred_channel=channel,
        note="\n".join(part for part in (died, row["note"]) if part),
        consents=answers,
        is_archived=bool(died) or bool(inactive),
        columns=columns,
    )
    return draft, attempt.refusals


def _answers(row: Cells) -> dict[str, str]:
    """Return what the person said for each purpose; a plain no is a withdrawal, as our own files have it."""
    answers: dict[str, str] = {}
    for name, purpose in _CONSENTS.items():
        said = _yes_or_no(row, name)
        if said is not None:
            no = ConsentStatus.REFUSED if fold(row[name]) in _REFUSED else ConsentStatus.WITHDRAWN
            answers[purpose] = ConsentStatus.ACTIVE if said else no
    return answers


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
        problem = birth_date_problem(text, day_first=organization.day_first, today=organization.today())
        message = _(
            "“%(text)s” is not a clear birth date. Write 1984-12-31 or %(example)s; 1984 when no more is known."
        )
        raise RowRefused(
            row.column("birth_date"),
            "unreadable_date",
            problem or message % {"text": row["birth_date"][:40], "example": example},
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


def _channel(row: Cells) -> str:
    word = fold(row["preferred_channel"])
    channel = _CHANNEL_OF.get(word)
    if word and channel is None:
        message = _("“%(text)s” is not known. Write WhatsApp, SMS, e-mail or phone.")
        text = row["preferred_channel"][:40]
        raise RowRefused(row.column("preferred_channel"), "unknown_channel", message % {"text": text})
    return str(channel or "")


def _contacts(row: Cells, kinds: Mapping[str, ContactUse]) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows with the column of each; a cell may have several."""
    return [
        (name, {"value": value.strip(), "use": str(use)})
        for name, use in kinds.items()
        for value in _ADDRESSES.split(row[name])
        if value.strip()
    ]


def _numbers(row: Cells, system: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows with the column of each; "other numbers" has a system and a number, parted by a bar."""
    kinds = {"external_id": system, **_NUMBERS}
    found = [(name, {"system": kind, "value": row[name]}) for name, kind in kinds.items() if row[name]]
    found += [("other_numbers", {"system": kind, "value": value}) for kind, value in read_pairs(row["other_numbers"])]
    return found


def _addresses(row: Cells) -> tuple[dict[str, Any], ...]:
    lines = [row[name] for name in ("line_1", "line_2") if row[name]]
    place = {name: row[name] for name in ("city", "district", "state", "postal_code")}
    if not lines and not any(place.values()):
        return ()
    country = COUNTRY_OF.get(fold(row["country"]), row["country"])
    return ({"use": str(AddressUse.HOME), "lines": lines, **place, "country": country},)


def _people(row: Cells) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows with the column of each; who is both contact and guardian stands there once."""
    called = _person(row, "emergency", Relationship.OTHER) | {"is_emergency_contact": True, "is_guardian": False}
    guardian = _person(row, "guardian", Relationship.GUARDIAN) | {"is_emergency_contact": False, "is_guardian": True}
    people = []
    if called["name"] or called["phone"]:
        is_both = (called["name"], called["phone"]) == (guardian["name"], guardian["phone"])
        named = {"name": called["name"] or _("Emergency contact")}
        people.append(("emergency_phone", {**called, **named, "is_guardian": is_both}))
        if is_both:
            return people
    if guardian["name"]:
        people.append(("guardian_phone", guardian))
    return people


def _person(row: Cells, role: str, otherwise: Relationship) -> dict[str, Any]:
    kind = RELATIONSHIP_OF.get(fold(row[f"{role}_relationship"]), otherwise)
    return {"name": row[f"{role}_name"], "phone": row[f"{role}_phone"], "relationship": str(kind)}


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
