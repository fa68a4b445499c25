"""Phone numbers and e-mail addresses in the one form that they are stored and compared in."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput

# NANP: neither area code nor exchange starts with 0 or 1. 555 as an area code is nobody's: simulated phones live there.
_NORTH_AMERICA = re.compile(r"^\+1(555\d{7}|[2-9]\d{2}[2-9]\d{6})$")
_LENGTHS = phonenumbers.ValidationResult


def normalise_phone(raw: str, *, country: str) -> str:
    """Return the number as E.164; a bare national number is read in `country` (ISO 3166-1 alpha-2).

    Length and country code decide, not the table of assigned ranges: that one lags behind the operators
    (libphonenumber's FAQ advises the same). Raises InvalidInput that says what is wrong and how to write it.
    """
    text = raw.strip().removeprefix("whatsapp:").removeprefix("tel:")
    if re.match(r"^00[1-9]", text):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise _refused(_("“%(raw)s” is not a phone number.") % {"raw": raw.strip()}, country) from error
    if number.extension:
        message = _("“%(raw)s” has an extension, which can’t be dialled from here. Write it beside the number.")
        message = message % {"raw": raw.strip()}
        raise InvalidInput(message, errors={"phones": [message]}, code="phone_extension")
    e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length == _LENGTHS.IS_POSSIBLE and (number.country_code != 1 or _NORTH_AMERICA.match(e164)):
        return e164
    if length in {_LENGTHS.TOO_SHORT, _LENGTHS.IS_POSSIBLE_LOCAL_ONLY}:
        raise _refused(_("“%(raw)s” has too few digits.") % {"raw": raw.strip()}, country)
    if length == _LENGTHS.TOO_LONG:
        raise _refused(_("“%(raw)s” has too many digits.") % {"raw": raw.strip()}, country)
    raise _refused(_("“%(raw)s” is not a number that exists.") % {"raw": raw.strip()}, country)


def _refused(problem: str, country: str) -> InvalidInput:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE) or phonenumbers.parse(
        "+12015550123"
    )
    shown = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    message = (
        problem + " " + _("Write it with its area code or country code, for example %(example)s.") % {"example": shown}
    )
    return InvalidInput(message, errors={"phones": [message]}, code="invalid_phone")


def normalise_email(raw: str) -> str:
    """Return the address in lower case; raise InvalidInput for what no mail server would accept."""
    address = raw.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        message = _("“%(raw)s” is not an e-mail address. Write it like name@example.org.") % {"raw": raw.strip()}
        raise InvalidInput(message, errors={"emails": [message]}, code="invalid_email") from error
    return address


def comparable_address(system: str, raw: str, *, country: str) -> str:
    """Return the address in stored form for a comparison; what can't be normalised (a short code) stays as it is."""
    try:
        return normalise_email(raw) if system == "email" else normalise_phone(raw, country=country)
    except InvalidInput:
        return raw.strip()


@lru_cache(maxsize=4096)
def show_phone(e164: str, *, country: str) -> str:
    """Return the number as people of `country` write it: national at home, international abroad."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    home = phonenumbers.country_code_for_region(country) == number.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, style))
