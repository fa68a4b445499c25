"""FHIR R4 Patients as drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.organizations.models import Organization
from apps.patients.dates import PartialDate
from apps.patients.exchange.csv_rows import COUNTRY_OF, LANGUAGE_OF, RELATIONSHIP_OF
from apps.patients.exchange.drafts import Draft, RowRefused
from apps.patients.folding import fold
from apps.patients.models import AddressUse, ContactUse, Relationship, Sex

_NAME_USES = ("official", "usual", "", "temp", "anonymous", "old", "maiden")
_CONTACT_USES = {"mobile": ContactUse.MOBILE, "home": ContactUse.HOME, "work": ContactUse.WORK}
_ADDRESS_USES = {"home", "work", "billing", "temp", "old"}
# HL7 v2 table 0131 and v3 role codes: what `contact.relationship` says.
_EMERGENCY = {"C", "EP", "ECON"}
_GUARDIAN = {"GUARD", "N-GUARD", "POWATT"}
_ROLES = {
    **dict.fromkeys(("PRN", "MTH", "FTH", "NMTH", "NFTH"), Relationship.PARENT),
    **dict.fromkeys(("CHILD", "SON", "DAU", "SONC", "DAUC"), Relationship.CHILD),
    **dict.fromkeys(("SPS", "WIFE", "HUSB", "DOMPART", "SIGOTHR"), Relationship.PARTNER),
    **dict.fromkeys(("SIB", "BRO", "SIS"), Relationship.SIBLING),
    **dict.fromkeys(("GRPRN", "GRMTH", "GRFTH"), Relationship.GRANDPARENT),
    **dict.fromkeys(("GUARD",), Relationship.GUARDIAN),
    **dict.fromkeys(("FRND",), Relationship.FRIEND),
}


def read_patient(resource: Mapping[str, Any], *, organization: Organization) -> Draft:
    """Return what a Patient says. Raises RowRefused at the first element that can't be read."""
    names = sorted(_objects(resource, "name"), key=lambda name: _rank(name.get("use")))
    given, family = _name(names)
    nickname = next((_text(_first(name.get("given"))) for name in names if name.get("use") == "nickname"), "")
    died = _deceased(resource)
    telecom = sorted(_objects(resource, "telecom"), key=_contact_rank)
    return Draft(
        given_name=given,
        family_name=family,
        preferred_name=nickname,
        birth_date=_birth_date(resource),
        sex=_sex(resource),
        language=_language(resource),
        phones=tuple(_contacts(telecom, {"phone", "sms", "pager"})),
        emails=tuple(_contacts(telecom, {"email"})),
        addresses=tuple(_address(one) for one in _objects(resource, "address")),
        identifiers=tuple(_identifiers(resource)),
        related_persons=tuple(_people(resource)),
        note=died,
        is_archived=bool(died) or resource.get("active") is False,
        columns={
            "given_name": "name",
            "family_name": "name",
            "preferred_name": "name",
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


def _objects(resource: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [text for one in value if (text := _text(one))] if isinstance(value, list) else []


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else ""


def _rank(use: Any) -> int:
    return _NAME_USES.index(use or "") if (use or "") in _NAME_USES else len(_NAME_USES)


def _name(names: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    for name in names:
        if name.get("use") == "nickname":
            continue
        given, family = " ".join(_texts(name.get("given"))), _text(name.get("family"))
        if not given and not family and (text := _text(name.get("text"))):
            given, _space, family = text.rpartition(" ")
            given, family = (given, family) if given else (family, "")
        if given or family:
            return given, family
    raise RowRefused("name", "missing_name", _("The name is missing. Write it, or leave the patient out."))


def _birth_date(resource: Mapping[str, Any]) -> PartialDate | None:
    text = _text(resource.get("birthDate"))
    if not text:
        return None
    try:
        return PartialDate.fromisoformat(text)
    except ValueError as error:
        message = _("“%(text)s” is not a birth date. Write 1984-12-31, 1984-12 or 1984.") % {"text": text[:40]}
        raise RowRefused("birthDate", "unreadable_date", message) from error


def _sex(resource: Mapping[str, Any]) -> str:
    text = _text(resource.get("gender")) or Sex.UNKNOWN
    if text not in Sex.values:
        message = _("“%(text)s” is not known. Write female, male, other or unknown.") % {"text": text[:40]}
        raise RowRefused("gender", "unknown_sex", message)
    return text


def _language(resource: Mapping[str, Any]) -> str:
    spoken = sorted(_objects(resource, "communication"), key=lambda one: one.get("preferred") is not True)
    for one in spoken:
        said = _object(one.get("language"))
        for text in (_text(_object(_first(said.get("coding"))).get("code")), _text(said.get("text"))):
            if text:
                return LANGUAGE_OF.get(fold(text), text.split("-")[0].lower())
    return ""


def _contact_rank(point: Mapping[str, Any]) -> int:
    rank = point.get("rank")
    return rank if isinstance(rank, int) else 1_000


def _contacts(telecom: Iterable[Mapping[str, Any]], systems: set[str]) -> Iterable[dict[str, Any]]:
    for point in telecom:
        if point.get("system") in systems and point.get("use") != "old" and (value := _text(point.get("value"))):
            yield {"value": value, "use": str(_CONTACT_USES.get(_text(point.get("use")), ContactUse.OTHER))}


def _address(one: Mapping[str, Any]) -> dict[str, Any]:
    use = _text(one.get("use"))
    country = _text(one.get("country"))
    lines = _texts(one.get("line"))
    place = {"city": "city", "district": "district", "state": "state", "postal_code": "postalCode"}
    said = {ours: _text(one.get(theirs)) for ours, theirs in place.items()}
    if not lines and not any(said.values()) and (text := _text(one.get("text"))):
        lines = [text]
    return {
        "use": use if use in _ADDRESS_USES else str(AddressUse.HOME),
        "lines": lines,
        **said,
        "country": COUNTRY_OF.get(fold(country), country),
    }


def _identifiers(resource: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for one in _objects(resource, "identifier"):
        coded = _object(_first(_object(one.get("type")).get("coding")))
        system = _text(one.get("system")) or _text(coded.get("code")) or "import"
        if value := _text(one.get("value")):
            yield {"system": system, "value": value}


def _people(resource: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for one in _objects(resource, "contact"):
        name = _object(one.get("name"))
        written = " ".join([*_texts(name.get("given")), _text(name.get("family"))]).strip() or _text(name.get("text"))
        said = _objects(one, "relationship")
        codes = {_text(code.get("code")) for entry in said for code in _objects(entry, "coding")}
        words = [fold(_text(entry.get("text"))) for entry in said]
        kind = next((_ROLES[code] for code in sorted(codes) if code in _ROLES), None)
        kind = kind or next((RELATIONSHIP_OF[word] for word in words if word in RELATIONSHIP_OF), Relationship.OTHER)
        points = _objects(one, "telecom")
        if written:
            yield {
                "name": written,
                "relationship": str(kind),
                "phone": next((_text(p.get("value")) for p in points if p.get("system") == "phone"), ""),
                "email": next((_text(p.get("value")) for p in points if p.get("system") == "email"), ""),
                "is_emergency_contact": bool(codes & _EMERGENCY) or "emergency contact" in words,
                "is_guardian": bool(codes & _GUARDIAN) or kind == Relationship.GUARDIAN,
            }


def _deceased(resource: Mapping[str, Any]) -> str:
    moment = _text(resource.get("deceasedDateTime"))
    if moment:
        return _("Deceased %(day)s") % {"day": moment[:10]}
    return _("Deceased") if resource.get("deceasedBoolean") is True else ""
