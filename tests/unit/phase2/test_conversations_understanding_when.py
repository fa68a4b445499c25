"""When patients want to come. "Now" is Tuesday 18 November 2025, 10:30 in New York."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from apps.conversations.understanding import When, parse_when
from apps.organizations.conventions import clock_text

NOW = datetime(2025, 11, 18, 10, 30, tzinfo=ZoneInfo("America/New_York"))
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def at(year: int, month: int, number: int, hour: int, minute: int) -> datetime:
    """Return a moment in New York."""
    return datetime(year, month, number, hour, minute, tzinfo=NOW.tzinfo)


def day(number: int, month: int = 11, year: int = 2025) -> tuple[date, date, None]:
    """Return one day as expected bounds."""
    return date(year, month, number), date(year, month, number), None


def named(number: int, weekday: int) -> tuple[date, date, set[int]]:
    """Return one day in November that was asked for by its weekday."""
    return date(2025, 11, number), date(2025, 11, number), {weekday}


def days(first: int, last: int, weekdays: set[int] | None = None) -> tuple[date, date, set[int] | None]:
    """Return a stretch of November."""
    return date(2025, 11, first), date(2025, 11, last), weekdays


def month(number: int, first: int, last: int, year: int = 2025) -> tuple[date, date, None]:
    """Return a stretch of another month."""
    return date(year, number, first), date(year, number, last), None


def only(*weekdays: int) -> tuple[None, None, set[int]]:
    """Return weekdays without dates."""
    return None, None, set(weekdays)


NO_DAYS = (None, None, None)

DAYS_EN = [
    ("today", day(18)),
    ("Today please", day(18)),
    ("tomorrow", day(19)),
    ("tomorow", day(19)),
    ("tommorow", day(19)),
    ("tmrw", day(19)),
    ("2moro", day(19)),
    ("can I come tomorrow?", day(19)),
    ("day after tomorrow", day(20)),
    ("the day after tomorrow", day(20)),
    ("friday", named(21, FRI)),
    ("Friday", named(21, FRI)),
    ("on friday", named(21, FRI)),
    ("firday", named(21, FRI)),
    ("wensday", named(19, WED)),
    ("thrusday", named(20, THU)),
    ("saterday", named(22, SAT)),
    ("sunday works for me", named(23, SUN)),
    ("mon", named(24, MON)),
    ("this friday", day(21)),
    ("this coming friday", day(21)),
    ("next friday", day(28)),
    ("next tuesday", day(25)),
    ("next wednesday", day(26)),
    ("friday next week", named(28, FRI)),
    ("next week friday", named(28, FRI)),
    ("next week on tuesday", named(25, TUE)),
    ("tuesday", (date(2025, 11, 18), date(2025, 11, 25), {TUE})),
    ("monday or wednesday", days(19, 24, {MON, WED})),
    ("wed or thurs", days(19, 20, {WED, THU})),
    ("tomorrow or friday", days(19, 21, {WED, FRI})),
    ("today or tomorrow", days(18, 19)),
    ("25 nov", day(25)),
    ("nov 25", day(25)),
    ("Nov 25th", day(25)),
    ("25th november", day(25)),
    ("the 25th of november", day(25)),
    ("november 25, 2025", day(25)),
    ("25nov", day(25)),
    ("11/25", day(25)),
    ("11/25/2025", day(25)),
    ("11/25/25", day(25)),
    ("25/11", day(25)),
    ("2025-11-25", day(25)),
    ("25.11.", day(25)),
    ("25.11.2025", day(25)),
    ("the 25th", day(25)),
    ("25th", day(25)),
    ("on the 3rd", day(3, 12)),
    ("the 31st", day(31, 12)),
    ("friday the 28th", day(28)),
    ("friday 28", day(28)),
    ("friday nov 28", day(28)),
    ("fri, 28 nov", day(28)),
    ("jan 3", day(3, 1, 2026)),
    ("may 5", day(5, 5, 2026)),
    ("5 may", day(5, 5, 2026)),
    ("march 3rd", day(3, 3, 2026)),
    ("next week", days(24, 30)),
    ("this week", days(18, 23)),
    ("early next week", days(24, 25)),
    ("end of next week", days(27, 28)),
    ("later this week", days(20, 21)),
    ("in 3 days", day(21)),
    ("in three days", day(21)),
    ("3 days from now", day(21)),
    ("I need to see a doctor in 2 days", day(20)),
    ("in a week", day(25)),
    ("a week from now", day(25)),
    ("in two weeks", month(12, 2, 8)),
    ("within 3 days", days(18, 21)),
    ("in the next 3 days", days(18, 21)),
    ("in the next few days", days(18, 21)),
    ("weekend", days(22, 23)),
    ("this weekend", days(22, 23)),
    ("next weekend", days(29, 30)),
    ("on weekends", only(SAT, SUN)),
    ("weekdays", only(MON, TUE, WED, THU, FRI)),
    ("monday to friday", only(MON, TUE, WED, THU, FRI)),
    ("any friday", only(FRI)),
    ("fridays", only(FRI)),
    ("mondays or thursdays", only(MON, THU)),
    ("wednesday to friday", days(19, 21, {WED, THU, FRI})),
    ("between thursday and saturday", days(20, 22, {THU, FRI, SAT})),
    ("from 24 nov to 28 nov", days(24, 28)),
    ("not monday", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("any day but friday", only(MON, TUE, WED, THU, SAT, SUN)),
    ("any day except friday", only(MON, TUE, WED, THU, SAT, SUN)),
    ("anything but monday", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("can't do mondays", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("monday doesn't work", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("not monday or tuesday", only(WED, THU, FRI, SAT, SUN)),
    ("next week but not monday", days(24, 30, {TUE, WED, THU, FRI, SAT, SUN})),
    ("not today", (date(2025, 11, 19), None, None)),
    ("not this week", (date(2025, 11, 24), None, None)),
    ("after the 25th", (date(2025, 11, 26), None, None)),
    ("from monday", (date(2025, 11, 24), None, None)),
    ("before friday", days(18, 20)),
    ("by friday", days(18, 21)),
    ("until nov 28", days(18, 28)),
    ("in december", month(12, 1, 31)),
    ("early december", month(12, 1, 10)),
    ("next month", month(12, 1, 31)),
    ("end of the month", days(21, 30)),
    ("december", month(12, 1, 31)),
    ("december first", day(1, 12)),
    ("first of december", day(1, 12)),
    ("first week of december", month(12, 1, 7)),
    ("in the second week of december", month(12, 8, 14)),
    ("last week of november", days(24, 30)),
    ("first monday of december", day(1, 12)),
    ("mid december", month(12, 11, 20)),
    ("nov 24-28", days(24, 28)),
    ("24-28 nov", days(24, 28)),
    ("24th to 28th nov", days(24, 28)),
    ("between 24 and 28 november", days(24, 28)),
    ("mon-wed", days(18, 19, {MON, TUE, WED})),
    ("the week of nov 24", days(24, 30)),
    ("the following week", days(24, 30)),
    ("week after next", month(12, 1, 7)),
    ("a week from friday", day(28)),
    ("friday week", day(28)),
    ("two weeks from today", month(12, 2, 8)),
    ("in a couple of days", day(20)),
    ("in a few days", day(21)),
    ("i'm free wednesday and thursday", days(19, 20, {WED, THU})),
    ("any day next week except wednesday", days(24, 30, {MON, TUE, THU, FRI, SAT, SUN})),
    ("next month on a monday", (date(2025, 12, 1), date(2025, 12, 31), {MON})),
    ("tomorrow not today", day(19)),
    ("monday no, tuesday yes", (date(2025, 11, 18), date(2025, 11, 25), {TUE})),
    ("sat or sun", days(22, 23, {SAT, SUN})),
    ("24. November", day(24)),
    ("Nov. 24", day(24)),
    ("monday the 24th", day(24)),
]

DAYS_ES = [
    ("hoy", day(18)),
    ("mañana", day(19)),
    ("manana", day(19)),
    ("Mañana por favor", day(19)),
    ("pasado mañana", day(20)),
    ("viernes", named(21, FRI)),
    ("el viernes", named(21, FRI)),
    ("el miercoles", named(19, WED)),
    ("sabado", named(22, SAT)),
    ("este viernes", day(21)),
    ("el próximo viernes", day(21)),
    ("el viernes que viene", day(21)),
    ("el próximo martes", day(25)),
    ("lunes o miércoles", days(19, 24, {MON, WED})),
    ("el 25", day(25)),
    ("el día 25", day(25)),
    ("25 de noviembre", day(25)),
    ("el 25 de noviembre de 2025", day(25)),
    ("25/11", day(25)),
    ("25-11-2025", day(25)),
    ("3 de enero", day(3, 1, 2026)),
    ("viernes 28", day(28)),
    ("la próxima semana", days(24, 30)),
    ("la semana que viene", days(24, 30)),
    ("esta semana", days(18, 23)),
    ("el martes de la próxima semana", named(25, TUE)),
    ("en 3 días", day(21)),
    ("dentro de tres días", day(21)),
    ("en una semana", day(25)),
    ("fin de semana", days(22, 23)),
    ("el fin de semana", days(22, 23)),
    ("entre semana", only(MON, TUE, WED, THU, FRI)),
    ("de lunes a viernes", only(MON, TUE, WED, THU, FRI)),
    ("los viernes", only(FRI)),
    ("cualquier lunes", only(MON)),
    ("menos el lunes", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("cualquier día menos el viernes", only(MON, TUE, WED, THU, SAT, SUN)),
    ("el lunes no puedo", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("a partir del lunes", (date(2025, 11, 24), None, None)),
    ("hasta el viernes", days(18, 21)),
    ("antes del viernes", days(18, 20)),
    ("después del 25", (date(2025, 11, 26), None, None)),
    ("en diciembre", month(12, 1, 31)),
    ("a finales de mes", days(21, 30)),
    ("a principios de diciembre", month(12, 1, 10)),
    ("tengo fiebre desde el lunes, puedo ir mañana", day(19)),
    ("necesito ver al doctor en 2 días", day(20)),
    ("la otra semana", days(24, 30)),
    ("la semana del 24", days(24, 30)),
    ("de aquí a 8 días", day(26)),
    ("el primer lunes de diciembre", day(1, 12)),
    ("del 24 al 28 de noviembre", days(24, 28)),
    ("lunes 24 de noviembre", day(24)),
    ("los martes o jueves", only(TUE, THU)),
    ("entre el lunes y el miércoles", days(18, 19, {MON, TUE, WED})),
    ("1ro de diciembre", day(1, 12)),
    ("primero de diciembre", day(1, 12)),
    ("en un par de días", day(20)),
    ("mañana no puedo", (date(2025, 11, 20), None, None)),
    ("el lunes no, el martes sí", (date(2025, 11, 18), date(2025, 11, 25), {TUE})),
]

DAYS_HI = [
    ("aaj", day(18)),
    ("kal", day(19)),
    ("Kal aa sakta hu", day(19)),
    ("parson", day(20)),
    ("parso", day(20)),
    ("आज", day(18)),
    ("कल", day(19)),
    ("परसों", day(20)),
    ("somvar", named(24, MON)),
    ("somvar ko", named(24, MON)),
    ("shukrawar", named(21, FRI)),
    ("friday ko", named(21, FRI)),
    ("सोमवार को", named(24, MON)),
    ("रविवार", named(23, SUN)),
    ("agle hafte", days(24, 30)),
    ("अगले हफ्ते", days(24, 30)),
    ("is hafte", days(18, 23)),
    ("agle somvar", day(24)),
    ("do din baad", day(20)),
    ("3 din baad", day(21)),
    ("teen din ke baad", day(21)),
    ("दो दिन बाद", day(20)),
    ("ek hafte baad", day(25)),
    ("25 tareekh", day(25)),
    ("25 तारीख को", day(25)),
    ("२५ नवंबर", day(25)),
    ("25 november ko", day(25)),
    ("somvar ko nahi", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("somvar chhodkar", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("shukravar ke baad", (date(2025, 11, 22), None, None)),
    ("somvar se", (date(2025, 11, 24), None, None)),
    ("shukravar tak", days(18, 21)),
    ("somvar se shukravar", only(MON, TUE, WED, THU, FRI)),
    ("somvar ya budhvar", days(19, 24, {MON, WED})),
    ("weekend pe", days(22, 23)),
    ("mujhe kal doctor se milna hai", day(19)),
    ("kal ya parso", days(19, 20)),
    ("kal nahi parson", day(20)),
    ("agle mahine", month(12, 1, 31)),
    ("agle mahine ki 5 tarikh", day(5, 12)),
    ("mahine ke ant mein", days(21, 30)),
    ("is shanivar", day(22)),
    ("pachis tarikh", day(25)),
    ("mangalvar nahi", only(MON, WED, THU, FRI, SAT, SUN)),
    ("सोमवार को नहीं", only(TUE, WED, THU, FRI, SAT, SUN)),
    ("शनिवार या रविवार", days(22, 23, {SAT, SUN})),
    ("अगले महीने", month(12, 1, 31)),
]

HOURS = [
    ("en", "after 5", (time(17), None)),
    ("en", "after 5pm", (time(17), None)),
    ("en", "aftr 5", (time(17), None)),
    ("en", "after 10", (time(10), None)),
    ("en", "5 or later", (time(17), None)),
    ("en", "from 3 onwards", (time(15), None)),
    ("en", "3pm onwards", (time(15), None)),
    ("en", "no earlier than 3", (time(15), None)),
    ("en", "not before 10", (time(10), None)),
    ("en", "before 10", (None, time(10))),
    ("en", "before noon", (None, time(12))),
    ("en", "until 4", (None, time(16))),
    ("en", "no later than 5", (None, time(17))),
    ("en", "between 2 and 4", (time(14), time(16))),
    ("en", "from 2 to 4", (time(14), time(16))),
    ("en", "2-4pm", (time(14), time(16))),
    ("en", "10-12", (time(10), time(12))),
    ("en", "10am to 2pm", (time(10), time(14))),
    ("en", "9 to 5", (time(9), time(17))),
    ("en", "8-10 pm", (time(20), time(22))),
    ("en", "11-1pm", (time(11), time(13))),
    ("en", "after 2 before 5", (time(14), time(17))),
    ("en", "at 5", (time(17), time(18))),
    ("en", "5pm", (time(17), time(18))),
    ("en", "5 p.m.", (time(17), time(18))),
    ("en", "5:30", (time(17, 30), time(18, 30))),
    ("en", "5.30pm", (time(17, 30), time(18, 30))),
    ("en", "17:30", (time(17, 30), time(18, 30))),
    ("en", "at 1730", (time(17, 30), time(18, 30))),
    ("en", "9:15 am", (time(9, 15), time(10, 15))),
    ("en", "9 o'clock", (time(9), time(10))),
    ("en", "half past 4", (time(16, 30), time(17, 30))),
    ("en", "quarter to 5", (time(16, 45), time(17, 45))),
    ("en", "quarter past nine", (time(9, 15), time(10, 15))),
    ("en", "12pm", (time(12), time(13))),
    ("en", "at noon", (time(12), time(13))),
    ("en", "around 3", (time(14), time(16))),
    ("en", "3ish", (time(14), time(16))),
    ("en", "7 in the evening", (time(19), time(20))),
    ("en", "7 in the morning", (time(7), time(8))),
    ("en", "morning", (None, time(12))),
    ("en", "in the morning", (None, time(12))),
    ("en", "mornings only", (None, time(12))),
    ("en", "early morning", (None, time(10))),
    ("en", "late morning", (time(10), time(12))),
    ("en", "afternoon", (time(12), time(18))),
    ("en", "late afternoon", (time(15), time(18))),
    ("en", "evening", (time(17), None)),
    ("en", "after work", (time(17), None)),
    ("en", "after school", (time(15), None)),
    ("en", "lunch time", (time(12), time(14))),
    ("en", "not in the morning", (time(12), None)),
    ("en", "morning or afternoon", (None, time(18))),
    ("en", "4-ish", (time(15), time(17))),
    ("en", "at 4 or 5", (time(16), time(18))),
    ("en", "4 or 5pm", (time(16), time(18))),
    ("en", "I work until 5", (time(17), None)),
    ("en", "I get off work at 5", (time(17), None)),
    ("en", "school ends at 3", (time(15), None)),
    ("en", "1500 hrs", (time(15), time(16))),
    ("en", "15.30", (time(15, 30), time(16, 30))),
    ("en", "3.30", (time(15, 30), time(16, 30))),
    ("en", "only after 6pm", (time(18), None)),
    ("es", "a última hora", (time(15), time(18))),
    ("es", "de 4 a 6 de la tarde", (time(16), time(18))),
    ("es", "trabajo hasta las 5", (time(17), None)),
    ("es", "por la mañana no", (time(12), None)),
    ("es", "15 hrs", (time(15), time(16))),
    ("hi", "sawa 4 baje", (time(16, 15), time(17, 15))),
    ("hi", "paune 5 baje", (time(16, 45), time(17, 45))),
    ("hi", "dhai baje", (time(14, 30), time(15, 30))),
    ("hi", "4 aur 6 baje ke beech", (time(16), time(18))),
    ("hi", "shaam 5 se 7", (time(17), time(19))),
    ("hi", "subah 9 se 12", (time(9), time(12))),
    ("hi", "dopahar se pehle", (None, time(12))),
    ("hi", "office ke baad", (time(17), None)),
    ("hi", "सुबह 9 से 12 के बीच", (time(9), time(12))),
    ("es", "después de las 5", (time(17), None)),
    ("es", "despues de las 5 pm", (time(17), None)),
    ("es", "a partir de las 4", (time(16), None)),
    ("es", "desde las 3", (time(15), None)),
    ("es", "antes de las 10", (None, time(10))),
    ("es", "antes del mediodía", (None, time(12))),
    ("es", "hasta las 4", (None, time(16))),
    ("es", "entre las 2 y las 4", (time(14), time(16))),
    ("es", "de 2 a 4", (time(14), time(16))),
    ("es", "de 9 a 11 de la mañana", (time(9), time(11))),
    ("es", "a las 5", (time(17), time(18))),
    ("es", "a las 5 de la tarde", (time(17), time(18))),
    ("es", "a las 9 de la mañana", (time(9), time(10))),
    ("es", "a las 8 de la noche", (time(20), time(21))),
    ("es", "a las cinco y media", (time(17, 30), time(18, 30))),
    ("es", "6 menos cuarto", (time(17, 45), time(18, 45))),
    ("es", "a la una", (time(13), time(14))),
    ("es", "17h", (time(17), time(18))),
    ("es", "sobre las 5", (time(16), time(18))),
    ("es", "por la mañana", (None, time(12))),
    ("es", "en la mañana", (None, time(12))),
    ("es", "por la tarde", (time(12), time(20))),
    ("es", "en la tarde", (time(12), time(20))),
    ("es", "por la noche", (time(18), None)),
    ("es", "al mediodía", (time(12), time(14))),
    ("es", "no por la mañana", (time(12), None)),
    ("es", "temprano", (None, time(10))),
    ("hi", "5 baje", (time(17), time(18))),
    ("hi", "5 baje ke baad", (time(17), None)),
    ("hi", "5 baje se pehle", (None, time(17))),
    ("hi", "5 baje tak", (None, time(17))),
    ("hi", "2 se 4 baje", (time(14), time(16))),
    ("hi", "do baje", (time(14), time(15))),
    ("hi", "saadhe paanch baje", (time(17, 30), time(18, 30))),
    ("hi", "subah", (None, time(12))),
    ("hi", "subah 10 baje", (time(10), time(11))),
    ("hi", "shaam 7 baje", (time(19), time(20))),
    ("hi", "dopahar", (time(12), time(16))),
    ("hi", "shaam ko", (time(16), None)),
    ("hi", "सुबह", (None, time(12))),
    ("hi", "शाम को", (time(16), None)),
    ("hi", "शाम 5 बजे के बाद", (time(17), None)),
    ("hi", "10 बजे", (time(10), time(11))),
    ("hi", "after 5", (time(17), None)),
]

COMBINED = [
    ("en", "friday after 5", named(21, FRI), (time(17), None)),
    ("en", "tomorrow afternoon", day(19), (time(12), time(18))),
    ("en", "tomorow at 5", day(19), (time(17), time(18))),
    ("en", "tomorrow at 9am please", day(19), (time(9), time(10))),
    ("en", "tomorrow 2-4", day(19), (time(14), time(16))),
    ("en", "tomorrow 5", day(19), (time(17), time(18))),
    ("en", "tonight", day(18), (time(17), None)),
    ("en", "this afternoon", day(18), (time(12), time(18))),
    ("en", "next tuesday morning", day(25), (None, time(12))),
    ("en", "monday mornings", named(24, MON), (None, time(12))),
    ("en", "mondays after 4", only(MON), (time(16), None)),
    ("en", "friday at noon", named(21, FRI), (time(12), time(13))),
    ("en", "10 a.m. on thursday", named(20, THU), (time(10), time(11))),
    ("en", "25 nov at 3:30pm", day(25), (time(15, 30), time(16, 30))),
    ("en", "nov 25 3pm", day(25), (time(15), time(16))),
    ("en", "first thing tomorrow", day(19), (None, time(10))),
    (
        "en",
        "monday morning or tuesday afternoon",
        (date(2025, 11, 18), date(2025, 11, 25), {MON, TUE}),
        (None, time(18)),
    ),
    ("en", "friday or saturday after 3", days(21, 22, {FRI, SAT}), (time(15), None)),
    ("en", "next week in the evening", days(24, 30), (time(17), None)),
    ("en", "weekday evenings", only(MON, TUE, WED, THU, FRI), (time(17), None)),
    ("en", "in 2 hours", day(18), (time(12, 30), None)),
    ("en", "I've had a fever since yesterday, can I come tomorrow morning?", day(19), (None, time(12))),
    ("en", "I fell last friday, need an appointment tomorrow", day(19), (None, None)),
    ("en", "good morning, is friday afternoon possible?", named(21, FRI), (time(12), time(18))),
    ("en", "anytime next week after 4", days(24, 30), (time(16), None)),
    ("es", "el viernes después de las 5", named(21, FRI), (time(17), None)),
    ("es", "mañana por la tarde", day(19), (time(12), time(20))),
    ("es", "mañana por la mañana", day(19), (None, time(12))),
    ("es", "mañana a las 10", day(19), (time(10), time(11))),
    ("es", "mañana a las 10 de la mañana", day(19), (time(10), time(11))),
    ("es", "lunes mañana", named(24, MON), (None, time(12))),
    ("es", "el lunes por la mañana", named(24, MON), (None, time(12))),
    ("es", "esta tarde", day(18), (time(12), time(20))),
    ("es", "hoy por la tarde", day(18), (time(12), time(20))),
    ("es", "mañana temprano", day(19), (None, time(10))),
    ("es", "pasado mañana por la tarde", day(20), (time(12), time(20))),
    ("es", "el 25 a las 4", day(25), (time(16), time(17))),
    ("hi", "kal subah", day(19), (None, time(12))),
    ("hi", "kal shaam", day(19), (time(16), None)),
    ("hi", "कल शाम", day(19), (time(16), None)),
    ("hi", "kal shaam 5 baje ke baad", day(19), (time(17), None)),
    ("hi", "कल शाम 5 बजे के बाद", day(19), (time(17), None)),
    ("hi", "kal 3 baje", day(19), (time(15), time(16))),
    ("hi", "parson dopahar ko", day(20), (time(12), time(16))),
    ("hi", "aaj shaam", day(18), (time(16), None)),
    ("hi", "friday ko 4 baje", named(21, FRI), (time(16), time(17))),
    ("hi", "कल सुबह 10 बजे", day(19), (time(10), time(11))),
    ("hi", "agle hafte subah", days(24, 30), (None, time(12))),
    ("hi", "kal tomorrow morning", day(19), (None, time(12))),
]

ASAP = """
    en: asap
    en: ASAP please
    en: a.s.a.p.
    en: as soon as possible
    en: as early as possible
    en: earliest available
    en: the earliest
    en: first available
    en: next available slot
    en: now
    en: right away
    en: urgent
    en: the sooner the better
    en: soon
    es: lo antes posible
    es: cuanto antes
    es: lo más pronto posible
    es: urgente
    es: ahora mismo
    es: la primera cita disponible
    hi: jaldi se jaldi
    hi: jitni jaldi ho sake
    hi: turant
    hi: abhi
    hi: जल्द से जल्द
    hi: तुरंत
