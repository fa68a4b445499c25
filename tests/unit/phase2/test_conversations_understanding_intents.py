"""What patients ask for, in which language, and the keywords that carriers define."""

from __future__ import annotations

import pytest

from apps.conversations.understanding import (
    Intent,
    detect_intent,
    detect_language,
    opt_keyword,
    parse_yes_no,
    requested_language,
)

LANGUAGES = {
    "en": """
        hello, I need an appointment
        I need to see a doctor
        can I come tomorrow?
        what time is my appointment
        my son is sick
        thanks
        please cancel
        tomorrow morning
        hey
        I need una cita please thanks
        need to reschedule
        is the doctor available today
    """,
    "es": """
        hola
        Hola, necesito una cita
        necesito ver a un doctor
        buenos días
        quiero cancelar
        mañana por la tarde
        gracias
        me duele la cabeza
        sí
        si
        vale
        ¿puedo ir el lunes?
        cuanto cuesta la consulta
        para mi hija
        ayuda
        claro que sí
        el viernes
    """,
    "hi": """
        mujhe doctor se milna hai
        haan
        kal
        nahi
        namaste
        kal subah
        appointment chahiye
        mere bete ke liye
        kya aaj doctor hai
        parson shaam ko
        नमस्ते
        मुझे डॉक्टर से मिलना है
        कल
        हाँ
        ok kal aaunga
        doctor ka appointment chahiye
        theek hai
        मुझे appointment चाहिए
        bukhar hai
        shukriya
    """,
}

