"""English words and phrases of the booking bot. Data only; see `phrases.Phrasebook` for the patterns."""

LANGUAGE = {
    2: """
        the and i my you your need want have is are was were would with of for what when where how can could
        please thanks thank hello today tomorrow tonight  yes see been this that it do
        does did will im ive id there their any some not dont cant which after before about from hey help book
        english morning afternoon evening feel feeling pain hurts sick better later earlier next week day days
        monday tuesday wednesday thursday friday saturday sunday yeah yep sure sorry bye we
        she he they her his them an be or at by as got get make anything something whenever works okay
    """,
    1: "appointment appointments appt hi a to on in am me book doctor cancel reschedule time name new now just more one first son daughter wife",
}

YES = """
    yes|yess|yep|yup|yeah|yea|ya|yah|yas|ye|y|aye|ja|yeap|yessir|ys|ues|yse
    sure thing
    sure|certainly|definitely|absolutely|indeed|surely|exactly|precisely
    ok|okay|okey|oki|okie|okk|k|kk|kay|okeydokey
    okey|okie dokey|dokie
    correct|right|true|agreed|agree|affirmative
    perfect|great|excellent|wonderful|awesome|brilliant|super|lovely|fab|cool
    fine|good
    thats|its|this|that|it is? fine|good|great|ok|okay|perfect|right|correct|it|me|true|alright
    that is fine|good|great|ok|okay|perfect|right|correct|it|true
    sounds|looks good|great|fine|perfect|right|ok|okay
    all right|good|correct
    alright|aight
    of course
    ofcourse
    go ahead
    go for it
    do it|so
    please do
    lets do it|that
    i do|will|am|agree|can|accept|would
    id love|like to
    works for|with me|us
    that|this|it works|suits|will? work?
    that will|would work|do
    that|it would|will|d be great|good|perfect|fine|lovely|wonderful|awesome|nice
    works|suits
    no problem
    no worries
    not a problem
    why not
    i think so
    i guess so
    i suppose so
    i confirm
    confirm|confirmed|accept|accepted
    you got it
    you? bet
    for sure
    by all means
    with pleasure
    happy with that
    im happy|ok|okay|fine|good with that|it|this
    book it|that|this|me|mine? in?
    please book
    ill take it|that
    👍
    ✅
    ✔
    ☑
    👌
    🆗
    💯
"""

NO = """
    no|nope|nah|nay|noo|nop|naa|n|negative|nahh
    no way
    not at all
    no thanks|thank
    not now|yet|today|really|this|that|correct|right|ok|okay|good|interested|exactly
    not this time
    not for me
    not that|this|these|those one|ones|time?
    i? dont think so
    i do not think so
    i? dont want|need it|to|that|this?
    i do not want|need it|to|that|this?
    no thank you|u
    i dont|cant|wont|couldnt
    i do not
    id rather not
    rather not
    dont
    do not
    none
    never
    wrong|incorrect|false
    thats|its|this|that is? wrong|incorrect|not
    that|this|it doesnt|wont|dont work|suit
    doesnt|wont work|suit
    doesnt|wont work|suit for? me
    cant make it|that
    not good|possible|suitable
    i decline
    decline|declined|refuse
    👎
    ❌
    ✖
    🚫
    🙅
"""

FILLERS = """
    please|pls|plz|plse|pleas|kindly
    thanks|thank|thx|ty|tnx|thankyou|cheers|appreciated
    thank you|u
    you|u so|very? much
    so|very much
    a lot
    sec|second|bro|man|guys|folks
    doctor|doc|dr|sir|madam|mam|maam|miss|mr|mrs|ms|dear|team|clinic
    hi|hello|hey
    then|well|oh|ah|um|uh|hmm|hm|so|just|actually|again|too|also|really|very|now|and|lol|haha
    god bless you?
    for|to me
    🙏
    🙂
    😊
    😀
    😃
    😄
    ☺
    ❤
    🎉
    👋
"""

HEDGES = """
    but|except|unless|however|although|though|only|if|maybe|perhaps|possibly|instead|rather|depends|until|not
    later|another|other|different|change|first
"""

CHOICE_FILLERS = """
    please|pls|plz|ok|okay|yes|yeah|yep|sure|hi|hello|whatevers|whichevers|whats|wtv|then|so|well|oh|um|actually|thanks|thank|you|good|great|fine|perfect
    the|a|an|it|that|this|one|ones|option|options|choice|number|num|slot|time|date|day|appointment|appt|at|on|in|for|of|is
    i|ill|id|im'd|would|will|want|like|prefer|take|choose|pick|select|book|have|get|go|going|with|lets|let|do|me|my
    gimme|sounds|can|could|we|to|works|work|best|better|suits|be|by|about|how|think|said|meant|need|reserve|confirm|schedule|please
    and|im|am|just|would|give|put|down|see|doctor|dr|doc|available|from|your|list|above|clock
"""

