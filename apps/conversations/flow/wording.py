"""Every sentence the bot says, in the active language. Short enough for an SMS, no patient's name, no reason of a visit.

Nobody is invited to answer CANCEL: on SMS, Twilio takes that word for STOP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from apps.conversations.flow.context import Offer
from apps.organizations.conventions import clock_text, writes_month_first

_EXAMPLE = dt.date(1978, 3, 14)

# What the contact is asked to reply; the parsers must understand each in its language (there is a test).
YES, NO, MORE, HUMAN = gettext_noop("YES"), gettext_noop("NO"), gettext_noop("MORE"), gettext_noop("HUMAN")
WAITING_LIST = gettext_noop("WAITING LIST")
CHANGE_VISIT, WHEN_IS_VISIT = gettext_noop("change my visit"), gettext_noop("when is my visit?")
WEEKDAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
)
MONTHS = (
    gettext_noop("January"),
    gettext_noop("February"),
    gettext_noop("March"),
    gettext_noop("April"),
    gettext_noop("May"),
    gettext_noop("June"),
    gettext_noop("July"),
    gettext_noop("August"),
    gettext_noop("September"),
    gettext_noop("October"),
    gettext_noop("November"),
    gettext_noop("December"),
)


# ── dates and times ───────────────────────────────────────────────────────────────────────────────────────────────────


def day(local: dt.date, *, country: str) -> str:
    """Return weekday, day and month as people of the language write them: `Tuesday, November 24`."""
    parts = {"weekday": _(WEEKDAYS[local.weekday()]), "month": _(MONTHS[local.month - 1]), "day": local.day}
    if writes_month_first(country):
        return pgettext("a date where the month comes first", "%(weekday)s, %(month)s %(day)d") % parts
    return pgettext("a date where the day comes first", "%(weekday)s, %(day)d %(month)s") % parts


def full_date(date: dt.date) -> str:
    """Return day, month in words and year."""
    return _("%(day)d %(month)s %(year)d") % {"day": date.day, "month": _(MONTHS[date.month - 1]), "year": date.year}


def when(offer: Offer, *, country: str) -> str:
    """Return day and time of an offered visit on the location's clock."""
    local = offer.local_start
    return _("%(day)s at %(time)s") % {"day": day(local, country=country), "time": clock_text(local, country=country)}


def visit(offer: Offer, *, country: str) -> str:
    """Return when, with whom and where."""
    return _("%(when)s with %(practitioner)s, %(location)s") % {
        "when": when(offer, country=country),
        "practitioner": offer.practitioner_name,
        "location": offer.location_name,
    }


# ── beginning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def hello(clinic: str) -> str:
    return _("Hello! This is the assistant of %(clinic)s. I can book, move or cancel a visit for you.") % {
        "clinic": clinic
    }


def start_again() -> str:
    return _("All right, let us start again.")


def begun_long_ago() -> str:
    return _("It has been a while, so let us start again.")


def ask_what() -> str:
    return _(
        "How can I help? For a new visit, tell me the reason. For one that is booked, write “%(change)s” or “%(when)s”."
    ) % {"change": _(CHANGE_VISIT), "when": _(WHEN_IS_VISIT)}


def you_are_welcome() -> str:
    return _("You are welcome. Write here whenever you need us.")


def all_right() -> str:
    return _("All right. Write here whenever you need us.")


def got_file() -> str:
    return _("Thank you, the clinic's staff can see what you sent.")


def can_not_listen() -> str:
    return _(
        "I cannot listen to voice messages. Please write it to me, or write %(human)s and a colleague will listen."
    ) % {"human": _(HUMAN)}


# ── who it is ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ask_name() -> str:
    return _("What is the full name of the person who needs the visit? First and last name, please.")


def ask_full_name() -> str:
    return _("What is your full name? First and last name, please.")


def name_unclear() -> str:
    return _("I could not read a name there. Please send the first and last name, for example: Ana García.")


def ask_last_name() -> str:
    return _("And the last name?")


def ask_first_name() -> str:
    return _("For whom is the visit? Please send me the first name.")


def ask_first_name_of(*, other: bool) -> str:
    return _("What is their first name, please?") if other else _("What is your first name, please?")


def ask_birth_date() -> str:
    return _("Thank you. What is the date of birth? For example: %(example)s.") % {"example": full_date(_EXAMPLE)}


