"""Texts: refused when they are saved if they could not be sent, previewed with a real patient, good by default."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.urls import reverse

from apps.communications.models import Channel
from apps.core.actors import Actor
from apps.core.errors import InvalidInput, NotAllowed, StaleVersion
from apps.notifications.contexts import example_variables, known_variables
from apps.notifications.defaults import RULES, TEXTS, install_defaults
from apps.notifications.models import Rule, StaffNotice, Template
from apps.notifications.rendering import count_segments, render, validate_texts, variables_of
from apps.notifications.services import (
    create_rule,
    create_template,
    delete_template,
    mark_notices_read,
    notify_staff,
    preview_template,
    update_rule,
    update_template,
)
from apps.organizations.permissions import Permission
from tests.fixtures.notifications import VISIT, RuleFactory, TemplateFactory, make_visit

TEXT = {"key": "hello", "channel": "sms", "language": "en", "body": "Hello {{ patient.first_name }}"}


def test_text_is_filled_with_variables() -> None:
    template = Template(
        body="Hi {{ patient.first_name | upcase }}{% if clinic.phone != '' %}, {{ clinic.phone }}{% endif %}"
    )

    filled = render(template, {"patient": {"first_name": "Ana"}, "clinic": {"phone": ""}})

    assert filled.body == "Hi ANA"


def test_text_is_not_escaped() -> None:
    assert render(Template(body="{{ clinic.name }}"), {"clinic": {"name": "Smith & <Sons>"}}).body == "Smith & <Sons>"


def test_injected_liquid_stays_text() -> None:
    name = "{{ clinic.phone }}{% assign x = 1 %}"

    assert render(Template(body="Hi {{ patient.first_name }}"), {"patient": {"first_name": name}}).body == f"Hi {name}"


def test_missing_variable_is_an_error_not_a_hole() -> None:
    with pytest.raises(InvalidInput, match="first_name"):
        render(Template(body="Hi {{ patient.first_name }}"), {"patient": {}})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Hi {{ patient.nickname }}", "patient.nickname"),
        ("Hi {{ name }}", "name"),
        ("Hi {{ patient.first_name", "Line 1"),
        ("Fine\nHi {% if patient.first_name %}", "endif"),
        ("Hi {{ patient.first_name | shout }}", "shout"),
        ("{% for x in (1..9999999) %}{{ x }}{% endfor %}", "for"),
        ("{% include 'secrets' %}", "include"),
        ("{% render 'secrets' %}", "render"),
        ("   ", "Write a text"),
        ("x" * 1601, "1600"),
    ],
)
def test_text_that_could_not_be_sent_is_refused_when_it_is_saved(
    organization: Any, manager_actor: Actor, body: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_template(organization=organization, actor=manager_actor, **TEXT | {"body": body})

    assert words in " ".join(refused.value.errors["body"])
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"channel": "email", "subject": ""}, "subject"),
        ({"channel": "email", "subject": "For {{ patient.first_name }}"}, "subject"),
        ({"channel": "email", "subject": "Your {{ appointment.type }}"}, "subject"),
        ({"channel": "email", "subject": "{{ oops"}, "subject"),
        ({"channel": "sms", "subject": "Hello"}, "subject"),
        ({"channel": "sms", "content_sid": "HX" + "1" * 32}, "content_sid"),
        ({"channel": "whatsapp", "content_sid": "HX123"}, "content_sid"),
        ({"channel": "telegram"}, "channel"),
        ({"key": "no spaces"}, "key"),
    ],
)
def test_field_that_does_not_fit_is_named(
    organization: Any, manager_actor: Actor, values: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_template(organization=organization, actor=manager_actor, **TEXT | values)

    assert field in refused.value.errors


def test_second_text_for_the_same_place_is_refused(organization: Any, manager_actor: Actor) -> None:
    create_template(organization=organization, actor=manager_actor, **TEXT)

    with pytest.raises(InvalidInput):
        create_template(organization=organization, actor=manager_actor, **TEXT)


def test_receptionist_may_not_change_texts(organization: Any, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        create_template(organization=organization, actor=actor, **TEXT)


def test_changed_text_is_checked_and_counted(organization: Any, manager_actor: Actor) -> None:
    template = TemplateFactory(organization=organization)

    changed = update_template(template=template, changes={"body": "See you soon"}, version=1, actor=manager_actor)

    assert (changed.body, changed.version) == ("See you soon", 2)
    with pytest.raises(InvalidInput):
        update_template(template=template, changes={"body": "{{ nope }}"}, actor=manager_actor)
    with pytest.raises(StaleVersion) as stale:
        update_template(template=template, changes={"body": "Third"}, version=1, actor=manager_actor)
    assert stale.value.extra["conflicts"] == [{"field": "body", "current": "See you soon", "yours": "Third"}]


def test_text_that_a_rule_sends_is_not_deleted(organization: Any, manager_actor: Actor) -> None:
    template = TemplateFactory(organization=organization)
    rule = RuleFactory(organization=organization)

    with pytest.raises(InvalidInput):
        delete_template(template=template, actor=manager_actor)
    Rule.objects.filter(pk=rule.pk).delete()
    delete_template(template=template, actor=manager_actor)

    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"event_type": "moon.full"}, "event_type"),
        ({"template_key": "nothing"}, "template_key"),
        ({"channels": []}, "channels"),
        ({"channels": ["telegram"]}, "channels"),
        ({"category": "advertising"}, "category"),
    ],
)
def test_rule_that_could_not_work_is_refused(
    organization: Any, manager_actor: Actor, values: dict[str, Any], field: str
) -> None:
    TemplateFactory(organization=organization)
    rule = {
        "name": "Confirmation",
        "event_type": "visit.booked",
        "template_key": "visit-booked",
        "category": "confirmation",
        "channels": ["sms"],
    }

    with pytest.raises(InvalidInput) as refused:
        create_rule(organization=organization, actor=manager_actor, **rule | values)

    assert field in refused.value.errors
    assert create_rule(organization=organization, actor=manager_actor, **rule).version == 1


def test_rule_is_switched_off(organization: Any, manager_actor: Actor) -> None:
    TemplateFactory(organization=organization)
    rule = RuleFactory(organization=organization)

    assert update_rule(rule=rule, changes={"is_active": False}, actor=manager_actor).is_active is False


def test_preview_shows_examples_with_the_patient_s_own_name(organization: Any, patient: Any) -> None:
    shown = preview_template(
        organization=organization, template=TemplateFactory(organization=organization, channel="sms"), patient=patient
    )

    assert shown.body == "Hello Ana, see you on Monday at 09:30."
    assert shown.segments == 1


def test_preview_shows_a_real_visit(organization: Any, patient: Any) -> None:
    visit = make_visit(patient, start=dt.datetime(2026, 11, 27, 15, 0, tzinfo=dt.UTC))

    shown = preview_template(
        organization=organization,
        template=TemplateFactory(organization=organization),
        context_type=VISIT,
        subject_id=visit,
    )

    assert shown.body == "Hello Ana, see you on Friday at 10:00."
    assert shown.content_variables == {"1": "Ana", "2": "Friday", "3": "10:00"}


def test_variables_are_numbered_by_first_appearance() -> None:
    text = "{% if clinic.phone != '' %}{{ clinic.name }}{% endif %} {{ patient.first_name }} {{ clinic.name }}"

    assert variables_of(text) == ["clinic.phone", "clinic.name", "patient.first_name"]


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("í" * 70, 1),
        ("í" * 71, 2),
        ("€" * 81, 2),
    ],
)
def test_segments_are_counted_as_carriers_charge_them(text: str, segments: int) -> None:
    assert count_segments(text) == segments


ALL_TEXTS = [(language, key) for language, texts in TEXTS.items() for key in texts]


@pytest.mark.parametrize(("language", "key"), ALL_TEXTS)
def test_default_text_can_be_saved_and_filled(language: str, key: str) -> None:
    text = TEXTS[language][key]

    for channel, body, subject in (
        ("whatsapp", text.whatsapp, ""),
        ("sms", text.sms, ""),
        ("email", text.email, text.subject),
    ):
        validate_texts(channel=channel, subject=subject, body=body)
        filled = render(Template(channel=channel, body=body, subject=subject), example_variables())
        assert "{" not in filled.body
        assert "!" not in filled.body


@pytest.mark.parametrize(("language", "key"), ALL_TEXTS)
def test_default_text_reads_well_without_optional_facts(language: str, key: str) -> None:
    bare = example_variables()
    bare["appointment"] |= {"instructions": "", "address": ""}
    bare["clinic"] |= {"phone": ""}

    filled = render(Template(body=TEXTS[language][key].email), bare).body

    assert "\n\n\n" not in filled
    assert filled == filled.strip()


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_default_texts_exist_in_every_language(key: str) -> None:
    assert all(key in texts for texts in TEXTS.values())


WITH_LINK = ("appointment-booked", "appointment-reminder", "appointment-rescheduled")


@pytest.mark.parametrize("key", WITH_LINK)
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_texts_about_a_visit_ahead_carry_the_patients_link(language: str, key: str) -> None:
    text = TEXTS[language][key]
    assert all("appointment.link" in variables_of(body) for body in (text.whatsapp, text.sms, text.email))


@pytest.mark.parametrize("key", WITH_LINK)
@pytest.mark.parametrize(("language", "most"), [("en", 2), ("es", 4), ("hi", 4)])
def test_sms_with_the_link_stay_short(language: str, most: int, key: str) -> None:
    """With the demo clinic's names; letters that GSM lacks (Í, Devanagari) take 67 a segment instead of 153."""
    example = example_variables()
    example["appointment"] |= {"weekday": "Wednesday", "date": "September 23", "time": "10:30 AM"}
    assert len(example["appointment"]["link"]) == len("https://portal.example/a//") + 46
    assert render(Template(channel="sms", body=TEXTS[language][key].sms), example).segments <= most


