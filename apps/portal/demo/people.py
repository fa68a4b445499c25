"""Names, phones and addresses of invented people, in the scripts that a clinic meets."""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from dataclasses import dataclass

# (given, family, Latin spelling where the name is in another script, language, sex, age)
FEATURED = [
    ("María del Carmen", "Rodríguez-Villanueva", "", "es", "female", 58),
    ("Jonas", "Brandt", "", "en", "male", 41),
    ("Aisha", "Bello", "", "en", "female", 29),
    ("Siobhán", "Ní Dhomhnaill", "", "en", "female", 67),
    ("Tom", "Whitfield", "", "en", "male", 45),
    ("王", "秀英", "Wang Xiuying", "en", "female", 52),
    ("Ezra", "Cohen", "", "en", "male", 4),
    ("Θεοδώρα", "Παπαδοπούλου", "Theodora Papadopoulou", "en", "female", 61),
    ("प्रिया", "शर्मा", "Priya Sharma", "hi", "female", 31),
    ("Maximilian", "von und zu Hohenstein-Waldburg", "", "en", "male", 38),
    ("Grace", "Adeyemi", "", "en", "female", 27),
    ("محمد", "الأحمد", "Mohammed Al-Ahmad", "en", "male", 44),
    ("김민준", "", "Kim Min-jun", "en", "male", 36),
    ("Anneke", "van der Merwe", "", "en", "female", 55),
    ("Nguyễn Thị", "Minh Khai", "", "en", "female", 33),
    ("Oluwaseun", "Adebayo-Williams", "", "en", "male", 45),
    ("Liam", "O’Sullivan", "", "en", "male", 72),
    ("Олександр", "Коваленко", "Oleksandr Kovalenko", "en", "male", 47),
    ("Kavya", "Raghunathan", "", "en", "female", 26),
    ("Noor", "Fayed", "", "en", "female", 34),
    ("Rosa", "Delgado-Whitmore", "", "es", "female", 63),
    ("Ewa", "Wiśniewska", "", "en", "female", 50),
    ("Abdul Rahman", "Siddiqui", "", "en", "male", 69),
    ("Catarina", "Sousa", "", "en", "female", 30),
    ("Zsófia", "Kertész", "", "en", "female", 43),
    ("Lê Quang", "Huy", "", "en", "male", 58),
]
GIVEN = {
    "female": (
        "Olivia Emma Ava Sophia Isabella Mia Amelia Harper Evelyn Abigail Camila Luna Sofía Elena Lucía Valentina Fatima Leila Yasmin "
        "Ngozi Chiamaka Adaeze Ananya Diya Meera Kavita Hannah Ingrid Freya Astrid Giulia Chiara Léa Chloé Agnieszka Katarzyna Iryna "
        "Daria Mei Yuki Hana Jia Thandiwe Zanele Rachel Miriam Ines Beatriz Julia Harriet Naomi Yetunde Rania Salma"
    ).split(),
    "male": (
        "Liam Noah Oliver James Elijah William Henry Lucas Benjamin Theodore Mateo Diego Santiago Andrés Javier Omar Yusuf Karim Hassan "
        "Chinedu Emeka Kwame Arjun Rohan Vikram Dev Erik Lars Nils Marco Luca Antoine Hugo Piotr Tomasz Dmytro Ivan Wei Haruto Ren "
        "Sipho Thabo Daniel David Isaac Rafael Tiago Stelian Bogdan Peter Samuel Harvey Daniyar"
    ).split(),
}
FAMILY = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson "
    "Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill "
    "Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Okafor Eze Balogun Mensah Owusu Dlamini Nkosi Khan "
    "Ahmed Hussain Chowdhury Patel Sharma Gupta Iyer Reddy Kaur Singh Lindgren Berg Hansen Novak Kowalski Popescu Ionescu Rossi Ferrari "
    "Moreau Laurent Schmidt Weber Fischer Chen Wang Zhang Tanaka Suzuki Kim Park Tran Pham Cohen Levi Haddad Mansour Karimi Nowak Petrov"
).split()
LANGUAGES = ["en"] * 14 + ["es"] * 4 + ["hi"] * 2
CHILDREN, ADULT_DAYS = 0.22, (365 * 16, 365 * 92, 365 * 44)
# Of the clinic's own zone: quiet hours go by the number.
AREA_CODES = (212, 718, 917, 646, 347, 929, 516, 914, 202, 617)
STREETS = "Quarry Lane,Harbour Street,Northgate Road,Mill Lane,Chapel Hill,Station Road,Orchard Close,River Walk".split(
    ","
)


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; `phone` is E.164 from the ranges kept for fiction (555-0100 to 555-0199)."""

    given_name: str
    family_name: str
    name_latin: str
    language: str
    sex: str
    birth_date: dt.date
    phone: str
    email: str
    address: str


def invent(rng: random.Random, count: int, today: dt.date) -> list[Person]:
    """Return `count` people, the featured ones first; phones are unique while the fictional ranges last."""
    people = []
    for number in range(count):
        if number < len(FEATURED):
            given, family, latin, language, sex, years = FEATURED[number]
            age_days = years * 365 + rng.randint(20, 340)
        else:
            sex = rng.choice(("female", "male"))
            given, family, latin, language = rng.choice(GIVEN[sex]), rng.choice(FAMILY), "", rng.choice(LANGUAGES)
            if rng.random() < 0.08:
                family = f"{family}-{rng.choice(FAMILY)}"
            age_days = int(
                rng.triangular(60, 365 * 16, 365 * 3) if rng.random() < CHILDREN else rng.triangular(*ADULT_DAYS)
            )
        mailbox = f"{_ascii(latin or given)}.{_ascii(family) or 'x'}{number}"
        people.append(
            Person(
                given_name=given,
                family_name=family,
                name_latin=latin,
                language=language,
                sex=sex,
                birth_date=today - dt.timedelta(days=age_days),
                phone=_phone(number),
                email=f"{mailbox}@example.org" if rng.random() < 0.7 else "",
                address=f"{rng.randint(1, 180)} {rng.choice(STREETS)}",
            )
        )
    return people


def _phone(number: int) -> str:
    if number < len(AREA_CODES) * 100:
        return f"+1{AREA_CODES[number // 100]}55501{number % 100:02d}"
    return f"+1{AREA_CODES[number % len(AREA_CODES)]}{200 + number // 10_000 % 700}{number % 10_000:04d}"


def _ascii(text: str) -> str:
    first = text.split(" ", maxsplit=1)[0].split("-", maxsplit=1)[0].lower()
    return "".join(c for c in unicodedata.normalize("NFKD", first) if c.isascii() and c.isalpha())
