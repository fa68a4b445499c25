"""The demo clinic: the same rows for the same seed, and rows that a real clinic could have."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import pytest
import time_machine
from django.conf import settings
from django.db import connection, models, transaction
from django.test import override_settings
from django.utils import timezone

from apps.appointments.models import OPEN_WAITS, Appointment, WaitlistEntry, WaitlistOffer, WaitStatus
from apps.appointments.models import Status as Visit
from apps.communications.models import Communication
from apps.communications.models import Status as Sending
from apps.conversations.models import Conversation, Message, OwnerKind
from apps.core.actors import SYSTEM
from apps.core.tenancy import all_organizations, organization_scope
from apps.events.models import Event
from apps.journeys.models import Instance, StageStatus
from apps.organizations.models import Membership, Organization
from apps.organizations.permissions import Role
from apps.patients.matching import Band, band_of
from apps.patients.models import Consent, ContactPoint, DuplicateCandidate, Merge, Patient, RelatedPerson
from apps.patients.services import compare_patients, preview_unmerge
from apps.portal.demo import build
from apps.portal.demo.assembly import SCALES
from apps.portal.demo.copying import copy
from apps.portal.demo.walk_in import COLLEAGUES
from apps.portal.views.simulator import STRANGER
from clinic.demo import SIGN_INS

TOKEN = re.compile(r"/a/[\w-]{46}/")
NOON = dt.datetime(2026, 11, 24, 17, 0, tzinfo=dt.UTC)  # a Tuesday, 12:00 in New York


@pytest.fixture(scope="module", autouse=True)
def drawn_files(tmp_path_factory) -> Iterator[None]:
    """Where the demo's files go: away with the tests."""
    folder = str(tmp_path_factory.mktemp("media"))
    local = {"BACKEND": "apps.media.storage.LocalFiles", "OPTIONS": {"location": folder}}
    with override_settings(STORAGES={**settings.STORAGES, "default": local}):
        yield


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, drawn_files) -> Iterator[dict[str, int]]:
    """The small demo as it is on a Tuesday at noon; made once, because it takes a second."""
    with django_db_blocker.unblock(), time_machine.travel(NOON, tick=False), transaction.atomic():
        yield build(scale="small", seed=7)
        transaction.set_rollback(True)


def organization(slug: str) -> Organization:
    with all_organizations():
        return Organization.objects.get(slug=slug)


@dataclass(frozen=True)
class Book:
    """A demo of one seed and moment: who comes when to whom, and everything that depends on the time of day."""

    visits: list[tuple]
    rest: list[tuple]


def without_tokens(row: tuple) -> tuple:
    """Leave out the patient's link: its token is made of the visit's id, and ids are new in every demo."""
    return tuple(TOKEN.sub("/a/", value) if isinstance(value, str) else value for value in row)


@cache
def book(*, seed: int, at: dt.datetime) -> Book:
    """Build a demo, read it, and forget it again."""
    with transaction.atomic(), time_machine.travel(at, tick=False):
        build(scale="small", seed=seed)
        with all_organizations():
            visits = Appointment.objects.values_list(
                *("organization__slug", "start", "end", "patient__number", "patient__family_name", "reason"),
                *("practitioner__family_name", "appointment_type__name", "room__name"),
            )
            rest = [
                *Appointment.objects.values_list("start", "patient__number", "status", "confirmed_at", "created_at"),
                *Message.objects.values_list("sent_at", "author", "body"),
                *Communication.objects.values_list("due_at", "to_address", "body", "status", "read_at"),
                *Consent.objects.values_list("patient__number", "purpose", "status", "decided_at"),
                *Event.objects.values_list("type", "occurred_at"),
            ]
            made = Book(sorted(visits, key=repr), sorted(map(without_tokens, rest), key=repr))
        transaction.set_rollback(True)
    return made


