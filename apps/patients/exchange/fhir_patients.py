"""FHIR R4 Patients as drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.imports.refusals import RowRefused
from apps.organizations.models import Organization
from apps.patients.dates import PartialDate
from apps.patients.exchange import fhir
from apps.patients.exchange.csv_rows import COUNTRY_OF, LANGUAGE_OF
from apps.patients.exchange.drafts import Draft
from apps.patients.exchange.fhir_around import alert_of, answers_of, people_of
from apps.patients.exchange.fhir_elements import as_object, as_text, extension, first, objects, texts
from apps.patients.folding import fold
from apps.patients.models import AddressUse, ContactUse, PreferredChannel, Sex

_NAME_USES = ("official", "usual", "", "temp", "anonymous", "old", "maiden")
_CONTACT_USES = {"mobile": ContactUse.MOBILE, "home": ContactUse.HOME, "work": ContactUse.WORK}
_ADDRESS_USES = {"home", "work", "billing", "temp", "old"}
_LANGUAGES = dict(settings.LANGUAGES)


def read_patient(resource: Mapping[str, Any], *, organization: Organization) -> Draft:
    """Return what a Patient says, and what `read_fhir` found around it. Raises RowRefused at the first element that can't be read."""
    written = sorted(objects(resource, "name"), key=lambda name: _rank(name.get("use")))
    names = [name for name in written if not extension(name, fhir.SPELLING)]
    latin = next((as_text(name.get("text")) for name in written if extension(name, fhir.SPELLING)), "")
    given, family = _name(names)
    nickname = next((as_text(first(name.get("given"))) for name in names if name.get("use") == "nickname"), "")
    died, note = _deceased(resource), extension(resource, fhir.NOTE).get("valueString")
    answers = answers_of(objects(resource, "consents"))
    telecom = sorted(objects(resource, "telecom"), key=_contact_rank)
    return Draft(
        given_name=given,
        family_name=family,
        preferred_name=nickname,
        name_latin=latin,
        birth_date=_birth_date(resource),
        sex=_sex(resource),
        gender_identity=_gender_identity(resource),
        language=_language(resource),
        phones=tuple(_contacts(telecom, {"phone", "sms", "pager"})),
        emails=tuple(_contacts(telecom, {"email"})),
        addresses=tuple(_address(one) for one in objects(resource, "address")),
        identifiers=tuple(_identifiers(resource, organization)),
        related_persons=tuple(people_of(objects(resource, "contact"), objects(resource, "related_persons"))),
        alerts=tuple(alert for one in objects(resource, "flags") if (alert := alert_of(one))),
        tags=tuple(_tags(resource)),
        preferred_channel=_channel(resource),
        preferred_times=_times(resource),
        note="\n".join(part for part in (died, note if isinstance(note, str) else "") if part),
        consents={purpose: answer.status for purpose, answer in answers.items()},
        answers=answers,
        is_archived=bool(died) or resource.get("active") is False,
        columns={
            "given_name": "name",
            "family_name": "name",
            "preferred_name": "name",
            "name_latin": "name",
            "tags": "meta.tag",
            "note": "extension",
            "gender_identity": "extension",
            "preferred_times": "extension",
            "birth_date": "birthDate",
            "sex": "gender",
            "language": "communication",
            "phones": "telecom",
            "emails": "telecom",
            "addresses": "address",
            "identifiers": "identifier",
            "related_persons": "contact",
        },
    )


def _rank(use: Any) -> int:
    return _NAME_USES.index(use or "") if (use or "") in _NAME_USES else len(_NAME_USES)