def birth_date_unclear() -> str:
    return _("I could not read a date there. Please send day, month and year of birth, for example: %(example)s.") % {
        "example": full_date(_EXAMPLE)
    }


def which_birth_date(choices: Sequence[dt.date]) -> str:
    return _("Do you mean %(first)s or %(second)s? Please send the date with the month as a word.") % {
        "first": full_date(choices[0]),
        "second": full_date(choices[1]),
    }


def birth_date_does_not_fit() -> str:
    return _("I could not match that. Please check the date of birth and send it once more.")


# ── why and when ──────────────────────────────────────────────────────────────────────────────────────────────────────


def ask_reason(*, may_be_for_other: bool) -> str:
    question = _("What is the reason for the visit? A few words are enough.")
    hint = _("If it is for someone else, just say so.")
    return f"{question} {hint}" if may_be_for_other else question


def offers(found: Sequence[Offer], *, country: str) -> str:
    lines = [f"{number}. {visit(offer, country=country)}" for number, offer in enumerate(found, start=1)]
    return "\n".join(lines)


def times_are_free() -> str:
    return _("These times are free:")


def other_times() -> str:
    return _("Here are other free times:")


def nothing_then() -> str:
    return _("Nothing is free then. The nearest free times are:")


def nothing_earlier() -> str:
    return _("There is nothing earlier. These times are free:")


def not_with_them() -> str:
    return _("I find no free time with them. With others these times are free:")


def no_more_times() -> str:
    return _("Those were all the free times I have. Here they are once more:")


def just_taken() -> str:
    return _("I am sorry, that time was taken a moment ago. These are still free:")


def how_to_choose(count: int) -> str:
    texts = {
        1: _(
            "Reply 1 to take it, or tell me what suits you better, for example “Friday after 5”. Write %(more)s for other times."
        ),
        2: _(
            "Reply 1 or 2, or tell me what suits you better, for example “Friday after 5”. Write %(more)s for other times."
        ),
        3: _(
            "Reply 1, 2 or 3, or tell me what suits you better, for example “Friday after 5”. Write %(more)s for other times."
        ),
    }
    return texts[count] % {"more": _(MORE)}


def have_visit_then() -> str:
    return _("You already have a visit at that time. These times are free:")


def which_of_these() -> str:
    return _("Which of these do you mean?")


def ask_wish() -> str:
    return _("Which day or time suits you? For example “tomorrow afternoon”, “Friday after 5” or “next week”.")


def ask_booking(offer: Offer, *, country: str, minutes: int) -> str:
    return _(
        "%(visit)s. I keep this time for you for %(minutes)d minutes. Shall I book it? Reply %(yes)s or %(no)s."
    ) % {
        "visit": visit(offer, country=country),
        "minutes": minutes,
        **_answers(),
    }


def ask_moving(offer: Offer, *, country: str, minutes: int) -> str:
    return _(
        "%(visit)s. I keep this time for you for %(minutes)d minutes. Shall I move your visit there? Reply %(yes)s or %(no)s."
    ) % {
        "visit": visit(offer, country=country),
        "minutes": minutes,
        **_answers(),
    }


def booked(offer: Offer, *, country: str) -> str:
    return _("Your visit is booked: %(visit)s. The confirmation follows. If something changes, just write here.") % {
        "visit": visit(offer, country=country)
    }


def may_stop() -> str:
    return _("We send the confirmation and reminders to this number. Reply STOP if you do not want them.")


def moved(offer: Offer, *, country: str) -> str:
    return _("Your visit is moved: %(visit)s. The confirmation follows.") % {"visit": visit(offer, country=country)}


# ── a visit that is booked ────────────────────────────────────────────────────────────────────────────────────────────


def ask_cancelling(offer: Offer, *, country: str) -> str:
    return _("Your visit: %(visit)s. Shall I cancel it? Reply %(yes)s or %(no)s.") % {
        "visit": visit(offer, country=country),
        **_answers(),
    }


def cancelled(offer: Offer, *, country: str) -> str:
    return _("All right, your visit on %(when)s is cancelled. The confirmation follows.") % {
        "when": when(offer, country=country)
    }


def kept(offer: Offer, *, country: str) -> str:
    return _("All right, your visit on %(when)s stays as it is.") % {"when": when(offer, country=country)}


def confirmed(offer: Offer, *, country: str) -> str:
    return _("Thank you, your visit on %(when)s is confirmed.") % {"when": when(offer, country=country)}


