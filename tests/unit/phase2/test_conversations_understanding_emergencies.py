"""Emergencies in what patients write: found in three languages, and not where it was denied or long ago."""

from __future__ import annotations

import pytest

from apps.conversations.understanding import Emergency, EmergencyCategory, Intent, detect_emergency, detect_intent

ALARMS = {
    "heart": """
        chest pain
        I have chest pain
        i have a really bad chest pain since this morning
        my chest hurts
        my chest hurts when I breathe
        pain in my chest going down my left arm
        there is pressure on my chest
        tightness in chest
        my chest feels tight
        chest is really tight and i'm sweating
        chset pain
        chest pian
        CHEST PAIN!!!
        My chest, it hurts
        feels like an elephant is sitting on my chest
        I think I'm having a heart attack
        my dad is having a heart atack
        heart attack please help
        hart attack
        my husband's heart stopped
        cardiac arrest
        crushing chest pain
        had chest pain 2 hours ago
        chest pain since last week
        chest pain started 2 weeks ago
        no fever and chest pain
        No my chest hurts
        not sure if this chest pain is serious
        I don't think it's a heart attack but my chest hurts
        my father had a heart attack
        I had a heart attack yesterday
        never had chest pain like this before
        I have not eaten chest pain
        my dad had a heart attack 10 years ago and now my chest hurts
        my dad had a heart attack 10 years ago and my chest hurts
        me duele el pecho
        me duele mucho el pecho
        dolor en el pecho
        tengo dolor de pecho
        tengo un dolor muy fuerte en el pecho
        siento presión en el pecho
        opresión en el pecho
        el pecho me duele
        me aprieta el pecho
        creo que es un infarto
        mi papá tiene un infarto
        ataque al corazón
        le está dando un ataque al corazon
        no, me duele el pecho
        no me siento bien me duele el pecho
        no sé si es un infarto
        me duele el corazón
        mi mamá tuvo un infarto ayer
        seene me dard ho raha hai
        seene mein dard hai
        sine me bahut dard hai
        chhati me dard
        chest me pain ho raha hai
        mere papa ko heart attack aaya hai
        dil ka daura pada hai
        seene me dard nahi ja raha
        seene ka dard kam nahi ho raha
        dil me dard ho raha hai
        chati me jalan aur dard
        सीने में दर्द
        सीने में दर्द है
        मुझे सीने में बहुत दर्द हो रहा है
        छाती में दर्द
        छाती में भारीपन
        दिल का दौरा पड़ा है
        हार्ट अटैक आया है
    """,
    "breathing": """
        can't breathe
        i cant breathe
        I can't breath
        i cannot breathe properly
        can hardly breathe
        I can barely breathe
        trouble breathing
        having difficulty breathing
        difficulty in breathing
        it's hard to breathe
        short of breath
        shortness of breath
        my baby is not breathing
        my son stopped breathing
        he isn't breathing
        baby not breathing help
        she's choking
        he is choking on food
        cant brethe
        breathing problem
        lips turning blue
        his lips are blue
        she's turning blue
        asthma attack
        i'm having an asthma attack and my inhaler isn't working
        can't catch my breath
        gasping for air
        struggling to breathe
        no puedo respirar
        no puede respirar
        mi hijo no respira
        mi bebé no respira
        me cuesta respirar
        me cuesta mucho respirar
        dificultad para respirar
        tengo dificultad al respirar
        me falta el aire
        me falta aire
        me ahogo
        me estoy ahogando
        se está ahogando con comida
        no está respirando
        siento que me asfixio
        tiene los labios morados
        saans nahi aa rahi
        saans nahi aa rahi hai
        sans nahi aa raha
        saans lene me takleef
        mujhe saans lene mein dikkat ho rahi hai
        saans phool rahi hai
        dam ghut raha hai
        bachcha saans nahi le raha
        saans lene me problem
        सांस नहीं आ रही
        साँस लेने में तकलीफ
        सांस लेने में दिक्कत हो रही है
        सांस फूल रही है
        दम घुट रहा है
        बच्चा सांस नहीं ले रहा
    """,
    "stroke": """
        I think my mom is having a stroke
        stroke
        her face is drooping
        his face is drooping and his speech is slurred
        slurred speech
        he's slurring his words
        can't move my left arm
        I can't feel my legs
        sudden numbness on one side
        one side of my body is numb
        my left side went numb
        suddenly can't speak
        worst headache of my life
        lost vision in one eye
        mi mamá tiene un derrame
        derrame cerebral
        se le torció la boca
        tiene la cara torcida
        no puedo mover el brazo
        no puede mover la mitad del cuerpo
        se le durmió medio cuerpo
        lakwa
        papa ko lakwa maar gaya
        muh tedha ho gaya
        haath nahi hil raha
        bol nahi pa rahe
        लकवा मार गया
        मुंह टेढ़ा हो गया
        स्ट्रोक आया है
    """,
    "bleeding": """
        bleeding a lot
        I'm bleeding heavily
        heavy bleeding
        the bleeding won't stop
        it won't stop bleeding
        severe bleeding
        can't stop the bleeding
        lots of blood
        there's so much blood
        losing a lot of blood
        throwing up blood
        vomiting blood
        coughing up blood
        blood everywhere
        deep cut on my hand
        nose bleed wont stop bleeding
        i cut off my finger
        estoy sangrando mucho
        sangra mucho
        mucha sangre
        no para de sangrar
        no deja de sangrar
        hemorragia
        está perdiendo mucha sangre
        vomitando sangre
        vomito con sangre
        bahut khoon beh raha hai
        khoon nahi ruk raha
        khoon ki ulti
        khoon bah raha hai
        bahut bleeding ho rahi hai
        बहुत खून बह रहा है
        खून नहीं रुक रहा
        खून की उल्टी
    """,
    "unconscious": """
        my husband is unconscious
        unconcious
        she passed out
        he fainted
        my mother collapsed
        grandma won't wake up
        she is not waking up
        he's not responding
        my baby is limp
        I blacked out
        dad collapsed in the bathroom
        lost consciousness
        the baby isn't moving
        el bebé no se mueve
        está inconsciente
        mi mamá se desmayó
        se desmayo mi abuela
        me desmayé
        perdió el conocimiento
        no despierta
        mi papá no despierta
        mi hijo no reacciona
        behosh ho gaya
        papa behosh ho gaye
        maa behosh hai
        hosh nahi hai
        uth nahi rahe
        बेहोश हो गए
        माँ बेहोश हैं
        होश नहीं है
        उठ नहीं रहे
    """,
    "self_harm": """
        I want to die
        i wanna die
        I want to kill myself
        im going to kill myself
        thinking about suicide
        i feel suicidal
        suicidal thoughts
        i don't want to live anymore
        I don't want to be alive
        no reason to live
        better off dead
        I want to end my life
        I want to end it all
        want to hurt myself
        I keep thinking about hurting myself
        I tried to kill myself 2 years ago
        i dont want to kill myself but i keep thinking about it
        I wish I was dead
        tired of living
        self harm
        quiero morir
        quiero morirme
        me quiero morir
        me quiero matar
        quiero suicidarme
        pienso en el suicidio
        ya no quiero vivir
        no quiero vivir más
        quiero quitarme la vida
        no tengo ganas de vivir
        quiero hacerme daño
        acabar con mi vida
        marna chahta hun
        main marna chahti hoon
        mar jana chahta hu
        jeena nahi chahta
        jeene ka man nahi karta
        khudkushi karna chahta hun
        suicide karna hai
        apni jaan lena chahta hoon
        मैं मरना चाहता हूं
        मरना चाहती हूँ
        जीना नहीं चाहता
        आत्महत्या
        खुदकुशी करना चाहता हूं
    """,
    "poisoning": """
        overdose
        I think she overdosed
        took too many pills
        my son swallowed bleach
        he drank bleach
        my toddler swallowed a battery
        took the whole bottle of pills
        swallowed too many tablets
        poisoned
        sobredosis
        se tomó muchas pastillas
        tomé demasiadas pastillas
        mi hijo tomó cloro
        bebió lejía
        se tragó una pila
        zeher kha liya
        usne zahar kha liya
        bahut saari goliyan kha li
        ज़हर खा लिया
        बहुत सारी गोलियां खा ली
    """,
    "seizure": """
        my son is having a seizure
        seizure
        she is having convulsions
        siezure
        he is having a fit
        shaking uncontrollably
        foaming at the mouth
        está convulsionando
        tiene convulsiones
        le dio una convulsión
        ataque epiléptico
        daura pad raha hai
        mirgi ka daura
        jhatke aa rahe hain
        मिर्गी का दौरा
        दौरा पड़ रहा है
    """,
    "allergy": """
        my throat is closing up
        throat closing
        severe allergic reaction
        I'm having an allergic reaction
        anaphylaxis
        my tongue is swelling
        lips swelling after peanuts
        face is swelling up
        se me cierra la garganta
        se me está cerrando la garganta
        reacción alérgica grave
        se le hinchó la lengua
        se me hinchan los labios
        gala band ho raha hai
        jeebh sooj gayi hai
        गला बंद हो रहा है
        जीभ सूज गई
    """,
    "pregnancy": """
        I'm pregnant and bleeding
        bleeding and i am 8 weeks pregnant
        my water broke
        I'm in labor
        estoy embarazada y sangrando
        se me rompió la fuente
        rompí fuente
        garbhvati hoon aur khoon aa raha hai
        गर्भवती हूं और खून आ रहा है
    """,
    "injury": """
        I was stabbed
        gunshot
        he got shot in the leg
        hit by a car
        my kid fell from the roof
        he was electrocuted
        severe burn
        snake bite
        drowning
        lo atropellaron
        le dieron un balazo
        se cayó del techo
        quemadura grave
        goli lagi hai
        saanp ne kaat liya
        accident ho gaya
        current lag gaya
        सांप ने काट लिया
        एक्सीडेंट हो गया
    """,
    "general": """
        emergency
        it's an emergency
        this is an emergency please help
        call an ambulance
        need ambulance
        call 911
        i'm dying
        I think I'm dying
        she's going to die
        emergencia
        es una emergencia
        llamen una ambulancia
        me estoy muriendo
        me muero
        auxilio
        emergency hai
        ambulance bulao
        ambulance chahiye
        main mar raha hun
        bachao
        इमरजेंसी है
        एम्बुलेंस बुलाओ
        मर रहा हूं
        emergancy
    """,
}

