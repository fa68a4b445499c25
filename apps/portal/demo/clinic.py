"""The demo clinic's standing furniture: people who sign in, places, practitioners, types, channels."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from apps.appointments.models import Appointment, AppointmentType, PractitionerType, Status
from apps.appointments.services import keep_appointment
from apps.communications.models import Channel, ChannelAccount, Provider
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Location, Membership, Organization, User
from apps.organizations.permissions import Role
from apps.portal.demo.people import FAMILY, GIVEN
from apps.practitioners.models import Closure, Practitioner, Room, TimeOff, WeeklyHours
from apps.practitioners.services import add_time_off, keep_holidays, split_weekly_hours

PASSWORD = "demo-clinic"  # noqa: S105 - the public password of demo mode, which never leaves loopback
DEMO_TOKEN = "demo-twilio-token"  # noqa: S105 - the simulator's token, documented
SIGN_INS = [
    ("admin@demo.clinic", "Alex Moreno", Role.ADMIN),
    ("manager@demo.clinic", "Miriam Castell", Role.MANAGER),
    ("frontdesk@demo.clinic", "Beatriz Amaral", Role.FRONT_DESK),
    ("doctor@demo.clinic", "Amara Okonkwo", Role.CLINICIAN),
    ("auditor@demo.clinic", "Ingrid Sand", Role.AUDITOR),
]
# prefix, given, family, specialty, languages, colour, location index, room index, hours, types
PRACTITIONERS = [
    ("Dr", "Amara", "Okonkwo", "Family medicine", ["en"], "k1", 0, 0, ((8, 30), (12, 30), (13, 30), (17, 0)), "NCRM"),
    (
        "Dr",
        "Lucía",
        "Fernández-Ibáñez",
        "Women’s health",
        ["en", "es"],
        "k2",
        0,
        1,
        ((9, 0), (12, 30), (13, 0), (17, 30)),
        "NCRA",
    ),
    (
        "Dr",
        "Rohan",
        "Mehta",
        "Children and families",
        ["en", "hi"],
        "k3",
        1,
        0,
        ((9, 30), (13, 0), (13, 40), (18, 0)),
        "NCKV",
    ),
    ("", "Hannah", "Lindqvist", "Physiotherapy", ["en"], "k4", 1, 1, ((9, 0), (12, 30), (13, 0), (16, 30)), "P"),
]
# code, name, minutes, after, colour, online, keywords
TYPES = [
    ("N", "New patient", 30, 0, "k6", True, "new,first,register,nuevo,primera"),
    ("C", "Consultation", 20, 0, "k1", True, "throat,cough,fever,pain,rash,dolor,fiebre,tos,garganta,दर्द,बुखार,खांसी"),
    ("R", "Review", 20, 0, "k2", True, "review,follow-up,results,blood pressure,diabetes,revisión,resultados,जांच"),
    ("M", "Medication review", 20, 0, "k2", True, "medication,prescription,receta,medicamento,दवा"),
    ("A", "Antenatal visit", 30, 0, "k3", True, "pregnant,antenatal,embarazo,गर्भ"),
    ("K", "Well-child check", 20, 0, "k3", True, "child,baby,son,daughter,hijo,hija,bebé,niño,बच्चा,बेटा,बेटी"),
    ("V", "Vaccination", 20, 0, "k3", True, "vaccine,vaccination,flu shot,vacuna,टीका"),
    ("P", "Physiotherapy", 30, 10, "k4", True, "physio,knee,back,shoulder,rodilla,espalda,hombro,घुटना,पीठ"),
    ("X", "Minor procedure", 40, 10, "k5", False, "procedure,mole,stitches,lunar,puntos"),
]
# code → (words, youngest, oldest in years)
REASONS: dict[str, list[tuple[str, float, float]]] = {
    "N": [("First visit", 0, 120), ("New to the area", 1, 120), ("Registration and check-up", 0, 120)],
    "C": [
        ("Sore throat for a week", 2, 120),
        ("Headaches", 8, 120),
        ("Chest infection", 0, 120),
        ("Skin rash", 0, 120),
        ("Stomach pain", 3, 120),
        ("Tired all the time", 14, 120),
    ],
    "R": [
        ("Blood pressure review", 35, 120),
        ("Diabetes review, bloods", 30, 120),
        ("Test results", 16, 120),
        ("Asthma review", 16, 120),
    ],
    "M": [("Medication review", 30, 120), ("Repeat prescription", 18, 120)],
    "A": [("Antenatal visit", 19, 43)],
    "K": [("8-month check", 0.6, 0.8), ("2-year check", 1.9, 2.5), ("Growth check", 0.1, 12)],
    "V": [("Vaccination, age 4", 4, 5), ("Flu vaccine", 1, 120), ("Travel vaccines", 3, 120)],
    "P": [
        ("Physio, knee", 12, 120),
        ("Physio, shoulder", 12, 120),
        ("Physio, back", 16, 120),
        ("Physio, ankle", 8, 120),
    ],
    "X": [("Mole removal", 18, 120), ("Stitches out", 3, 120)],
}


@dataclass(slots=True)
class Clinic:
    """What the other demo modules build on."""

    organization: Organization
    locations: list[Location]
    rooms: dict[str, list[Room]]
    practitioners: list[Practitioner] = field(default_factory=list)
    types: dict[str, AppointmentType] = field(default_factory=dict)
    offers: dict[str, list[str]] = field(default_factory=dict)
    hours: dict[str, list[tuple[dt.time, dt.time]]] = field(default_factory=dict)
    place: dict[str, tuple[Location, Room]] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)


def open_clinic(
    *, name: str, slug: str, number: str, sign_ins: list[tuple[str, str, str]], practitioners: int, rng: random.Random
) -> Clinic:
    """Create one organization with everything that stands in it; must run outside any organization's scope."""
    with all_organizations():
        organization = Organization.objects.create(name=name, slug=slug, timezone="America/New_York", phone=number)
    users = {}
    for email, person, role in sign_ins:
        user = User.objects.create_user(email, PASSWORD, name=person, is_staff=role == Role.ADMIN)
        users[email] = user
    with organization_scope(organization.pk):
        for email, _person, role in sign_ins:
            Membership.objects.create(organization=organization, user=users[email], role=role)
        clinic = _furnish(organization, number, practitioners, rng)
        if doctor := users.get("doctor@demo.clinic"):
            Practitioner.objects.filter(pk=clinic.practitioners[0].pk).update(user=doctor)
    clinic.users = users
    return clinic


