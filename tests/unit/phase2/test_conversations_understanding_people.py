"""Names, dates of birth and for whom an appointment is."""

from __future__ import annotations

from datetime import date

import pytest

from apps.conversations.understanding import (
    Ambiguous,
    ForWhom,
    PersonName,
    Relation,
    Whom,
    parse_birth_date,
    parse_for_whom,
    parse_name,
)

TODAY = date(2025, 11, 18)

NAMES = [
    ("en", "Nguyen Thi Lan", "Nguyen Thi", "Lan"),
    ("en", "Sita Raman", "Sita", "Raman"),
    ("en", "david peterson", "David", "Peterson"),
    ("en", "Mia", "Mia", ""),
    ("en", "mia larsson", "Mia", "Larsson"),
    ("en", "Mia Larsson born 2 Feb 2018", "Mia", "Larsson"),
    ("en", "Ivy", "Ivy", ""),
    ("hi", "Krishna", "Krishna", ""),
    ("en", "Nina Berg", "Nina", "Berg"),
    ("en", "Sun Li", "Sun", "Li"),
    ("en", "zara ahmed", "Zara", "Ahmed"),
    ("en", "Lena Fischer", "Lena", "Fischer"),
    ("en", "Kay Morgan", "Kay", "Morgan"),
    ("es", "maría peña", "María", "Peña"),
    ("es", "me llamo Mateo Arévalo y nací el 24 de octubre de 1982", "Mateo", "Arévalo"),
    ("en", "My name is John Smith", "John", "Smith"),
    ("en", "my name is john smith", "John", "Smith"),
    ("en", "MY NAME IS JOHN SMITH", "John", "Smith"),
    ("en", "my name is Ana María López", "Ana María", "López"),
    ("en", "my name's Tom", "Tom", ""),
    ("en", "my full name is Mary Ann Smith", "Mary Ann", "Smith"),
    ("en", "Name: John Smith", "John", "Smith"),
    ("en", "I'm Tom", "Tom", ""),
    ("en", "I am Tom Smith", "Tom", "Smith"),
    ("en", "im tom smith", "Tom", "Smith"),
    ("en", "this is Tom Smith", "Tom", "Smith"),
    ("en", "Hi, this is Tom Smith", "Tom", "Smith"),
    ("en", "hi I'm Tom", "Tom", ""),
    ("en", "it's for Tom Smith", "Tom", "Smith"),
    ("en", "it is for Tom Smith", "Tom", "Smith"),
    ("en", "for Tom Smith", "Tom", "Smith"),
    ("en", "for my son Tom Smith", "Tom", "Smith"),
    ("en", "my son's name is Leo Grant", "Leo", "Grant"),
    ("en", "patient name is Tom Hanks", "Tom", "Hanks"),
    ("en", "call me Bob", "Bob", ""),
    ("en", "Ana Lopez", "Ana", "Lopez"),
    ("en", "ana lopez", "Ana", "Lopez"),
    ("en", "ANA LOPEZ", "Ana", "Lopez"),
    ("en", "Ana", "Ana", ""),
    ("en", "Ana!", "Ana", ""),
    ("en", "Ana Lopez.", "Ana", "Lopez"),
    ("en", "Ana Lopez 🙂", "Ana", "Lopez"),
    ("en", "Ana Lopez👍🏽", "Ana", "Lopez"),
    ("en", "🙂 Ana Lopez", "Ana", "Lopez"),
    ("en", "❤️Ana❤️ Lopez 👩‍⚕️", "Ana", "Lopez"),
    ("es", "Jorge 🙂 Núñez", "Jorge", "Núñez"),
    ("hi", "🙏 राहुल शर्मा", "राहुल", "शर्मा"),
    ("en", "Lopez, Ana", "Ana", "Lopez"),
    ("en", "LOPEZ, ANA MARIA", "Ana Maria", "Lopez"),
    ("en", "Mr. John Smith", "John", "Smith"),
    ("en", "Dr John Smith", "John", "Smith"),
    ("en", "Mrs Smith", "Smith", ""),
    ("en", "sean o'brien", "Sean", "O'Brien"),
    ("en", "Sean O’Brien", "Sean", "O'Brien"),
    ("en", "mary-jane watson", "Mary-Jane", "Watson"),
    ("en", "ronald mcdonald", "Ronald", "McDonald"),
    ("en", "DeShawn Jackson", "DeShawn", "Jackson"),
    ("en", "anna van der berg", "Anna", "van der Berg"),
    ("en", "Ludwig van Beethoven", "Ludwig", "van Beethoven"),
    ("en", "J. R. Smith", "J. R.", "Smith"),
    ("en", "John F Kennedy", "John F", "Kennedy"),
    ("en", "Robert Downey Jr.", "Robert", "Downey Jr"),
    ("en", "April Jones", "April", "Jones"),
    ("en", "May Chen", "May", "Chen"),
    ("en", "Will Young", "Will", "Young"),
    ("en", "Grace Hope", "Grace", "Hope"),
    ("en", "My name is John Smith and I need a doctor", "John", "Smith"),
    ("en", "I am John Smith, I need an appointment", "John", "Smith"),
    ("en", "John Smith 03/14/1978", "John", "Smith"),
    ("en", "John Smith, 14 March 1978", "John", "Smith"),
    ("en", "John Smith born 14 March 1978", "John", "Smith"),
    ("en", "John Smith\n03/14/1978", "John", "Smith"),
    ("en", "yes my name is Maria Gomez", "Maria", "Gomez"),
    ("en", "sure, John Smith", "John", "Smith"),
    ("en", "John Smith please", "John", "Smith"),
    ("en", "John Smith thanks", "John", "Smith"),
    ("en", "Fatima Al Zahra", "Fatima", "Al Zahra"),
    ("en", "Nguyễn Văn Minh", "Nguyễn Văn", "Minh"),
    ("en", "李小龍", "李小龍", ""),
    ("en", "محمد علي", "محمد", "علي"),
    ("es", "me llamo Juan", "Juan", ""),
    ("es", "Me llamo Lucía Fernández y necesito una cita", "Lucía", "Fernández"),
    ("es", "soy Juan", "Juan", ""),
    ("es", "soy juan perez", "Juan", "Perez"),
    ("es", "Soy Juan López García", "Juan", "López García"),
    ("es", "mi nombre es Ana María López García", "Ana María", "López García"),
    ("es", "Ana María López", "Ana María", "López"),
    ("es", "Juan López García", "Juan", "López García"),
    ("es", "José Luis Rodríguez", "José Luis", "Rodríguez"),
    ("es", "José de la Cruz", "José", "de la Cruz"),
    ("es", "María del Carmen Ruiz", "María del Carmen", "Ruiz"),
    ("es", "maria de los angeles perez", "Maria de los Angeles", "Perez"),
    ("es", "Juan Carlos Ortega y Gasset", "Juan Carlos", "Ortega y Gasset"),
    ("es", "es para Carlos Vega", "Carlos", "Vega"),
    ("es", "para mi hijo Mateo Ruiz", "Mateo", "Ruiz"),
    ("es", "mi hijo se llama Pedro", "Pedro", ""),
    ("es", "a nombre de Rosa Díaz", "Rosa", "Díaz"),
    ("es", "Hola, soy Marta Gil", "Marta", "Gil"),
    ("es", "Señora Carmen Ruiz", "Carmen", "Ruiz"),
    ("es", "sí, Ana Torres", "Ana", "Torres"),
    ("hi", "मेरा नाम प्रिया शर्मा है", "प्रिया", "शर्मा"),
    ("hi", "प्रिया शर्मा", "प्रिया", "शर्मा"),
    ("hi", "प्रिया", "प्रिया", ""),
    ("hi", "मैं राहुल हूँ", "राहुल", ""),
    ("hi", "mera naam Priya Sharma hai", "Priya", "Sharma"),
    ("hi", "mera naam rahul h", "Rahul", ""),
    ("hi", "main Rahul hoon", "Rahul", ""),
    ("hi", "naam Rahul Verma", "Rahul", "Verma"),
    ("hi", "mere bete ka naam Rahul hai", "Rahul", ""),
    ("hi", "raj kumar sharma", "Raj Kumar", "Sharma"),
    ("hi", "श्री राम कुमार", "राम", "कुमार"),
]