@pytest.mark.django_db
class TestSeed:
    def test_makes_the_same_rows_for_the_same_seed(self):
        made = book(seed=11, at=NOON)
        assert len(made.visits) > 1000
        book.cache_clear()
        assert book(seed=11, at=NOON) == made

    def test_makes_other_people_for_another_seed(self):
        assert book(seed=11, at=NOON).visits != book(seed=12, at=NOON).visits

    def test_plans_the_same_days_whatever_the_hour(self):
        later = book(seed=11, at=NOON + dt.timedelta(hours=8))
        walk_in = {family for _prefix, _given, family, _colour in COLLEAGUES}
        assert [visit for visit in later.visits if visit[6] not in walk_in] == book(seed=11, at=NOON).visits
        assert later.rest != book(seed=11, at=NOON).rest

    @pytest.mark.parametrize("hour", [0, 7, 22])
    def test_somebody_is_there_at_any_hour(self, hour):
        midnight = NOON - dt.timedelta(hours=12)
        with time_machine.travel(midnight + dt.timedelta(hours=hour, minutes=20), tick=False), transaction.atomic():
            build(scale="small", seed=7)
            with organization_scope(organization("demo").pk):
                now = timezone.now()
                near = Appointment.objects.filter(
                    start__range=(now - dt.timedelta(hours=1), now + dt.timedelta(hours=1))
                )
                assert near.filter(status__in=[Visit.ARRIVED, Visit.IN_PROGRESS]).exists()
                assert near.filter(status=Visit.BOOKED, start__gt=now).exists()
            transaction.set_rollback(True)