INTENTS = {
    Intent.BOOK: """
        meri beti ke liye bhi chahiye
        do you have anything next thursday?
        anything open tomorrow?
        do you have any openings
        I still need an appointment
        डॉक्टर का समय चाहिए
        मुझे कल डॉक्टर को दिखाना है
        doctor sahab se milna tha
        check up karwana hai
        mujhe dikhana hai doctor ko
        appointment mil jayega kya
        kal doctor sahab milenge kya
        doctor ka number lagana hai
        deseo reservar hora
        cuando me puede ver el doctor
        hola para pedir turno
        Buenas tardes quisiera una cita con la Dra Lopez
        tienen espacio mañana?
        necesito que me atiendan hoy
        quiero ver al médico
        me pueden agendar para el viernes?
        buenas, quiero hacer una cita
        can i schedule for my mom
        need to see someone about my back
        could you please give me an appointment for tomorrow evening
        Book me a slot
        hello i am new patient i need appointment
        I want to come see the doctor
        when is the next available appointment
        i need to get seen today
        can you fit me in today
        do u have any openings
        looking to get my teeth cleaned
        Is Dr Lopez free on monday?
        pls book me in for friday
        I'd like to set something up for next week
        Need a appt for my kid asap
        hi doc i wanna see u tmrw if possible
        I need to see a doctor
        i need to see a docter
        I'd like to book an appointment
        book appointment
        Book
        appointment
        appointment please
        can i get an apointment
        I want to make an appt
        need a dr appointment asap
        could I schedule a visit for next week?
        good morning, I would like to make an appointment
        Hi! I need an appointment for my son
        is there any availability tomorrow
        any openings this week?
        do you have any slots today
        what times are available?
        can I see Dr. Lopez on Friday
        I want to see a dermatologist
        i have a fever and need an appointment
        my daughter needs a checkup
        when can I come in
        can i come tomorrow
        I'd like to come in for a consultation
        I want to talk to a doctor
        want to consult doctor
        squeeze me in today
        schedule me for friday
        quiero una cita
        necesito una cita
        Hola, quisiera agendar una cita
        quiero sacar un turno
        necesito ver a un doctor
        me gustaría reservar una cita para mañana
        cita por favor
        cita
        una sita porfa
        nesesito una cita
        quiero pedir hora
        hay disponibilidad mañana
        tienen cita para hoy?
        quiero que me vea la doctora
        quiero hablar con la doctora
        puedo ir mañana a consulta
        mujhe doctor se milna hai
        muje docter se milna h
        appointment chahiye
        mujhe appointment book karni hai
        doctor ko dikhana hai
        kal ka appointment mil sakta hai
        appointment lena hai
        kya aaj doctor available hai
        doctor se time chahiye
        doctor se baat karni hai
        मुझे डॉक्टर से मिलना है
        अपॉइंटमेंट चाहिए
        मुझे अपॉइंटमेंट बुक करना है
        डॉक्टर को दिखाना है
        I need a doctor in 2 days
    """,
    Intent.RESCHEDULE: """
        can I move it instead?
        move it please
        ¿la puedo mover?
        me la puede cambiar para el viernes?
        kisi aur din kar do
        appointment dusre din kar do
        mujhe apni appointment ki date change karni hai
        puedo adelantar mi cita
        se puede pasar mi cita al jueves?
        quiero cambiar el día de mi cita
        Can I come at 4 instead of 3
        i have to push my visit back
        something came up can i move my appointment
        can we do a different day for my appointment
        i need to change my appt from monday to tuesday
        rebook please
        reschedule
        can I reschedule
        i need to reshedule my appointment
        I need to move my appointment
        can we move it to Friday?
        change my appointment time
        please change my appointment to monday
        can I change the date of my appointment
        need to postpone
        can you push my appointment to next week
        cancel and reschedule please
        I can't make it, can we reschedule?
        want a different time for my appointment
        reprogramar
        quiero reprogramar mi cita
        necesito cambiar mi cita
        puedo cambiar la fecha de mi cita
        quiero mover mi cita para el lunes
        reagendar
        quiero posponer la cita
        appointment reschedule karna hai
        appointment ka time badalna hai
        meri appointment aage badha do
        time change karna hai
        अपॉइंटमेंट का समय बदलना है
        समय बदलना है
    """,
    Intent.CANCEL: """
        no, cancel it
        nahi, cancel karo
        yes cancel
        मेरा अपॉइंटमेंट कैंसिल कर दीजिए
        mujhe appointment cancel karwana hai
        cancelen mi cita de mañana
        quiero cancelarla
        no voy a poder ir, cancelar por favor
        I have to cancel, sorry
        cancel appointment for friday
        pls cancel my booking
        I want to cancel tomorrow
        cancel
        Cancel
        cancle
        cancel my appointment
        please cancel my appt
        I want to cancel
        i need to cancel tomorrow's appointment
        cancel it
        can't come, please cancel
        I no longer need the appointment
        i don't need the appointment anymore
        call off my visit
        cancelar
        quiero cancelar mi cita
        cancela mi cita por favor
        necesito anular la cita
        ya no necesito la cita
        ya no voy a ir
        appointment cancel karo
        appointment cancel karni hai
        meri appointment cancel kar do
        cancel karna hai
        अपॉइंटमेंट रद्द करना है
        रद्द करो
        अपॉइंटमेंट कैंसिल कर दो
    """,
    Intent.JOIN_LIST: """
        waiting list
        WAITLIST
        wait list please
        please put me on the waiting list
        can you add me to the waitlist for next week?
        let me know if someone cancels
        tell me if there is a cancellation
        lista de espera
        me puede apuntar en la lista de espera
        avíseme si alguien cancela
        si se libera una hora antes
        प्रतीक्षा सूची
        मेरा नाम वेटिंग लिस्ट में लिख दो
        waiting list me daal do
        pratiksha suchi
    """,
    Intent.LEAVE_LIST: """
        take me off the waiting list
        please remove me from your waitlist
        I don't need to be on the waiting list any more
        cancel my waiting list
        quíteme de la lista de espera
        ya no quiero estar en la lista de espera
        waiting list se mera naam hata do
        प्रतीक्षा सूची से हटा दो
    """,
    Intent.CANNOT_ATTEND: """
        मैं कल नहीं आ पाऊँगा
        kal nahi aa payenge
        no alcanzo a llegar a la cita
        mañana no puedo ir
        we can't make our appointment
        i cant come in tomorrow
        I wont make it
        not going to make it today
        I can't make it tomorrow
        cant come today
        I won't be able to make it
        unable to attend
        I'm not coming
        will not be there
        something came up
        no puedo ir mañana
        no voy a poder asistir
        no podré llegar
        me surgió un imprevisto
        nahi aa sakta
        kal nahi aa paunga
        main nahi aa sakungi
        नहीं आ सकता
        नहीं आ पाऊंगा
    """,
    Intent.CONFIRM: """
        haan main aaunga
        ahí estaremos
        sí, confirmo asistencia
        Yes confirm
        confirming
        I confirm my appointment tomorrow
        yes I'll be there
        confirm
        I confirm
        confirmed
        I want to confirm my appointment
        please confirm my appointment
        I'll be there
        see you tomorrow
        we will be there
        confirmo
        confirmo mi cita
        quiero confirmar mi cita
        ahí estaré
        confirm hai
        pakka
        main aa jaunga
        आ जाऊंगा
    """,
    Intent.HUMAN: """
        मुझे इंसान से बात करनी है
        mujhe phone karo
        insaan se baat karwao
        me comunica con la secretaria
        quiero hablar con un humano
        let me speak with a person
        can you call me?
        this bot is useless
        i want to speak to a real human being
        can i talk to the receptionist
        speak to someone please
        human
        agent
        I want to talk to a human
        talk to a real person
        can I speak to someone
        speak with the receptionist
        call me
        please call me back
        can someone call me
        are you a bot?
        is this a robot? I want a person
        representative
        let me talk to the front desk
        quiero hablar con una persona
        hablar con alguien
        quiero hablar con recepción
        pueden llamarme
        me pueden llamar por favor
        eres un robot?
        agente
        kisi se baat karni hai
        mujhe kisi insaan se baat karni hai
        staff se baat karao
        mujhe call karo
        किसी से बात करनी है
        मुझे कॉल करें
    """,
    Intent.HELP: """
        help
        Help me
        i need help
        can you help me
        how does this work
        what can you do?
        menu
        I don't understand
        ayuda
        necesito ayuda
        ayúdame
        me puede ayudar
        no entiendo
        madad
        meri madad karo
        madad chahiye
        मदद
        मदद चाहिए
        samajh nahi aaya
    """,
    Intent.VIEW: """
        what appointments do I have
        me confirma mi cita por favor
        when is it again?
        what time was it
        kab aana hai
        did you cancel my appointment?
        why was my appointment cancelled
        has my appointment been moved
        mera appointment kis din hai
        a qué hora era mi cita
        cuándo tengo mi próxima cita
        when am i supposed to come
        do i have anything booked
        what time was my appointment again?
        when is my appointment
        what time is my appointment?
        do I have an appointment tomorrow
        whats my appointment time
        show my appointments
        is my appointment confirmed
        I forgot when my appointment is
        cuándo es mi cita
        a qué hora es mi cita
        qué día tengo la cita
        mis citas
        meri appointment kab hai
        mera appointment kitne baje hai
        मेरी अपॉइंटमेंट कब है
    """,
    Intent.LATE: """
        der ho rahi hai traffic me fas gaya
        voy un poco tarde
        be there in 10 minutes, running behind
        im going to be late
        I'm running late
        running 10 minutes late
        i will be late
        im 15 min late sorry
        stuck in traffic
        voy tarde
        voy a llegar tarde
        llego 10 minutos tarde
        main late ho jaunga
        thodi der ho jayegi
        देर हो जाएगी
    """,
    Intent.ARRIVED: """
        main clinic pahunch gaya
        ya estoy en la clínica
        just arrived
        I am in the waiting room
        I'm here
        im outside
        I've arrived
        we are at the clinic
        ya llegué
        estoy afuera
        ya estoy aquí
        pahunch gaya
        main aa gaya
        पहुँच गया
    """,
    Intent.MORE: """
        I can't do any of those
        no, mejor otra
        koi dusra din dikhao
        aur koi time hai kya
        no me queda bien ninguno
        otra hora por favor
        ninguno de esos
        earlier?
        later please
        what else do you have
        any other day?
        can i see other options
        none of these times work
        none of these
        none of those work for me
        more options
        show me more
        other times
        another day
        do you have anything later
        something earlier?
        those don't work
        none
        ninguna
        ninguno me sirve
        otras opciones
        otro horario
        más opciones
        otro día
        tiene algo más tarde
        aur time batao
        koi aur din
        koi nahi
        dusra time
        और विकल्प दिखाओ
        कोई और समय
    """,
    Intent.BACK: """
        back
        go back
        previous
        volver
        atrás
        regresar
        wapas
        वापस
    """,
    Intent.RESTART: """
        start over
        start again
        restart
        empezar de nuevo
        phir se shuru karo
        फिर से शुरू
    """,
    Intent.CHANGE: """
        i typed it wrong
        no that's not my birthday
        oops wrong name
        change
        that's wrong
        change my name
        wrong date
        I made a mistake
        that is not right
        cambiar
        está mal
        me equivoqué
        galat hai
        गलत है
    """,
    Intent.QUESTION: """
        कितने पैसे लगेंगे
        clinic kab khulta hai
        clinic ka address kya hai
        kitni fees hai
        atienden sábados?
        cuál es la dirección
        I need a refill
        can I get my results
        do you do blood tests
        are you open tomorrow?
        what are your opening hours
        how much for a cleaning
        do you accept blue cross
        how do i get there
        whats the address
        how much does it cost
        what is the price of a consultation
        do you take insurance
        where are you located
        what are your hours
        what time do you open?
        what time do you close on Friday
        how much is a visit?
        how much does an appointment cost
        are you open on saturday
        are my results ready
        I need a refill of my prescription
        cuánto cuesta
        dónde están ubicados
        aceptan seguro
        a qué hora abren
        fees kitni hai
        clinic kahan hai
        kitne paise lagenge
        फीस कितनी है
        क्लिनिक कहाँ है
    """,
    Intent.SYMPTOM: """
        hi need to bring my kid in, ear ache
        I am ill
        feeling ill
        मुझे तीन दिन से बुखार है
        mujhe 3 din se bukhar hai
        tengo mucha tos
        me siento muy mal y con fiebre
        got a weird rash
        I think I have the flu
        I've been coughing for a week
        my stomach hurts so bad
        I have a fever
        my back hurts
        back pain
        sore throat and cough
        I feel sick
        i am not feeling well
        my tooth aches
        headache
        tengo fiebre
        me duele la cabeza
        me siento mal
        dolor de espalda
        bukhar hai
        pet me dard hai
        tabiyat kharab hai
        मुझे बुखार है
        सिर में दर्द है
        no chest pain but my knee hurts
    """,
    Intent.YES: """
        yes
        Yes please
        yep
        ok
        sure
        👍
        that works
        sounds good
        sí
        si por favor
        vale
        claro
        haan
        haan ji
        theek hai
        हाँ
        ठीक है
    """,
    Intent.NO: """
        not that one
        nope not that one
        no
        nope
        No thanks
        no thank you
        not now
        👎
        no gracias
        nahi
        नहीं
        nahi chahiye
    """,
    Intent.THANKS: """
        बहुत बहुत धन्यवाद
        bahut bahut shukriya
        mil gracias
        perfect, thanks
        ok great thank you
        thanks a lot!
        tysm
        thank u
        thanks
        thank you
        thank you so much
        Thanks!
        ok thanks
        great, thank you!
        thank you doctor
        🙏
        gracias
        muchas gracias
        ok gracias
        dhanyavad
        shukriya
        धन्यवाद
        बहुत धन्यवाद
        thx
    """,
    Intent.GREETING: """
        namaskar doctor
        buenas noches
        muy buenos días
        hello?
        Hi there!
        good afternoon
        hi
        Hello
        hey there
        good morning
        Good evening doctor
        hi, how are you?
        hola
        buenos días
        buenas tardes
        hola buenas
        namaste
        namaste ji
        नमस्ते
        hii
        helloooo
        👋
    """,
    Intent.GOODBYE: """
        nos vemos
        ok bye
        bye
        goodbye
        see you later
        adiós
        hasta luego
        alvida
        take care
        have a nice day
    """,
    Intent.STOP: """
        stop it
        message band karo
        no quiero recibir más mensajes
        take me off this list
        please don't send me any more texts
        stop messaging me
        STOP
        stop
        unsubscribe
        stop texting me
        please stop sending me messages
        don't text me anymore
        do not contact me again
        remove me from your list
        opt me out
        no me escriban más
        dejen de mandarme mensajes
        baja
        quiero darme de baja
        message mat bhejo
        messages band karo
        band karo
        मैसेज मत भेजो
        बंद करो
    """,
    Intent.START: """
        START
        unstop
        alta
        शुरू
    """,
    Intent.KEEP: """
        mujhe appointment nahi cancel karna
        cancel nahi karna hai
        no need to cancel
        don't cancel
        I don't want to cancel
        please do not cancel it
        no quiero cancelar
        appointment cancel mat karo
        no keep it
        keep my appointment
        I still want it
        no la cancele
        no, manténgala
        quiero dejar mi cita como está
        अपॉइंटमेंट रहने दो
    """,
    Intent.WAIT: """
        wait
        hang on a sec
        just a minute please
        let me check with my boss
        I need to ask my husband
        espera
        un momento por favor
        deja le pregunto a mi esposo
        ruko
        ek minute
        puch ke batata hu
        एक मिनट रुकिए
    """,
    Intent.PREPARATION: """
        what should I bring?
        do I need to bring anything to my appointment tomorrow
        should I fast before the appointment
        how long will the appointment take
        ¿qué debo llevar?
        ¿cuánto dura la cita?
        kya kya lana hai
        क्या लाना है
    """,
    Intent.NEVER_MIND: """
        no thank you, I'll call instead
        no thanks ill call
        I will call back later
        no gracias yo llamo
        never mind
        nvm
        forget it
        never mind, I'll call you
        leave it, thanks
        I changed my mind
        I don't want it anymore
        olvídalo
        mejor ya no
        déjalo así
        no, gracias, ya no la necesito
        rehne do
        nahi rehne do
        रहने दो
        कोई बात नहीं
    """,
    Intent.UNKNOWN: """
        can we make it later in the day?
        I'll be fine
        appointment nahi chahiye
        no necesito cita
        I don't want an appointment
        please don't reschedule
        2
        Ana Lopez
        tomorrow at 5
        14 March 1978
        second opinion
        asdfgh
        ?
        .
        I may come
        purple elephants
        for my son
    """,
}

