"""English emergency phrases and the words around them that take the alarm back. Data only."""

_PAIN = "pain|pian|pains|hurts|hurt|hurting|hrts|ache|aches|aching|payn|paining|tight|tightness|tightening|pressure|heavy|heaviness|crushing|squeezing|burning|discomfort|stabbing|cramp|cramping|paine|painful"
_CANT = "cant|cannot|couldnt|cnt|unable|barely|hardly|struggling|struggle|struggles"
_BREATHE = "breathe|breath|breathing"
_BODY = "arm|arms|leg|legs|side|face|hand|hands|body|limbs|mouth"
_PERSON = "he|she|they|hes|shes|baby|child|kid|son|daughter|mother|mom|mum|father|dad|husband|wife|grandma|grandpa|grandmother|grandfather|brother|sister|friend|man|woman|infant|newborn|toddler|boy|girl"

SYMPTOMS = {
    "heart": f"""
        chest ..3 {_PAIN}
        pain|pains|hurts|hurting|ache|discomfort in|on|around|of|across|at ..3 chest
        pressure|tightness|heaviness|burning|squeezing|weight in|on|around|across ..2 chest
        tight|painful|heavy|sore chest
        pain|pains|hurts my? chest
        elephant|someone|something|weight ..4 chest
        chest ..2 killing|squeezed|exploding
        pain|pains|ache|hurts ..5 of|in my|the|his|her chest
        squeezing|crushing|stabbing|sharp|burning feeling|sensation|pain? ..3 chest
        chestpain|chestpains
        angina
        chest ..5 pale|sweaty|sweating|faint|vomiting
        sweating|sweaty ..4 chest|breath
        jaw and|or arm|chest pain|pains
        left arm ..2 chest|jaw
        clutching|grabbing|clutches|grabs|holding ..2 chest
        chest pains|pain
        heart ..1 pain|pains|hurts|hurting|stopped|stops
        pain in|around ..1 heart
    """,
    "breathing": f"""
        {_CANT} ..2 {_BREATHE}
        can not|barely|hardly|t ..1 {_BREATHE}
        not|isnt|aint|stopped|stops|stop|quit|wont|doesnt {_BREATHE}
        is|are not {_BREATHE}
        gasping|wheezing
        cant|cannot|couldnt|not|isnt|doesnt|wont get|getting any|enough? air
        harder|hard|difficult to breathe|breath
        breathing ..3 worse|bad|fast|shallow|noisy|weird|funny
        fighting|gasping|hungry|starving for air|breath
        trouble|difficulty|difficult|difficulties|problem|problems|hard|tough|labored|laboured|painful|issues|hardly ..2 {_BREATHE}
        {_BREATHE} is|very|so|really difficult|hard|problem|problems|trouble|difficulty|heavily|bad
        {_BREATHE} problem|problems|trouble|difficulty|difficulties|issue|issues
        short|shortness|shortage|out of breath|air
        shortness breath
        breathless|breathlessness
        breath ..3 short
        oxygen ..3 low|dropping|80|85|70
        low oxygen
        choking|choked|choke
        suffocating|suffocate|suffocated
        turning|turned|going|gone blue|purple|grey
        lips|face|skin|fingers ..2 blue|purple
        no pulse
        airway blocked|obstructed
        asthma attack
        inhaler ..2 not|isnt|doesnt|stopped working|helping|work|help
    """,
    "stroke": f"""
        face|mouth|smile|lip|eyelid ..3 drooping|droop|droops|drooped|sagging|crooked|twisted|dropping|droopy
        mouth|face|smile ..4 one side
        face ..2 numb|paralyzed|paralysed
        drooping|droopy|crooked|twisted face|mouth|smile
        slurred|slurring|slurs|slurry ..1 speech|words|speaking
        slurring
        speech ..2 slurred|slurring|slurry|garbled
        cant|cannot|unable|couldnt ..2 move|feel|lift|raise ..2 {_BODY}
        cant|cannot|unable|couldnt to? speak|talk|see properly|suddenly|clearly|right|anymore
        suddenly|sudden ..3 numb|numbness|weak|weakness|confused|confusion|blind|blindness|paralysis|speak|see|vision
        one|left|right side ..4 numb|weak|paralyzed|paralysed|dead|drooping
        numb|numbness|weakness|paralysis|paralyzed ..4 one|left|right side
        one|left|right arm|leg ..2 numb|weak|paralyzed|paralysed|dead
        half of? ..3 numb|paralyzed|paralysed|weak
        half of ..1 body
        worst headache
        sudden|sudenly severe|terrible|horrible|bad|extreme|worst|intense headache
        arm|leg|face|hand ..2 numb|weak|dead|paralyzed suddenly
        arm|leg|face|hand suddenly ..2 numb|weak|dead
        thunderclap headache
        lost|losing ..1 vision|sight|speech|eyesight
        paralyzed|paralysed|paralysis
    """,
    "bleeding": """
        bleeding ..3 heavily|heavy|badly|severely|profusely|lot|alot|nonstop|everywhere|uncontrollably|out|bad|lots|much|death|continuously
        heavy|severe|massive|serious|uncontrolled|profuse|excessive|internal|nonstop|lot|lots of? bleeding
        heavy|severe|massive|serious|much|lot blood loss
        wont|doesnt|cant|cannot|not|isnt|didnt|never ..3 stop|stopping|control ..2 bleeding|blood|hemorrhage
        bleeding|blood ..3 wont|not|doesnt|isnt|cant|never|didnt stop|stopping|stopped
        blood ..2 nonstop
        lots|lot|losing|lost|pool|pools|so|much|gushing|spurting|coughing|cup ..2 blood
        blood ..2 coming ..3 mouth|ears|ear|head|eyes
        he|she|hes|shes is? bleeding
        blood ..1 everywhere|gushing|spurting|pouring|squirting
        soaking|soaked|soak ..3 pad|pads|tampon|towel|towels
        bleeding from the|his|her|my? head|ear|ears|mouth|neck|eye|eyes
        vomiting|vomit|vomited|throwing|threw|puking|coughing|coughed|spitting|spit up? ..1 blood
        blood in ..1 vomit|cough
        hemorrhage|hemorrhaging|haemorrhage|hemorrage|hemmorhage|haemorrhaging
        deep cut|wound|gash|knife
        cut|chopped|severed off my|his|her ..1 finger|fingers|fingertip|hand|foot|toe
        cut|chopped|severed ..2 finger|fingers|fingertip|hand|toe off
        cut|slit|slashed ..1 wrist|wrists|artery|throat
    """,
    "unconscious": f"""
        unconscious|unresponsive
        passed|passing|pass|blacked|blacking|knocked out
        fainted|fainting|faints|collapsed|collapsing|collapse
        {_PERSON} ..2 wont|cant|not|doesnt|isnt|couldnt|didnt|never wake|waking|awake|woke
        cant|cannot|couldnt wake him|her|them|my|the|up
        wont|not wake|waking|awake up?
        {_PERSON} ..1 isnt|not|wont|doesnt|stopped|is|didnt not? responding|respond|moving|reacting|responsive
        lost|losing|loss|loosing of? consciousness|conscious
        baby|child|infant|newborn|kid is? limp|floppy|lifeless
        lifeless
        out cold
        in a coma
    """,
    "allergy": """
        throat|airway ..3 closing|closes|shut|tightening|constricting
        throat ..1 is|keeps|started? swelling|swelled|tight|tightens
        tongue|lips|lip|face ..3 swelling|swelled|swollen|swells|swole
        swelling|swollen of|in|on? my|his|her|the? tongue|lips|lip|face
        severe|serious|bad|terrible|massive|extreme allergic|allergy reaction|attack
        having|has|had an|a? allergic reaction
        used|using ..2 epipen
        need|needs epipen|the|my? epipen now|asap|help
        stung|sting ..6 swelling|swollen|swelled
    """,
    "pregnancy": """
        pregnant|pregnancy ..5 bleeding|blood|bleed|spotting
        bleeding|bleed|blood|spotting ..5 pregnant|pregnancy
        water|waters ..1 broke|broken
        cant|dont|not|cannot|stopped ..1 feel|feeling ..2 baby ..1 move|moving|kick|kicking
        baby|fetus|foetus ..2 not|stopped|isnt|hasnt|doesnt|no moving|moved|move|kicking|kick|movement
        baby movement|movements stopped|less
        in|into labor|labour
        labor|labour pain|pains|started|contractions
        contractions
        having|think|maybe|a ..2 miscarriage|miscarrying
    """,
    "injury": """
        gunshot
        gun shot
        been|got|was|were|is shot by|in|at|with
        stabbed
        shot in|through the|my|his|her leg|chest|head|stomach|back|neck|foot|face
        car|road|motorcycle|bike|motorbike accident ..6 bleeding|hurt|injured|trapped|unconscious|help|blood
        hit|struck|run|knocked by|over|down by? a|the? car|truck|bus|bike|train|motorbike|vehicle|motorcycle
        head|brain injury|trauma
        hit|banged|smashed|cracked|bumped ..2 head ..4 vomiting|confused|blood|bleeding|unconscious|dizzy|vomited|sleepy
        hit|banged|smashed|cracked ..2 head hard|badly|really
        drowning|drowned
        electrocuted|electrocution
        electric|electrical shock
        severe|bad|serious|terrible burn|burns
        third degree
        burned|burnt|burns|scalded ..2 badly|severely|bad
        burned|burnt|scalded ..4 oil|fire|acid|boiling
        broken|broke|fractured ..1 neck|back|spine|skull
        fell|fallen|fall ..2 from|off|out|down ..2 roof|ladder|balcony|window|tree|building|floor
        snake bite|bit
        bitten|bit by ..2 snake
        snakebite
    """,
    "poisoning": """
        took|taken|swallowed|ate|drank|drunk|ingested|take|taking ..4 too many|much ..3 pills|pill|tablets|tablet|medicine|medication|medications|meds|paracetamol|tylenol|ibuprofen|drugs|insulin|painkillers
        took|taken|swallowed|ate|drank|ingested ..3 whole|entire|handful|full ..2 bottle|pack|pills|tablets|box|strip
        took|taken|swallowed|ate|take a? bunch|handful|lot|lots|load of ..2 pills|tablets|medicine|meds|medication|drugs
        took|taken|swallowed|ate 10|12|15|20|25|30|40|50|60|100 ..1 pills|tablets|tylenol|paracetamol|ibuprofen|aspirin|xanax|capsules|pill|advil
        overdosed|overdosing
        took|taken|swallowed|ate|drank ..1 bottle of ..2 pills|tablets|medicine|meds|medication
        took|taken|swallowed|ate all ..3 pills|tablets|medicine|meds|medication at|together
        swallowed|drank|ingested|ate|drunk|swallow|drinking|eaten ..3 bleach|poison|battery|batteries|detergent|chemicals|chemical|pesticide|cleaner|cleaning|kerosene|acid|antifreeze|magnet|magnets|phenyl
        double|triple|wrong|extra dose of ..2 insulin|morphine|warfarin|digoxin|methadone
        carbon monoxide
    """,
    "seizure": """
        shaking|jerking|twitching uncontrollably|violently
        foaming|foam at|from ..1 mouth
        eyes rolled|rolling back
    """,
    "general": """
        emergency|emergencies
        call|need|send|get|calling|want ..3 ambulance|911|112|108|999|102|paramedics|paramedic
        ambulance
        911
        im|i|am|hes|shes|is|he|she|are|think ..2 dying
        going|gonna|about to? die
        life threatening
        save me|him|her|my
        help ..3 dying
        somebody|someone help
        send|need|get help now|immediately|quick|fast|quickly
    """,
}