class TestRows:
    def test_counts_are_what_it_says(self, demo):
        clinic = organization("demo")
        with organization_scope(clinic.pk):
            assert Patient.objects.for_organization(clinic).count() == demo["patients"]
            assert demo["patients"] == SCALES["small"].patients + demo["doubles"]
            assert Appointment.objects.for_organization(clinic).count() == demo["appointments"] > 500
            assert Conversation.objects.for_organization(clinic).count() == SCALES["small"].conversations
            assert Instance.objects.for_organization(clinic).count() == demo["journeys"] > 0
            scheduled = Communication.objects.for_organization(clinic).filter(status=Sending.SCHEDULED)
            assert scheduled.count() == demo["reminders"] > 0

    def test_shows_every_state_at_noon(self, demo):
        with organization_scope(organization("demo").pk):
            assert set(Appointment.objects.values_list("status", flat=True)) == set(Visit) - {Visit.HELD}
            assert set(Conversation.objects.values_list("owner_kind", flat=True)) == set(OwnerKind)
            told = set(Communication.objects.values_list("status", flat=True))
            assert told >= {Sending.SCHEDULED, Sending.DELIVERED, Sending.READ, Sending.UNDELIVERED}

    @pytest.mark.parametrize("who", ["practitioner_id", "room_id", "patient_id"])
    def test_nobody_and_no_room_is_in_two_visits_at_once(self, demo, who):
        with organization_scope(organization("demo").pk), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM appointments_appointment a JOIN appointments_appointment b "  # noqa: S608 - our own columns
                f"ON a.{who} = b.{who} AND a.id < b.id AND tstzrange(a.start, a.end) && tstzrange(b.start, b.end) "
                "WHERE a.status NOT IN ('cancelled', 'noshow') AND b.status NOT IN ('cancelled', 'noshow')"
            )
            assert cursor.fetchone() == (0,)

    def test_nobody_has_two_patients_in_the_room(self, demo):
        with organization_scope(organization("demo").pk):
            inside = Appointment.objects.filter(status=Visit.IN_PROGRESS).values_list("practitioner_id", flat=True)
            assert len(inside) == len(set(inside)) > 0

    def test_visits_fit_who_comes(self, demo):
        with organization_scope(organization("demo").pk):
            visits = Appointment.objects.select_related("patient", "appointment_type")
            born = {
                name: [
                    NOON.date().year - visit.patient.birth_date.year
                    for visit in visits
                    if visit.appointment_type.name == name
                ]
                for name in ("Well-child check", "Antenatal visit", "Medication review")
            }
            assert max(born["Well-child check"]) <= 13
            assert 18 <= min(born["Antenatal visit"]) <= max(born["Antenatal visit"]) <= 44
            assert min(born["Medication review"]) >= 17
            women = visits.filter(appointment_type__name="Antenatal visit").values_list("patient__sex", flat=True)
            assert set(women) == {"female"}
            first = visits.filter(appointment_type__name="New patient").values_list("patient_id", flat=True)
            assert len(first) == len(set(first)) > 40

    def test_nobody_comes_twice_within_four_days(self, demo):
        with organization_scope(organization("demo").pk):
            days: dict[object, list[dt.date]] = {}
            for patient, start in Appointment.objects.order_by("start").values_list("patient_id", "start"):
                days.setdefault(patient, []).append(start.date())
            gaps = [later - before for each in days.values() for before, later in pairwise(each)]
            assert min(gaps) >= dt.timedelta(days=3)

    def test_times_are_in_the_order_of_life(self, demo):
        with organization_scope(organization("demo").pk):
            for visit in Appointment.objects.all():
                lived = [visit.created_at, visit.arrived_at, visit.started_at, visit.completed_at]
                lived = [moment for moment in lived if moment is not None]
                assert lived == sorted(lived), visit.pk
                assert lived[-1] <= NOON, (visit.status, lived)
                assert visit.status != Visit.BOOKED or visit.start > NOON - dt.timedelta(minutes=40)

    def test_every_visit_has_its_history(self, demo):
        with organization_scope(organization("demo").pk):
            booked = Event.objects.filter(type="appointment.booked").values_list("subject_id", flat=True)
            assert Counter(booked) == Counter(Appointment.objects.values_list("pk", flat=True))
            done = Appointment.objects.filter(status=Visit.FULFILLED).count()
            assert Event.objects.filter(type="appointment.fulfilled").count() == done > 0

    def test_every_message_that_went_out_is_in_its_timeline(self, demo):
        with organization_scope(organization("demo").pk):
            sent = Communication.objects.filter(context_type=Appointment._meta.label, sent_at__isnull=False)
            told = Event.objects.filter(type="communication.sent").values("subject_id")
            assert sent.exists()
            assert not sent.exclude(pk__in=told).exists()

    def test_patients_are_found_in_lists_and_by_phone(self, demo):
        with organization_scope(organization("demo").pk):
            assert not Patient.objects.filter(models.Q(sort_name="") | models.Q(search_text="")).exists()
            admitted = ContactPoint.objects.filter(patient__number__lte=SCALES["small"].patients)
            phones = admitted.filter(system="phone", rank=1).values_list("value", flat=True)
            assert len(set(phones)) == len(phones) == SCALES["small"].patients
            couple = admitted.filter(system="phone", rank=2)
            assert [point.use for point in couple] == ["home", "home"]

    def test_nothing_waits_that_is_overdue(self, demo):
        with organization_scope(organization("demo").pk):
            waiting = Communication.objects.filter(status__in=[Sending.SCHEDULED, Sending.QUEUED, Sending.SENDING])
            assert not waiting.filter(due_at__lte=NOON).exists()

    def test_threads_count_their_messages(self, demo):
        with organization_scope(organization("demo").pk):
            counted = Conversation.objects.annotate(lines=models.Count("messages"))
            assert not counted.exclude(lines=models.F("message_count")).exists()

    def test_people_wait_in_windows_that_go_on(self, demo):
        with organization_scope(organization("demo").pk):
            entries = WaitlistEntry.objects.select_related("patient", "practitioner", "moves")
            assert entries.count() == demo["waiting"] > 0
            assert set(entries.values_list("status", flat=True)) >= {WaitStatus.WAITING, WaitStatus.EXPIRED}
            for entry in entries.filter(status__in=OPEN_WAITS):
                assert entry.latest_date >= NOON.date(), entry.pk
                assert entry.moves is None or entry.moves.start > NOON
            asked = WaitlistOffer.objects.values_list("status", "hold_id")
            assert set(asked) == {("declined", None)}

    def test_journeys_stand_in_one_stage(self, demo):
        with organization_scope(organization("demo").pk):
            active = Counter(StageStatus.objects.filter(state="active").values_list("instance_id", flat=True))
            running = Instance.objects.filter(status="active").values_list("pk", flat=True)
            assert active == Counter(running)