YES = """
    yes
    Yes
    YES!
    yes.
    yes please
    yes, please.
    yes thank you
    yeah
    yep
    yup
    y
    k
    ok
    okay
    OK!!
    okayyy
    yesss
    sure
    sure thing
    of course
    absolutely
    correct
    that's correct
    that's right
    right
    perfect
    great
    sounds good
    sounds great
    that works
    works for me
    that works for me thanks
    go ahead
    please do
    do it
    confirm
    I confirm
    no problem
    why not
    I do
    I agree
    alright
    all right
    fine
    👍
    👍🏽
    👍👍
    ✅
    👌
    ok 👍
    book it
    sí
    si
    sí por favor
    si, por favor
    sí gracias
    claro
    claro que sí
    vale
    dale
    por supuesto
    de acuerdo
    está bien
    esta bien gracias
    perfecto
    correcto
    así es
    bueno
    ok gracias
    me parece bien
    confirmo
    siii
    haan
    han
    haan ji
    ji haan
    ji
    haanji
    theek hai
    thik h
    thik hai ji
    sahi hai
    bilkul
    kar do
    ok ji
    हाँ
    हां
    हाँ जी
    जी
    जी हाँ
    ठीक है
    बिल्कुल
    सही है
    हाँ कृपया
"""

NO = """
    no
    No
    NO!!
    nope
    nah
    n
    no thanks
    no thank you
    no, thank you
    not now
    not yet
    never
    no way
    not really
    I don't think so
    that's wrong
    wrong
    incorrect
    not correct
    👎
    ❌
    no 👎
    noooo
    that doesn't work
    no gracias
    no, gracias
    para nada
    ahora no
    todavía no
    no quiero
    incorrecto
    no es correcto
    nahi
    nahin
    nhi
    nahi ji
    ji nahi
    nahi chahiye
    galat hai
    abhi nahi
    नहीं
    नहीं जी
    जी नहीं
    नहीं चाहिए
    गलत
"""