CONDITIONS = {
    "heart": """
        heart|hart|cardiac attack|arrest|failure
        having a heart
        cardiac event
    """,
    "stroke": "stroke|strokes",
    "seizure": """
        seizure|seizures|seizing|convulsion|convulsions|convulsing|convulsed
        having|had|has|have|is a|another|epileptic? fit|fits|fitting
        fits since|for|every|again|not
        epileptic fit|attack
    """,
    "allergy": "anaphylaxis|anaphylactic|anaphalactic|anaphylaxsis|anafilactic",
    "poisoning": """
        overdose|overdosed|overdosing|overdoses|od'd
        poisoned|poisoning|poison
    """,
}

SELF_HARM = """
    kill|killing|harm|harming|shoot|hang|hanging|unalive myself|himself|herself|themselves|themself|myslef
    kill|killing|harm|hang my self
    want|wants|wanna|going|gonna|thinking|thoughts|urge|urges|might|plan|planning|like|afraid|scared ..4 hurt|hurting|cut|cutting|harm|harming myself|himself|herself
    want|wants|wanna|wanted|ready|rather|wish i? to|could|would|just? die
    wanna|want to? just? die|be dead|disappear forever
    wish|wished i|id was|were|am|had|never|be|been dead|born|died
    better off dead
    better off without me
    dont|do|doesnt|not|no not? want|wanna|wish|care|feel|like to? ..2 live|alive|exist|living
    dont|not see|have any|a? reason|point to|in|of live|living|life
    no|nothing reason|point|left|purpose to|in|of|for ..1 live|living|life
    nothing to live for
    end|ending|take|taking|ended|finish|finishing my|his|her|their|own own? life
    end it all
    end|ending it all|tonight|today|now|soon|myself|forever
    thinking|thought|thoughts|plan|planning|want|wanna|going ..3 ending|end it
    dont|not|do ..1 want|wanna to? be here anymore
    dont|not want|wanna to? be on|in this world|earth|planet
    suicide|suicidal
    nobody|noone|one would|will|wont care|miss|notice ..3 died|die|dead|gone
    cutting|burning|hurting|harming myself
    take|taking|swallow them|it all and|at
    commit|committed|committing suicide
    self harm|harming|harmed
    selfharm|selfharming
    tired of living|life
    tired of being alive
    cant go on anymore|living|like
    jump ..3 bridge|building|roof|window
    life is|isnt not? worth living
"""

