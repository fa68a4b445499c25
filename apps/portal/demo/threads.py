"""Conversations of the demo clinic: a dozen worth reading, and as many plain ones as the large scale wants."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from apps.communications.models import Category, Channel, Communication, ContactState, Provider, Status
from apps.conversations.models import (
    Attention,
    Author,
    Conversation,
    ConversationStatus,
    FlowState,
    Message,
    MessageKind,
    OwnerKind,
)
from apps.core.ids import uuid7
from apps.organizations.models import User
from apps.patients.models import Patient
from apps.portal.demo.clinic import Clinic
from apps.portal.demo.copying import BATCH, copy
from apps.portal.demo.people import Person

MINUTE = dt.timedelta(minutes=1)
P, B, S, N, M = "contact", "bot", "person", "note", "mark"


@dataclass(frozen=True, slots=True)
class Script:
    """A thread: who (index of the featured people; None is a stranger), its state, and lines as (minutes ago, who, text)."""

    who: int | None
    owner: str
    state: str
    lines: tuple[tuple[int, str, str], ...]
    channel: str = Channel.WHATSAPP
    attention: str = Attention.NONE
    language: str = "en"
    unread: int = 0
    status: str = ConversationStatus.OPEN
    summary: str = ""


PICTURED = "Worse. I can’t bend it fully. This is from the emergency room."  # it came with a picture: papers.py
SCRIPTS = [
    Script(
        17,
        OwnerKind.PERSON,
        FlowState.HANDED_OVER,
        (
            (190, P, "Hello, my knee is swollen after the operation"),
            (190, B, "I am sorry to hear that. In a few words: since when, and is it getting worse?"),
            (186, P, PICTURED),
            (186, M, "Bot handed over to the front desk: possible complication after surgery"),
            (114, N, "Hannah Lindqvist: not an emergency, but find him 30 min this week please."),
            (70, S, "Hannah can see you on Friday at 09:00 at Northgate. Does that work?"),
        ),
        attention=Attention.UNCLEAR,
        summary="Knee swollen and stiff after surgery, getting worse. Wants to be seen this week.",
    ),
    Script(
        None,
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
        (
            (42, P, "Hi"),
            (42, B, "Hello, this is Tidewater Clinic. How can we help? You can write in your own words."),
            (41, P, "My son has a rash, is it urgent?"),
            (40, P, "He is 4 and has no fever"),
            (40, M, "Bot handed over: asked for a person"),
        ),
        attention=Attention.ASKED,
        unread=3,
        summary="A child of 4 with a rash, no fever. The writer is not verified.",
    ),
    Script(
        19,
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
        (
            (21, P, "Can my sister collect the letter?"),
            (21, B, "I am not sure that I understood. Do you want to book, change or cancel a visit?"),
            (19, P, "No, the letter for the insurance, can she pick it up"),
            (19, M, "Bot handed over: not understood twice"),
        ),
        channel=Channel.SMS,
        attention=Attention.UNCLEAR,
        unread=2,
        summary="Asks whether her sister may collect an insurance letter.",
    ),
    Script(
        18,
        OwnerKind.BOT,
        FlowState.SLOTS,
        (
            (6, P, "I need to see a doctor"),
            (6, B, "Hello. I can help with that. What is it about, in a few words?"),
            (4, P, "Sore throat for a week"),
            (
                4,
                B,
                "These are free. Which one suits you?\n1 · tomorrow 12:10, Dr Fernández-Ibáñez\n2 · tomorrow 16:20, Dr Okonkwo\n3 · Tuesday 08:40, Dr Okonkwo",
            ),
        ),
    ),
    Script(
        8,
        OwnerKind.BOT,
        FlowState.BOOKED,
        (
            (1500, B, "नमस्ते। कल 10:50 बजे डॉ. मेहता के साथ आपका समय है। क्या आप आएँगे?"),
            (1486, P, "हाँ, हम आएँगे"),
            (1486, B, "धन्यवाद। आपके आने की पुष्टि हो गई है।"),
        ),
        language="hi",
    ),
    Script(
        0,
        OwnerKind.BOT,
        FlowState.BOOKED,
        (
            (960, B, "Le recordamos su cita de mañana a las 10:10 con la Dra. Okonkwo. Responda SÍ para confirmar."),
            (955, P, "Sí, mañana voy. ¿Tengo que ir en ayunas?"),
            (955, B, "Gracias. Su cita queda confirmada. Preguntamos al equipo por el ayuno y le respondemos aquí."),
            (930, S, "Sí: nada de comer desde las 22:00, agua sí puede."),
        ),
        language="es",
    ),
    Script(
        6,
        OwnerKind.PERSON,
        FlowState.HANDED_OVER,
        (
            (130, P, "we are running late"),
            (128, S, "No problem. When do you think you will be here?"),
            (3, P, "parking now"),
        ),
        channel=Channel.SMS,
        unread=1,
    ),
    Script(
        21,
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
        (
            (71, P, "about my result, can someone call me"),
            (71, B, "I pass this on to the team. Somebody will answer you here."),
            (71, M, "Bot handed over: asked for a person"),
        ),
        channel=Channel.SMS,
        attention=Attention.ASKED,
        unread=1,
        summary="Asks for a call about a test result.",
    ),
    Script(
        None,
        OwnerKind.BOT,
        FlowState.NAME,
        (
            (2, P, "hola, necesito una cita"),
            (2, B, "Hola, le escribe Tidewater Clinic. ¿Cómo se llama, por favor? Nombre y apellidos."),
        ),
        language="es",
    ),
    Script(
        20,
        OwnerKind.NOBODY,
        FlowState.HANDED_OVER,
        (
            (14, P, "Me duele mucho el pecho y no puedo respirar bien"),
            (14, B, "Si es una emergencia, llame ahora al 911. No espere una respuesta aquí."),
            (14, M, "Emergency words: the emergency text was sent, staff were told"),
        ),
        attention=Attention.EMERGENCY,
        language="es",
        unread=1,
        summary="Chest pain and trouble breathing. The emergency text was sent.",
    ),
    Script(
        23,
        OwnerKind.BOT,
        FlowState.CONFIRM,
        (
            (9, P, "can I come tomorrow afternoon"),
            (
                9,
                B,
                "Tomorrow 14:30 with Dr Fernández-Ibáñez at Harbour Street is kept for you for 5 minutes. Shall I book it? Reply YES or NO.",
            ),
        ),
    ),
    Script(
        10,
        OwnerKind.NOBODY,
        FlowState.IDLE,
        ((2800, P, "Thank you for today"), (2799, S, "You are welcome. Take care.")),
        status=ConversationStatus.CLOSED,
    ),
]


def write_threads(
    clinic: Clinic,
    people: list[tuple[Patient, Person]],
    *,
    desk: User,
    now: dt.datetime,
    rng: random.Random,
    count: int,
) -> int:
    """Write the scripted threads, then plain ones up to `count`; return how many."""
    strangers = iter(f"+1332555018{digit}" for digit in range(7, 10))
    rows: list[Conversation] = []
    lines: list[Message] = []
    ledger: list[Communication] = []
    states: list[ContactState] = []
    for script in [*SCRIPTS, *_plain(rng, len(people), count - len(SCRIPTS))]:
        patient, person = people[script.who] if script.who is not None else (None, None)
        address = person.phone if person else next(strangers)
        conversation = _conversation(clinic, script, patient, address, desk, now)
        rows.append(conversation)
        for sequence, (ago, who, text) in enumerate(script.lines, start=1):
            at = now - ago * MINUTE
            message = _message(conversation, sequence, who, text, at, desk)
            if who in (B, S):
                message.communication = _sent(
                    conversation, patient, text, at, sequence, last=sequence == len(script.lines), rng=rng
                )
                ledger.append(message.communication)
            lines.append(message)
        if conversation.last_inbound_at:
            states.append(
                ContactState(
                    organization=clinic.organization,
                    channel=script.channel,
                    address=address,
                    last_inbound_at=conversation.last_inbound_at,
                )
            )
    copy(rows)
    copy(ledger)
    copy(lines)
    ContactState.objects.bulk_create(states, batch_size=BATCH, ignore_conflicts=True)
    return len(rows)


def _plain(rng: random.Random, people: int, count: int) -> list[Script]:
    openings = [
        "I need to see a doctor",
        "Is the clinic open on Saturday?",
        "Can I move my visit?",
        "Thank you",
        "Where do I park?",
    ]
    scripts = []
    for number in range(max(count, 0)):
        ago = rng.randint(30, 60 * 24 * 60)
        scripts.append(
            Script(
                40 + number % (people - 40),
                OwnerKind.BOT,
                FlowState.BOOKED,
                (
                    (ago, P, rng.choice(openings)),
                    (ago - 1, B, "Hello. I can help with that. What is it about, in a few words?"),
                    (ago - 3, P, "Thanks, all good now"),
                ),
                status=ConversationStatus.CLOSED if rng.random() < 0.9 else ConversationStatus.OPEN,
                channel=Channel.WHATSAPP,
            )
        )
    return scripts


def _conversation(
    clinic: Clinic, script: Script, patient: Patient | None, address: str, desk: User, now: dt.datetime
) -> Conversation:
    inbound = [ago for ago, who, _text in script.lines if who == P]
    spoken = [(ago, text) for ago, who, text in script.lines if who not in (N, M)]
    answered = script.lines and next((who for _ago, who, _t in reversed(script.lines) if who in (P, B, S)), "") != P
    waiting = (
        script.owner != OwnerKind.BOT
        and script.status == ConversationStatus.OPEN
        and (script.attention or not answered)
    )
    closed = script.status == ConversationStatus.CLOSED
    return Conversation(
        id=uuid7(),
        organization=clinic.organization,
        channel=script.channel,
        address=address,
        clinic_address=clinic.organization.phone,
        patient=patient,
        language=script.language,
        status=script.status,
        owner_kind=script.owner,
        owner=desk if script.owner == OwnerKind.PERSON else None,
        state=script.state,
        attention=script.attention,
        summary=script.summary,
        unread_count=script.unread,
        message_count=len(script.lines),
        last_message_at=now - spoken[-1][0] * MINUTE,
        last_message_text=spoken[-1][1].splitlines()[0][:160],
        last_inbound_at=now - inbound[-1] * MINUTE if inbound else None,
        waiting_since=now - inbound[-1] * MINUTE if waiting and inbound and not closed else None,
        closed_at=now - spoken[-1][0] * MINUTE if closed else None,
    )


def _message(conversation: Conversation, sequence: int, who: str, text: str, at: dt.datetime, desk: User) -> Message:
    author = {P: Author.CONTACT, B: Author.BOT, S: Author.PERSON, N: Author.PERSON, M: Author.SYSTEM}[who]
    return Message(
        id=uuid7(),
        organization_id=conversation.organization_id,
        conversation=conversation,
        sequence=sequence,
        kind={N: MessageKind.NOTE, M: MessageKind.MARK}.get(who, MessageKind.TEXT),
        author=author,
        user=desk if author == Author.PERSON else None,
        body=text,
        provider_id=f"SM{uuid7().hex}" if who == P else "",
        sent_at=at,
    )


def _sent(
    conversation: Conversation,
    patient: Patient | None,
    text: str,
    at: dt.datetime,
    sequence: int,
    *,
    last: bool,
    rng: random.Random,
) -> Communication:
    failed = conversation.owner_kind == OwnerKind.PERSON and last and conversation.channel == Channel.WHATSAPP
    row = Communication(
        id=uuid7(),
        organization_id=conversation.organization_id,
        channel=conversation.channel,
        category=Category.REPLY,
        patient=patient,
        to_address=conversation.address,
        from_address=conversation.clinic_address,
        body=text,
        language=conversation.language,
        dedupe_key=f"conversation:{conversation.pk}:{sequence}",
        context_type=Conversation._meta.label,
        context_id=conversation.pk,
        conversation_id=conversation.pk,
        planned_at=at,
        due_at=at,
        sent_at=at,
        attempts=1,
        provider=Provider.SIMULATOR,
        provider_id=f"SM{uuid7().hex}",
    )
    if failed:
        row.status, row.failed_at, row.error_code = Status.UNDELIVERED, at + 4 * MINUTE, "63024"
        row.reason = "The phone could not be reached on WhatsApp: switched off or no longer registered."
    elif rng.random() < 0.2:
        row.status, row.delivered_at = Status.DELIVERED, at
    else:
        row.status, row.delivered_at, row.read_at = Status.READ, at, at + MINUTE
    return row