NEITHER = """
    yes but later
    yes but not friday
    yes no
    no yes
    yes and no
    maybe
    not sure
    I'm not sure
    perhaps
    ok but can I change the time
    yes 2
    2
    yes I want to cancel
    yes, for my son
    no, that's fine
    ok?
    yes?
    what
    hello
    tomorrow
    only if it's free
    it depends
    sí pero más tarde
    sí, para mi hijo
    no sé
    quizás
    tal vez
    haan lekin baad me
    haan kal
    shayad
    pata nahi
    शायद
    हाँ लेकिन बाद में
    no 2
    por favor no sí
    can't breathe
"""


def _cases(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_a_message_is_recognised(language: str) -> None:
    texts = _cases(LANGUAGES[language])

    assert {text: detect_language(text, default="xx") for text in texts} == dict.fromkeys(texts, language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "ok",
        "no",
        "👍",
        "Ana Lopez",
        "María",
        "doctor",
        "14/03/1978",
        "Привет",
        "你好",
        "مرحبا",
        "??",
        "a",
        "José Muñoz",
    ],
)
def test_a_message_that_shows_no_language_keeps_the_default(text: str) -> None:
    assert detect_language(text, default="es") == "es"
    assert detect_language(text, default="en") == "en"


def test_a_language_that_the_organization_does_not_offer_is_never_answered() -> None:
    assert detect_language("hola necesito una cita", supported=("en",), default="en") == "en"
    assert detect_language("मुझे मदद चाहिए", supported=("en", "es"), default="en") == "en"
    assert detect_language("hello", supported=(), default="hi") == "hi"