EXCEPTIONS = """
    breathe|breathing|breath through|thru|from|out|with of? my|the|his|her? left|right|one|blocked|stuffy? nose|nostril|nostrils|mask
    nose ..3 breathe|breathing|breath
    catch a break
    emergency contact|contacts|number|numbers
    food poisoning|poisoned|poison
    poison ivy|oak
    blood work|test|tests|pressure|sugar|report|reports|results|result|group|type|sample|samples|thinner|thinners|draw|drawn|count|donation|bank
    stroke of
    breast|back|brush|key stroke
    dying to|for
    dying|died of|from laughter|laughing|boredom|curiosity|embarrassment
    dying laughing
    phone|battery|plant|hair is dying
    contractions of
    deep cut discount
    i cant wake up
    save me a|some|the|time|money
    save my number|contact|details|spot|place|slot|name|appointment
    self harm policy
    flu|covid|booster|tetanus shot
    head injury clinic
    heart failure clinic|specialist|doctor
    burning up
    blacked out the|my|some|that
    emergency services|service|number|hours|line
    counts|count|consider|considered ..3 emergency
    not needed
    emergency medicine degree
"""

NEGATORS = (
    "no|not|never|without|denies|deny|denied|dont|doesnt|didnt|isnt|arent|havent|hasnt|wasnt|nor|neither|non|nothing"
)

