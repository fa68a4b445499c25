"""Spanish words and phrases of the booking bot. Data only; see `phrases.Phrasebook` for the patterns."""

LANGUAGE = {
    2: """
        hola buenos buenas dias tardes noches quiero quisiera necesito tengo cita citas gracias por favor mañana
        hoy ayer ayuda puedo puede duele dolor doctora médico medico usted mi mis el la los las que en un una con
        para esta está estoy soy somos cuando cuándo donde dónde cómo como qué cual cuál y del al si sí claro vale
        lunes martes miércoles jueves viernes sábado domingo semana hora horas tarde noche pasado después antes
        desde hasta favor nombre llamo hijo hija madre padre esposa esposo mamá papá adiós hasta luego cambiar
        cancelar reservar agendar pedir sacar turno consulta salud fiebre cabeza quien muy también pero porque
        bien mal gracia bueno buena perfecto correcto español hablar alguien quisiera podría tiene hay ya fue
        cumpleaños dolores tos embarazada urgente dale segundo segunda primero primera tercero último última
        opción nací años año hice tomo siento cualquier ningún ninguno ninguna nada hablo
    """,
    1: "de me no se es lo le su a o te tu doctor ok va ser son era mas más sin ¿ ¡",
}

YES = """
    sí|sip|sep|sii|simon|aja|s
    sí señor|señora|señorita
    claro
    claro que sí
    por supuesto
    desde luego
    vale
    dale
    okay|ok|okey|oka
    de acuerdo
    está bien
    esta bien
    está perfecto
    muy bien
    bien
    bueno
    perfecto|perfecta|excelente|genial|estupendo|fenomenal|fantástico|listo|lista
    correcto|correcta|exacto|exactamente|cierto|efectivamente|afirmativo
    así es
    eso es
    esa|ese|eso|esta|este está|estaría|es|sería? perfecto|perfecta|bien|bueno|buena|genial|excelente
    resérvela|resérvala|resérvemela|resérvamela|resérvelo|agéndela|agéndala|agéndemela|apártela|apártala|anótela|anótame
    sipi|sipo|simón
    por favor
    por qué no
    porque no
    como no
    cómo no
    confirmo|confirmado|confirmada|confirmar|acepto|aceptado
    lo confirmo
    la confirmo
    me parece bien|perfecto|excelente
    me sirve|va|vale|conviene|queda
    me va bien|perfecto
    me queda bien|perfecto
    seguro
    sin problema
    sin problemas
    no hay problema
    adelante
    hecho
    obvio
    de una
    órale|andale|sale
    va
    con gusto
    quiero
    sí quiero
"""

NO = """
    no|nop|nel|nones
    nada
    para nada
    de ninguna manera|forma
    en absoluto
    nunca|jamás
    ninguno|ninguna
    no gracias
    no por ahora|hoy
    ahora no
    todavía no
    aún no
    mejor no
    no puedo
    no quiero
    no lo quiero
    no me sirve|va|conviene|interesa|queda
    no me va|queda bien
    no es correcto|así|cierto
    no es
    así no es?
    no está bien
    no acepto
    incorrecto|incorrecta|falso|mal|equivocado
    negativo
    creo que no
    claro que no
    por supuesto que no
    tampoco
"""

FILLERS = """
    por favor
    porfavor|porfa|porfis|xfavor|xfa|pf
    gracias|grax|grasias|graciass
    muchas|mil gracias
    se lo? agradezco
    muy amable
    bendiciones
    dios le|te|los|la bendiga|pague
    doctor|doctora|doc|dra|señor|señora|señorita|sr|sra|srta|amigo|amiga
    pues|bueno|entonces|ah|eh|ay|oye|mire|ya|ahora|también|mismo|todo
    hola|buenas
    para mí
    a mí
"""

HEDGES = """
    pero|excepto|salvo|aunque|solo|quizás|quizá|tal|talvez|depende|mejor|hasta
    después|luego|más|otra|otro|otros|otras|cambiar|distinto|distinta|primero|antes
"""

CHOICE_FILLERS = """
    el|la|los|las|lo|un|una|opción|opciones|número|num|nro|cita|turno|hora|horario|día|fecha|de|del|a|al|en|con|para|por|es
    quiero|quisiera|prefiero|elijo|escojo|tomo|dame|deme|me|quedo|va|viene|bien|sirve|gusta|gustaría|favor|porfa|porfis|porfi|gracias
    sí|ok|vale|bueno|dale|claro|perfecto|entonces|pues|mejor|esa|ese|esta|este|que|y|mi|sería|reservar|agendar|reserva
    doctor|doctora|dr|dra|médico|médica|puede|ser|se|puedo|hola|creo|necesito|escoger|elegir|disponible|eso|son
"""