def test_a_regional_tag_is_given_back_as_offered() -> None:
    assert detect_language("hola necesito una cita", supported=("en-US", "es-MX"), default="en-US") == "es-MX"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("english please", "en"),
        ("English", "en"),
        ("can we speak in english", "en"),
        ("en español por favor", "es"),
        ("español", "es"),
        ("do you speak spanish", "es"),
        ("no hablo inglés", "es"),
        ("hindi", "hi"),
        ("hindi me baat karo", "hi"),
        ("हिंदी में", "hi"),
        ("my doctor told me about an english book that I should read", None),
        ("I need an appointment", None),
        ("", None),
    ],
)
def test_a_wish_for_another_language_is_recognised(text: str, language: str | None) -> None:
    assert requested_language(text) == language


@pytest.mark.parametrize("intent", INTENTS)
def test_a_message_has_the_intent_of_its_writer(intent: Intent) -> None:
    texts = _cases(INTENTS[intent])

    assert {text: detect_intent(text, detect_language(text, default="en")) for text in texts} == dict.fromkeys(
        texts, intent
    )


@pytest.mark.parametrize("language", ["en", "es", "hi", "es-MX", "fr", ""])
def test_requests_are_understood_whatever_language_is_assumed(language: str) -> None:
    assert detect_intent("quiero cancelar mi cita", language) is Intent.CANCEL
    assert detect_intent("I need an appointment", language) is Intent.BOOK
    assert detect_intent("अपॉइंटमेंट चाहिए", language) is Intent.BOOK