MORE_ALARMS = """
    chest hurts so much rn
    really bad pains across my chest and jaw
    my mom is complaining about her chest, she's pale and sweaty
    i think my husband is having heart trouble, chest pressure
    angina attack
    cant breath properly help
    my breath is so short i cant walk
    he's struggling to breathe
    daughter can't stop coughing and is turning blue
    something stuck in his throat he cant breathe
    throat swollen shut
    my lips are swelling after the injection
    i ate peanuts and my face is swelling
    he can't talk and one arm is weak
    left half of body not working
    mum's speech is slurred since morning
    her face dropped on one side
    i lost vision suddenly
    my wife is bleeding a lot after delivery
    wound keeps bleeding and won't stop
    i am coughing up blood
    he is vomiting blood
    dad fell and is unconscious
    she fainted and hit her head
    my son is not waking up
    baby is not responding
    i want to end it
    i don't want to live any more
    thinking of killing myself
    i have pills and want to take them all and die
    i want to hurt myself
    he tried to commit suicide
    my daughter overdosed
    child drank kerosene
    swallowed detergent
    grandma took double dose of insulin and is confused
    fits since 10 minutes
    convulsions in my baby
    seizure not stopping
    bleeding in pregnancy
    labor pains started
    water broke early
    burned badly with hot oil
    stabbed in stomach
    road accident lots of blood
    electric shock
    we need help he is dying
    this is emergency
    send help now
    me duele el pecho y el brazo
    tengo el pecho apretado
    mi papá se agarra el pecho
    no puedo respirar ayuda
    mi hijo respira muy rápido y está azul
    se atragantó mi niño
    se le hinchó la garganta
    tiene la boca chueca y no habla
    perdí la vista de un ojo
    sangra y no para
    está vomitando sangre
    mi mujer está inconsciente
    se cayó y no despierta
    no quiero vivir mas
    me voy a matar
    tomó veneno para ratas
    se tomó todas las pastillas
    está teniendo convulsiones
    embarazada con sangrado
    se quemó con aceite muy grave
    me picó una serpiente
    urgente una ambulancia por favor
    seena dard kar raha hai
    chhati mein bhaari pan
    dil bahut zor se dard kar raha
    saans ukhad rahi hai
    saans lene mein taklif ho rhi h
    muh se khoon aa raha hai
    bahut khoon nikal gaya
    papa gir gaye hosh nahi hai
    baccha behosh hai
    aadha sharir kaam nahi kar raha
    zubaan ladkhada rahi hai
    mujhe marna hai
    khud ko khatam karna chahta hun
    zeher kha liya usne
    daura aa raha hai
    garbhvati hai aur bleeding ho rahi hai
    aag se jal gaya
    gaadi se accident hua
    turant ambulance chahiye
    सीने में भारीपन और पसीना
    सांस फूल रही है बहुत
    मुँह से खून आ रहा है
    होश नहीं आ रहा
    मुझे मरना है
    जहर खा लिया
    झटके आ रहे हैं
    आधा शरीर सुन्न हो गया
    my chest is killing me
    I feel chest tightness and sweating
    chest feels heavy
    i have pain in the left side of my chest
    sharp pain in chest when breathing
    my heart is hurting really bad
    heart pain
    chest discomfort and left arm pain
    it feels like someone is sitting on my chest
    squeezing feeling in my chest
    I have been having chest pains all day
    chestpain
    my chest burns and I can't breathe
    help my husband is having a heart attack
    my dad just had a heart attack
    I can't get any air
    I cannot get enough air
    i cant get my breath
    its getting harder to breathe
    my breathing is getting worse
    she has trouble catching her breath
    he's wheezing and can't talk
    my daughter is having an asthma attack
    my mom can't breath
    baby turning blue
    my child is choking on a coin
    I'm suffocating
    he is gasping
    my grandmother suddenly can't speak and her mouth is crooked
    dad's face is drooping on one side
    mom is confused all of a sudden and slurring
    my arm went numb suddenly
    i suddenly can't see out of one eye
    sudden severe headache
    numb on left side
    my husband can't lift his arm
    she cant talk right
    i am bleeding so much
    blood is pouring out
    i can't stop bleeding
    my period is so heavy i'm soaking a pad every hour
    theres blood in my vomit
    i'm vomiting blood
    I cut my wrist and it's bleeding badly
    he lost a lot of blood
    bleeding from the head after a fall
    my kid is unresponsive
    she's passed out on the floor
    he just collapsed
    he's out cold
    mom fainted twice today
    i keep fainting
    my baby won't wake up
    my wife is not waking up
    he's not moving
    I'm going to kill myself tonight
    i dont want to be here anymore
    I can't do this anymore I want to die
    life isn't worth living
    i've been thinking of ending it
    I want to jump off a bridge
    i took a bunch of pills
    I took 30 tylenol
    he took a whole bottle of aspirin
    my toddler ate rat poison
    my daughter drank cleaning fluid
    kid swallowed a magnet
    she is convulsing
    he's shaking and his eyes rolled back
    my son had a seizure this morning
    my face is swollen and I have hives after eating shrimp
    throat is swelling
    my tongue is swollen
    bee sting and my throat feels tight
    i'm 30 weeks pregnant and bleeding
    contractions every 5 minutes
    my water just broke
    i can't feel the baby move
    i was hit by a truck
    my son fell off the roof
    he hit his head and is vomiting
    deep wound that won't stop bleeding
    third degree burns
    he got electrocuted
    someone stabbed my brother
    please send an ambulance
    I need an ambulance now
    911
    its an emergancy plz help
    this is a medical emergency
    mi esposo tiene dolor en el pecho
    tengo una opresión en el pecho y me duele el brazo izquierdo
    siento que me va a dar un infarto
    me duele el pecho y no puedo respirar
    dolor de pecho fuerte
    dolor en el corazon
    no puedo respirar bien
    casi no puedo respirar
    le cuesta respirar a mi hijo
    mi niña se está poniendo morada
    se está ahogando mi bebé
    me falta el aliento
    mi abuelo no puede hablar y tiene la boca torcida
    se le cayó un lado de la cara
    no siento el brazo izquierdo
    mi papá no responde
    mi mamá está desmayada
    se desmayó mi hermana
    perdió la conciencia
    no despierta mi hijo
    estoy perdiendo mucha sangre
    no me para la sangre
    sangro por la nariz y no para
    vomité sangre
    me quiero suicidar
    ya no quiero seguir viviendo
    quiero matarme
    no quiero seguir aquí
    me corté las venas
    tomé muchas pastillas para morir
    se tomó todo el frasco de pastillas
    mi hijo se tragó cloro
    está convulsionando mi hija
    le dieron convulsiones
    se me hinchó la cara y no puedo respirar
    estoy embarazada y tengo sangrado
    se me rompió la bolsa
    no siento a mi bebé
    me atropelló un carro
    necesito una ambulancia
    es urgente me muero
    mi papá se está muriendo
    seene me bahut tej dard hai
    mere seene me dard hai
    chhati me bahut dard ho rha hai
    saans nahi le pa raha hun
    saans lene me bahut problem ho rhi hai
    sans lene me dikat
    mujhe saans nhi aa rhi
    mummy ko saans nahi aa rahi
    papa ko heart attack aa gaya
    dil ka dora
    meri maa behosh ho gayi hai
    papa hosh me nahi hai
    bachcha uth nahi raha
    khoon band nahi ho raha
    bahut jyada khoon nikal raha hai
    khoon ki ulti ho rahi hai
    mai mar jana chahta hu
    mujhe jeena nahi hai
    main apni jaan de dunga
    usne zeher pi liya
    usne phenyl pi li
    neend ki goliyan kha li bahut saari
    mirgi ka daura pada hai
    jhatke aa rahe hai
    gala sooj gaya hai saans nahi aa rahi
    mera accident ho gaya hai
    meri beti jal gayi
    saanp ne kat liya
    jaldi ambulance bhejo
    मेरे पापा को हार्ट अटैक आ गया
    सीने में तेज दर्द हो रहा है
    सांस लेने में बहुत तकलीफ हो रही है
    मुझे सांस नहीं आ रही है
    मेरी माँ बेहोश हो गई हैं
    बच्चा होश में नहीं है
    खून बंद नहीं हो रहा
    मैं मर जाना चाहता हूँ
    मुझे जीना नहीं है
    मैं आत्महत्या करना चाहता हूँ
    बच्चे ने ज़हर पी लिया
    एक्सीडेंट हो गया है
    doctor my chest has this weird pressure
    got a sharp pain in the middle of my chest
    my left arm and chest hurt
    Chest really hurting, what should I do?
    Im scared its my heart, chest is so tight
    hubby complaining of chest pains and sweating
    grandpa clutching his chest
    can't breathe properly since last night
    feeling breathless even when sitting
    my inhaler is not helping
    my throat is closing i ate nuts
    baby breathing very fast and lips look blue
    my 2 year old is choking!!
    he stopped breathing for a few seconds
    my mum's mouth has gone to one side
    dad cannot speak properly since an hour
    she can't move her right side
    having the worst headache ever
    blood won't stop coming out of the wound
    there's blood coming out of my mouth
    my nose won't stop bleeding for 2 hours
    coughing blood
    I'm losing so much blood
    I found my dad unconscious on the floor
    my sister fainted and isn't waking up
    he is unresponsive please
    I feel like killing myself
    I just want to die
    nobody would care if I died
    I have been cutting myself
    thinking of suicide again
    I swallowed a bottle of sleeping pills
    my kid drank bleach what do i do
    I think I overdosed on my meds
    my brother is having a fit
    daughter had a febrile seizure
    swollen tongue and trouble breathing
    I am in labour
    bleeding and 20 weeks pregnant
    I fell down the stairs and hit my head, vomiting now
    we had a car accident and he is bleeding
    shot in the leg
    snake bit me
    please call 911
    is anyone there it's an emergency
    i feel like im going to die
    mi marido tiene un dolor fuerte de pecho
    me aprieta mucho el pecho y sudo
    tengo dolor en el pecho desde ayer
    siento que no puedo respirar
    respira muy mal mi bebé
    mi mamá no puede hablar bien de repente
    tiene media cara paralizada
    sangra mucho de la cabeza
    no deja de sangrar la herida
    mi abuela se cayó y está inconsciente
    no reacciona mi papá
    pienso en matarme
    no quiero vivir
    mi hija tomó veneno
    creo que tuve una sobredosis
    tiene un ataque epiléptico
    se le hincha la lengua y no respira
    tengo contracciones muy seguidas
    estoy sangrando y estoy embarazada
    lo picó una víbora
    por favor una ambulancia
    ayuda mi hijo se ahoga
    seene mein jakdan ho rahi hai
    chhati me bahut tez dard
    chest mein pain hai aur pasina aa raha hai
    saans bilkul nahi aa rahi
    saans lene mein dikkat
    papa ka muh tedha ho gaya hai
    haath pair sunn ho gaye hain
    khoon rukne ka naam nahi le raha
    naak se khoon band nahi ho raha
    mummy behosh padi hai
    hosh mein nahi aa rahe
    marne ka mann kar raha hai
    jeene ki ichha nahi hai
    suicide karne ka man karta hai
    chuhe marne ki dawa kha li
    bahut saari neend ki goliyan kha li
    beti ko daura pada hai
    makkhi ne kaata aur gala band ho raha hai
    bijli ka jhatka laga
    koi ambulance bhej do
    emergency hai jaldi aao
    छाती में जकड़न है
    सांस रुक रही है
    पापा को लकवा मार गया
    बहुत ज्यादा खून बह रहा है
    माँ को होश नहीं आ रहा
    मरने का मन करता है
    ज़हर खा लिया है
    बेटे को दौरा पड़ा है
    एम्बुलेंस भेजो
"""