NEGATION_CARRIERS = """
    have has had having any a an the of in to feel feeling felt experience experiencing experienced with or nor my his
    her more longer signs symptoms sign symptom currently really been got getting is it its this that severe real
    life medical for at all as like such other yet do does did i he she fever cough nausea vomiting headache pain
    numbness dizziness sweating weakness chills sweats rash dizzy palpitations tingling diarrhea allergies also history ever noticed seen actual mild bad heavy be
"""

PSEUDO_NEGATIONS = """
    not only|just|sure|certain|getting|improving|going|sleeping|able|even|feeling|eating|well|good|ok|okay|better|breathing|waking|know|sleep
    dont know|understand|feel|think|ignore|let|want|worry|care|believe|like|remember|see
    do not know|understand|feel|think|ignore|let|want|see
    no doubt|idea|relief|improvement|one|my|i|im|it|its|he|she|the|we|they|please|doctor|yes|way|better|change|this|hes|shes|help|time|matter|energy|appetite|sleep
    never ..6 this|before|bad
    nothing helps|works|is|helped|worked|stops|but
    not a? joke|drill
    without any? warning|reason
    dont have time
"""

TERMINATORS = "but and except because although though however still now just only then yet if so plus"

HISTORY = """
    years|year|yrs|months|month|weeks|week|decades|decade ago|back|earlier|before
    last|previous year|month|week|summer|winter|spring|fall|autumn
    history of
    family|medical|past history
    when i|he|she was|were|had
    as a child|kid|baby|teenager
    used to
    childhood|previously|formerly
    in the past
    long|time ago
    died of|from
    passed away
    survived|survivor
"""

AFTERCARE = """
    had ..3 before
    follow up|ups
    followup|followups
    rehab|rehabilitation|recovery|recovering|recovered|physio|physiotherapy|therapy|aftercare
    refill|refills|medication|medications|medicine|medicines|meds|prescription|tablets|pills
    checkup|screening|awareness|class|course|training|prevention|prevent|vaccine|specialist|clinic|test|risk
    check up
    post stroke|seizure|heart
    after my|a|the|his|her
    since my|his|her|the stroke|heart|seizure
    runs in
    discharged|discharge|insurance|bill|certificate
"""

CURRENT = """
    now|today|tonight|still|again|started|starting|starts|began|since|currently|just|worse|having|keeps|ongoing|continues|continuous
    this morning|evening|afternoon|moment|minute
    right away|now
    at the moment
    is happening
    please help
    help
"""