def _furnish(organization: Organization, number: str, practitioners: int, rng: random.Random) -> Clinic:
    zone = organization.timezone
    locations = [
        Location.objects.create(
            organization=organization,
            name="Harbour Street",
            timezone=zone,
            address="12 Harbour Street",
            city="New York",
            region="NY",
            postal_code="10004",
            phone=number,
            directions="Step-free entrance on the corner; subway Bowling Green, 3 minutes.",
        ),
        Location.objects.create(
            organization=organization,
            name="Northgate",
            timezone=zone,
            address="240 Northgate Road",
            city="New York",
            region="NY",
            postal_code="10034",
            phone=number,
            directions="Second floor, lift to the right of the pharmacy.",
            observes_holidays=True,
            holiday_subdivision="NY",
        ),
    ]
    rooms = {
        str(locations[0].pk): [
            Room.objects.create(organization=organization, location=locations[0], name=n) for n in ("Room 2", "Room 4")
        ],
        str(locations[1].pk): [
            Room.objects.create(organization=organization, location=locations[1], name=n) for n in ("Room 3", "Gym")
        ],
    }
    for channel in (Channel.WHATSAPP, Channel.SMS):
        ChannelAccount.objects.create(
            organization=organization,
            channel=channel,
            address=number,
            provider=Provider.SIMULATOR,
            auth_token=DEMO_TOKEN,
        )
    ChannelAccount.objects.create(
        organization=organization,
        channel=Channel.EMAIL,
        address=f"desk@{organization.slug}.clinic",
        provider=Provider.SIMULATOR,
    )
    clinic = Clinic(organization=organization, locations=locations, rooms=rooms)
    for order, (code, name, minutes, after, colour, online, keywords) in enumerate(TYPES):
        clinic.types[code] = AppointmentType.objects.create(
            organization=organization,
            name=name,
            duration_minutes=minutes,
            buffer_after_minutes=after,
            step_minutes=10,
            colour=colour,
            online_bookable=online,
            keywords=keywords,
            sort_order=order,
            minimum_notice_minutes=60,
            is_default=code == "C",
        )
    for index in range(practitioners):
        _hire(clinic, index, rng)
    return clinic


