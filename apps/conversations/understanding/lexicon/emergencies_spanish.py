"""Spanish emergency phrases and the words around them that take the alarm back. Data only."""

_PERSONA = "bebé|niño|niña|hijo|hija|mamá|papá|madre|padre|esposo|esposa|abuelo|abuela|marido|hermano|hermana|señor|señora|ella|amigo|amiga"
_RESPIRAR = "respirar|respiro|respira|respirando|respiracion"

SYMPTOMS = {
    "heart": """
        dolor|dolores|presión|opresión|punzada|punzadas|pinchazo|pinchazos|ardor|molestia|peso|dolr en|de|del|por|fuerte|muy|al ..4 pecho
        duele|dolía|duelen|aprieta|oprime|arde|molesta|punza ..3 pecho
        pecho ..3 duele|dolor|aprieta|oprime|oprimido|apretado|arde|presión|opresión|doliendo|punza
        dolor|duele|presión|punzada|punzadas ..3 corazón
        corazón ..2 duele|dolor|paró|para|detuvo
        agarra|agarrando|aprieta ..2 pecho
        sudando|sudo|sudor ..4 pecho
        angina de pecho
        opresión torácica
        dolor torácico
    """,
    "breathing": f"""
        no|ni|apenas|casi puedo|puede|podemos|logro|logra|consigo|consigue ..1 {_RESPIRAR}
        no {_RESPIRAR}
        no está|estaba respirando
        no me|le|lo|la deja|dejan respirar
        dejó|deja|paró de respirar
        cuesta|cuesto ..2 {_RESPIRAR}
        cuesta ..3 respirar
        dificultad|dificultades|problemas|problema|trabajo|dificil ..2 {_RESPIRAR}
        respira|respiro|respirando muy? mal|rápido|raro|agitado|agitada
        respira|respiro|respirando|respirar con? mal|dificultad|mucha|trabajo
        falta|faltando|sin ..1 aire|respiración|aliento|oxigeno
        me|le|se ahogo|ahoga|asfixio|asfixia|ahogando|asfixiando
        me|se estoy|está ahogando|asfixiando|atragantando
        ahogándome|ahogándose|asfixiándome|asfixiándose|atragantó|atragantado|asfixia|ahogamiento|ahogando
        labios|cara ..2 morados|azules|morada|azul|moradas
        poniendo|puso|está azul|morado|morada
        sin pulso
        no tiene|encuentro|siento pulso
        ataque|crisis de asma
    """,
    "stroke": """
        cara|boca|rostro ..3 caída|torcida|torció|chueca|dormida|paralizada|desviada|cayó
        cayó|caído ..2 lado ..2 cara|rostro
        torció|durmió|paralizó ..2 cara|boca|brazo|cuerpo|lado|rostro
        no puedo|puede|logra|logro ..1 mover|levantar ..3 brazo|pierna|brazos|piernas|lado|mano|cuerpo|cara
        no siento|siente ..2 brazo|pierna|brazos|piernas|lado|mano|cuerpo|cara
        no puedo|puede hablar|ver bien|claro|repente
        habla ..2 raro|enredado|arrastrando|trabado|trabada
        no|sin puede articular|coordinar
        medio|mitad|lado ..4 cuerpo|cara dormido|paralizado|dormida|paralizada|adormecido|débil
        lado izquierdo|derecho ..3 dormido|paralizado|adormecido|débil
        adormecimiento|debilidad|entumecimiento|parálisis ..4 lado|repentina|cara|cuerpo|repentino
        debilidad|confusión|pérdida repentina|súbita
        de repente no puede|puedo|ve|veo|habla
        peor dolor de cabeza
        perdí|perdió la? visión|vista|habla
        parálisis|paralizado|paralizada
    """,
    "bleeding": """
        sangro|sangra|sangrando|sangrado|sangre ..2 mucho|mucha|abundante|abundantemente|demasiado|severo|fuerte|intenso|bastante
        mucha|muchísima|demasiada|tanta sangre
        perdiendo|pierde|perdió|pierdo|perdí ..2 sangre
        no ..1 para|deja|detiene ..2 sangre|sangrado|hemorragia
        sangro|sangra|sangre|sangrado|sangrando ..5 no para|deja|se
        no|sin para|deja|parar|paro|dejo|detiene|se ..3 sangrar|sangre|sangrado|hemorragia|sangrando
        sangre|sangrado ..2 no para|deja|se|detiene
        no puedo|podemos parar|detener|controlar ..2 sangre|sangrado|hemorragia
        hemorragia|emorragia|hemorrajia|desangrando|desangra|desangrándose
        vomitando|vomita|vomité|vomitó|vómitos|tosiendo|escupiendo|toso|tose|escupo con|de? sangre
        vomitar|toser|escupir sangre
        herida|corte|cortada profunda|profundo
        corté|cortó|cortar ..2 venas|muñeca|muñecas
        sangre por todos|todas
    """,
    "unconscious": f"""
        inconsciente
        desmayó|desmayé|desmayado|desmayada|desmaya|desmayándose|desmayando
        desvaneció|desplomó|colapsó
        perdió|perdí|perdiendo|pierde el|la? conocimiento|conciencia|consciencia|sentido
        no se? despierta|despertar|reacciona|despierto
        no puedo|podemos despertar|despertarlo|despertarla
        {_PERSONA} no responde|reacciona|se|contesta|despierta mueve?
        no responde ni? ..2 {_PERSONA}
        sin conocimiento|sentido|vida
        en coma
    """,
    "allergy": """
        cierra|cerrando|cerró|cierre ..2 garganta
        garganta ..3 cierra|cerrando|cerró|cerrada
        hincha|hinchan|hinchó|hinchando|hinchada|hincharon|hinchado|hinchados ..2 lengua|labios|cara|garganta
        lengua|labios|labio|cara|rostro ..3 hinchada|hinchados|hinchando|hincha|hinchó|hinchado
        reacción alérgica grave|severa|fuerte|muy|horrible
        grave|fuerte|severa reacción alérgica
        tengo|tiene|teniendo una? reacción alérgica
        choque anafiláctico
        shock anafiláctico
    """,
    "pregnancy": """
        embarazada|embarazo ..5 sangrado|sangrando|sangre|sangro|sangra
        sangrado|sangrando|sangre|sangro ..5 embarazada|embarazo
        rompí|rompió|rompieron ..2 fuente|bolsa|aguas
        bebé ..1 no se? mueve|movido|patea|siento
        no siento ..2 mover|moverse bebé|al?
        no siento a? mi|al bebé
        trabajo|labor de parto
        contracciones
        aborto espontáneo
    """,
    "injury": """
        balazo|disparo|disparos|baleado|balearon|apuñalado|apuñalaron|apuñalada|puñalada|acuchillado|acuchillaron
        herida de bala|arma
        atropellado|atropellaron|atropelló|atropellada
        golpe|golpeó|golpeé ..3 cabeza ..3 vomita|vomitando|sangre|inconsciente|fuerte|mareado|vómito|sangra
        golpe fuerte en la cabeza
        traumatismo
        electrocutó|electrocutado
        descarga eléctrica
        quemó|quemé ..4 grave|mucho|feo|fuego|hirviendo|ácido
        quemadura|quemaduras|quemada grave|severa|graves|fuerte
        cayó|caí|caída ..2 techo|escalera|balcón|ventana|piso|árbol
        mordió|mordedura|picó|mordida ..2 serpiente|víbora|culebra|alacrán|escorpión
        ahogó|ahogado|ahogada en
    """,
    "poisoning": """
        tomé|tomó|tomado|tragó|trague|ingirió|ingerí ..2 muchas|demasiadas|todas|todo|bote|frasco|caja|varias ..2 pastillas|pastilla|medicamentos|medicina|tabletas|píldoras
        tomé|tomó|tragó|tragué|bebió|bebí|ingirió ..2 cloro|veneno|lejía|pila|pilas|batería|detergente|insecticida|raticida|ácido|químico|gasolina
        envenenado|envenenada|envenenó|envenenamiento|envenenaron|veneno
        monóxido
    """,
    "seizure": """
        convulsiona|convulsionando|convulsionó
        espuma por|en la? boca
        temblando sin control
    """,
    "general": """
        emergencia|emergencias
        ambulancia
        llamen|llame|llamar|necesito|envíen|manden|llama ..3 911|112|066|ambulancia|061
        me|se estoy|está muriendo
        muriéndome|muriéndose
        me|se muero|muere|voy|va a? morir?
        me voy a morir
        se va a morir
        auxilio
        vida o|en peligro|muerte
        peligro de muerte
        sálvenme|sálvame
    """,
}