ORDINALS = {
    1: "first|firts|fist|frist",
    2: "second",
    3: "third|3 rd",
    4: "fourth|forth",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}

NUMBERS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty
"""

RELATIVE_CHOICES = {
    "last": """
        last|final
        very last
        bottom one
    """,
    "earliest": """
        earliest|soonest|earlier|sooner
        first available
        asap
        as soon as possible
    """,
    "latest": "latest|later",
    "any": """
        any|anyone|whichever|whatever|either
        any one|of|time|them
        any of them|these|those
        doesnt|dont matter|mind
        does|do not matter|mind
        i dont mind
        i do not mind
        you choose|pick|decide
        all|any fine|good|ok|work
        up to you
        no preference
    """,
}

SELF = """
    for|is|its|it me|myself
    it is|s me|for me
    for|is|its me|myself
    its for me|myself
    me|myself|self|mine
    me only
    only|just me
    for my self
    my self
    i am the patient
    im the patient
    i need|want|would|wanna .. for me|myself
    this is for me
    im booking for myself
    me please
"""

RELATIONS = {
    "son": "son|boy",
    "daughter": "daughter|girl|daugther|doughter",
    "child": "child|kid|kiddo|toddler|infant|baby|newborn|children|kids|teenager|stepson|stepdaughter|grandson|granddaughter",
    "mother": "mother|mom|mum|mommy|mama|mummy|ma|mam",
    "father": "father|dad|daddy|papa|pa",
    "wife": "wife|wifey",
    "husband": "husband|hubby",
    "partner": "partner|girlfriend|boyfriend|fiance|fiancee|spouse",
    "brother": "brother|bro",
    "sister": "sister|sis",
    "grandmother": "grandmother|grandma|granny|nana|nan",
    "grandfather": "grandfather|grandpa|granddad|grandad",
    "friend": "friend|neighbor|neighbour|roommate|colleague|coworker",
    "relative": "uncle|aunt|auntie|cousin|niece|nephew|parents|parent|family|inlaw|relative",
    "someone": "someone|somebody|else|patient|client",
}

RELATION_FRAMES = """
    for {R}
    for my|our|the|a|an|his|her little|older|elder|younger|sick|elderly|old|new|baby? {R}
    for my|our ..3 old {R}
    and my|our {R}
    on behalf of my|our|a? {R}
    my|our little|older|elder|younger|baby|sick|elderly|old? {R} needs|need|wants|has|is|hasnt|cant|feels|keeps|would
    book|take|bring|bringing|taking|get my|our little|older|elder|younger|baby? {R} in|for|to|an|a|there|checked|seen
    someone|somebody else
    not for me
    not me
"""

NAME_LEADS = """
    my full|first|complete? name is|s
    my names
    names|name is?
    the patients|patient name is
    patients|patient full? name is?
    name of the? patient is?
    his|her|their full? name is|s
    sons|daughters|mothers|fathers|wifes|husbands|moms|dads|childs|babys|brothers|sisters name is
    i am called
    im called
    they call me
    call me
    is called
    is named
    named
"""

WEAK_NAME_LEADS = """
    i am
    im
    this is
    this
    it is|s for
    its for
    its|it
    it is
    for
    for my son|daughter|mother|mom|mum|father|dad|wife|husband|child|baby|brother|sister|friend|grandmother|grandfather
    my son|daughter|mother|mom|mum|father|dad|wife|husband|child|baby|brother|sister|friend
    book for|it
    appointment for
    patient|patients
    on behalf of
    yes|hi|hello|hey|sure|ok|okay|sorry
    good morning|afternoon|evening
"""

INTRODUCTIONS = """
    this is
    i am
    im
    its|it is?