NO_NAMES = """
    en: Ye Hai
    hi: ye hai
    en: Na Hai
    en: I need an appointment
    en: I am sick
    en: I'm not feeling well
    en: im vomiting
    en: I'm good thanks
    en: im here
    en: I'm allergic to nuts
    en: this is urgent
    en: it's an emergency
    en: it's for me
    en: for me
    en: for my son
    en: for tomorrow
    en: for friday
    en: hello
    en: hi
    en: good morning
    en: yes
    en: no
    en: ok
    en: thank you
    en: thanks a lot
    en: 2
    en: 03/14/1978
    en: tomorrow
    en: tomorrow at 5
    en: monday
    en: fever
    en: I have a fever
    en: chest pain
    en: back pain
    en: knee injury
    en: sore throat
    en: skin rash on arm
    en: diabetes checkup
    en: second opinion
    en: new patient
    en: cancel my appointment
    en: talk to a human
    en: what is your name
    en: who are you
    en: why do you need my name
    en: I don't want to give my name
    en: none of your business
    en: my name
    en: the patient
    en: 😊
    en: ???
    en:
    en: John Smith wants to know if you are open
    es: tengo fiebre
    es: soy nuevo paciente
    es: soy diabético
    es: soy alérgica a la penicilina
    es: dolor de cabeza
    es: necesito una cita
    es: es para mi hijo
    es: para mañana
    es: para mí
    es: hola
    es: sí
    es: gracias
    es: mañana por la tarde
    es: no sé
    es: quiero cancelar
    es: me duele la espalda
    hi: mujhe bukhar hai
    hi: main bimar hoon
    hi: मैं बीमार हूँ
    hi: मुझे डॉक्टर से मिलना है
    hi: haan
    hi: mere liye
    hi: namaste
    hi: kal subah
"""

