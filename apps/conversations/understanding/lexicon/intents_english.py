"""What English-writing patients ask for. Keys are `Intent` names; one pattern a line."""

_APPOINTMENT = (
    "appointment|appointments|appt|appts|apt|booking|bookings|visit|consultation|consult|checkup|reservation|slot"
)
_DOCTOR = "doctor|doctors|doc|dr|physician|gp|dentist|nurse|pediatrician|specialist|dermatologist|gynecologist|therapist|practitioner|cardiologist|someone"
_WANT = "need|want|like|wanna|gotta|must|have|should|wish|try|trying|looking|hoping|can|could|may|please|pls|lets|how"

INTENTS = {
    "HUMAN": """
        speak|talk|chat|connect|transfer|put .. human|person|someone|somebody|agent|representative|rep|receptionist|reception|staff|operator|people|secretary|manager|team|clinic
        speak|talk|connect|transfer .. front desk
        human|agent|operator|representative|receptionist
        real|live|actual person|human|agent|someone
        are|r you|u? a? bot|robot|machine|human
        is this|it a? bot|robot|machine|human
        want|need|prefer a? real|human|live? human|person|agent|operator
        call|ring|phone me back?
        have|can|could|get .. someone|somebody|you call|phone|ring me
        not|no a? bot|robot
        hate this|the|talking bot|robot
        bot|robot|machine is? useless|stupid|dumb|sucks|annoying
    """,
    "JOIN_LIST": """
        waitlist|waitlisted
        wait|waiting|standby|cancellation|cancelation list
        let|tell|notify|text|message me know? if|when|of .. cancels|cancellation|cancellations
        if|when anyone|anybody|someone|somebody cancels
        if|when anything|something|sooner|earlier opens up
        if|when there|theres is? a cancellation
    """,
    "LEAVE_LIST": """
        take|remove|get|delete|strike me off|from of? the|your|this? waitlist
        take|remove|get|delete|strike me off|from of? the|your|this? wait|waiting list
        leave|quit|off the|your|this? waitlist
        leave|quit|off the|your|this? wait|waiting list
        dont|not need|want ..5 waitlist
        dont|not need|want ..5 wait|waiting list
        cancel|stop|end my|the? waitlist
        cancel|stop|end my|the? wait|waiting list
    """,
    "RESCHEDULE": f"""
        reschedule|rescheduling|resched|rebook|postpone|prepone
        re schedule
        move|change|changing|switch|shift|push|delay|swap|alter|modify|update .. {_APPOINTMENT}
        move|push|shift|bring|change|put it|that|this|mine to|back|forward|up|for
        move|push|shift|switch it|that|this|mine
        change|move|switch|different the? time|date|day|hour of|for my|the {_APPOINTMENT}
        different|another|new time|day|date for|instead my|the? {_APPOINTMENT}?
        {_APPOINTMENT} .. different|another|later|earlier|new time|date|day
        earlier|later {_APPOINTMENT}
        come|do|make|have|take ..3 instead
    """,
    "CANCEL": f"""
        cancel|canceling|cancelling|cancelation
        call off
        call it off
        call my {_APPOINTMENT} off
        delete|remove|drop|scrap .. {_APPOINTMENT}
        dont|not need|want .. {_APPOINTMENT} anymore
        no longer need|want|coming
        no longer need|want .. {_APPOINTMENT}
    """,
    "CANNOT_ATTEND": """
        cant|cannot|wont|couldnt|unable make it|that|my|the|our|this
        not going|gonna to? make|come|attend
        cant|cannot|wont|couldnt|unable to? come|attend|get|be|keep
        not able to come|make|attend
        will|would not|never? be? able to come|make|attend
        will not be? there|coming|able|attending
        im|i|am not coming|attending
        wont|cant be there|able|coming|attending
        something came up
    """,
    "VIEW": f"""
        when|what is|s? time|day|date? .. is|was my|the next? {_APPOINTMENT}
        when|what|whats time|day|date? is my|the next? {_APPOINTMENT}
        whats my {_APPOINTMENT} time|date
        my|upcoming|next {_APPOINTMENT} details|time|date|info
        show|see|view|check|list|find my upcoming|next? {_APPOINTMENT}
        what|which {_APPOINTMENT} do|have i|we have|got|booked
        how many {_APPOINTMENT} do i|we have
        do i have an|any? upcoming? {_APPOINTMENT}
        have i got an|any? {_APPOINTMENT}
        is my {_APPOINTMENT} .. confirmed|on|booked|today|tomorrow
        did|have you|u|they cancel|cancelled|canceled|move|change|moved|changed .. {_APPOINTMENT}
        is|was|has my|the {_APPOINTMENT} been? cancelled|canceled|moved|changed
        why .. {_APPOINTMENT} .. cancelled|canceled|moved|changed
        remind me .. {_APPOINTMENT}
        do i have anything|something booked|scheduled
        when am|was|should i supposed|scheduled|due|booked|come
        when is|was it|that again?
        what time|day is|was it|that again?
        forgot .. {_APPOINTMENT}
    """,
    "LATE": """
        running|run late|behind
        be|am|im|arrive|arriving|coming|get|little|bit|minutes|min|mins late
        stuck in traffic
        late by|for my|the|about
    """,
    "ARRIVED": """
        im|i|am|we|were here|outside|arrived
        im|am|are|were at|in|outside the clinic|reception|parking|office|waiting
        have|ive|just arrived
        just got here
    """,
    "BOOK": f"""
        book|booking|bok
        make|schedule|set|arrange|get|request|reserve|fix|take|find|give|new|first|another .. {_APPOINTMENT}
        {_WANT} .. {_APPOINTMENT}
        {_APPOINTMENT} please|pls|with|tomorrow|today|for|on|next|this|asap|required|needed
        {_APPOINTMENT}
        see|visit|consult|meet|seeing a|the|my|your|with|an|any? {_DOCTOR}
        {_WANT} .. be|get seen
        {_WANT} .. {_DOCTOR}
        talk|speak to|with a|the|my {_DOCTOR}
        {_DOCTOR} please|pls|needed|required|available
        doctor|dr|doc .. available|free
        any slots|openings|availability|availabilities|spots|times|space
        do|have you|u|ya have|got anything|something|openings|slots|times|spots|space|time|room|availability
        is there anything|something|availability|space|time|an? opening|slot|spot
        anything|something open|free|available|on|for
        what|which|are .. slots|times|openings|dates are|do|available
        available|free .. slots|times|appointments
        when can i come|visit|be
        can i come|visit in|tomorrow|today|on|this|next
        schedule me|an|a
        fit|squeeze me in
        get checked
        i would|d like to? come in?
        want|wanna|like|need|hoping|trying to? see|meet|visit|consult u|you|him|her|them
        set something|it|one up
        get|getting|have|need ..3 cleaned|checked|examined|vaccinated|looked|seen
        can|could|may i|we schedule|book
    """,
    "CONFIRM": f"""
        confirm|confirmed|confirming .. {_APPOINTMENT}
        want|like|need|calling|writing to confirm
        i|we|id|please can|do|like? confirm
        confirm it|that|this|my|please
        confirm|confirmed|confirming|cnfrm
        ill|will|shall|we be there
        ill|will|shall come|attend|make it
        see you|u then|there|tomorrow|soon|at|on
        im|i|am|we coming|attending
        count me in
        looking forward
    """,
    "MORE": """
        more options|times|slots|dates|choices|days
        show|see|send|give .. more|others
        other|another|different|further|alternative options|option|times|time|slots|slot|dates|date|days|day|hours
        something|anything|what else|later|earlier|sooner|different
        none of these|those|them|the|it|that work|works|suit|suits|are|is?
        cant|cannot|wont do|make|any|either|manage any|either|none|these|those|them|it? of? those|these|them?
        none work|works|suit|suits|fit
        none
        neither
        next|more page|ones
        more
        later please|one|time|slot|day|date
        earlier
        later|earlier|other dates|times|days|slots
        not these|those|any
        these|those|they|it dont|wont|doesnt work|suit
        dont|doesnt work|suit
        do|does not work|suit
        can|could|is .. later|earlier|another|different time|day|date
    """,
    "RESTART": """
        start|begin|go over
        start|begin|try again
        start|begin from the? beginning|scratch|start
        restart|reset
        from the beginning|start
        new conversation|chat
        main menu
    """,
    "BACK": """
        back
        go|step|take me? back
        previous|prev
        undo
        return
        one step back
        go to previous
    """,
    "NEVER_MIND": """
        never mind
        nevermind|nvm
        forget about? it|that|this
        forget|leave|drop|skip it
        i|ive|have? changed|change my mind
        i? dont want|need it|this|one? anymore|now
        i do not want|need it|this|one? anymore|now
        not interested anymore?
        some other time
        maybe later
        i will call|ring|phone back|again|in|you? later|instead|tomorrow?
        ill|i call|ring|phone|will|can you|them|in|back|later|instead|call? later|instead|again|back?
    """,
    "KEEP": f"""
        keep|leave it|that|this|mine|everything as it is
        keep it|that|this|mine|my|the {_APPOINTMENT}?
        i|ill|we? still want|need|keep|take it|that|this|mine
    """,
    "CHANGE": """
        change
        change|edit|correct|fix|update|modify it|that|this|my|the name|answer|details|date|time|birthday|reason|number?
        thats|its|this|that|it is? wrong|incorrect
        thats|its|this|that|it is? not right|correct|me|mine|my
        wrong name|date|time|day|number|doctor|birthday|person|dob
        wrong|incorrect
        made|i a? mistake
        mistake|typo
        i meant
    """,
    "HELP": """
        help me?
        please|pls|can|could|need|want .. help
        what can|do you|u do
        what are|is my|the|this options|menu|for
        how does|do this|it|i|you work|use|do
        menu|options|commands|instructions
        i? dont understand|get|know
        i do not understand|get|know
        im confused|lost
    """,
    "PREPARATION": f"""
        do|should|must|what|anything i|we|to|should|do|need|have ..2 bring|wear|fast|eat|drink|prepare|pack
        have|need|supposed to wear|fast|prepare
        how long will|does|is|do|should the|my|a|it ..2 {_APPOINTMENT}|take|last|be|wait
    """,
    "WAIT": """
        wait|waitt|hold|hang on|up? a|one|sec|second|minute|moment? sec|second|minute|moment?
        a|an|one|just|give|gimme|1 me|a|one? sec|second|minute|min|moment
        let me check|see|ask|think|look|confirm about|with|my|at|the? it|that|my|the? boss|husband|wife|mom|mum|dad|work|schedule|calendar|partner|job|diary?
        i need|have|gotta|must to? check|ask|think about|with|my|at|the? it|that|my|the? boss|husband|wife|mom|mum|dad|work|schedule|calendar|partner|job|diary?
        ill|i let you know
        brb
    """,
    "QUESTION": f"""
        how much|expensive
        how much|expensive is|are|does|do|for|was|will .. {_APPOINTMENT}
        price|prices|cost|costs|fee|fees|charge of|for
        whats|what|is|are|the price|cost|fee|fees|charges
        price|prices|cost|costs|fee|fees|charge|charges|bill|invoice|receipt
        address|location|directions|parking
        how do|can i|we get|reach there|to
        where are|is you|the|your|clinic|office|located
        opening|working|business|office|clinic hours|times
        what are|is your hours|timings
        are you|the|is open|closed
        what time do|are you|the|is open|close|closed
        insurance|medicare|medicaid
        do you accept|take|have|offer|do|treat
        test|lab|blood|scan|xray|my results|result|report|reports
        results
        prescription|refill|medication|medications|medicine refill?
        referral
        sick note
    """,
    "GREETING": """
        hi|hello|hey there|all|everyone|doctor|doc|team
        hi|hello|hey|hiya|hallo|helo|hii|heya|yo|greetings|howdy|hellow
        good morning|afternoon|evening|day|night
        gm|ga|ge|morning|afternoon|evening
        how are|r you|u doing?
        whats up
        hope you are|re well|fine
        👋
    """,
    "GOODBYE": """
        bye|goodbye|byee|cya|farewell
        bye bye
        good bye|night
        see ya|you|u later|soon?
        take care
        have a great|good|nice|lovely day|one|evening|weekend
        talk later|soon
        ttyl
    """,
    "THANKS": """
        thanks|thank|thankyou|thx|tx|ty|tnx|thanx|cheers|thnx|tysm
        thank you|u
        thanks|thank you? so? much|lot
        much appreciated
        i? appreciate it|that|this
        grateful
        great|awesome|perfect|ok|okay|wonderful|many thanks|thank you|u?
        🙏
        ❤
    """,
    "SYMPTOM": """
        pain|pains|ache|aches|hurts|hurt|hurting|sore|fever|cough|coughing|headache|headaches|migraine|toothache|backache|earache
        vomiting|vomit|nausea|nauseous|diarrhea|diarrhoea|rash|itching|itchy|dizzy|dizziness|swelling|swollen|infection|flu|cold
        injury|injured|sprained|burning|bleeding|tired|fatigue|insomnia|allergy|allergies|sick|unwell|anxiety|depressed|stomach|uti
        am|im|is|shes|hes|was|been|very|really|so|quite|fell|getting ill
        not feeling well|good
        dont feel well|good
        do not feel well|good
        feel|feeling bad|awful|terrible|weak|sick|unwell|ill|worse|dizzy
    """,
    "STOP": """
        stop|quit texting|messaging|sending|contacting|writing|spamming|bothering|calling me?
        stop these|the|all|your? messages|texts|reminders|sms|spam
        stop .. messages|texts|messaging|texting
        dont|never text|message|contact|send|write me|this|these|any ..2 anymore|again|more|messages|texts
        do not text|message|contact|send|write me|this|these|any ..2 anymore|again|more|messages|texts
        dont|never text|message|contact|spam me
        do not text|message|contact|spam me
        stop it|this
        unsubscribe me
        unsubscribe
        opt me? out
        remove|delete|take .. from|off your|the|this list|database
        remove|take my number|name|phone
        no more messages|texts|reminders|sms
        leave me alone
    """,
}

NEGATORS = """
    did|have you|u|they
    dont|don|not|didnt|never|doesnt|havent|wasnt|isnt|wouldnt
    do not
    no need to
"""