FALSE_ALARMS = """
    do you treat stroke patients
    my grandfather committed suicide years ago
    can't lift my arm because of a frozen shoulder
    what counts as chest pain
"""

NO_ALARMS = """
    my chest x ray results
    chest cold for a week
    pain in my foot
    knee pain and chest infection follow up
    I have short hair
    I sweat a lot at night
    sweating a lot lately
    fits my schedule
    does this time fit
    what time fits you
    that fits
    need help booking
    please help me book
    get help with billing
    send the bill please
    labor day appointment
    half of the family is sick
    I'll take them all
    take it all off please
    dose of vaccine
    second dose of vaccine
    burned my tongue on coffee
    sunburned badly
    sharp pain in my tooth
    stabbing pain in my knee
    crushing workload
    can't walk far because of knee
    one side of my nose is blocked
    my left ear is blocked
    numb tooth after dentist
    weak eyesight
    I am weak after flu
    I fell off my chair laughing
    blood group
    blood donation
    period blood is brown
    baby not eating well
    baby won't stop crying
    my baby is not sleeping
    my son is not talking yet, speech therapy
    not responding to treatment
    my phone isn't responding
    heart healthy diet
    panic attack last night
    anxiety attack
    I take heart medication
    I had a baby last week
    c section follow up
    attack of the flu
    nose bleed last week
    throat infection
    throat pain
    swollen tonsils
    face wash recommendation
    facial swelling gone now
    lip filler appointment
    tongue tie consultation
    allergic to dust
    allergy testing
    me duele la garganta
    me cuesta dormir
    me cuesta caminar
    me falta una receta
    me falta el seguro
    no puedo dormir
    no puedo mover la cita
    no me responde nadie
    nadie contesta
    no responde el teléfono
    mucha tos
    mucho dolor de espalda
    la sangre sale bien en el análisis
    donar sangre
    peso corporal
    presión baja
    me quemé la mano con el café
    corte en el dedo
    quiero vivir mejor
    quiero morir de la vergüenza
    urgente cita
    ataque de pánico
    una vez tuve convulsiones de niño
    dil ki jaanch
    dil ka doctor
    khoon test
    ek taraf sir dard
    haath me sunnapan
    saans ki exercise
    pet me jalan
    gale me jalan
    ulti aur dast
    bukhar me kamzori
    bacha ro raha hai
    emergency nahi hai
    koi jaldi nahi
    दिल की जांच
    हाथ में दर्द
    खून टेस्ट
    I have a cough and mild fever
    my nose is blocked
    back pain for two weeks
    I have a headache
    headaches every morning
    stomach ache
    I feel anxious
    I have anxiety and panic attacks
    my blood pressure is 150
    blood sugar high
    need blood work
    blood in stool
    I have a rash
    skin allergy
    seasonal allergies
    allergic to penicillin
    itchy eyes and swollen eyelids
    my ankle is swollen
    swollen knee
    tooth pain and swollen gum
    i sprained my ankle
    twisted my knee
    my arm hurts
    numb fingers at night
    tingling in my hands
    back went out
    I threw up last night
    diarrhea since yesterday
    I'm pregnant and need a checkup
    pregnancy test
    irregular periods
    light spotting
    heavy periods
    I want to quit smoking
    I can't sleep
    I'm exhausted
    feeling down lately
    depression follow up
    epilepsy medication refill
    I take seizure medication
    cardiology referral
    heart murmur checkup
    stress test
    need an ECG
    history of heart disease
    my father died of a stroke
    breathing exercises
    sleep apnea machine
    asthma inhaler refill
    asthma check up
    I need my epipen prescription renewed
    vaccine for baby
    baby has diaper rash
    baby won't sleep
    my son won't eat
    he is not listening
    my dog died
    can I die from this
    shoulder injury from gym
    I got hit by a ball at practice
    fell off my bike, knee scraped
    minor burn on hand
    sunburn
    paper cut
    I cut my finger yesterday, needs checking
    nosebleed yesterday
    my ears are ringing
    blocked ear
    eye infection
    urgent appointment please
    it's urgent
    is this an emergency number
    do you have emergency services
    what counts as an emergency
    stop sending me messages
    kill the reminder messages
    my insurance died
    shot for flu
    got my shots
    need a covid shot
    tetanus shot
    drug test
    drug allergy list
    medication review
    too many messages
    I took my pills today
    I took all my antibiotics
    forgot to take my pills
    ran out of pills
    chest cold
    chest congestion
    chest xray
    breast exam
    heart rate monitor
    heavy backpack causing shoulder pain
    pressure in my ears
    sinus pressure
    tight hamstring
    tension headache
    burning when I pee
    stabbing pain in foot
    crushing schedule this week
    I passed my exam
    passed a kidney stone
    I blacked out the date on my calendar
    I can't move the appointment
    I can't see Dr Lopez on Friday
    can't talk now
    i cant hear you
    no puedo hablar ahora
    no puedo ir
    me ahogo en trabajo
    dolor de garganta
    garganta inflamada
    dolor de muela
    me duele el brazo
    brazo hinchado
    tengo gripa
    estoy embarazada
    quiero dejar de fumar
    ataque de ansiedad
    vacuna
    sangre en la orina
    examen de sangre
    me caí y me duele la rodilla
    corte de pelo
    no tengo seguro
    me muero por verlos
    pet dard
    kamar dard
    sir me dard
    gale me dard
    gala kharab hai
    khansi jukam
    ulti ho rahi hai
    kamzori hai
    pair me sujan
    daant dard
    sugar badh gayi
    bp high hai
    pregnant hu checkup karana hai
    khoon ki kami
    periods late
    neend nahi aati
    naak band hai
    gas ki problem
    haath me dard
    dil se dhanyavad
    पेट दर्द
    कमर दर्द
    गले में दर्द
    खून की कमी
    नाक बंद है
    दिल से धन्यवाद
    no chest pain
    No chest pain.
    I don't have chest pain
    i dont have any chest pain
    no chest pain or shortness of breath
    I don't have chest pain or trouble breathing
    no fever, chills, or chest pain
    no fever no chest pain
    without chest pain
    denies chest pain
    never had chest pain
    not short of breath
    no trouble breathing
    no bleeding
    not bleeding a lot
    not an emergency
    it's not an emergency
    this isn't an emergency
    non emergency
    I am not suicidal
    no suicidal thoughts
    no seizures
    no me duele el pecho
    no tengo dolor de pecho
    no tengo dolor en el pecho ni dificultad para respirar
    sin dolor de pecho
    sin dificultad para respirar
    no es una emergencia
    no es emergencia
    no tengo convulsiones
    no estoy sangrando mucho
    seene me dard nahi hai
    seene mein dard nahi
    chest pain nahi hai
    koi emergency nahi hai
    seene me dard nahi ho raha
    सीने में दर्द नहीं है
    सीने में दर्द नहीं
    मुझे सीने में दर्द नहीं हो रहा है
    my father had a heart attack 10 years ago
    I had a heart attack in 2015
    my mom had a stroke last year
    history of stroke in the family
    family history of heart attack
    he had seizures as a child
    I had a seizure 3 years ago
    my grandfather died of a heart attack
    chest pain 5 years ago
    mi padre tuvo un infarto hace 5 años
    tuve un derrame en 2012
    antecedentes de infarto en la familia
    papa ko 5 saal pehle heart attack aaya tha
    पिताजी को 10 साल पहले दिल का दौरा पड़ा था
    stroke follow up appointment
    I need a follow up after my stroke
    I need my seizure medication refilled
    stroke rehab appointment
    overdose prevention class
    seguimiento después de mi infarto
    receta para convulsiones
    I can't breathe through my nose
    stuffy nose can't breathe through it
    no puedo respirar por la nariz
    naak se saans nahi aa rahi
    food poisoning
    I had a flu shot
    I got my covid shot
    blood test results
    I lost my blood test report
    lots of blood work
    my blood pressure is high
    emergency contact is my wife
    my emergency contact number changed
    dying to see you
    my phone is dying
    my back hurts
    breast pain
    chest x-ray appointment
    chest infection
    heartburn
    headache and fever
    my knee hurts
    I have a sore throat
    bleeding gums
    small cut on finger
    I feel weak
    you are not responding to my messages
    nobody is responding
    no one answers the phone
    nadie responde
    I can't move my appointment
    can I move my appointment
    I can't feel better
    hair is falling out
    I'm tired
    I'm starving
    I love you to death
    this is killing me
    back stroke swimming injury
    stroke of luck
    sugar is low
    me muero de hambre
    me muero de risa
    análisis de sangre
    presión alta
    me duele la cabeza
    me duele la espalda
    tengo gripe
    contacto de emergencia
    pet me dard hai
    sir dard
    bukhar hai
    khoon ki jaanch karani hai
    पेट में दर्द है
    खून की जांच
    hello
    hi doctor
    I need an appointment
    tomorrow at 5
    cancel my appointment
    quiero una cita
    mujhe doctor se milna hai
    2
    yes
    no
    Ana Lopez
    my son needs a checkup
    save me a spot
    I fell last week and my wrist hurts
    attack on titan
    heart of gold
    heart checkup
    heart specialist
    cardiologist appointment
"""