def _name(names: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    for name in names:
        if name.get("use") == "nickname":
            continue
        given, family = " ".join(texts(name.get("given"))), as_text(name.get("family"))
        if not given and not family and (text := as_text(name.get("text"))):
            given, _space, family = text.rpartition(" ")
            given, family = (given, family) if given else (family, "")
        if given or family:
            return given, family
    raise RowRefused("name", "missing_name", _("The name is missing. Write it, or leave the patient out."))


def _birth_date(resource: Mapping[str, Any]) -> PartialDate | None:
    text = as_text(resource.get("birthDate"))
    if not text:
        return None
    try:
        return PartialDate.fromisoformat(text)
    except ValueError as error:
        message = _("“%(text)s” is not a birth date. Write 1984-12-31, 1984-12 or 1984.") % {"text": text[:40]}
        raise RowRefused("birthDate", "unreadable_date", message) from error


def _sex(resource: Mapping[str, Any]) -> str:
    text = as_text(resource.get("gender")) or Sex.UNKNOWN
    if text not in Sex.values:
        message = _("“%(text)s” is not known. Write female, male, other or unknown.") % {"text": text[:40]}
        raise RowRefused("gender", "unknown_sex", message)
    return text


def _language(resource: Mapping[str, Any]) -> str:
    spoken = sorted(objects(resource, "communication"), key=lambda one: one.get("preferred") is not True)
    for one in spoken:
        said = as_object(one.get("language"))
        for text in (as_text(as_object(first(said.get("coding"))).get("code")), as_text(said.get("text"))):
            if text in _LANGUAGES:
                return text
            if text:
                return LANGUAGE_OF.get(fold(text), text.split("-")[0].lower())
    return ""


def _contact_rank(point: Mapping[str, Any]) -> int:
    rank = point.get("rank")
    return rank if isinstance(rank, int) else 1_000


def _contacts(telecom: Iterable[Mapping[str, Any]], systems: set[str]) -> Iterable[dict[str, Any]]:
    for point in telecom:
        if point.get("system") in systems and point.get("use") != "old" and (value := as_text(point.get("value"))):
            use = _CONTACT_USES.get(as_text(point.get("use")), ContactUse.OTHER)
            label = as_text(extension(point, fhir.COMMENT).get("valueString"))
            yield {"value": value, "use": str(use)} | ({"label": label} if label else {})


def _address(one: Mapping[str, Any]) -> dict[str, Any]:
    use = as_text(one.get("use"))
    country = as_text(one.get("country"))
    lines = texts(one.get("line"))
    place = {"city": "city", "district": "district", "state": "state", "postal_code": "postalCode"}
    said = {ours: as_text(one.get(theirs)) for ours, theirs in place.items()}
    if not lines and not any(said.values()) and (text := as_text(one.get("text"))):
        lines = [text]
    return {
        "use": use if use in _ADDRESS_USES else str(AddressUse.HOME),
        "lines": lines,
        **said,
        "country": COUNTRY_OF.get(fold(country), country),
    }


def _identifiers(resource: Mapping[str, Any], organization: Organization) -> Iterable[dict[str, str]]:
    """Yield the numbers, but not a record number of this very clinic: it gives its own."""
    for one in objects(resource, "identifier"):
        coded = as_object(first(as_object(one.get("type")).get("coding")))
        system = as_text(one.get("system")) or as_text(coded.get("code")) or "import"
        value = as_text(one.get("value"))
        if value and system != fhir.system_of_number(organization.pk):
            yield {"system": fhir.read_system(system), "value": value}


def _tags(resource: Mapping[str, Any]) -> Iterable[str]:
    for one in objects(as_object(resource.get("meta")), "tag"):
        if one.get("system") == fhir.TAG and (tag := as_text(one.get("code"))):
            yield tag


def _gender_identity(resource: Mapping[str, Any]) -> str:
    concept = as_object(extension(resource, fhir.GENDER_IDENTITY).get("valueCodeableConcept"))
    coding = as_object(first(concept.get("coding")))
    return as_text(concept.get("text")) or as_text(coding.get("display")) or as_text(coding.get("code"))


def _channel(resource: Mapping[str, Any]) -> str:
    channel = as_text(extension(resource, fhir.CHANNEL).get("valueCode"))
    return channel if channel in PreferredChannel.values else ""


def _times(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wish as `times.py` keeps it."""
    wish: dict[str, Any] = {}
    for one in objects(extension(resource, fhir.TIMES), "extension"):
        name = as_text(one.get("url"))
        if name in ("days", "parts"):
            wish.setdefault(name, []).append(as_text(one.get("valueCode")))
        elif name in ("from", "to"):
            wish[name] = as_text(one.get("valueTime"))[:5]
    return wish


def _deceased(resource: Mapping[str, Any]) -> str:
    moment = as_text(resource.get("deceasedDateTime"))
    if moment:
        return _("Deceased %(day)s") % {"day": moment[:10]}
    return _("Deceased") if resource.get("deceasedBoolean") is True else ""