@pytest.mark.parametrize(("block", "answer"), [(YES, True), (NO, False)], ids=["yes", "no"])
def test_yes_is_yes_and_no_is_no(block: str, answer: bool) -> None:
    texts = _cases(block)

    assert {text: parse_yes_no(text, detect_language(text, default="en")) for text in texts} == dict.fromkeys(
        texts, answer
    )


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_what_says_more_than_yes_or_no_stays_unclear(language: str) -> None:
    texts = [*_cases(NEITHER), ""]

    assert {text: parse_yes_no(text, language) for text in texts} == dict.fromkeys(texts)


def test_ya_is_yes_in_english_only() -> None:
    assert parse_yes_no("ya", "en") is True
    assert parse_yes_no("ya", "es") is None
    assert parse_yes_no("ya", "hi") is None


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("STOP", "stop"),
        ("stop", "stop"),
        (" Stop. ", "stop"),
        ("STOP!", "stop"),
        ('"STOP"', "stop"),
        ("STOPALL", "stop"),
        ("stop all", "stop"),
        ("UNSUBSCRIBE", "stop"),
        ("END", "stop"),
        ("QUIT", "stop"),
        ("REVOKE", "stop"),
        ("OPTOUT", "stop"),
        ("opt out", "stop"),
        ("opt-out", "stop"),
        ("ALTO", "stop"),
        ("parar", "stop"),
        ("BAJA", "stop"),
        ("बंद", "stop"),
        ("रोकें", "stop"),
        ("START", "start"),
        ("unstop", "start"),
        ("शुरू", "start"),
        ("HELP", "help"),
        ("info", "help"),
        ("Ayuda", "help"),
        ("मदद", "help"),
        ("stop please", None),
        ("please stop", None),
        ("don't stop", None),
        ("stop by the clinic", None),
        ("I need help", None),
        ("end of the week", None),
        ("cancel my appointment", None),
        ("cancelar", None),
        ("रद्द", None),
        ("sí", None),
        ("1", None),
        ("", None),
        ("👍", None),
    ],
)
def test_keywords_count_only_as_the_whole_message(text: str, keyword: str | None, channel: str) -> None:
    assert opt_keyword(text, channel) == keyword


def test_cancel_opts_out_on_sms_and_means_the_appointment_on_whatsapp() -> None:
    assert opt_keyword("CANCEL", "sms") == "stop"
    assert opt_keyword("CANCEL", "whatsapp") is None
    assert detect_intent("CANCEL", "en") is Intent.CANCEL


def test_yes_opts_in_again_only_on_sms_after_an_opt_out() -> None:
    assert opt_keyword("YES", "sms", opted_out=True) == "start"
    assert opt_keyword("YES", "sms") is None
    assert opt_keyword("YES", "whatsapp", opted_out=True) is None