"""

ANY_TIME = """
    en: any time
    en: anytime
    en: whenever
    en: any day is fine
    en: I'm flexible
    en: no preference
    es: cualquier día
    es: cuando sea
    es: me da igual
    es: a cualquier hora
    hi: kabhi bhi
    hi: koi bhi din
    hi: कभी भी
"""

NOTHING = """
    en: I may come
    en: may I come in
    en: second opinion
    en: I have 2 kids
    en: 2
    en: hello
    en: good morning
    en: Good evening doctor
    en: I sat down
    en: for 3 days
    en: I've had a cough for 2 weeks
    en: 2 days ago
    en: since monday
    en: fever since last week
    en: pain since this morning
    en: my son is 5 years old
    en: feb 30
    en: March of Dimes
    en: the sun was bright
    en: not urgent
    en: my name is April
    en: room 112
    en: 555-123-4567
    en: Ana Lopez
    en: yes
    en: no
    en: my 2nd visit
    en: the second one
    en: I threw up last night
    en: I fell yesterday
    en: my knee hurts since last friday
    en: christmas eve
    es: me caí ayer y me duele
    en: take 2 pills
    es: hola buenos días
    es: buenas tardes
    es: hace 3 días
    es: desde ayer tengo fiebre
    es: tengo tos desde hace una semana
    es: más tarde
    es: llego tarde
    es: me duele la cabeza
    es: no sé
    hi: kal se bukhar hai
    hi: कल से बुखार है
    hi: do din se dard hai
    hi: 3 din pehle
    hi: namaste
    hi: mujhe doctor se milna hai