CONDITIONS = {
    "heart": """
        infarto|infartado|infarte
        ataque|paro|ataques al corazón
        ataque|paro cardíaco|corazón|cardiorrespiratorio
    """,
    "stroke": """
        derrame|ictus|embolia|apoplejía
        ataque|derrame|infarto|accidente cerebral|cerebrovascular
    """,
    "seizure": """
        convulsión|convulsiones|combulsiones|convulciones
        ataque|ataques|crisis epiléptico|epilépticos|epiléptica|epilepsia\nataque|ataques|crisis de epilepsia
    """,
    "allergy": "anafilaxia|anafiláctico|anafiláctica",
    "poisoning": "sobredosis\nsobre dosis",
}

SELF_HARM = """
    suicidio|suicidarme|suicidarse|suicidar|suicida|suisidio|suicido|suisidarme
    quitarme|quitarse|quitar|quitaré la vida
    matarme|matarse|ahorcarme|ahorcarse|colgarme|cortarme
    me|se quiero|quiere|voy|va a? matar|suicidar
    no quiero|quiere|deseo|tengo|siento ya|ganas|más|seguir? de? vivir|viviendo
    no quiero|quiere seguir|más viviendo|aquí|vida
    ganas de morir|morirme|vivir
    sin ganas de vivir
    quiero|quiere|deseo|quisiera|prefiero morir|morirme|morirse|desaparecer
    me quiero|quisiera morir
    hacerme|hacerse|hacer daño|lastimarme
    lastimarme|autolesión|autolesionarme|autolesiones|autolesionarse
    acabar|terminar con mi|todo|su vida?
    mejor muerto|muerta
    no tiene sentido vivir|la
    no vale la pena vivir
    cansado|cansada de vivir|la
"""