def test_nobody_has_the_number_of_the_simulator_s_stranger(demo):
    with all_organizations():
        assert not ContactPoint.objects.filter(value=STRANGER.partition(":")[2]).exists()


class TestDoubles:
    """Compared as the worker would, in a run over everybody."""

    @pytest.fixture
    def pairs(self, demo) -> Iterator[dict[frozenset[str], DuplicateCandidate]]:
        clinic = organization("demo")
        with organization_scope(clinic.pk):
            compare_patients(
                organization=clinic,
                patient_ids=list(
                    Patient.objects.filter(number__gt=SCALES["small"].patients).values_list("pk", flat=True)
                ),
            )
            found = DuplicateCandidate.objects.filter(state="open").select_related("first", "second")
            yield {frozenset((pair.first.full_name, pair.second.full_name)): pair for pair in found}

    @pytest.mark.parametrize(
        "names",
        [
            {"Margaret Thornbury", "Margret Thornbury"},
            {"Tomasz Zielonka", "Zielonka Tomasz"},
            {"Helena Vasquez-Ruiz"},
            {"Caroline Ashdown", "Caroline Pryce"},
            {"William Oakhurst", "Bill Oakhurst"},
        ],
    )
    def test_second_records_are_in_the_review(self, pairs, names):
        assert frozenset(names) in pairs

    def test_nobody_of_the_household_is_almost_certainly_another(self, pairs):
        home = [pair for names, pair in pairs.items() if any("Kettleworth" in name for name in names)]
        assert [pair for pair in home if band_of(pair.bits, is_settled=pair.is_settled) == Band.MERGE] == []

    def test_one_merged_pair_can_be_separated_and_something_stays_to_be_sorted_out(self, demo):
        with organization_scope(organization("demo").pk):
            merge = Merge.objects.get(undone_at__isnull=True)
            assert merge.duplicate.full_name == "Jo Abernathy"
            report = preview_unmerge(merge=merge, actor=SYSTEM)
            assert "1 consent" in report.returned

    def test_twins_have_their_mother_as_guardian(self, demo):
        with organization_scope(organization("demo").pk):
            guardians = RelatedPerson.objects.filter(is_guardian=True, linked_patient__given_name="Ottilie")
            assert set(guardians.values_list("patient__given_name", flat=True)) == {"Arlo", "Iris"}


class TestOrganizations:
    def test_everybody_signs_in_with_the_role_they_are_shown_with(self, demo):
        with all_organizations():
            members = {m.user.email: m for m in Membership.objects.select_related("user", "organization")}
        assert set(SIGN_INS) == set(members)
        assert members["auditor@demo.clinic"].role == Role.AUDITOR
        assert members["frontdesk@other.clinic"].organization.slug == "other"

    def test_the_other_clinic_has_its_own_people(self, demo):
        with organization_scope(organization("other").pk):
            assert Patient.objects.count() == 40
            assert set(Appointment.objects.values_list("organization__slug", flat=True)) == {"other"}


class TestCopying:
    def test_keeps_the_times_that_rows_carry_and_stamps_the_others(self, demo):
        clinic, past = organization("demo"), NOON - dt.timedelta(days=9)
        with organization_scope(clinic.pk):
            dated = Patient(organization=clinic, number=9001, given_name="Old", created_at=past)
            plain = Patient(
                organization=clinic, number=9002, given_name="Tab\tand\nline \\N “é”", alerts=['a "b"', "c,d"]
            )
            assert copy([dated, plain]) == 2
            assert Patient.objects.get(pk=dated.pk).created_at == past
            read = Patient.objects.get(pk=plain.pk)
            assert (read.created_at, read.given_name, read.alerts) == (NOON, plain.given_name, plain.alerts)

    def test_leaves_the_scope_as_it_was(self, demo):
        with organization_scope(organization("demo").pk):
            copy([])
            assert set(Patient.objects.values_list("organization__slug", flat=True)) == {"demo"}
