"""A person's name in a reply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .birth_dates import MONTHS
from .language import base
from .lexicon import BY_LANGUAGE, CALENDAR_BY_LANGUAGE, EMERGENCIES_BY_LANGUAGE, INTENTS_BY_LANGUAGE, every_text
from .phrases import Phrasebook, lines
from .spelling import respell
from .text import MAX_CHARS, fold, vocabulary, word_set

_CHARS_READ = 300
_MOST_NAMES = 6
_LONGEST_NAME = 30
_WORD = re.compile(
    r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0970-\u0dff])[^\s\d,;:!?()\[\]{}\"“”<>/\\|*_=+@#]*|[^\w\s]|\d+"
)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff]")
_EMOJI = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff][\u200d\ufe0f]*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})
_ENDS_SENTENCE = frozenset(".!?\n।")
_BREAKS = frozenset(',;:()"“”!?।|/\n')
_STOPS = word_set(
    "and y e aur और & con with born nací nacido nacida dob date birth birthday fecha janm जन्म tel phone telefono teléfono celular email"
)
_PARTICLES = word_set("de del la las los da das do dos di du van von der den bin ibn al el le san santa y")
_DOUBLE_PARTICLES = frozenset(("y", "e"))
_NOT_A_GIVEN_NAME = frozenset(("de", "del", "los", "las", "la", "y"))
_IN_NAMES = frozenset("'-.’\u200c\u200d")
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
_UNLIKELY_ENDINGS = ("ing", "tion", "ness", "ous", "ful", "less", "ache", "ment", "ción", "mente", "ando", "iendo")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as its owner would write it: own script and accents; `family` is empty if only one name was given."""

    given: str
    family: str = ""

    @property
    def full(self) -> str:
        """Return both parts in writing order."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a message, and the words behind it."""

    name: PersonName
    behind: str = ""


def parse_name(text: str, language: str) -> PersonName | None:
    """Return the name that a message gives, or None; `parse_named` without what stands behind."""
    named = parse_named(text, language)
    return named.name if named is not None else None


def parse_introduction(text: str, language: str) -> Named | None:
    """Return the full name with which a message introduces its writer or the patient, or None.

    For messages that are no answer to "what is the name?": a bare name or a greeting is none, both names have to be
    there, and behind a weak introduction ("I'm …", "soy …") they have to be written as names are.
    """
    for strong, found in _introduced(_marked(text), weak=_INTRODUCTIONS):
        named = _name(found, language, strict=True)
        if named is not None and named.name.family and (strong or _has_capitals(found, named)):
            return named
    return None


def parse_named(text: str, language: str) -> Named | None:
    """Return the name that a message gives with the words behind it, or None if it gives none.

    Understood: introductions ("my name is …", "soy …", "mera naam … hai", "it's for Tom Smith", "my son's name
    is …"), a bare name as the whole message, "López, Ana María". What follows the name ("… and I need an
    appointment", a birth date) is cut off; titles go. Refused: words of the bot's own vocabulary, common
    words, digits, more than six names. A weak introduction ("I'm …", "soy …", "it's for …") needs what follows to
    look like a name: "I'm vomiting" is none.

    The last word is the family name; in Spanish two family names follow a known double given name or stand
    behind one name ("Ana María López García", "Juan López García"). Particles ("de la Cruz", "van Dyke") belong to
    the family name. A name all in one case gets capitals; mixed case stays as written.
    """
    marked = _marked(text)
    for strong, found in _introduced(marked):
        named = _name(found, language, strict=not strong)
        if named is not None:
            return named
    named = _name(marked, language, strict=False, whole=True)
    if named is None and any(_EMOJI.match(word) for word in marked):
        return _name([word for word in marked if not _EMOJI.match(word)], language, strict=False, whole=True)
    return named


def _marked(text: str) -> list[str]:
    shown = unicodedata.normalize("NFKC", text[:MAX_CHARS][:_CHARS_READ].translate(_APOSTROPHES)).translate(
        _APOSTROPHES
    )
    shown = re.sub(r"\s*[\r\n]+\s*", " ; ", _INVISIBLE.sub("", _EMOJI.sub(r" \g<0> ", shown)).strip())
    return _WORD.findall(shown)