"""

PAST = [
    ("en", "yesterday", day(17)),
    ("en", "last monday", day(17)),
    ("en", "last friday", day(14)),
    ("en", "3 nov", day(3)),
    ("en", "nov 3", day(3)),
    ("en", "11/3", day(3)),
    ("en", "17 nov 2024", day(17, 11, 2024)),
    ("en", "june 1st", day(1, 6)),
    ("en", "today before 10", day(18)),
    ("en", "this morning before 9", day(18)),
    ("es", "ayer", day(17)),
    ("es", "el 3 de noviembre", day(3)),
    ("hi", "3 नवंबर", day(3)),
]


def _read(text: str, language: str, *, day_first: bool = False) -> When:
    wish = parse_when(text, now=NOW, language=language, day_first=day_first)
    assert wish is not None
    return wish


def _lines(block: str) -> list[tuple[str, str]]:
    return [(line[:2], line[4:]) for line in map(str.strip, block.strip().splitlines())]


def _bounds(wish: When | None) -> object:
    return None if wish is None else (wish.earliest, wish.latest, None if wish.weekdays is None else set(wish.weekdays))


@pytest.mark.parametrize(
    ("language", "table"), [("en", DAYS_EN), ("es", DAYS_ES), ("hi", DAYS_HI)], ids=["en", "es", "hi"]
)
def test_days_are_read(language: str, table: list[tuple[str, object]]) -> None:
    wishes = {text: parse_when(text, now=NOW, language=language, day_first=language != "en") for text, _ in table}

    assert {text: _bounds(wish) for text, wish in wishes.items()} == dict(table)


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_hours_are_read(language: str) -> None:
    expected = {text: (NO_DAYS, hours) for said_in, text, hours in HOURS if said_in == language}

    assert {text: _all_bounds(text, language) for text in expected} == expected


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_days_and_hours_are_read_together(language: str) -> None:
    expected = {text: (bounds, hours) for said_in, text, bounds, hours in COMBINED if said_in == language}

    assert {text: _all_bounds(text, language) for text in expected} == expected


def _all_bounds(text: str, language: str) -> object:
    wish = _read(text, language)
    return _bounds(wish), (wish.after, wish.before)


@pytest.mark.parametrize(("language", "text"), _lines(ASAP))
def test_as_soon_as_possible_is_understood(language: str, text: str) -> None:
    wish = _read(text, language)

    assert wish.asap
    assert _bounds(wish) == NO_DAYS


def test_as_soon_as_possible_keeps_the_other_wishes() -> None:
    wish = _read("as soon as possible but not monday, after 3", "en")

    assert wish.asap
    assert wish.weekdays == {TUE, WED, THU, FRI, SAT, SUN}
    assert wish.after == time(15)


@pytest.mark.parametrize(("language", "text"), _lines(ANY_TIME))
def test_any_time_is_a_wish_without_bounds(language: str, text: str) -> None:
    wish = _read(text, language)

    assert wish == When(text=wish.text)


@pytest.mark.parametrize("hour", range(5, 22))
@pytest.mark.parametrize(("language", "wrap"), [("en", "{}"), ("es", "a las {}"), ("hi", "{} बजे")])
def test_the_clock_is_understood_as_our_messages_write_it(language: str, wrap: str, hour: int) -> None:
    with translation.override(language):
        for country in ("US", "DE"):
            said = wrap.format(clock_text(at(2025, 11, 18, hour, 20), country=country))
            assert _read(said, language).after == time(hour, 20), said


def test_half_a_day_is_named_as_the_language_does() -> None:
    hours = (4, 11, 12, 15, 16, 19, 20, 0)
    with translation.override("hi"):
        said = [clock_text(at(2025, 11, 18, hour, 5), country="IN") for hour in hours]
        assert clock_text(at(2025, 11, 18, 16, 5), country="DE") == "16:05"
    assert said == [
        *("सुबह 4:05", "सुबह 11:05", "दोपहर 12:05", "दोपहर 3:05", "शाम 4:05", "शाम 7:05", "रात 8:05", "रात 12:05"),
    ]


def test_what_is_no_wish_about_time_gives_none() -> None:
    said = _lines(NOTHING)

    assert {(code, text): parse_when(text, now=NOW, language=code) for code, text in said} == dict.fromkeys(said)


@pytest.mark.parametrize(("language", "text", "bounds"), PAST)
def test_what_is_over_is_marked_as_past(language: str, text: str, bounds: object) -> None:
    wish = _read(text, language, day_first=language != "en")

    assert wish.past
    assert _bounds(wish) == bounds


def test_a_wish_ahead_is_not_past() -> None:
    assert not _read("today before 12", "en").past
    assert not _read("tomorrow", "en").past
    assert not _read("this week", "en").past


def test_the_order_of_day_and_month_follows_the_locale() -> None:
    assert _read("3/4", "en").earliest == date(2026, 3, 4)
    assert _read("3/4", "en", day_first=True).earliest == date(2026, 4, 3)


def test_only_understood_words_are_given_back() -> None:
    assert _read("Hi, could I maybe come on Friday after 5? My knee hurts", "en").text == "friday after 5"


@pytest.mark.parametrize(
    ("now", "text", "earliest", "latest"),
    [
        (at(2025, 12, 31, 9, 0), "tomorrow", date(2026, 1, 1), date(2026, 1, 1)),
        (at(2025, 12, 31, 9, 0), "next week", date(2026, 1, 5), date(2026, 1, 11)),
        (at(2025, 11, 22, 9, 0), "this weekend", date(2025, 11, 22), date(2025, 11, 23)),
        (at(2025, 11, 23, 9, 0), "weekend", date(2025, 11, 23), date(2025, 11, 23)),
        (at(2025, 11, 23, 9, 0), "next monday", date(2025, 11, 24), date(2025, 11, 24)),
        (at(2025, 11, 21, 9, 0), "friday", date(2025, 11, 21), date(2025, 11, 28)),
        (at(2025, 11, 21, 9, 0), "this friday", date(2025, 11, 21), date(2025, 11, 21)),
        (at(2025, 11, 21, 9, 0), "next friday", date(2025, 11, 28), date(2025, 11, 28)),
        (at(2024, 2, 28, 9, 0), "tomorrow", date(2024, 2, 29), date(2024, 2, 29)),
        (at(2025, 11, 18, 23, 30), "in 2 hours", date(2025, 11, 19), date(2025, 11, 19)),
        (at(2026, 3, 7, 9, 0), "tomorrow", date(2026, 3, 8), date(2026, 3, 8)),
        (at(2025, 1, 31, 9, 0), "the 30th", date(2025, 3, 30), date(2025, 3, 30)),
    ],
)  # fmt: skip
def test_edges_of_weeks_months_and_years_are_right(now: datetime, text: str, earliest: date, latest: date) -> None:
    wish = parse_when(text, now=now, language="en")

    assert wish is not None
    assert (wish.earliest, wish.latest) == (earliest, latest)