ORDINALS = {
    1: "primero|primera|primer|primeros|1 ro|1 ra|1 er|1 era|1 o|1 a|1 ero",
    2: "segundo|segunda|2 do|2 da|2 o|2 a",
    3: "tercero|tercera|tercer|3 ro|3 ra|3 er|3 era|3 o|3 a",
    4: "cuarto|cuarta|4 to|4 ta|4 o|4 a",
    5: "quinto|quinta|5 to|5 ta|5 o|5 a",
    6: "sexto|sexta|6 to|6 ta|6 o|6 a",
    7: "séptimo|séptima|7 mo|7 ma|7 o|7 a",
    8: "octavo|octava|8 vo|8 va|8 o|8 a",
    9: "noveno|novena|9 no|9 na|9 o|9 a",
    10: "décimo|décima|10 mo|10 ma|10 o|10 a",
}

NUMBERS = """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis
    diecisiete dieciocho diecinueve veinte
"""

RELATIVE_CHOICES = {
    "last": "último|última|final",
    "earliest": """
        más temprano|temprana|pronto|próxima|próximo|cercana|cercano
        primera|primer|primero disponible
        cuanto antes
        lo antes posible
        temprano|temprana
    """,
    "latest": "más tarde|tardía|tardío",
    "any": """
        cualquiera|cualquier
        cualquiera de ellas|ellos|esas|esos|las|los ..
        me? da igual
        me? da lo mismo
        usted|tú elija|elige|decida
        la que sea|quiera
        el que sea|quiera
        no importa
        sin preferencia
        no tengo preferencia
    """,
}

SELF = """
    para mí
    para mi mismo|misma|persona
    es? para mí
    es para mi
    para mi
    yo
    yo mismo|misma
    a mí
    mí
    mi
    soy yo
    yo soy el|la paciente
    soy el|la paciente
    conmigo
    la cita es para mí
    solo para mí
"""

RELATIONS = {
    "son": "hijo|niño|hijito|nene|chico|ijo",
    "daughter": "hija|niña|hijita|nena|chica|ija",
    "child": "bebé|hijos|niños|nieto|nieta|hijastro|hijastra|criatura",
    "mother": "madre|mamá|mami|amá|viejita",
    "father": "padre|papá|papi|apá|viejito",
    "wife": "esposa|mujer|señora",
    "husband": "esposo|marido",
    "partner": "pareja|novia|novio|prometida|prometido",
    "brother": "hermano|hermanito",
    "sister": "hermana|hermanita",
    "grandmother": "abuela|abuelita",
    "grandfather": "abuelo|abuelito",
    "friend": "amigo|amiga|vecino|vecina|compañero|compañera",
    "relative": "tío|tía|primo|prima|sobrino|sobrina|padres|familiar|suegra|suegro|cuñado|cuñada|familia",
    "someone": "alguien|paciente",
}

RELATION_FRAMES = """
    para {R}
    para mi|mis|el|la|un|una|nuestro|nuestra pequeño|pequeña|querida|querido? {R}
    es de? mi {R}
    y mi|mis {R}
    y para mi|mis {R}
    de parte de mi? {R}
    a nombre de mi? {R}
    mi|mis|nuestro|nuestra {R} necesita|quiere|tiene|está|se|no|le|ha|lleva|requiere|anda
    llevar|traer|atender a mi|mis? {R}
    a mi|mis {R} le|les|lo|la
    otra|otro persona
    no es para mí
    para otra|otro ..2 persona
"""

NAME_LEADS = """
    me llamo
    mi nombre completo? es
    nombre completo? es?
    el nombre completo? es
    el nombre del|de la? paciente es
    nombre del|de la? paciente es?
    su nombre es
    se llama
    a nombre de
    yo me llamo
    mi hijo|hija|madre|padre|mamá|papá|esposa|esposo se llama
"""

WEAK_NAME_LEADS = """
    soy
    yo soy
    es para
    la cita es para
    cita para
    para
    para mi hijo|hija|madre|padre|mamá|papá|esposa|esposo|hermano|hermana|abuela|abuelo|bebé|amigo|amiga
    mi hijo|hija|madre|padre|mamá|papá|esposa|esposo|hermano|hermana|abuela|abuelo|bebé
    es
    aquí
    habla
    le habla
    le saluda
    paciente
    de parte de
    hola|sí|claro|buenas|bueno
    hola soy
    buenos días
    buenas tardes|noches
"""

INTRODUCTIONS = """
    yo? soy
    hola|buenas soy
    aquí
    le? habla|saluda|escribe
"""

BIRTH_LEADS = "y e nací nacido nacida nació el la en mi su fecha de del nacimiento es fnac f nac n"

HONORIFICS = "sr sra srta señor señora señorita don doña dr dra doctor doctora lic ing prof profesor profesora"

