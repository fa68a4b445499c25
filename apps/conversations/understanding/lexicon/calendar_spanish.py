"""Spanish words for days, dates and times. Keys are the symbols that `symbols.scan` yields."""

SYMBOLS = {
    "day 0": """
        hoy|oy
        el día de hoy
        hoy mismo
    """,
    "day 0;part night": "esta noche",
    "day 0;part morning": "esta mañana",
    "day 0;part tarde": "esta tarde",
    "manana": "mañana|mañna|manñana|mnana",
    "day 1": """
        el día de mañana
        mañana mismo
    """,
    "day 2": """
        pasado mañana
        pasadomañana
    """,
    "day -1": "ayer",
    "day -2": """
        anteayer|antier
        antes de ayer
    """,
    "weekday 0": "lunes|lune",
    "weekday 1": "martes|marte",
    "weekday 2": "miércoles|mierkoles|miercole|mircoles",
    "weekday 3": "jueves|juebes|jueve",
    "weekday 4": "viernes|biernes|vierne|vienes",
    "weekday 5": "sábado|savado",
    "weekday 6": "domingo|domino",
    "abbr 0": "lun",
    "abbr 2": "mié",
    "abbr 3": "jue",
    "abbr 4": "vie",
    "abbr 5": "sáb",
    "abbr 6": "dom",
    "weekdays 0": "los|cualquier|todos|cada los? lunes",
    "weekdays 1": "los|cualquier|todos|cada los? martes",
    "weekdays 2": "los|cualquier|todos|cada los? miércoles",
    "weekdays 3": "los|cualquier|todos|cada los? jueves",
    "weekdays 4": "los|cualquier|todos|cada los? viernes",
    "weekdays 5": """
        los|cualquier|todos|cada los? sábado|sábados
        sábados
    """,
    "weekdays 6": """
        los|cualquier|todos|cada los? domingo|domingos
        domingos
    """,
    "month 1": "enero|ene",
    "month 2": "febrero|febr",
    "month 3": "marzo",
    "month 4": "abril|abr",
    "month 5": "mayo",
    "month 6": "junio",
    "month 7": "julio",
    "month 8": "agosto|ago",
    "month 9": "septiembre|setiembre|septembre|septiembe",
    "month 10": "octubre|octuvre",
    "month 11": "noviembre|nobiembre",
    "month 12": "diciembre|dic|disiembre",
    "part morning": """
        por|en|de|durante|a la? mañana|mañanas
        la mañana
        las mañanas
        mañanita
    """,
    "part early-morning": """
        temprano
        temprano por|en la mañana
        a primera hora
        a primera hora de la mañana
        primera hora
        muy temprano
    """,
    "day 1;part early-morning": """
        mañana temprano
        mañana a primera hora
        mañana muy temprano
    """,
    "part late-morning": """
        media mañana
        a media mañana
    """,
    "part noon": """
        mediodía
        medio día
        al mediodía
        a mediodía
        al medio día
    """,
    "part lunch": """
        hora de comer|comida|almuerzo|almorzar
        a la hora de comer|comida|almuerzo
    """,
    "part tarde": """
        por|en|a|de|durante la? tarde|tardes
        la tarde
        las tardes
        tarde
        tardecita
    """,
    "part early-afternoon": """
        primera hora de la tarde
        a primera hora de la tarde
        temprano en|por la tarde
    """,
    "part late-afternoon": """
        última hora de? la? tarde?
        a última hora de? la? tarde?
        media tarde
        a media tarde
    """,
    "part night": """
        por|en|a|de la? noche|noches
        la noche
        noche|noches
        nochecita
    """,
    "part after-work": """
        después del|de trabajo|trabajar
        después de mi|salir trabajo|del
        al salir del trabajo
    """,
    "part after-school": "después del|de la? colegio|escuela|clases",
    "midnight": """
        medianoche
        media noche
    """,
    "am": "am",
    "pm": "pm",
    "clock": """
        h|hrs
        en punto
    """,
    "and-half": "y media",
    "and-quarter": "y cuarto",
    "less-quarter": "menos cuarto",
    "at": """
        a las|la|alas
        las|alas
        para las|la
    """,
    "num 2": "par de",
    "num 3": "unos|unas|algunos|algunas|pocos",
    "day -1;part night": "anoche",
    "at;num 1": "a la una",
    "after;num 1": "después|luego|pasada de? la una",
    "before;num 1": "antes de la una",
    "until;num 1": "hasta la una",
    "between;num 1": "entre la una",
    "num 1": "la una",
    "after": """
        trabajo|ocupado|ocupada|clases hasta las|la?
        salgo a las|la
        salgo de|del ..2 a las|la
        después|dsps|luego de|del las|la|el?
        después|luego
        pasadas|pasada|pasando las|la|el
        más tarde de|del las|la?
        no antes de|del las|la?
    """,
    "from": """
        desde las|la|hoy
        a partir de|del|d las|la|el|hoy?
    """,
    "since-from": "desde",
    "before": """
        antes|ante de|del las|la|el?
        antes
        más temprano de|que las|la?
    """,
    "until": """
        hasta las|la|el?
        no después|más de|del|tarde de|del? las|la?
        a más tardar
    """,
    "around": """
        sobre|hacia|alrededor|como|cerca|tipo|aproximadamente a|de? las|la
        a eso de las|la
        como a|tipo? las|la?
        alrededor de las|la?
        aproximadamente|tipo
    """,
    "between": "entre las|la|el?",
    "to": "a|al",
    "and": "y|e",
    "or": "o|u|ni",
    "but": "pero|solo|solamente|sino",
    "not": """
        no|ni|nunca|tampoco
        no puedo|quiero|me ni|va|viene|sirve|queda? ir|el|los?
        excepto|menos|salvo
        que no sea|fuera
        menos el|los
        no sea
        no en|por
        todos|cualquier|cualquiera menos|excepto|salvo
    """,
    "post-not": """
        no puedo|me|trabajo|estoy|va|sirve|queda|sea
        no
    """,
    "post-after": """
        en|para adelante
        o|u más|después tarde?
        y después|más
    """,
    "post-before": """
        o más|antes temprano?
        o antes
    """,
    "post-around": """
        más o menos
        aproximadamente
    """,
    "this": "este|esta|presente",
    "coming": """
        próximo|próxima|proximos|próximas|entrante
    """,
    "next": "siguiente|otra",
    "last": "pasado|pasada|último|última",
    "post-coming": """
        que viene|entra
    """,
    "in": """
        de aquí a|en
        en|dentro
        dentro de
    """,
    "within": """
        en los|las próximos|próximas|siguientes
        en menos|máximo de?
        antes de
    """,
    "ago-prefix": "hace|hacía|llevo|ase|tengo|durante|por",
    "since": "desde hace",
    "later": "después",
    "unit minute": "minuto|minutos",
    "unit hour": "hora|horas",
    "unit day": "día|días",
    "unit week": "semana|semanas",
    "unit month": "mes|meses",
    "unit fortnight": "quincena",
    "unit year": "año|años",
    "weekend": """
        fin|finde de? semana
        finde|finsemana
    """,
    "weekends": """
        los fines|fin de semana
        fines de semana
    """,
    "workdays": """
        entre semana
        día|días de semana|laborables|laborable|hábiles|hábil
        días|día laborables|hábiles|laborable|hábil
        lunes a viernes
    """,
    "start": """
        principio|principios|inicio|comienzo|primeros|inicios de|del?
        a principio|principios|inicio|inicios|comienzos de|del?
    """,
    "mid": """
        mediados|mitad de|del?
        a mediados|mitad de|del?
    """,
    "end": """
        fin|fines|final|finales de|del?
        a fin|fines|final|finales de|del?
    """,
    "asap": """
        urgente|urgentemente|ahora|ahorita|inmediatamente|pronto|rápido
        cuanto antes
        lo antes|lo posible
        lo más pronto|rápido|temprano|antes|cercano posible?
        cuanto antes|más mejor?
        ya mismo
        ahora mismo
        tan pronto como|sea .. posible|puedan|pueda
        lo antes que|posible|pueda
        de inmediato
        primera|primer|primero|próxima|próximo|más cita|hora|hueco|disponible|turno|posible|lugar|horario|espacio|cercana disponible?
        la primera que|disponible ..2 haya|tenga|tengan|tengas
        la más próxima|cercana|pronta
        antes posible
    """,
    "any": """
        cualquiera|flexible|siempre
        cualquier|cualquiera hora|día|momento|horario|fecha|de|otro
        a cualquier|toda hora
        cuando|lo|la|el que? haya|tengan|tenga
        cuando sea|quiera|quieran|puedan|pueda|tengan|tenga
        da igual|lo
        me da igual|lo
        me es igual|indiferente
        no tengo preferencia
        no importa
        todo|todos los? el? día|días
    """,
    "glue": "el|la|los|de|del|lo|un|una|es|sea|día|por|al|que",
    "fill": """
        buenos|buen días|día
        buenas tardes|tarde|noches|noche|días
        más tarde
        llego|voy|llegar tarde
        por favor
        favor|porfa|gracias|quiero|quisiera|prefiero|necesito|puedo|puede|podría|me|mi|yo|si|ser|sería|estaría|viene|bien|va|sirve|mejor|queda|cita|turno|hora|horario|fecha|con|doctor|doctora|dr|dra|hola|para|ok|vale|bueno|tal|vez|quizás|también|disponible|tiene|tienen|hay|algo|alguna|algún|gustaría|posible|entonces|pues|ir|venir|reservar|agendar|pedir|dame|deme|libre|estoy|solo|preferiblemente|preferible|preferencia|buenas|buenos|se|tengo|trabajo|perfecto|genial
    """,
}
