"""Commands: what they print, what they change, how they fail."""

from __future__ import annotations

import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core.actors import SYSTEM
from apps.core.commands import Command, stop_by_signal
from apps.core.tenancy import all_organizations, organization_scope
from apps.events.models import Delivery, DeliveryStatus
from apps.events.registry import on
from apps.events.services import emit
from apps.journeys.models import Definition
from apps.notifications.models import Rule, Template
from apps.organizations.models import ApiKey, Membership, Organization, User
from apps.organizations.permissions import Role
from apps.organizations.selectors import access_for_key
from tests.fixtures.background import drain

heard: list[str] = []


@on("test.rang")
def note(event):
    heard.append(str(event.subject_id))


def run(*args, **options):
    out = StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
class TestDefaults:
    def test_a_new_organization_starts_with_messages_and_a_journey(self):
        run("create_organization", "Río Clinic", "--admin-email", "boss@rio.clinic")
        drain()
        with all_organizations():
            made = Organization.objects.get(slug="rio-clinic")
        with organization_scope(made.pk):
            assert Rule.objects.filter(event_type="appointment.booked", template_key="appointment-booked").exists()
            assert Template.objects.filter(key="appointment-booked").values("language").distinct().count() == 3
            assert Definition.objects.get().key == "new-patient-visit"

    def test_the_command_adds_what_is_missing_and_changes_nothing_else(self, organization):
        run("install_defaults", "--organization", "demo")
        Template.objects.filter(key="follow-up").delete()
        Rule.objects.filter(template_key="appointment-reminder").update(is_active=False)
        assert "demo: complete" in run("install_defaults")
        assert Template.objects.filter(key="follow-up").exists()
        assert not Rule.objects.get(template_key="appointment-reminder").is_active

    @pytest.mark.parametrize(
        "missing", ["SELECT nothing FROM nowhere", "SELECT no_such_column FROM auth_group", "SELECT no_such_function()"]
    )
    def test_a_database_that_is_behind_is_named_with_the_remedy(self, missing):
        class Behind(Command):
            def handle(self, *_args, **_options):
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(missing)

        with pytest.raises(CommandError, match=r"run manage\.py migrate first"):
            call_command(Behind())

    def test_an_unknown_organization_is_refused(self, organization):
        with pytest.raises(CommandError, match="Known: demo"):
            run("install_defaults", "--organization", "nowhere")


class TestCreateApiKey:
    def arguments(self, **changed):
        given = {"--organization": "demo", "--user": "manager@demo.clinic", "--name": "Import"} | changed
        return ["create_api_key", *(part for pair in given.items() for part in pair)]

    def test_the_key_stands_alone_on_the_last_line_and_works(self, manager):
        last = run(*self.arguments()).rstrip("\n").splitlines()[-1]
        assert access_for_key(last).organization.slug == "demo"

    def test_scopes_narrow_it(self, manager):
        last = run(*self.arguments(), "--scopes", "patients.view,appointments.view").strip().splitlines()[-1]
        assert access_for_key(last).actor.permissions == {"patients.view", "appointments.view"}

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"--organization": "nowhere"}, "Known: demo"),
            ({"--user": "nobody@demo.clinic"}, "Nobody signs in as"),
        ],
    )
    def test_what_does_not_exist_is_named(self, manager, changed, said):
        with pytest.raises(CommandError, match=said):
            run(*self.arguments(**changed))

    def test_an_unknown_scope_is_refused(self, manager):
        with pytest.raises(CommandError, match=r"patients\.eat"):
            run(*self.arguments(), "--scopes", "patients.eat")
        assert ApiKey.objects.count() == 0

    def test_somebody_from_elsewhere_gets_no_key(self, organization, foreign_front_desk):
        with pytest.raises(CommandError, match="not a member"):
            run(*self.arguments(**{"--user": foreign_front_desk.user.email}))


class TestCreateOrganization:
    def test_it_makes_an_administrator_who_sets_a_password_by_link(self, db):
        said = run(
            "create_organization", "Río Clinic", "--admin-email", "Boss@Rio.clinic", "--timezone", "Europe/Madrid"
        )
        with all_organizations():
            made = Organization.objects.get(slug="rio-clinic")
            membership = Membership.objects.get(organization=made)
        assert (made.timezone, membership.role, membership.user.email) == (
            "Europe/Madrid",
            Role.ADMIN,
            "boss@rio.clinic",
        )
        assert "/accounts/password/reset/key/" in said.strip().splitlines()[-1]

    def test_a_known_person_keeps_the_password(self, manager):
        manager.user.set_password("already-here")
        manager.user.save()
        assert "signs in as before" in run("create_organization", "Second", "--admin-email", manager.user.email)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["Demo", "--slug", "demo", "--admin-email", "a@b.co"], "already exists"),
            (["New", "--admin-email", "a@b.co", "--timezone", "Mars"], "timezone|time zone"),
            (["New", "--admin-email", "nonsense"], "email"),
            (["诊所", "--admin-email", "a@b.co"], "--slug"),
            ([" ", "--admin-email", "a@b.co"], "name is empty"),
        ],
    )
    def test_a_refusal_is_one_sentence_and_makes_nothing(self, organization, arguments, said):
        with pytest.raises(CommandError, match=said):
            run("create_organization", *arguments)
        with all_organizations():
            assert Organization.objects.count() == 1
        assert not User.objects.exists()