EXCEPTIONS = """
    respirar|respiro|respira bien? por la? nariz
    nariz ..4 respirar|respiro
    contacto|contactos|número|teléfono de emergencia|emergencias
    análisis|prueba|examen|muestra|presión|azúcar de sangre
    mucha sangre fría
    muero|muere|muriendo|morir de|por la? hambre|risa|gripa|gripe|tos|ganas|sueño|sed|frío|calor|vergüenza|aburrimiento|verlo|verla|verlos|verlas|verte|ir
    cara hinchada por muela
    ahogo en|de trabajo|deudas|tareas
    quiero morir de risa
    para la contracciones
"""

NEGATORS = "no|sin|nunca|tampoco|ni|ninguna|ningún|nada|jamás|niega"

NEGATION_CARRIERS = """
    tengo tiene tuve tuvo hay he ha tenido siento siente presenta presento ningún ninguna nada de del un una el la en
    me le se mi su es sea ni o u más fiebre tos dolor dolores mareo mareos náuseas vómitos escalofríos diarrea alergias palpitaciones falta algún alguna tipo
    signos síntomas estoy está he había sido tenía eso esto realmente los las muy ha habido con tenemos fue
"""

PSEUDO_NEGATIONS = """
    no solo|solamente|sé|estoy|está|creo|puedo|puede|aguanto|aguanta|para|deja|mejora|mejoro|duermo|como|he ..1 seguro|segura|si|bien|dormido|comido|que|
    no me|se|le siento|siente|encuentro|encuentra|mejora|pasa|quita|deja|calma|baja|va
    no aguanto|soporto|puedo|sé|creo|mejora|duermo|aguanta|entiendo
    no ..5 desde
    nunca ..5 así|tanto|antes
    sin dormir|comer|parar|mejora|mejoría|razón|motivo|aviso|poder
    nada me
    nadie
"""

TERMINATORS = "pero y sino aunque porque excepto ahora todavía sigo sigue entonces además solo si"

HISTORY = """
    hace ..2 años|año|meses|mes|semanas|semana
    años|año|meses|mes|semanas|semana atrás|antes
    año|mes|semana pasado|pasada
    antecedentes|antecedente|historial|historia
    cuando era|tenía niño|niña|joven|chico|chica?
    de niño|niña|joven
    en el pasado
    murió|falleció
    el|la año|vez pasado|pasada
"""

AFTERCARE = """
    seguimiento|rehabilitación|recuperación|revisión|control|receta|medicamento|medicamentos|medicina|pastillas|terapia
    después de|del
    tras un|el|una
    prevenir|prevención|riesgo|vacuna|curso|seguro|factura|certificado
    operado|dado|alta
"""

CURRENT = """
    ahora|hoy|todavía|aún|sigo|sigue|desde|empezó|comenzó|otra|ahorita|actualmente|peor|ayuda|acaba|estoy|está
    de nuevo|repente
    en este momento
    por favor
"""
