"""The default texts in English."""

from apps.notifications.defaults.texts import Texts

_SIGNATURE = """

{{ clinic.name }}{% if clinic.phone != "" %}
{{ clinic.phone }}{% endif %}"""
_WHERE = """{{ appointment.location }}{% if appointment.address != "" %}
{{ appointment.address }}{% endif %}"""
_INSTRUCTIONS = """{% if appointment.instructions != "" %}

{{ appointment.instructions }}{% endif %}"""

TEXTS: dict[str, Texts] = {
    "appointment-booked": Texts(
        whatsapp="Hello {{ patient.first_name }}, you are booked with {{ appointment.practitioner }} on {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }}.\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "To change or cancel it: {{ appointment.link }}\nOr just write to us here.",
        sms="{{ clinic.name }}: {{ patient.first_name }}, you are booked on {{ appointment.weekday }}, {{ appointment.date }} "
        "at {{ appointment.time }} with {{ appointment.practitioner }}, {{ appointment.location }}. "
        "Change or cancel: {{ appointment.link }} Reply STOP to opt out.",
        subject="Your appointment is booked",
        email="Hello {{ patient.first_name }},\n\nyou are booked with {{ appointment.practitioner }} on {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }}.\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "The invitation in this e-mail puts it into your calendar. To change or cancel it: {{ appointment.link }}\n"
        "Or call us, or write to us on WhatsApp." + _SIGNATURE,
    ),
    "appointment-reminder": Texts(
        whatsapp="Hello {{ patient.first_name }}, a reminder of your visit with {{ appointment.practitioner }} on "
        "{{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }}, {{ appointment.location }}.\n\n"
        "Reply YES to confirm, or tell us if you need another time. You can do both here, too: {{ appointment.link }}",
        sms="{{ clinic.name }}: your visit is on {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }}, "
        "{{ appointment.location }}. Reply YES to confirm, or change it here: {{ appointment.link }}",
        subject="A reminder of your appointment",
        email="Hello {{ patient.first_name }},\n\na reminder of your visit with {{ appointment.practitioner }} on "
        "{{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }}.\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "To confirm, change or cancel it: {{ appointment.link }}\n\n"
        "If you need another time, please let us know soon, so that somebody else can have this one." + _SIGNATURE,
    ),
    "appointment-reminder-soon": Texts(
        whatsapp="Hello {{ patient.first_name }}, we look forward to seeing you on {{ appointment.weekday }} at "
        "{{ appointment.time }}.\n\n" + _WHERE + "\n\nIf you are running late, write to us here.",
        sms="{{ clinic.name }}: see you on {{ appointment.weekday }} at {{ appointment.time }}, {{ appointment.location }}. "
        "If you are running late, reply here.",
        subject="Your appointment is soon",
        email="Hello {{ patient.first_name }},\n\nwe look forward to seeing you on {{ appointment.weekday }} at "
        "{{ appointment.time }}.\n\n" + _WHERE + _SIGNATURE,
    ),
    "appointment-rescheduled": Texts(
        whatsapp="Hello {{ patient.first_name }}, your visit has a new time: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} with {{ appointment.practitioner }}.\n\n" + _WHERE + "\n\n"
        "If this does not suit you, just write to us here, or change it: {{ appointment.link }}",
        sms="{{ clinic.name }}: your visit has a new time: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }}, {{ appointment.location }}. If this does not suit you: {{ appointment.link }}",
        subject="Your appointment has a new time",
        email="Hello {{ patient.first_name }},\n\nyour visit has a new time: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} with {{ appointment.practitioner }}.\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "The invitation in this e-mail moves it in your calendar. If the new time does not suit you, change it here: "
        "{{ appointment.link }}" + _SIGNATURE,
    ),
    "appointment-cancelled": Texts(
        whatsapp="Hello {{ patient.first_name }}, your visit on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} is cancelled. Write to us here whenever you would like a new time.",
        sms="{{ clinic.name }}: your visit on {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }} is "
        "cancelled. Reply here whenever you would like a new time.",
        subject="Your appointment is cancelled",
        email="Hello {{ patient.first_name }},\n\nyour visit on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} is cancelled.\n\nCall us or write to us whenever you would like a new time."
        + _SIGNATURE,
    ),
    "series-booked": Texts(
        whatsapp="Hello {{ patient.first_name }}, {{ series.count }} visits are booked for you with "
        "{{ appointment.practitioner }}:\n\n{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "If one of them does not suit you, just write to us here.",
        sms="{{ clinic.name }}: {{ series.count }} visits are booked for you. The next one is on {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }}, {{ appointment.location }}. Reply STOP to opt out.",
        subject="Your appointments are booked",
        email="Hello {{ patient.first_name }},\n\n{{ series.count }} visits are booked for you with "
        "{{ appointment.practitioner }}:\n\n{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "The invitation in this e-mail puts all of them into your calendar. If one does not suit you, please let us know."
        + _SIGNATURE,
    ),
    "series-changed": Texts(
        whatsapp="Hello {{ patient.first_name }}, your visits have new times:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + "\n\n"
        "If one of them does not suit you, just write to us here.",
        sms="{{ clinic.name }}: your visits have new times. The next one is on {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }}, {{ appointment.location }}. If this does not suit you, reply here.",
        subject="Your appointments have new times",
        email="Hello {{ patient.first_name }},\n\nyour visits have new times:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "The invitation in this e-mail moves them in your calendar. If one does not suit you, please let us know."
        + _SIGNATURE,
    ),
    "series-cancelled": Texts(
        whatsapp="Hello {{ patient.first_name }}, we have cancelled visits of your series."
        '{% if series.count != "0" %} These remain:\n\n{{ series.dates }}{% else %} None of them is left.{% endif %}\n\n'
        "Write to us here whenever you would like a new time.",
        sms="{{ clinic.name }}: we have cancelled visits of your series, {{ series.count }} remain. Reply here whenever you "
        "would like a new time.",
        subject="Appointments are cancelled",
        email="Hello {{ patient.first_name }},\n\nwe have cancelled visits of your series."
        '{% if series.count != "0" %} These remain:\n\n{{ series.dates }}{% else %} None of them is left.{% endif %}\n\n'
        "Call us or write to us whenever you would like a new time." + _SIGNATURE,
    ),
    "appointment-choose-time": Texts(
        whatsapp="Hello {{ patient.first_name }}, we are sorry: your visit with {{ appointment.practitioner }} on "
        "{{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }} can’t take place then.\n\n"
        "Please write to us here which other day or time suits you, and we find you a new one.",
        sms="{{ clinic.name }}: we are sorry, your visit on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} can’t take place then. Please reply with another day or time that suits you.",
        subject="Please choose another time for your appointment",
        email="Hello {{ patient.first_name }},\n\nwe are sorry: your visit with {{ appointment.practitioner }} on "
        "{{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }} can’t take place then.\n\n"
        "Please call us, or write to us on WhatsApp, and tell us which other day or time suits you." + _SIGNATURE,
    ),
    "no-show": Texts(
        whatsapp="Hello {{ patient.first_name }}, we missed you on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }}. Write to us here whenever you would like a new time.",
        sms="{{ clinic.name }}: we missed you on {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }}. "
        "Reply here whenever you would like a new time.",
        subject="We missed you",
        email="Hello {{ patient.first_name }},\n\nwe missed you on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }}.\n\nCall us or write to us whenever you would like a new time." + _SIGNATURE,
    ),
    "follow-up": Texts(
        whatsapp="Hello {{ patient.first_name }}, thank you for your visit. How are you doing? If you have a question, write to us "
        "here and the team will answer during opening hours.\n\nIf it is urgent, call your local emergency number.",
        sms="{{ clinic.name }}: thank you for your visit. If you have a question, reply here and the team will answer during "
        "opening hours. If it is urgent, call your local emergency number.",
        subject="After your visit",
        email="Hello {{ patient.first_name }},\n\nthank you for your visit. How are you doing? If you have a question, call us or "
        "write to us on WhatsApp; the team answers during opening hours.\n\n"
        "If it is urgent, call your local emergency number." + _SIGNATURE,
    ),
    "welcome": Texts(
        whatsapp="Hello {{ patient.first_name }}, welcome to {{ clinic.name }}. Write to us here to book, move or cancel a visit.\n\n"
        "In an emergency, call your local emergency number: nobody watches this chat around the clock.",
        sms="{{ clinic.name }}: welcome, {{ patient.first_name }}. Reply here to book, move or cancel a visit. In an emergency, "
        "call your local emergency number. Reply STOP to opt out.",
        subject="Welcome",
        email="Hello {{ patient.first_name }},\n\nwelcome to {{ clinic.name }}. Write to us on WhatsApp, send us a text message or "
        "call us to book, move or cancel a visit.\n\nIn an emergency, call your local emergency number." + _SIGNATURE,
    ),
    "waitlist-offer": Texts(
        whatsapp="Hello {{ patient.first_name }}, a time got free that you are waiting for: {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }} with {{ appointment.practitioner }}, {{ appointment.location }}.\n\n"
        "We keep it for you until {{ offer.until }}. Reply YES to take it, or NO to stay on the list for another time.",
        sms="{{ clinic.name }}: a time got free: {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }} with "
        "{{ appointment.practitioner }}, {{ appointment.location }}. We keep it for you until {{ offer.until }}. "
        "Reply YES to take it or NO to wait for another.",
        subject="A time got free",
        email="Hello {{ patient.first_name }},\n\na time got free that you are waiting for: {{ appointment.weekday }}, "
        "{{ appointment.date }} at {{ appointment.time }} with {{ appointment.practitioner }}.\n\n" + _WHERE + "\n\n"
        "We keep it for you until {{ offer.until }}. Call us to take it." + _SIGNATURE,
    ),
    "waitlist-offer-move": Texts(
        whatsapp="Hello {{ patient.first_name }}, an earlier time got free: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} with {{ appointment.practitioner }}, {{ appointment.location }}. It would replace your visit of "
        "{{ offer.visit }}.\n\n"
        "We keep it for you until {{ offer.until }}. Reply YES to take it, or NO to keep your visit as it is.",
        sms="{{ clinic.name }}: an earlier time got free: {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }} "
        "with {{ appointment.practitioner }}, {{ appointment.location }}, instead of {{ offer.visit }}. We keep it until "
        "{{ offer.until }}. Reply YES to take it or NO to keep your visit.",
        subject="An earlier time got free",
        email="Hello {{ patient.first_name }},\n\nan earlier time got free: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} with {{ appointment.practitioner }}. It would replace your visit of {{ offer.visit }}.\n\n"
        + _WHERE
        + "\n\n"
        "We keep it for you until {{ offer.until }}. Call us to take it." + _SIGNATURE,
    ),
    "waitlist-taken": Texts(
        whatsapp="Hello {{ patient.first_name }}, we are sorry: the time on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} that we offered you is not free any more. You stay on the waiting list, and we write to you "
        "about the next one.",
        sms="{{ clinic.name }}: we are sorry, the time on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} is not free any more. You stay on the waiting list; we write to you about the next one.",
        subject="The time we offered you",
        email="Hello {{ patient.first_name }},\n\nwe are sorry: the time on {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} that we offered you is not free any more. You stay on the waiting list, and we write to you "
        "about the next one." + _SIGNATURE,
    ),
}