def test_migration_renews_texts_that_were_never_changed_and_no_others(organization: Any) -> None:
    install_defaults(organization=organization)
    installed = (
        "{{ clinic.name }}: your visit is on {{ appointment.weekday }}, {{ appointment.date }} at {{ appointment.time }}, "
        "{{ appointment.location }}. Reply YES to confirm, or tell us if you need another time."
    )
    reminder = Template.objects.filter(key="appointment-reminder", channel="sms")
    reminder.filter(language="en").update(body=installed)
    reminder.filter(language="es").update(body="Nuestras propias palabras")
    Template.objects.filter(key="no-show").delete()

    migration = import_module("apps.notifications.migrations.0003_link_and_no_show")
    migration.renew_unchanged_texts(django_apps, None)
    migration.renew_unchanged_texts(django_apps, None)

    assert reminder.get(language="en").body == TEXTS["en"]["appointment-reminder"].sms
    assert reminder.get(language="en").version == 2
    assert reminder.get(language="es").body == "Nuestras propias palabras"
    assert Template.objects.filter(key="no-show").count() == 9


def test_migration_leaves_a_text_that_twilio_approved(organization: Any) -> None:
    install_defaults(organization=organization)
    approved = Template.objects.filter(key="appointment-rescheduled", channel="whatsapp", language="en")
    installed = (
        "Hello {{ patient.first_name }}, your visit has a new time: {{ appointment.weekday }}, {{ appointment.date }} at "
        "{{ appointment.time }} with {{ appointment.practitioner }}.\n\n{{ appointment.location }}"
        '{% if appointment.address != "" %}\n{{ appointment.address }}{% endif %}\n\n'
        "If this does not suit you, just write to us here."
    )
    migration = import_module("apps.notifications.migrations.0003_link_and_no_show")

    approved.update(body=installed, content_sid="HX" + "a" * 32)
    migration.renew_unchanged_texts(django_apps, None)
    assert approved.get().body == installed

    approved.update(content_sid="")
    migration.renew_unchanged_texts(django_apps, None)
    assert approved.get().body == TEXTS["en"]["appointment-rescheduled"].whatsapp


