"""What Spanish-writing patients ask for. Keys are `Intent` names; one pattern a line."""

_CITA = "cita|citas|sita|turno|turnos|consulta|consultas|reserva|reservación|visita|hora"
_DOCTOR = "doctor|doctora|doctores|médico|médica|dr|dra|dentista|enfermera|pediatra|especialista|ginecólogo|ginecóloga|dermatólogo|dermatóloga|psicólogo|psicóloga|cardiólogo"
_QUIERO = "quiero|quisiera|necesito|necesitaría|kiero|quería|deseo|gustaría|busco|podría|puedo|puede|pueden|hay|tiene|tienen|me|solicito|ocupo|quiera|cómo|tendrán|tendrían|tendría"

INTENTS = {
    "HUMAN": """
        hablar|comunicar|comunicarme|contactar|chatear .. persona|alguien|humano|humana|agente|recepción|recepcionista|operador|operadora|asesor|asesora|secretaria|encargado|ustedes
        comunica|comunicas|comunique|pasa|pasas|comunican .. persona|alguien|humano|agente|recepción|recepcionista|operador|secretaria
        pase|páseme|pásame|comuníqueme .. persona|alguien|humano|agente|recepción|recepcionista|operador
        persona|humano|agente|operador|operadora|recepcionista|asesor
        una? persona real|humana
        llámame|llámeme|llámenme|llamarme|llamen
        que me llamen|llame|llamas
        me pueden|puede|podrían|podría|puedes llamar|marcar
        puede|pueden|podrían|puedes|podría llamarme|llamarnos|marcarme
        eres|es|esto un|una? robot|bot|máquina|persona|humano
    """,
    "JOIN_LIST": """
        lista de? espera
        avisar|avisarme|avísame|avíseme|avísenme|avisen|avise .. cancela|cancele|cancelación|libera|libere|desocupa
        si alguien|alguno cancela
        si se libera|desocupa
    """,
    "LEAVE_LIST": """
        quitar|quitarme|quíteme|quítame|quítenme|sacar|sacarme|sáqueme|sácame|sáquenme|borrar|borrarme|bórreme|bórrame|salir|salirme .. lista de? espera
        no quiero|necesito|deseo .. lista de? espera
        fuera de la lista de? espera
    """,
    "RESCHEDULE": f"""
        reprogramar|reprograme|reprogramación|reagendar|reagende|reajendar|posponer|aplazar|postergar|reprogramarla|reagendarla|reprogramo
        cambiar|cambio|mover|cambie|correr|adelantar|atrasar|retrasar|modificar|cambiarla|moverla .. {_CITA}
        cambiar|mover|cambio|cambiarla|moverla .. fecha|día|horario|hora
        cambiarla|moverla|cambiármela|adelantarla|atrasarla|muévala|muévela|cámbiela|cámbiala|cámbiemela|cámbiamela
        la|lo puedo|puede|pueden|puedes|podría|podrían|podemos cambiar|mover|pasar|correr|adelantar|atrasar
        quiero|quisiera|necesito|prefiero moverla|cambiarla|pasarla|moverlo|cambiarlo
        {_CITA} para|a|en otro|otra día|hora|fecha|horario|momento
        pasar|pase|pasen|recorrer .. {_CITA} a|al|para
        puedo ir|venir otro|otra día|hora
    """,
    "CANCEL": f"""
        cancelar|cancele|cancelen|canceles|cancela|cancelo|cancelación|cancelarla|cancelármela|cancelada|anular|anule|anulen|anules|anulo|anularla
        quitar|borrar|eliminar|suspender|dar .. {_CITA}
        ya no quiero|necesito|voy|podré|puedo|deseo .. {_CITA}
        ya no voy a? ir|asistir|poder?
        ya no quiero|necesito|deseo la|mi|ir
    """,
    "CANNOT_ATTEND": """
        no puedo|podré|voy|podría|alcanzo .. ir|asistir|llegar|acudir|venir|presentarme
        no puedo|podré ese|esa|el|mañana|hoy|a
        no iré|asistiré|vendré|llegaré|llego
        no voy a poder
        me surgió|salió|presentó
        no me va|es a ser? posible? ir|asistir|venir|posible
    """,
    "VIEW": f"""
        cuándo|qué|para .. es|era|tengo|tenía mi|la|una? próxima|siguiente? {_CITA}
        a qué hora|día es|era|tengo|sería mi|la|una? {_CITA}?
        cuándo|qué día|hora? es|era|tengo mi|la|una? próxima? {_CITA}
        mis {_CITA}
        me confirma|confirmas|confirman|confirme mi|la|las {_CITA}
        pueden|puede|podrían|podría|puedes confirmar|confirmarme mi|la {_CITA}
        ver|consultar|revisar|saber|checar|mostrar mi|mis|la próxima? {_CITA}
        tengo alguna|una? {_CITA} pendiente|programada|agendada|mañana|hoy
        mi {_CITA} es|está|sigue cuándo|hoy|mañana|confirmada|agendada
        recuérdame|recordarme|recordar|olvidé .. {_CITA}
    """,
    "LATE": """
        voy|llego|llegaré|llegar|llegando|ando|retrasado|retrasada un? poco|algo? tarde|retrasado|retrasada|atrasado|atrasada
        voy con|llevo retraso
        minutos tarde|retraso
        atascado|atorado|atorada en|por
        me? retraso|retrasé
    """,
    "ARRIVED": """
        ya? llegué
        ya? estoy aquí|afuera|fuera|abajo|acá
        estoy en la|el clínica|consultorio|recepción|sala|estacionamiento
        ya estamos aquí
    """,
    "BOOK": f"""
        reservar|agendar|agenda|reserva|reserve|agende|agéndame|agéndeme|ajendar|resérvame
        pedir|sacar|hacer|solicitar|coger|apartar|programar|concertar|tomar|dar|darme|dame|deme|conseguir|poner|separar|obtener|nueva|otra .. {_CITA}
        {_QUIERO} .. {_CITA}
        {_CITA} por|con|para|médica|mañana|hoy|disponible|urgente
        cita|citas|turno|sita
        ver|visitar|consultar al|a|un|una|con|el|la {_DOCTOR}
        ver|visitar|consultar a|con? un|una|el|la|mi {_DOCTOR}
        {_QUIERO} .. {_DOCTOR}
        que me vea|atienda|atiendan|vean|revise|revisen .. {_DOCTOR}?
        hablar con un|una|el|la|mi {_DOCTOR}
        {_DOCTOR} por favor|disponible
        hay|tienen|tiene|tendrán|tendrían .. disponibilidad|espacio|lugar|horarios|hueco|huecos|disponible|disponibles|cupo|cupos
        disponibilidad
        qué|cuáles horarios|horas|días tienen|hay|tiene|están|son
        cuándo puedo|podría|puede ir|venir|pasar|atenderme
    """,
    "CONFIRM": f"""
        confirmo|confirmar|confirmada|confirmado|confirmamos|confirme|confirmen .. {_CITA}
        confirmo|confirmar mi? asistencia
        quiero|quisiera|deseo|para|puedo|sí confirmar|confirmo
        confirmo|confirmar|confirmado|confirmada|confirmamos|confirme
        ahí|allí|allá estaré|estaremos|voy|nos
        estaré|estaremos ahí|allí|puntual
        asistiré|iré
        sí voy|asisto|iré
        nos vemos mañana|ahí|allí|el|entonces
        cuente|cuenten conmigo
    """,
    "MORE": """
        más opciones|horarios|horas|fechas|días|turnos
        otra|otro|otras|otros opción|opciones|horario|horarios|hora|horas|fecha|fechas|día|días|turno|momento
        ninguno|ninguna de|me|funciona|sirve|puedo estos|esos|estas|esas|los|las|sirve|funciona|viene|va|conviene|acomoda?
        ninguno|ninguna
        mejor|prefiero|quiero|dame|deme otra|otro|otras|otros
        algo más tarde|temprano|adelante
        más tarde|temprano|adelante
        ver|mostrar|dame|muéstrame más|otros|otras
        no me sirve|sirven|funciona|funcionan|acomoda|viene|vienen|convienen|va|van|queda|quedan ninguno|ninguna|bien?
        esos|esas|estos|no no? me? sirven|puedo|funcionan
        hay|tiene|tienen .. otro|otra|más
    """,
    "RESTART": """
        empezar|comenzar|iniciar|volver de|a nuevo|empezar|comenzar
        empezar|comenzar otra vez
        desde el principio|inicio
        reiniciar
        menú principal
    """,
    "BACK": """
        volver
        atrás
        regresar|regresa|regrese
        volver|ir|vuelve|vuelva|regresar atrás
        anterior
        paso|opción anterior
        deshacer
    """,
    "NEVER_MIND": """
        olvídalo|olvídelo|olvídate|olvídese|olvídala
        déjalo|déjelo|déjala|déjela|dejémoslo así|no?
        déjalo|déjelo|déjala|déjela para otro|otra día|vez|momento
        mejor ya? no|nada
        ya no|nada gracias?
        no importa|pasa nada?
        no te preocupes|preocupe
        cambié de idea|opinión|parecer
        yo? llamo|llamaré|marco yo|luego|después|mañana|mejor?
        ya no la|lo? quiero|necesito
    """,
    "KEEP": f"""
        mantenla|manténgala|consérvela|mantenerla|conservarla así|igual?
        déjala|déjela|dejarla como|igual está|estaba?
        mantener|conservar|mantenga|conserve|dejar|deje la|mi {_CITA} así|igual?
        mantener|conservar|mantenga|conserve|dejar|deje la|mi {_CITA} como está
        sí? voy a ir
    """,
    "CHANGE": """
        cambiar|cambia|corregir|corrige|editar|modificar
        cambiar|corregir|editar|modificar el|la|mi|los nombre|fecha|respuesta|datos|motivo|dato|día|hora|número
        eso|esto|está|es|lo mal|incorrecto|equivocado|equivocada
        no es correcto|correcta|así|eso|mi|ese|esa
        me equivoqué
        equivocado|incorrecto|error
        hay|es|fue un error
        quise decir
    """,
    "HELP": """
        ayuda
        ayúdame|ayúdeme|ayudarme|ayudenme
        necesito|quiero|puede|pueden|puedes .. ayuda|ayudar|ayudarme
        qué puedes|puede|puedo hacer
        cómo funciona|se|lo usa|hago|esto|funciona?
        menú|opciones|instrucciones
        no entiendo|entendí|comprendo|sé qué|hacer|nada?
    """,
    "PREPARATION": f"""
        qué debo|tengo|hay|necesito|puedo que? llevar|traer|comer|tomar|hacer
        debo|tengo|hay|necesito|puedo que? llevar|traer|comer|ir|estar ayunas|ayuno|algo|documentos|papeles
        tengo que ir|estar|venir en ayunas
        cuánto dura|tarda|demora ..2 {_CITA}?
    """,
    "WAIT": """
        espere|espera|esperen|espérame|espéreme un|tantito? momento|momentito|segundo|minuto|ratito|poco?
        un|dame|deme|déjame un|tantito? momento|momentito|segundito|segundo|minuto|minutito|ratito
        deja|déjame|déjeme|voy le? a? pregunto|preguntar|preguntarle|checar|checo|reviso|revisar|ver|veo|pensar|pensarlo|pienso a|con|mi|el|la? mi|el|la? esposo|esposa|jefe|jefa|mamá|papá|trabajo|agenda|horario?
        luego|ahorita le|te aviso|digo|confirmo
    """,
    "QUESTION": """
        cuánto cuesta|cobran|vale|es|sale|cobra|costaría|sería
        qué costo|costos|precio|tarifa
        precio|precios|costo|costos|tarifa|tarifas|factura|recibo|pagar|pago
        dónde están|esta|queda|quedan|es|se
        dirección|ubicación|estacionamiento
        horario|horarios de? atención?
        a qué hora|horas abren|cierran|atienden|abre|cierra
        están|esta abierto|abiertos|cerrado|abierta|cerrada
        seguro|seguros médico|médicos?
        obra social
        aceptan|acepta|atienden|tratan
        resultado|resultados|análisis|receta|recetas|examen|exámenes
    """,
    "GREETING": """
        hola|ola|holi|holis|buenas|buenos|saludos|alo
        buenos|buen|bueno días|día
        buenas tardes|noches|tarde|noche
        qué tal|hubo
        cómo está|están|estás|le? va?
        muy buenas|buenos días|tardes|noches
    """,
    "GOODBYE": """
        adiós|chao|chau|bye
        hasta luego|pronto|mañana|la|entonces vista|próxima?
        nos vemos
        que tenga|tengas|le|te vaya? buen|bonito|lindo|excelente|un|bien día|tarde|fin|buen?
        cuídese|cuídate
    """,
    "THANKS": """
        gracias|grasias|graciass|grax|agradecido|agradecida
        muchas|mil|muchísimas gracias
        gracias muy amable
        se|te|les lo|la|les? agradezco
        muy amable
        perfecto|ok|vale|genial|excelente gracias
    """,
    "SYMPTOM": """
        dolor|dolores|duele|duelen|dolía|fiebre|tos|gripe|gripa|resfriado|resfriada|vómito|vómitos|vomitando|náuseas|náusea|diarrea
        mareo|mareos|mareado|mareada|sarpullido|ronchas|comezón|picazón|hinchado|hinchada|hinchazón|infección|alergia|calentura|migraña
        enfermo|enferma|mal|malestar|lesión|lastimé|torcí|ardor|cansancio|ansiedad|deprimido|deprimida|insomnio|molestia|molestias
        me siento|encuentro mal|débil|peor|enfermo|enferma
        no me siento|encuentro bien
    """,
    "STOP": """
        no me escriban|escriba|manden|mande|envíen|envie|contacten|contacte|molesten|moleste|llamen más|mensajes|nada?
        no quiero más|recibir|estos|sus mensajes|recordatorios|más? mensajes?
        dejen|deje|deja|dejar de escribir|escribirme|mandar|mandarme|enviar|enviarme|molestar|contactarme|molestarme
        paren|pare|detengan de? estos|los|mandar|enviar|sus? mensajes
        darme|dar|dame|denme|deme de baja
        no más mensajes|sms
        quítenme|quiteme|bórrenme|elimínenme .. lista
        cancelar suscripción|mensajes
    """,
}

NEGATORS = """
    no quiero|deseo|necesito|voy|pienso|hace|es|hay|quisiera|pretendo
    no me|la|lo|le
    no
    nunca
    sin
"""
