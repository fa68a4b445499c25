"""English words for days, dates and times. Keys are the symbols that `symbols.scan` yields."""

SYMBOLS = {
    "day 0": """
        today|tday
        2 day
        to day
    """,
    "day 0;part evening": """
        tonight|tonite
        2 nite
        this evening|night
    """,
    "day 0;part morning": "this morning",
    "day 0;part afternoon": "this afternoon|arvo",
    "day 1": """
        tomorrow|tmrw|tmr|tmw|tmrow|tomoro|tomorow|tommorow|tommorrow|tomorro|tmoro|tmro|tomrw|tomoz
        2 moro|morrow|mrw
        the next day
    """,
    "day 1;part evening": "tomorrow night",
    "day 2": """
        the? day after tomorrow|tmrw|tomorow|tommorow|tomoro
        overmorrow
    """,
    "day -1": "yesterday|yday|yest",
    "weekday 0": "monday|mondy|monady|mnday",
    "weekday 1": "tuesday|tusday|teusday|tuesdy|tuseday|tues|tue",
    "weekday 2": "wednesday|wensday|wendsday|wednsday|wednesdy|wedensday|wenesday|wednessday|weds",
    "weekday 3": "thursday|thrusday|thursdy|thirsday|thurday|thurs|thur|thu|thus",
    "weekday 4": "friday|firday|fryday|frday|fri",
    "weekday 5": "saturday|saterday|satuday|saturdy|satday|saterdy",
    "weekday 6": "sunday|sundy|sunay",
    "abbr 0": "mon",
    "abbr 2": "wed",
    "abbr 5": "sat",
    "abbr 6": "sun",
    "weekdays 0": """
        mondays
        any|every|each|on|most monday|mondays
    """,
    "weekdays 1": """
        tuesdays
        any|every|each|most tuesday|tuesdays
    """,
    "weekdays 2": """
        wednesdays
        any|every|each|most wednesday|wednesdays
    """,
    "weekdays 3": """
        thursdays
        any|every|each|most thursday|thursdays
    """,
    "weekdays 4": """
        fridays
        any|every|each|most friday|fridays
    """,
    "weekdays 5": """
        saturdays
        any|every|each|most saturday|saturdays
    """,
    "weekdays 6": """
        sundays
        any|every|each|most sunday|sundays
    """,
    "month 1": "january|jan",
    "month 2": "february|feb|febuary|febr|feburary",
    "maybe-month 3": "march|mar",
    "month 4": "april|apr",
    "maybe-month 5": "may",
    "month 6": "june|jun",
    "month 7": "july|jul",
    "month 8": "august|aug",
    "month 9": "september|sept|sep|septmber",
    "month 10": "october|oct|octobre",
    "month 11": "november|nov|novmber",
    "month 12": "december|dec|decmber",
    "part morning": "morning|mornin|mornings|forenoon",
    "part early-morning": """
        early morning|mornings
        early in the morning
        first thing in? the? morning?
    """,
    "part late-morning": "late morning|mornings",
    "part noon": """
        noon|midday
        mid day
        12 noon|midday
    """,
    "part lunch": """
        lunch|lunchtime
        lunch time|break|hour
    """,
    "part afternoon": """
        afternoon|afternoons|arvo|aft
        after noon
    """,
    "part early-afternoon": "early afternoon",
    "part late-afternoon": "late afternoon",
    "part evening": "evening|evenings|evenin",
    "part night": "night|nights|nighttime",
    "part after-work": """
        after work|office
        after my? work|shift|office
    """,
    "part after-school": "after school",
    "part end-of-day": """
        end of the? day
        late in the day
    """,
    "part early": """
        early in the day
        early
    """,
    "midnight": "midnight",
    "am": "am",
    "pm": "pm",
    "clock": """
        oclock|clock|h
        o clock
    """,
    "half": """
        half past
        half
    """,
    "quarter-past": "quarter|qtr past|after",
    "quarter-to": "quarter|qtr to|till|of|before",
    "past": "past",
    "num 2": "couple of?",
    "num 3": "few|several",
    "at": "at|@",
    "after": """
        work|working|busy|school until|till|til
        off|finish|finished|done work|school|shift? at
        ends|finishes|over|out at
        after|past|aftr|afterwards
        later than
        no earlier than
        not before|earlier
        not earlier than
        any ?time after
    """,
    "from": """
        from|starting|beginning
        starting from|on|at
        as of
    """,
    "before": """
        before|bfore|b4|befor|prior
        prior to
        earlier|sooner than
        b 4
        ahead of
    """,
    "until": """
        until|till|til|upto|by
        up to|until|till
        no later than
        not later|after than?
    """,
    "around": """
        around|about|approx|approximately|roughly|near|like|arnd
        at around|about
    """,
    "between": "between|betwen|btw|btween",
    "to": "to|through|thru",
    "and": "and|&|n|plus",
    "or": "or|either|nor",
    "but": "but|just|only|although|though|however",
    "not": """
        not|no|never|dont|cant|cannot|wont|isnt|doesnt|avoid|unavailable|busy
        not on|in|at
        cant do|make|come|on
        unable to?
        do not
        not available|free
        except|excluding|besides|excepting|apart|bar
        other|rather than
        anything|anytime|everything|all|any but
        any|every day|time|one but|except
        but not
        except for?
        apart from
    """,
    "post-not": """
        doesnt|dont|wont work|suit
        does|will|do not work|suit
        isnt|not good|possible|great|ideal|available
        is|are bad|busy|impossible|out|no|difficult
        not ok|okay
        no good
        cant
        wont work
    """,
    "post-after": """
        onwards|onward
        on wards
        or later
        and after|later|beyond|onwards
        or anytime after
    """,
    "post-before": """
        or earlier
        and before|earlier
    """,
    "post-around": """
        ish|approx|approximately
        or so
    """,
    "this": """
        this|coming|upcoming|current
        the coming
    """,
    "next": "next|nxt|nex|following",
    "last": "last|previous",
    "in": "in",
    "within": """
        within
        in the next|coming
        the next|following|coming
        over the next
    """,
    "ago": "ago|back|earlier",
    "since": "since",
    "later": """
        later|from now|hence
        from now|today
    """,
    "unit minute": "minute|minutes|min|mins",
    "unit hour": "hour|hours|hr|hrs",
    "unit day": "day|days|dys",
    "unit week": "week|weeks|wk|wks|weeek",
    "unit fortnight": "fortnight",
    "unit month": "month|months",
    "unit year": "year|years|yr|yrs",
    "weekend": """
        weekend|wkend|wknd|weeknd
        week end
    """,
    "weekends": """
        weekends
        any|every|on weekend|weekends
    """,
    "workdays": """
        weekdays|weekday|workdays|workday
        week days|day
        working|business days|day
        during the week
    """,
    "start": """
        early|start|beginning of?
        early in|of?
        beginning|start of
    """,
    "mid": """
        mid|middle|midweek of?
        middle of
    """,
    "end": """
        end|late|later of?
        end of
        late|later in?
        later
    """,
    "asap": """
        asap|urgent|urgently|immediately|earliest|soonest|soon|now|rn|fastest
        a s a p
        as|the soon|early|quick|quickly|fast|soonest as possible|u|you|can|poss|posible
        as soon|early as
        right|straight away|now
        first|next|earliest|soonest|closest|nearest|quickest available|possible|opening|slot|appointment|appt|one|time
        first you|u have
        the sooner the better
        the sooner
        sooner
        any earlier
    """,
    "any": """
        anytime|whenever|anyday|flexible|whatever
        any time|day|slot|hour|date|of
        at any
        any|all time|day|days|is|are fine|ok|okay|good|works?
        im flexible|free|easy|open
        no preference
        doesnt|dont matter|mind
        i dont mind
        any
        all day
        everyday|daily
        every day
    """,
    "glue": "the|on|of|a|an|is|s|it|its|that|which|then|th",
    "fill": """
        good morning|afternoon|evening|night|day
        how|what about
        how soon|early
        please|pls|plz|thanks|thank|you|i|ill|id|im|me|my|we|can|could|would|will|want|like|prefer|need|do|does|be|see|come|make|have|get|book|is|works|work|good|best|better|fine|great|ok|okay|free|available|for|maybe|perhaps|if|possible|appointment|appt|slot|time|date|day|with|doctor|dr|hi|hello|yes|so|only|preferably|ideally|also|any|sometime|some|something|anything|schedule|us|let|lets|how|what|think|there|hey|too|really|very|suits|suit|ideal|are|sure|try
    """,
}