BIRTH_DATES = [
    ("14 March 1978", "1978-03-14"),
    ("14 march 78", "1978-03-14"),
    ("14th March 1978", "1978-03-14"),
    ("the 14th of March, 1978", "1978-03-14"),
    ("March 14 1978", "1978-03-14"),
    ("march 14th, 1978", "1978-03-14"),
    ("Mar 14, '78", "1978-03-14"),
    ("14-Mar-1978", "1978-03-14"),
    ("14mar1978", "1978-03-14"),
    ("03/14/1978", "1978-03-14"),
    ("3/14/78", "1978-03-14"),
    ("03-14-1978", "1978-03-14"),
    ("03 14 1978", "1978-03-14"),
    ("03.04.1980", "1980-03-04"),
    ("14.3.78", "1978-03-14"),
    ("14/03/1978", "1978-03-14"),
    ("1978-03-14", "1978-03-14"),
    ("1978/03/14", "1978-03-14"),
    ("1978 march 14", "1978-03-14"),
    ("14031978", "1978-03-14"),
    ("03141978", "1978-03-14"),
    ("19780314", "1978-03-14"),
    ("my date of birth is 14 March 1978", "1978-03-14"),
    ("DOB: 03/14/1978", "1978-03-14"),
    ("I was born on March 14, 1978 in Ohio", "1978-03-14"),
    ("Ana Lopez 3/14/1978", "1978-03-14"),
    ("3/14/1978, my phone is 5551234567", "1978-03-14"),
    ("14 de marzo de 1978", "1978-03-14"),
    ("14 marzo 1978", "1978-03-14"),
    ("nací el 14 de marzo del 78", "1978-03-14"),
    ("5 de enero de 2001", "2001-01-05"),
    ("१४ मार्च १९७८", "1978-03-14"),
    ("१४ मार्च 1978", "1978-03-14"),
    ("१४/०३/१९७८", "1978-03-14"),
    ("14 march 1978 ko", "1978-03-14"),
    ("2 janvari 1985", "1985-01-02"),
    ("5 मई 1990", "1990-05-05"),
    ("febuary 3 1990", "1990-02-03"),
    ("29 feb 2000", "2000-02-29"),
    ("1/1/24", "2024-01-01"),
    ("11/18/2025", "2025-11-18"),
    ("12/25/25", "1925-12-25"),
    ("may 5 2010", "2010-05-05"),
    ("18 november 1905", "1905-11-18"),
]