class TestDeliverEvents:
    @pytest.fixture(autouse=True)
    def empty(self):
        heard.clear()

    def test_it_delivers_what_is_due(self, organization):
        emit("test.rang", subject=organization, organization_id=organization.pk, actor=SYSTEM)
        assert "1 deliveries tried" in run("deliver_events")
        assert heard == [str(organization.pk)]

    def test_dead_ones_fail_it(self, organization):
        event = emit("test.silent", subject=organization, organization_id=organization.pk, actor=SYSTEM)
        Delivery.objects.create(
            organization=organization, event=event, handler="gone", status=DeliveryStatus.DEAD, due_at=event.occurred_at
        )
        with pytest.raises(CommandError, match="dead"):
            run("deliver_events")


class TestCheckIntegrations:
    def test_each_service_is_named_with_its_state(self, db):
        said = run("check_integrations")
        assert "PostgreSQL" in said
        assert "EMAIL_URL is not set" in said

    def test_one_that_fails_fails_it(self, db, monkeypatch):
        def away(self):
            raise RedisConnectionError("away")

        monkeypatch.setattr("apps.core.cache.TolerantRedisCache.ping", away)
        with pytest.raises(CommandError, match="broker and cache"):
            run("check_integrations")

    def test_twilio_is_off_without_an_account(self, db, settings):
        settings.TWILIO_ACCOUNT_SID = ""
        assert "TWILIO_ACCOUNT_SID is not set" in run("check_integrations")

    def test_twilio_answers_for_the_number(self, db, settings, twilio_double):
        settings.TWILIO_PHONE_NUMBER = "+15550100000"
        assert "+15550100000 can send" in run("check_integrations")
        assert twilio_double.accepted == []

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("TWILIO_AUTH_TOKEN", "wrong", "belong together"),
            ("TWILIO_PHONE_NUMBER", "", "no number to send from"),
            ("TWILIO_API_BASE_URL", "http://127.0.0.1:1", "does not answer"),
        ],
    )
    def test_why_twilio_can_not_be_used_is_said(self, db, settings, twilio_double, name, value, reason):
        settings.TWILIO_PHONE_NUMBER = "+15550100000"
        setattr(settings, name, value)
        out = StringIO()
        with pytest.raises(CommandError, match="Not working: Twilio"):
            call_command("check_integrations", stdout=out)
        assert reason in out.getvalue()


class TestSendDue:
    @pytest.mark.parametrize("arguments", [["--limit", "0"], ["--batch", "-1"], ["--batch", "many"]])
    def test_an_impossible_number_is_refused(self, arguments):
        with pytest.raises(CommandError, match="must be a number from 1 on"):
            run("send_due", *arguments)


@pytest.mark.parametrize(
    "name",
    [
        "create_api_key",
        "create_organization",
        "deliver_events",
        "verify_audit",
        "check_integrations",
        "install_defaults",
        "migrate",
        "backup",
        "restore",
        "seed_demo",
        "send_due",
        "up",
    ],
)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command(name, "--help")
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 200


def test_an_organization_scope_is_not_left_open_by_a_command(manager, organization):
    run("create_api_key", "--organization", "demo", "--user", manager.user.email, "--name", "x")
    with organization_scope(organization.pk):
        assert ApiKey.objects.count() == 1


class TestStopBySignal:
    @pytest.fixture(autouse=True)
    def as_in_a_terminal(self):
        """Let signals do what they do by default, whoever started the tests: `nohup` and `&` ignore some."""
        usual = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
            signal.SIGHUP: signal.SIG_DFL,
        }
        before = {number: signal.signal(number, handler) for number, handler in usual.items()}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_the_command_ends_with_a_sentence_after_cleaning_up(self, number):
        cleaned = []

        def command():
            with stop_by_signal("Stopped."):
                try:
                    signal.raise_signal(number)
                finally:
                    cleaned.append(number)

        before = signal.getsignal(number)
        with pytest.raises(CommandError, match=r"Stopped\.") as ended:
            command()
        assert (ended.value.returncode, cleaned) == (130, [number])
        assert signal.getsignal(number) is before

    def test_what_the_caller_ignores_stays_ignored(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with stop_by_signal("Stopped."):
                signal.raise_signal(signal.SIGHUP)
        finally:
            signal.signal(signal.SIGHUP, before)