@pytest.mark.parametrize("key", ["follow-up", "welcome"])
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_texts_that_invite_an_answer_say_where_emergencies_go(language: str, key: str) -> None:
    word = {"en": "emergency number", "es": "número de emergencias", "hi": "आपातकालीन नंबर"}[language]

    assert all(
        word in text for text in (TEXTS[language][key].whatsapp, TEXTS[language][key].sms, TEXTS[language][key].email)
    )


def test_defaults_are_installed_once_and_leave_changes_alone(organization: Any) -> None:
    install_defaults(organization=organization)
    Template.objects.filter(key="follow-up", channel="sms", language="en").update(body="Our own words")
    Rule.objects.filter(template_key="appointment-reminder").update(is_active=False, name="Renamed")

    install_defaults(organization=organization)

    assert Template.objects.count() == len(ALL_TEXTS) * 3
    assert Rule.objects.count() == len(RULES)
    assert Template.objects.get(key="follow-up", channel="sms", language="en").body == "Our own words"
    assert Rule.objects.get(template_key="appointment-reminder").is_active is False


def test_default_rules_name_default_texts() -> None:
    assert {rule.template_key for rule in RULES} <= set(TEXTS["en"])
    assert {channel for rule in RULES for channel in (*rule.channels, *rule.also_channels)} <= set(Channel.values)