NO_BIRTH_DATES = """
    hello
    yes
    14 march
    march 1978
    1978
    tomorrow
    12/25/2025
    1/1/2030
    1/1/1890
    17 november 1904
    31/02/1980
    30 feb 1990
    29 feb 2001
    13/13/1980
    0/0/0
    00/00/0000
    555-123-4567
    +1 555 123 4567
    call 911
    3 kids
    47 years old
    99999999
    1/2
    2
"""

FOR_WHOM = [
    ("en", "me", Whom.SELF, None),
    ("en", "for me", Whom.SELF, None),
    ("en", "For me please", Whom.SELF, None),
    ("en", "myself", Whom.SELF, None),
    ("en", "it's for me", Whom.SELF, None),
    ("en", "for myself", Whom.SELF, None),
    ("en", "I'm the patient", Whom.SELF, None),
    ("en", "just me", Whom.SELF, None),
    ("en", "my mother had diabetes and I need a checkup for me", Whom.SELF, None),
    ("en", "for my son", Whom.OTHER, Relation.SON),
    ("en", "my son", Whom.OTHER, Relation.SON),
    ("en", "son", Whom.OTHER, Relation.SON),
    ("en", "I need an appointment for my daughter", Whom.OTHER, Relation.DAUGHTER),
    ("en", "it's for my 5 year old son", Whom.OTHER, Relation.SON),
    ("en", "my son needs a doctor", Whom.OTHER, Relation.SON),
    ("en", "my baby has a fever", Whom.OTHER, Relation.CHILD),
    ("en", "my kid", Whom.OTHER, Relation.CHILD),
    ("en", "for my mom", Whom.OTHER, Relation.MOTHER),
    ("en", "my mum is sick", Whom.OTHER, Relation.MOTHER),
    ("en", "for my elderly father", Whom.OTHER, Relation.FATHER),
    ("en", "for my wife", Whom.OTHER, Relation.WIFE),
    ("en", "it's for my husband", Whom.OTHER, Relation.HUSBAND),
    ("en", "for my girlfriend", Whom.OTHER, Relation.PARTNER),
    ("en", "for my grandma", Whom.OTHER, Relation.GRANDMOTHER),
    ("en", "for a friend", Whom.OTHER, Relation.FRIEND),
    ("en", "not for me, for my wife", Whom.OTHER, Relation.WIFE),
    ("en", "someone else", Whom.OTHER, None),
    ("en", "for someone else", Whom.OTHER, None),
    ("en", "not for me", Whom.OTHER, None),
    ("en", "for Tom Smith", Whom.OTHER, None),
    ("es", "para mí", Whom.SELF, None),
    ("es", "para mi", Whom.SELF, None),
    ("es", "es para mí", Whom.SELF, None),
    ("es", "yo", Whom.SELF, None),
    ("es", "para mi hijo", Whom.OTHER, Relation.SON),
    ("es", "mi hijo tiene fiebre", Whom.OTHER, Relation.SON),
    ("es", "para mi madre", Whom.OTHER, Relation.MOTHER),
    ("es", "mi mamá", Whom.OTHER, Relation.MOTHER),
    ("es", "necesito una cita para mi esposa", Whom.OTHER, Relation.WIFE),
    ("es", "es para mi esposo", Whom.OTHER, Relation.HUSBAND),
    ("es", "mi abuela necesita una cita", Whom.OTHER, Relation.GRANDMOTHER),
    ("es", "para mi bebé", Whom.OTHER, Relation.CHILD),
    ("es", "para otra persona", Whom.OTHER, None),
    ("es", "no es para mí", Whom.OTHER, None),
    ("hi", "mere liye", Whom.SELF, None),
    ("hi", "khud ke liye", Whom.SELF, None),
    ("hi", "मेरे लिए", Whom.SELF, None),
    ("hi", "mere bete ke liye", Whom.OTHER, Relation.SON),
    ("hi", "meri beti ke liye", Whom.OTHER, Relation.DAUGHTER),
    ("hi", "mummy ke liye", Whom.OTHER, Relation.MOTHER),
    ("hi", "meri wife ke liye", Whom.OTHER, Relation.WIFE),
    ("hi", "mere husband ko dikhana hai", Whom.OTHER, Relation.HUSBAND),
    ("hi", "papa ko dikhana hai", Whom.OTHER, Relation.FATHER),
    ("hi", "मेरी माँ के लिए", Whom.OTHER, Relation.MOTHER),
    ("hi", "मेरे बेटे को बुखार है", Whom.OTHER, Relation.SON),
    ("hi", "kisi aur ke liye", Whom.OTHER, None),
]