def _cases(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines()]


def _categories(texts: list[str]) -> dict[str, EmergencyCategory | None]:
    return {text: found.category if (found := detect_emergency(text)) else None for text in texts}


@pytest.mark.parametrize("category", ALARMS)
def test_an_emergency_is_found_with_its_category(category: str) -> None:
    texts = _cases(ALARMS[category])

    assert _categories(texts) == dict.fromkeys(texts, category)


def test_an_emergency_is_found_however_it_is_put() -> None:
    assert [text for text in _cases(MORE_ALARMS) if detect_emergency(text) is None] == []


def test_in_doubt_the_alarm_is_raised() -> None:
    assert [text for text in _cases(FALSE_ALARMS) if detect_emergency(text) is None] == []


def test_what_is_denied_past_or_harmless_raises_no_alarm() -> None:
    texts = _cases(NO_ALARMS)

    assert _categories(texts) == dict.fromkeys(texts)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Hello, my name is Ana. I have CHEST PAIN since noon", "chest pain"),
        ("hola, no puedo respirar bien", "no puedo respirar"),
        ("doctor sahab, saans nahi aa rahi", "saans nahi aa"),
        ("he is unconcious", "unconscious"),
    ],
)
def test_the_words_that_raised_the_alarm_are_given_for_the_note(text: str, phrase: str) -> None:
    found = detect_emergency(text)

    assert found is not None
    assert found.phrase == phrase


def test_an_alarm_is_raised_wherever_it_stands_in_a_long_message() -> None:
    text = "I would like to come next week. " * 40 + "My chest hurts. " + "Thank you. " * 20

    assert detect_emergency(text) == Emergency(EmergencyCategory.HEART, "chest hurts")


@pytest.mark.parametrize(
    "text",
    [
        "I need an appointment tomorrow, I have chest pain",
        "cancel my appointment, my father is unconscious",
        "2. also my throat is closing",
        "sí, pero me duele el pecho",
        "appointment chahiye, saans nahi aa rahi",
    ],
)
def test_an_emergency_goes_before_any_other_wish(text: str) -> None:
    assert detect_intent(text, "en") is Intent.EMERGENCY