GIVEN_NAMES = """
    ana maría maria josé jose juan luis carlos antonio manuel francisco javier miguel angel ángel jesús rosa isabel
    carmen elena laura lucía lucia sofía sofia valentina camila fernanda alejandra alejandro andrés andres pablo
    pedro jorge fernando eduardo ricardo roberto alberto enrique daniel david diego rafael sergio raúl raul
    guadalupe lourdes pilar mercedes dolores luz teresa beatriz patricia gabriela gabriel victoria paula claudia
    cristina martha marta silvia sandra verónica veronica adriana mónica monica natalia ignacio emilio mario
    ramón ramon rubén ruben óscar oscar víctor victor hugo arturo felipe tomás tomas mateo santiago sebastián
    sebastian nicolás nicolas martín martin emiliano julia julio césar cesar irene eva inés ines alicia esther
    raquel susana yolanda gloria esperanza consuelo soledad leonor belén belen paz eugenia josefina antonia
    margarita catalina carolina mariana juana dulce itzel ximena jimena regina renata alfonso ernesto gerardo
    armando guillermo gustavo héctor hector marco antonio salvador de jesús del carmen concepción rocío rocio ángeles milagros remedios nieves rosario
    luisa manuela josefa joaquín emma martina aurora amparo encarnación asunción inmaculada vicente gonzalo marcos lucas
    mauricio rodrigo félix agustín esteban ismael iván joel abel adrián benito bautista mari lucía nelly yolanda elisa
"""

COMMON = """
    abdomen acabo adelante ahí ahora alergia alérgico algo alguien algún alguna allá allí ansiedad antes aquí asma
    así aún ayer ayuda bajo barriga bastante bien boca brazo buen buena buenas bueno buenos cabeza cada caí cama
    cambiar cambio cancelar cansada cansado casa casada casado casi cerca cierto cita claro clínica comer como cómo
    con confirmar conmigo consulta contacto contra correcto cosa creo cual cuál cualquier cuando cuándo cuanto
    cuánto cuesta cuenta da dar de debe decir del dentro derecha desde deseo después día días diabética diabético
    dice dijo diente dirección disculpe doctor doctora dolor donde dónde dos duele durante él ella ellos embarazada
    embarazo en encima enferma enfermo entonces entre era es esa ese eso espalda espera esta está estaba estado
    este esto estómago estoy estudiante fatal fiebre fin fue fuera fuerte garganta gracias gripa gripe gusta ha
    hablar hacer hace hacia hasta hay he hice hola hora horario hospital hoy igual incluso inglés ir izquierda
    jubilado jubilada la las le lejos les listo llamar llegar lleva lo los luego lugar mal mala malo mañana mano
    más mayor me médica médico medicina mejor menos mes meses mi mía mientras mío mis misma mismo molestia momento
    mucha mucho muela muy nada nadie náusea necesito ninguna ninguno no noche nombre nos nosotros nuevo nueva
    número nunca ojo otra otro paciente para parece parte pasa pasado pecho pedir pero persona pie piel pierna poco
    podría poder por porque posible precio pregunta presión problema pronto puede puedo pues que qué quedo queja
    quien quién quiero quisiera receta recién resfriado respirar resultado revisión rodilla sabe saber sacar sangre
    se sé segunda segundo segura seguro seguro semana sería si sí siempre siento sin sino sobre sola solo sólo son
    sordo soy su suele también tan tanto tarde te temprano tengo tener tiempo tiene toda todavía todo todos tomar
    tos trabajo tras triste tu tú tuvo último un una uno urgencia urgente usted va vacuna vale vamos veces venir
    ver verdad vez viene visita vivo volver vómito vomitando voy ya yo alérgica hipertenso hipertensa mareada
    mareado resfriada preocupada preocupado asustada asustado mejor peor alergias migraña diabetes colesterol tiroides embarazos control chequeo dentista dental muelas dientes oídos ojos
    cintura cuello hombro codo muñeca tobillo cadera pulmones riñones hígado vejiga orina sangrado manchas granos acné depende
    quizás talvez viuda viudo soltera soltero extranjero
    mexicano mexicana colombiano colombiana menor mujer hombre alto alta cliente
"""

SHIFTS = {
    "earlier": """
        más temprano|temprana|pronto
        antes
        demasiado|muy tarde
    """,
    "later": """
        más tarde|tardecito|adelante
        después
        demasiado|muy temprano|pronto
    """,
}

SAME_DAY = """
    mismo|misma|ese|esa|este|esta día|mañana|tarde
    ese|este mismo día
"""

QUESTION_OPENERS = """
    qué|cómo|dónde|cuándo|cuánto|cuánta|cuántos|cuántas|quién|quiénes|cuál|cuáles
    por|para|con|a|de qué|quién|cuánto|dónde
    puedo|puede|pueden|puedes|podría|podrían|debo|aceptan|atienden|tienen|hacen|ofrecen
"""

LANGUAGE_REQUESTS = """
    español
    espanol
    castellano
    en español
    en español por favor
    español por favor
    hablas|habla|hablan|hablar|háblame|prefiero|quiero|escriba|escríbame|continuar .. español|castellano
    no hablo|entiendo inglés|hindi
    no hablo|entiendo el? inglés
    spanish
    in spanish
    spanish please
    speak|talk|write|continue|reply|answer|switch .. spanish
    prefer|want spanish
    स्पेनिश
"""