NOBODY = """
    en: I need a doctor
    en: hello
    en: my husband told me to write
    en: for my back pain
    en: for me and my son
    en: for tomorrow
    en: for friday
    en: my mother had diabetes
    en: yes
    en: tell me more
    en: call me
    en:
    es: necesito una cita
    es: para mañana
    es: mi cita
    es: para mí y mi hijo
    hi: mujhe doctor se milna hai
    hi: kal ke liye
"""


def _lines(block: str) -> list[tuple[str, str]]:
    return [(line[:2], line[4:]) for line in map(str.strip, block.strip().splitlines())]


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_a_name_is_read(language: str) -> None:
    expected = {text: PersonName(given, family) for said_in, text, given, family in NAMES if said_in == language}

    assert {text: parse_name(text, language) for text in expected} == expected


def test_what_is_no_name_is_refused() -> None:
    said = _lines(NO_NAMES)

    assert {(code, text): parse_name(text, code) for code, text in said} == dict.fromkeys(said)


def test_a_full_name_joins_what_there_is() -> None:
    assert PersonName("Ana María", "López").full == "Ana María López"
    assert PersonName("Ana").full == "Ana"


def test_a_birth_date_is_read() -> None:
    expected = {text: date.fromisoformat(day) for text, day in BIRTH_DATES}

    assert {text: parse_birth_date(text, day_first=False, today=TODAY) for text in expected} == expected


@pytest.mark.parametrize("day_first", [True, False, None])
def test_what_cannot_be_a_birth_date_is_refused(day_first: bool | None) -> None:
    texts = [line.strip() for line in NO_BIRTH_DATES.strip().splitlines()]

    assert {text: parse_birth_date(text, day_first=day_first, today=TODAY) for text in texts} == dict.fromkeys(texts)


def test_the_locale_decides_between_day_and_month() -> None:
    assert parse_birth_date("03/04/1980", day_first=False, today=TODAY) == date(1980, 3, 4)
    assert parse_birth_date("03/04/1980", day_first=True, today=TODAY) == date(1980, 4, 3)
    assert parse_birth_date("03/04/1980", day_first=None, today=TODAY) == Ambiguous(
        (date(1980, 4, 3), date(1980, 3, 4))
    )


def test_a_date_with_one_reading_is_clear_without_a_locale() -> None:
    assert parse_birth_date("13/04/1980", day_first=None, today=TODAY) == date(1980, 4, 13)
    assert parse_birth_date("04/13/1980", day_first=None, today=TODAY) == date(1980, 4, 13)
    assert parse_birth_date("04/04/1980", day_first=None, today=TODAY) == date(1980, 4, 4)


def test_two_dates_in_one_message_are_ambiguous() -> None:
    assert parse_birth_date("14 March 1978, sorry 15 March 1978", day_first=False, today=TODAY) == Ambiguous(
        (date(1978, 3, 14), date(1978, 3, 15))
    )


def test_the_same_date_twice_is_clear() -> None:
    assert parse_birth_date("3/14/1978 (14 March 1978)", day_first=False, today=TODAY) == date(1978, 3, 14)


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_for_whom_is_read(language: str) -> None:
    expected = {text: ForWhom(who, relation) for said_in, text, who, relation in FOR_WHOM if said_in == language}

    assert {text: parse_for_whom(text, language) for text in expected} == expected


def test_what_does_not_say_for_whom_gives_none() -> None:
    said = _lines(NOBODY)

    assert {(code, text): parse_for_whom(text, code) for code, text in said} == dict.fromkeys(said)