def test_default_texts_name_known_variables_only() -> None:
    assert {name for texts in TEXTS.values() for text in texts.values() for name in variables_of(text.email)} <= set(
        known_variables()
    )


def test_simulated_approval_is_for_demo_only(organization: Any, settings: Any) -> None:
    settings.TESTING = settings.DEMO = settings.DEBUG = False

    install_defaults(organization=organization)

    assert set(Template.objects.values_list("content_sid", flat=True)) == {""}


def test_staff_are_told_once(organization: Any, front_desk: Any, manager: Any, auditor: Any) -> None:
    told = {
        "organization": organization,
        "kind": "handed_over",
        "text": "The bot handed a conversation over",
        "url": "/inbox/",
        "dedupe_key": "conversation:1:handed_over",
        "permission": Permission.CONVERSATIONS_REPLY,
    }

    assert [notify_staff(**told), notify_staff(**told)] == [2, 0]
    assert set(StaffNotice.objects.values_list("user", flat=True)) == {front_desk.user_id, manager.user_id}


def test_person_reads_their_own_notices(organization: Any, front_desk: Any, manager: Any) -> None:
    users = [front_desk.user, manager.user]
    notify_staff(organization=organization, kind="assigned", text="A ticket is yours", dedupe_key="t:1", users=users)

    assert mark_notices_read(organization=organization, user=front_desk.user) == 1
    assert StaffNotice.objects.unread_by(front_desk.user).count() == 0
    assert StaffNotice.objects.unread_by(manager.user).count() == 1


def test_the_bell_offers_to_mark_all_as_read_above_its_lines_while_one_is_new(
    organization: Any, front_desk: Any, desk_client: Any
) -> None:
    for number in (1, 2):
        told = {"kind": "assigned", "text": f"Ticket {number} is yours", "dedupe_key": f"t:{number}"}
        notify_staff(organization=organization, users=[front_desk.user], **told)

    page = desk_client.get(reverse("portal:notices")).content.decode()
    assert 0 < page.index("Mark all as read") < page.index("Ticket 2 is yours") < page.index("Ticket 1 is yours")

    page = desk_client.post(reverse("portal:read-notices")).content.decode()
    assert "Ticket 1 is yours" in page
    assert "Mark all as read" not in page
    assert StaffNotice.objects.unread_by(front_desk.user).count() == 0