def your_visit(offer: Offer, *, country: str) -> str:
    return _("Your next visit: %(visit)s.") % {"visit": visit(offer, country=country)}


def present_visit(offer: Offer, *, country: str) -> str:
    return _("Your visit now: %(visit)s.") % {"visit": visit(offer, country=country)}


def no_visit() -> str:
    return _("I find no coming visit. If you would like one, tell me the reason.")


def nothing_booked() -> str:
    return _("All right, I have not booked anything.")


def left_as_it_is() -> str:
    return _("All right, your visit stays as it is.")


# ── the waiting list ──────────────────────────────────────────────────────────────────────────────────────────────────


def may_wait() -> str:
    return _("If none of them suits, write %(list)s, and I write to you when a time gets free that does.") % {
        "list": _(WAITING_LIST)
    }


def ask_waiting() -> str:
    return (
        _(
            "I find no free time right now. Shall I put you on the waiting list? We write to you here as soon as a time gets free. Reply %(yes)s or %(no)s."
        )
        % _answers()
    )


def on_list(latest: dt.date, *, country: str) -> str:
    return _(
        "You are on the waiting list until %(day)s. As soon as a time gets free, we write to you here and keep it for you for a while."
    ) % {"day": day(latest, country=country)}


def off_list() -> str:
    return _("You are not on the waiting list any more.")


def not_on_list() -> str:
    return _("You are not on the waiting list.")


def offer_gone(*, is_waiting: bool) -> str:
    text = _("I am sorry, we could not keep that time any longer.")
    stays = _("You stay on the waiting list, and we write to you about the next one.")
    return f"{text} {stays}" if is_waiting else text


def offer_impossible() -> str:
    return _("I am sorry, that time cannot be booked any more. You stay on the waiting list.")


def stays_on_list() -> str:
    return _("All right. You stay on the waiting list, and we write to you when another time gets free.")


# ── staff, emergencies, keywords ──────────────────────────────────────────────────────────────────────────────────────


def not_understood() -> str:
    return _("Sorry, I did not understand that.")


def can_not_answer() -> str:
    return _("I cannot answer that myself. Write %(human)s, and a colleague will.") % {"human": _(HUMAN)}


def colleague_will_answer(phone: str) -> str:
    text = _("I am passing you on to a colleague, who will answer here as soon as possible.")
    return f"{text} {_call_us(phone)}" if phone else text


def colleague_will_check(phone: str) -> str:
    text = _("Thank you. A colleague will check this and answer here as soon as possible.")
    return f"{text} {_call_us(phone)}" if phone else text


def staff_know() -> str:
    return _("Thank you, I have told the front desk.")


def no_times(phone: str) -> str:
    text = _("I find no free time right now. A colleague will look for one and answer here.")
    return f"{text} {_call_us(phone)}" if phone else text


def something_failed(phone: str) -> str:
    text = _("I am sorry, something went wrong on our side. A colleague will go on with this here.")
    return f"{text} {_call_us(phone)}" if phone else text


def emergency(number: str) -> str:
    return _(
        "This may be an emergency. Call %(number)s now or go to the nearest emergency room. "
        "Do not wait for an answer here. I have alerted our staff."
    ) % {"number": number}


def self_harm(number: str) -> str:
    return _(
        "You are not alone, and help is there right now: call %(number)s, or go to the nearest emergency room. "
        "Do not wait for an answer here. I have alerted our staff."
    ) % {"number": number}


def stopped(clinic: str) -> str:
    return _("You will get no more messages from %(clinic)s here. Reply START to get them again.") % {"clinic": clinic}


def visit_stays(phone: str) -> str:
    return _("This does not cancel a visit: for that, please call %(phone)s.") % {"phone": phone} if phone else ""


def started(clinic: str) -> str:
    return _("You will get messages from %(clinic)s here again. Reply STOP to end them.") % {"clinic": clinic}


def how_to_stop() -> str:
    return _("If you want no more messages from us here, reply STOP.")


def about_us(clinic: str, phone: str) -> str:
    text = _("%(clinic)s: write here to book, move or cancel a visit. Reply STOP to end messages.") % {"clinic": clinic}
    number = _("Phone: %(phone)s.") % {"phone": phone}
    return f"{text} {number}" if phone else text


def _answers() -> dict[str, str]:
    return {"yes": _(YES), "no": _(NO)}


def _call_us(phone: str) -> str:
    return _("If you cannot wait, call %(phone)s.") % {"phone": phone}