def _introduced(marked: Sequence[str], *, weak: Phrasebook[bool] | None = None) -> Iterator[tuple[bool, Sequence[str]]]:
    """Yield what follows each introduction, strong ones first, then weak ones from the left."""
    plain = [fold(word.rstrip(".'-")) or word for word in marked]
    spaced, places = _split_folded(plain)
    for book, strong in ((_LEADS, True), (weak or _WEAK_LEADS, False)):
        for start in range(len(spaced)):
            found = book.match_at(spaced, start)
            if found is not None and found.end < len(spaced) and (strong or _opens(spaced, start)):
                after = places[found.end]
                while after < len(marked) and marked[after] in {":", "-", ",", "=", "."}:
                    after += 1
                yield strong, marked[after:]


def _split_folded(plain: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the folded words, and for each the place of its original."""
    spaced = [(part, place) for place, word in enumerate(plain) for part in word.split()]
    return [part for part, _ in spaced], [place for _, place in spaced]


def _opens(spaced: Sequence[str], start: int) -> bool:
    """Tell whether a sentence starts here, but for greetings: "hi, I'm Tom" and not "yes for Tom"."""
    return all(word in _GREETINGS or not word[0].isalnum() for word in spaced[:start])


def _has_capitals(found: Sequence[str], named: Named) -> bool:
    """Tell whether every name of an introduction is written with a capital, where its script has them."""
    words = list(found[: len(named.name.full.split())])
    return all(word[0] != word[0].lower() or word[0] == word[0].upper() for word in words)


def _name(marked: Sequence[str], language: str, *, strict: bool, whole: bool = False) -> Named | None:
    reversed_name = _family_first(marked) if whole else None
    if reversed_name is not None:
        given, family = (_checked(part, strict=False) for part in reversed_name)
        if given and family:
            return Named(PersonName(_capitals(given), _capitals(family, family=True)))
    names, rest = _run(marked)
    if whole and any(word[:1].isalpha() for word in rest):
        return None
    while names and fold(names[-1].rstrip(".")) in _POLITE:
        names.pop()
    behind = _behind_last(marked, names)
    names = _checked(names, strict=strict)
    if not names or len(names) > _MOST_NAMES:
        return None
    split = _family_starts(names, base(language))
    return Named(PersonName(_capitals(names[:split]), _capitals(names[split:], family=True)), behind)


def _behind_last(marked: Sequence[str], names: Sequence[str]) -> str:
    """Return the words behind the last of the names."""
    place = 0
    for name in names:
        place = marked.index(name, place) + 1
    return " ".join(marked[place:])


def _run(marked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words up to what ends a name, without titles, and the words behind that."""
    names: list[str] = []
    for place, word in enumerate(marked):
        plain = fold(word.rstrip("."))
        if word in _BREAKS or word.isdigit() or plain in _STOPS - _DOUBLE_PARTICLES or plain in _TAILS:
            return names, _behind(marked[place:])
        if plain in _DOUBLE_PARTICLES and (
            not names or place + 1 == len(marked) or _ends_name(fold(marked[place + 1]))
        ):
            return names, _behind(marked[place:])
        if plain in MONTHS and place + 1 < len(marked) and marked[place + 1].isdigit():
            return names, []
        if plain in {"h", "he"} and names and place + 1 == len(marked):
            return names, []
        if plain in _HONORIFICS and (not names or plain not in {"don", "sri", "shri"}):
            continue
        if not word[0].isalpha() and not _is_letter(word[0]):
            if word in {"-", "'", "."}:
                continue
            return names, _behind(marked[place:])
        names.append(word)
        if word.endswith(".") and len(plain) > 2 and plain not in _SUFFIXES:
            return names, _behind(marked[place + 1 :])
    return names, []


def _ends_name(word: str) -> bool:
    """Tell whether "y" or "e" before this word goes on with the sentence, not with the name."""
    return word in _STOPS or _is_common(word)


def _behind(marked: Sequence[str]) -> list[str]:
    """Return the words behind a name that make a bare message something else than a name."""
    said = [fold(word.rstrip(".")) for word in marked if word not in _BREAKS]
    if not said or said[0].isdigit() or said[0] in _STOPS:
        return []
    return [word for word in said if word not in _POLITE and word not in MONTHS and not word.isdigit()]


def _family_first(marked: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Split "López, Ana María" into given and family words."""
    if marked.count(",") != 1:
        return None
    comma = list(marked).index(",")
    family, given = list(marked[:comma]), list(marked[comma + 1 :])
    if not 1 <= len(family) <= 3 or not 1 <= len(given) <= 3:
        return None
    return given, family


def _checked(names: Sequence[str], *, strict: bool) -> list[str]:
    """Return the names if they can be names, else nothing."""
    cleaned = [word.strip(".-'’") if len(word.strip(".-'’")) > 1 else word.strip("-'’") for word in names]
    plain = [fold(word.rstrip(".")) for word in cleaned]
    if not cleaned or any(not word or len(word) > _LONGEST_NAME or not _is_nameable(word) for word in cleaned):
        return []
    telling = [word for word in plain if word not in _PARTICLES]
    if not telling or (plain[0] in _NOT_A_GIVEN_NAME and len(plain) == 1) or all(len(word) == 1 for word in telling):
        return []
    common = [word for word in telling if len(word) > 1 and _is_common(word)]
    if common and not (len(telling) > 1 and _may_be_names(common, telling, cleaned)):
        return []
    lower = all(word == word.lower() for word in cleaned) and cleaned[0] != cleaned[0].title()
    if strict and lower and any(word.endswith(_UNLIKELY_ENDINGS) for word in cleaned):
        return []
    return cleaned


def _may_be_names(common: Sequence[str], telling: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether the common words of a name are names too, or with capitals can be ("Nguyen Thi Lan")."""
    are_syllables = _SYLLABLES.issuperset(common) and 2 * len(common) <= len(telling)
    return (
        _also_names(common)
        or _looks_like_a_family_name(common, names)
        or (are_syllables and all(word[0].isupper() and not word.isupper() for word in names))
    )


def _also_names(common: Sequence[str]) -> bool:
    return all(word in _ALSO_NAMES for word in common)


def _looks_like_a_family_name(common: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether the only common word is the last one, in a name written with capitals ("Erin Love")."""
    capitals = all(word[0].isupper() and not word.isupper() for word in names if word not in _PARTICLES)
    return capitals and list(common) == [fold(names[-1].rstrip("."))]


def _family_starts(names: Sequence[str], language: str) -> int:
    """Return where the family name starts."""
    plain = [fold(word) for word in names]
    suffix = 1 if len(names) > 2 and plain[-1].rstrip(".") in _SUFFIXES else 0
    count = len(names) - suffix
    if count == 1:
        return len(names)
    compound = _compound(plain[:count])
    if compound:
        return compound if count - compound <= 2 else count - 2
    if count > 3 and plain[count - 2] in _DOUBLE_PARTICLES:
        return count - 3
    as_written = [word.lower() for word in names]
    particles = _PARTICLES - _DOUBLE_PARTICLES
    particle = next((place for place in range(1, count - 1) if as_written[place] in particles), None)
    if particle is not None:
        before = particle - 1
        two_names = language == "es" and before >= 1 and plain[before] not in _GIVEN_NAMES
        return before if two_names else particle
    if language != "es" or count == 2:
        return count - 1
    if count == 3:
        return 2 if plain[1] in _GIVEN_NAMES else 1
    return count - 2


def _compound(plain: Sequence[str]) -> int:
    """Return where a given name with a particle ends ("María del Carmen", "José de Jesús"), or 0."""
    if len(plain) < 3 or plain[1] not in {"de", "del"}:
        return 0
    place = next((place for place in range(2, len(plain)) if plain[place] not in _PARTICLES), 0)
    return place + 1 if place and plain[place] in _GIVEN_NAMES else 0


def _capitals(names: Sequence[str], *, family: bool = False) -> str:
    return " ".join(_capital(word, first=place == 0 and not family) for place, word in enumerate(names))


def _capital(word: str, *, first: bool) -> str:
    letters = [letter for letter in word if letter.isalpha()]
    upper = sum(letter.isupper() for letter in letters)
    if fold(word) in _PARTICLES and not first and upper <= 1:
        return word.lower() if upper == len(letters) or not upper else word
    if len(letters) > 1 and 0 < upper < len(letters):
        return word
    if fold(word).rstrip(".") in {"ii", "iii", "iv"}:
        return word.upper()
    capital = "".join(part.capitalize() if part[:1].isalpha() else part for part in re.split(r"([-'])", word))
    return f"Mc{capital[2:].capitalize()}" if capital.startswith("Mc") and len(capital) > 3 else capital


def _is_nameable(word: str) -> bool:
    return all(letter in _IN_NAMES or _is_letter(letter) for letter in word)


def _is_letter(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LM"


def is_common_word(word: str) -> bool:
    """Tell whether a folded word means something to the bot, or is too common to stand for somebody's name."""
    return _is_common(word)


def _is_common(word: str) -> bool:
    known = word in _GIVEN_NAMES or word in _FIRST_OF_ALL_NAMES
    return word in _COMMON or (not known and respell([word])[0] != word)


def _words(*constants: str) -> frozenset[str]:
    blocks = (getattr(module, name, "") for module in BY_LANGUAGE.values() for name in constants)
    return frozenset(word for block in blocks for word in vocabulary(block.replace("?", " ")))


def _vocabulary() -> frozenset[str]:
    """Return every word that means something to the bot, and the commonest others."""
    modules = (*INTENTS_BY_LANGUAGE.values(), *CALENDAR_BY_LANGUAGE.values(), *EMERGENCIES_BY_LANGUAGE.values())
    blocks = (text for module in modules for text in every_text(module))
    own = frozenset(word for block in blocks for word in vocabulary(block))
    relations = frozenset(
        word for module in BY_LANGUAGE.values() for block in module.RELATIONS.values() for word in vocabulary(block)
    )
    numbers = frozenset(
        word
        for module in BY_LANGUAGE.values()
        for block in (module.NUMBERS.values() if isinstance(module.NUMBERS, dict) else [module.NUMBERS])
        for word in vocabulary(block)
    )
    return own | relations | numbers | _words("COMMON", "YES", "NO", "FILLERS", "LANGUAGE_REQUESTS")


_GIVEN_NAMES = frozenset(vocabulary(BY_LANGUAGE["es"].GIVEN_NAMES))
_ALSO_NAMES = frozenset(
    vocabulary(
        """
        april may june julio abril domingo ana grace hope joy faith angel jesus mercedes pilar dolores salud socorro
        consuelo luz sol will mark bill rich frank max art gene pat sue rose lily daisy sunny dawn eve guru mangal budh
        shukra ravi som shani day monday friday summer king rey reyes cruz campos flores leon paz rosa blanca salvador
        santos nieves perla angeles esperanza bueno delgado moreno rubio guerra mora rojas ramos vega blanco rico casado
        calvo cano prieto pardo crespo park young long short small little good goodman best sharp strong swift wise stone
        hill woods rivers banks field fields waters bush ford gray green brown black white reid price pain payne
        case chance drew jack john june wade sandy robin dean earl page penny ruby ivy olive holly heather melody
        mari jan ed don ray hay bell cook baker fisher hunter mason parker porter turner walker ward west north south
        early winter last first major minor noon knight ma nan ray san soni sahi tara mama nana baba didi bhai
        alta casas castillo torres rios le ha ho hu kim lee li chen wang ng yu khan gaye raj kumar kiran asha suman
        autumn sita mala sandhya peterson petersen mondal mann peña love bone bones hand head heart bridge bridges book
        friend chico alto segundo primo
        nina sun lena lana dena jana sina sal zara abhi era kay prem jaya shanti jai krishna dale mar gala maximo nina lene till august simon ella mara dora ram राम हरि जय शांति प्रेम दीप मोहन deep mohan hari ali omar said amin nasser
        """
    )
)
_SYLLABLES = word_set("an thi thu hai mai nam min jun hui ye na chao man")
_FIRST_OF_ALL_NAMES = word_set("mia ivy krishna sita ram")
_COMMON = _vocabulary() - _GIVEN_NAMES - _FIRST_OF_ALL_NAMES
_HONORIFICS = _words("HONORIFICS")
_TAILS = frozenset(
    word for line in lines(BY_LANGUAGE["hi"].NAME_TAILS) for word in fold(line.split()[0]).split("|")
) - {"h", "he"}
_POLITE = _words("FILLERS")
_GREETINGS = (
    _POLITE | _words("YES") | word_set("good morning afternoon evening buenos buenas dias tardes noches namaste")
)
_LEADS = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.NAME_LEADS))
_INTRODUCTIONS = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.INTRODUCTIONS))
_WEAK_LEADS = Phrasebook((line, True) for module in BY_LANGUAGE.values() for line in lines(module.WEAK_NAME_LEADS))