def _hire(clinic: Clinic, index: int, rng: random.Random) -> None:
    prefix, given, family, specialty, languages, colour, location_index, room_index, times, types = PRACTITIONERS[
        index % len(PRACTITIONERS)
    ]
    if index >= len(PRACTITIONERS):
        given, family = rng.choice(GIVEN["female"] + GIVEN["male"]), rng.choice(FAMILY)
    organization, location = clinic.organization, clinic.locations[location_index]
    practitioner = Practitioner.objects.create(
        organization=organization,
        prefix=prefix,
        given_name=given,
        family_name=family,
        specialty=specialty,
        languages=languages,
        colour=colour,
        sort_order=index,
    )
    if index < len(PRACTITIONERS):
        room = clinic.rooms[str(location.pk)][room_index]
    else:
        room = Room.objects.create(organization=organization, location=location, name=f"Room {10 + index}")
    hours = [(dt.time(*times[0]), dt.time(*times[1])), (dt.time(*times[2]), dt.time(*times[3]))]
    WeeklyHours.objects.bulk_create(
        WeeklyHours(
            organization=organization,
            practitioner=practitioner,
            location=location,
            room=room,
            weekday=weekday,
            start_time=start,
            end_time=end,
        )
        for weekday in range(7)
        for start, end in hours
    )
    PractitionerType.objects.bulk_create(
        PractitionerType(organization=organization, practitioner=practitioner, appointment_type=clinic.types[code])
        for code in types
    )
    key = str(practitioner.pk)
    clinic.practitioners.append(practitioner)
    clinic.offers[key] = list(types)
    clinic.hours[key] = hours
    clinic.place[key] = (location, room)


def absences(clinic: Clinic, now: dt.datetime) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """Give Hannah an afternoon off today, close Northgate for an hour and a half tomorrow and on public holidays; return
    who is away when."""
    zone = clinic.organization.zone
    today = now.astimezone(zone).date()

    def local(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=zone)

    hannah = clinic.practitioners[3]
    TimeOff.objects.create(
        organization=clinic.organization,
        practitioner=hannah,
        period=(local(today, 13), local(today, 15)),
        reason="School appointment",
    )
    tomorrow = today + dt.timedelta(days=1)
    Closure.objects.create(
        organization=clinic.organization,
        location=clinic.locations[1],
        period=(local(tomorrow, 15), local(tomorrow, 16, 30)),
        reason="Fire-alarm inspection",
    )
    keep_holidays(location=clinic.locations[1])
    closed = Closure.objects.filter(location=clinic.locations[1]).order_by("period")
    away = [(str(hannah.pk), local(today, 13), local(today, 15))]
    away.extend(
        (str(practitioner.pk), closure.period.lower, closure.period.upper)
        for closure in closed
        for practitioner in clinic.practitioners
        if clinic.place[str(practitioner.pk)][0] == clinic.locations[1]
    )
    return away


def change_plans(clinic: Clinic, now: dt.datetime) -> None:
    """Change the plan under booked visits: Rohan is away two hours in five days, and works other hours from next month on.

    The visits stay where they are, to be moved by whoever looks at the demo; the first of them was kept on purpose.
    """
    zone, rohan = clinic.organization.zone, clinic.practitioners[2]
    day = now.astimezone(zone).date() + dt.timedelta(days=5)
    lower, upper = (dt.datetime.combine(day, dt.time(hour), tzinfo=zone) for hour in (10, 12))
    add_time_off(practitioner=rohan, start=lower, end=upper, reason="Court hearing", actor=SYSTEM)
    after_next = (day.replace(day=1) + dt.timedelta(days=63)).replace(day=1)
    split_weekly_hours(practitioner=rohan, date=after_next, actor=SYSTEM)
    first = Appointment.objects.filter(practitioner=rohan, status=Status.BOOKED, start__gte=lower, end__lte=upper)
    visit = first.order_by("start").first()
    if visit is not None:
        keep_appointment(appointment=visit, reason="Twins: comes in for them before court", actor=SYSTEM)