"""

BIRTH_LEADS = "and i was am he she is born on in my his her the date of birth birthday birthdate bday dob d b"

HONORIFICS = "mr mrs ms miss mx dr doctor prof professor sir madam rev"

COMMON = """
    a able about above ache aches aching after afternoon again age ago all allergic allergy almost alone already
    also always am an and angry another answer any anyone anything anytime anxious appointment are around as ask
    at available away baby back bad be because bed been before being below best better between big bit bleeding
    blood body book booking born both bring bot but by call called came can cancel cannot cant care change check
    checkup child chest clinic close cold come coming confirm consult consultation cough coughing could covid
    currently cut date day days depressed diabetic did different dizzy do doctor does doing done dont down due
    ear early eat eight either emergency else email english error even evening ever every everyone everything eye
    fast feel feeling feels fell fever few fine first five flu fold follow food foot for forgot four free from front
    full fully further general get getting give go goes going gone good got great had half hand happy hard has
    have having he head headache health hear hello help her here hers him his home hope hospital hour hours how
    hungry hurt hurting hurts ill in info injection injured insurance into is issue it its itchy joking just kid
    kids knee know last late later least leave left leg let like list little live long look looking lot lots low
    lunch made make man many married maybe me mean medicine meet meeting message mind mine minute missed
    moment month months more morning most move much must my name nausea nauseous near need needed needs never
    new next nice night nine no nobody none nope normal not nothing now number of off office often ok okay old
    on once one only open option or other our out outside over pain painful patient pay people person phone
    please possible pregnant prescription pressure previous price private probably problem provide question
    quick quickly rash ready real really reason recently record refill report reschedule rest result results
    return right runny running sad same saturday say scared schedule second see seeing seem seen self send
    september service seven several she should show sick since sit six skin sleep slot slow small so some
    somebody someone something sometimes soon sore sorry speak staff start still stomach stop stressed strong
    such suffering sugar sure swollen symptoms take taking talk tell ten test than thank thanks that the their
    them then there these they thing things think third this those three throat through throwing time tired to
    today together tomorrow tonight too tooth toothache touch trouble try trying turn two type under
    understand unwell until unwell up upset urgent us use used usual vaccine very visit vomit vomiting wait
    waiting walk want wants was watch way we week weekend weeks weight well went were what whatever when
    whenever where which while who whole whom why wife will with without woman wont word work working works
    worried worry worse would write writing wrong year years yes yesterday yet you young your yours yourself
    address alive allowed apologize argentina mobile parent guardian interested new existing returning member
    bothering busy cheap cost covered deaf delayed diarrhea disabled dying exhausted expecting fasting fatigued
    confused constipated contagious concerned unable unsure wondering writing texting calling booked fatigue
    whats whos hows wheres lets ive youre theyre were hes shes dont doesnt didnt isnt arent wasnt werent havent
    hasnt hadnt couldnt shouldnt wouldnt aint gonna wanna gotta thx pls plz asap btw idk lol haha hmm um uh oh
    heartburn sunburn nosebleed irregular period periods constipation cramp cramps acne eczema psoriasis asthma thyroid
    cholesterol hypertension arthritis gout hernia ulcer pneumonia bronchitis chickenpox measles pregnancy prenatal pap smear
    physical therapy physiotherapy vaccination immunization bloodwork xray ultrasound mri scan fracture sprain wound stitches
    bite bites hives lump cyst wart mole discharge uti yeast fungal ringworm lice sinus sinusitis tonsils tonsillitis teeth
    braces filling crown canal gum gums depend depends hearing vision glasses diet loss stress panic adhd autism memory
    migraine migraines diabetes infection inflammation allergies ears eyes feet toes fingers shoulder elbow wrist ankle hip
    neck spine muscle muscles bone bones lungs kidney kidneys liver bladder urine stool breast pill pills tablets antibiotics
    mom mum dad wellness annual yearly routine physicals screening contraception birth control implant smoking alcohol
"""

SHIFTS = {
    "earlier": """
        earlier|sooner
        too late
        not so|that late
    """,
    "later": """
        later
        too early|soon
        not so|that early|soon
    """,
}

SAME_DAY = """
    same|that|this day|morning|afternoon|evening
    in|on the|that same? day|morning|afternoon|evening
"""

QUESTION_OPENERS = """
    what|whats|where|wheres|when|whens|who|whos|whom|why|how|hows|which
    do|does|did|is|are|can|could|may|should|will|would|shall i|you|u|we|they|he|she|it|my|the|there|this|that|a|an|someone|anyone
"""

LANGUAGE_REQUESTS = """
    english
    in english
    english please
    speak|talk|write|continue|reply|answer|switch .. english
    prefer|want english
    dont speak|understand spanish|hindi|espanol
    no spanish|hindi
    inglés
    en inglés
    en inglés por favor
    hablar|habla|habláis|prefiero .. inglés
    अंग्रेज़ी
    अंग्रेज़ी में
    angrezi|angreji
    english|angrezi mein|me|main ..
"""
