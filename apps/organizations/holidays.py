"""Public holidays by country and region, as the library `holidays` knows them; nothing is asked of the network.

The library loads a country when it is first asked for, and takes a third of a second to import: hence inside functions.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

from django.utils.translation import get_language
from phonenumbers.geodata.locale import LOCALE_DATA

LONGEST_NAME = 120


@cache
def countries_with_holidays() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes of the countries whose public holidays are known."""
    from holidays.registry import COUNTRIES

    return frozenset(names[1] for names in COUNTRIES.values())


@cache
def subdivisions_of(country: str) -> tuple[tuple[str, str], ...]:
    """Return the regions of a country that have holidays of their own, as (code, name) by name; empty when it has none.

    The code is ISO 3166-2 without the country: `NY`.
    """
    if country not in countries_with_holidays():
        return ()
    import holidays

    entity = getattr(holidays, country)
    names = {code: name for name, code in entity.subdivisions_aliases.items()}
    return tuple(sorted(((code, names.get(code, code)) for code in entity.subdivisions), key=lambda one: one[1]))


def public_holidays(
    *, country: str, subdivision: str, first: dt.date, last: dt.date, language: str = ""
) -> dict[dt.date, str]:
    """Return the public holidays from `first` to `last` inclusive, in order; days on which one is observed included.

    Names are in the language where the library has it, else in the country's own. Empty for a country or a region that
    is not known.
    """
    codes = {code for code, _name in subdivisions_of(country)}
    if country not in countries_with_holidays() or (subdivision and subdivision not in codes):
        return {}
    import holidays

    years = range(first.year, last.year + 1)
    known = holidays.country_holidays(
        country, subdiv=subdivision or None, years=years, language=_language_of(country, language)
    )
    return {day: name[:LONGEST_NAME] for day, name in sorted(known.items()) if first <= day <= last}


def _language_of(country: str, language: str) -> str | None:
    """Return the library's name of the language for this country, else the country's own: never the machine's."""
    import holidays

    entity = getattr(holidays, country)
    fits = (name for name in entity.supported_languages if name == language or name.startswith(f"{language}_"))
    own: str | None = entity.default_language
    return next(fits, own)


def country_name(code: str) -> str:
    """Return what a country is called in the active language, else in English, else its code."""
    names = LOCALE_DATA.get(code, {})
    name = names.get((get_language() or "en").split("-", maxsplit=1)[0], "")
    for _hop in range(2):  # “*aa” means: as in the language aa
        name = names.get(name[1:], "") if name.startswith("*") else name
    return name or code


def countries() -> list[tuple[str, str]]:
    """Return every country as (code, name), by name in the active language."""
    return sorted(((code, country_name(code)) for code in LOCALE_DATA if len(code) == 2), key=lambda one: one[1])
