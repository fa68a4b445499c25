"""The default texts in Spanish."""

from apps.notifications.defaults.texts import Texts

_SIGNATURE = """

{{ clinic.name }}{% if clinic.phone != "" %}
{{ clinic.phone }}{% endif %}"""
_WHERE = """{{ appointment.location }}{% if appointment.address != "" %}
{{ appointment.address }}{% endif %}"""
_INSTRUCTIONS = """{% if appointment.instructions != "" %}

{{ appointment.instructions }}{% endif %}"""

TEXTS: dict[str, Texts] = {
    "appointment-booked": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Su cita con {{ appointment.practitioner }} queda reservada para el "
        "{{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}.\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "Para cambiarla o cancelarla: {{ appointment.link }}\nO escríbanos por aquí.",
        sms="{{ clinic.name }}: {{ patient.first_name }}, su cita es el {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} con {{ appointment.practitioner }}, {{ appointment.location }}. "
        "Cambiar o cancelar: {{ appointment.link }} Responda STOP para no recibir más mensajes.",
        subject="Su cita está reservada",
        email="Hola, {{ patient.first_name }}:\n\nSu cita con {{ appointment.practitioner }} queda reservada para el "
        "{{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}.\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "Con la invitación adjunta puede guardarla en su calendario. Para cambiarla o cancelarla: {{ appointment.link }}\n"
        "O llámenos, o escríbanos por WhatsApp." + _SIGNATURE,
    ),
    "appointment-reminder": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Le recordamos su cita con {{ appointment.practitioner }} el "
        "{{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}, {{ appointment.location }}.\n\n"
        "Responda SÍ para confirmar, o díganos si necesita otra hora. También puede hacerlo aquí: {{ appointment.link }}",
        sms="{{ clinic.name }}: su cita es el {{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}, "
        "{{ appointment.location }}. Responda SÍ para confirmar, o cámbiela aquí: {{ appointment.link }}",
        subject="Recordatorio de su cita",
        email="Hola, {{ patient.first_name }}:\n\nLe recordamos su cita con {{ appointment.practitioner }} el "
        "{{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}.\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "Para confirmarla, cambiarla o cancelarla: {{ appointment.link }}\n\n"
        "Si necesita otra hora, avísenos con tiempo para que otra persona pueda aprovechar esta." + _SIGNATURE,
    ),
    "appointment-reminder-soon": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Le esperamos el {{ appointment.weekday }} a las {{ appointment.time }}.\n\n"
        + _WHERE
        + "\n\nSi va a llegar tarde, escríbanos por aquí.",
        sms="{{ clinic.name }}: le esperamos el {{ appointment.weekday }} a las {{ appointment.time }}, "
        "{{ appointment.location }}. Si va a llegar tarde, responda por aquí.",
        subject="Su cita es pronto",
        email="Hola, {{ patient.first_name }}:\n\nLe esperamos el {{ appointment.weekday }} a las {{ appointment.time }}.\n\n"
        + _WHERE
        + _SIGNATURE,
    ),
    "appointment-rescheduled": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Su cita tiene nueva hora: {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} con {{ appointment.practitioner }}.\n\n"
        + _WHERE
        + "\n\nSi no le viene bien, escríbanos por aquí, o cámbiela: {{ appointment.link }}",
        sms="{{ clinic.name }}: su cita tiene nueva hora: {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }}, {{ appointment.location }}. Si no le viene bien: {{ appointment.link }}",
        subject="Su cita tiene nueva hora",
        email="Hola, {{ patient.first_name }}:\n\nSu cita tiene nueva hora: {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} con {{ appointment.practitioner }}.\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "La invitación adjunta la cambia en su calendario. Si la nueva hora no le viene bien, cámbiela aquí: {{ appointment.link }}"
        + _SIGNATURE,
    ),
    "appointment-cancelled": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Su cita del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} queda cancelada. Escríbanos por aquí cuando quiera otra hora.",
        sms="{{ clinic.name }}: su cita del {{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }} queda "
        "cancelada. Responda por aquí cuando quiera otra hora.",
        subject="Su cita queda cancelada",
        email="Hola, {{ patient.first_name }}:\n\nSu cita del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} queda cancelada.\n\nLlámenos o escríbanos cuando quiera otra hora." + _SIGNATURE,
    ),
    "series-booked": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Tiene {{ series.count }} citas reservadas con "
        "{{ appointment.practitioner }}:\n\n{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "Si alguna no le viene bien, escríbanos por aquí.",
        sms="{{ clinic.name }}: tiene {{ series.count }} citas reservadas. La próxima es el {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }}, {{ appointment.location }}. Responda STOP para no recibir más.",
        subject="Sus citas están reservadas",
        email="Hola, {{ patient.first_name }}:\n\nTiene {{ series.count }} citas reservadas con "
        "{{ appointment.practitioner }}:\n\n{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "Con la invitación adjunta puede guardarlas todas en su calendario. Si alguna no le viene bien, avísenos."
        + _SIGNATURE,
    ),
    "series-changed": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Sus citas tienen nuevas horas:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + "\n\nSi alguna no le viene bien, escríbanos por aquí.",
        sms="{{ clinic.name }}: sus citas tienen nuevas horas. La próxima es el {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }}, {{ appointment.location }}. Si no le viene bien, responda por aquí.",
        subject="Sus citas tienen nuevas horas",
        email="Hola, {{ patient.first_name }}:\n\nSus citas tienen nuevas horas:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "La invitación adjunta las cambia en su calendario. Si alguna no le viene bien, avísenos." + _SIGNATURE,
    ),
    "series-cancelled": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Hemos cancelado citas de su serie."
        '{% if series.count != "0" %} Siguen en pie:\n\n{{ series.dates }}{% else %} No queda ninguna.{% endif %}\n\n'
        "Escríbanos por aquí cuando quiera otra hora.",
        sms="{{ clinic.name }}: hemos cancelado citas de su serie, quedan {{ series.count }}. Responda por aquí cuando quiera "
        "otra hora.",
        subject="Citas canceladas",
        email="Hola, {{ patient.first_name }}:\n\nHemos cancelado citas de su serie."
        '{% if series.count != "0" %} Siguen en pie:\n\n{{ series.dates }}{% else %} No queda ninguna.{% endif %}\n\n'
        "Llámenos o escríbanos cuando quiera otra hora." + _SIGNATURE,
    ),
    "appointment-choose-time": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Lo sentimos: su cita con {{ appointment.practitioner }} del {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} no va a poder ser a esa hora.\n\n"
        "Escríbanos por aquí qué otro día u hora le viene bien y le buscamos una nueva.",
        sms="{{ clinic.name }}: lo sentimos, su cita del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} no va a poder ser a esa hora. Responda con otro día u hora que le venga bien.",
        subject="Elija otra hora para su cita",
        email="Hola, {{ patient.first_name }}:\n\nLo sentimos: su cita con {{ appointment.practitioner }} del {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} no va a poder ser a esa hora.\n\n"
        "Llámenos o escríbanos por WhatsApp y díganos qué otro día u hora le viene bien." + _SIGNATURE,
    ),
    "no-show": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Le esperábamos el {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }}. Escríbanos por aquí cuando quiera otra hora.",
        sms="{{ clinic.name }}: le esperábamos el {{ appointment.weekday }} {{ appointment.date }} a las {{ appointment.time }}. "
        "Responda por aquí cuando quiera otra hora.",
        subject="Le esperábamos",
        email="Hola, {{ patient.first_name }}:\n\nLe esperábamos el {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }}.\n\nLlámenos o escríbanos cuando quiera otra hora." + _SIGNATURE,
    ),
    "follow-up": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Gracias por su visita. ¿Cómo se encuentra? Si tiene alguna pregunta, escríbanos por "
        "aquí y el equipo le responderá en el horario de atención.\n\nSi es urgente, llame al número de emergencias de su zona.",
        sms="{{ clinic.name }}: gracias por su visita. Si tiene alguna pregunta, responda por aquí y el equipo le contestará en el "
        "horario de atención. Si es urgente, llame al número de emergencias de su zona.",
        subject="Después de su visita",
        email="Hola, {{ patient.first_name }}:\n\nGracias por su visita. ¿Cómo se encuentra? Si tiene alguna pregunta, llámenos o "
        "escríbanos por WhatsApp; el equipo responde en el horario de atención.\n\n"
        "Si es urgente, llame al número de emergencias de su zona." + _SIGNATURE,
    ),
    "welcome": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Le damos la bienvenida a {{ clinic.name }}. Escríbanos por aquí para reservar, "
        "cambiar o cancelar una cita.\n\nEn una emergencia, llame al número de emergencias de su zona: nadie vigila este chat "
        "las 24 horas.",
        sms="{{ clinic.name }}: bienvenida o bienvenido, {{ patient.first_name }}. Responda por aquí para reservar, cambiar o cancelar "
        "una cita. En una emergencia, llame al número de emergencias. Responda STOP para no recibir más mensajes.",
        subject="Le damos la bienvenida",
        email="Hola, {{ patient.first_name }}:\n\nLe damos la bienvenida a {{ clinic.name }}. Escríbanos por WhatsApp, envíenos un "
        "mensaje de texto o llámenos para reservar, cambiar o cancelar una cita.\n\n"
        "En una emergencia, llame al número de emergencias de su zona." + _SIGNATURE,
    ),
    "waitlist-offer": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Ha quedado libre una hora que usted espera: {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} con {{ appointment.practitioner }}, {{ appointment.location }}.\n\n"
        "Se la guardamos hasta las {{ offer.until }}. Responda SÍ para aceptarla, o NO para seguir en la lista y esperar otra.",
        sms="{{ clinic.name }}: ha quedado libre una hora: {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} con {{ appointment.practitioner }}, {{ appointment.location }}. Se la guardamos hasta las "
        "{{ offer.until }}. Responda SÍ para aceptarla o NO para esperar otra.",
        subject="Ha quedado libre una hora",
        email="Hola, {{ patient.first_name }}:\n\nHa quedado libre una hora que usted espera: {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} con {{ appointment.practitioner }}.\n\n" + _WHERE + "\n\n"
        "Se la guardamos hasta las {{ offer.until }}. Llámenos para aceptarla." + _SIGNATURE,
    ),
    "waitlist-offer-move": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Ha quedado libre una hora anterior: {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} con {{ appointment.practitioner }}, {{ appointment.location }}. "
        "Sustituiría a su cita del {{ offer.visit }}.\n\n"
        "Se la guardamos hasta las {{ offer.until }}. Responda SÍ para aceptarla, o NO para dejar su cita como está.",
        sms="{{ clinic.name }}: ha quedado libre una hora anterior: {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} con {{ appointment.practitioner }}, {{ appointment.location }}, en lugar de {{ offer.visit }}. "
        "Se la guardamos hasta las {{ offer.until }}. Responda SÍ para aceptarla o NO para dejar su cita.",
        subject="Ha quedado libre una hora anterior",
        email="Hola, {{ patient.first_name }}:\n\nHa quedado libre una hora anterior: {{ appointment.weekday }} "
        "{{ appointment.date }} a las {{ appointment.time }} con {{ appointment.practitioner }}. Sustituiría a su cita del "
        "{{ offer.visit }}.\n\n" + _WHERE + "\n\n"
        "Se la guardamos hasta las {{ offer.until }}. Llámenos para aceptarla." + _SIGNATURE,
    ),
    "waitlist-taken": Texts(
        whatsapp="Hola, {{ patient.first_name }}. Lo sentimos: la hora del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} que le ofrecimos ya no está libre. Usted sigue en la lista de espera y le escribiremos con la próxima.",
        sms="{{ clinic.name }}: lo sentimos, la hora del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} ya no está libre. Usted sigue en la lista de espera; le escribiremos con la próxima.",
        subject="La hora que le ofrecimos",
        email="Hola, {{ patient.first_name }}:\n\nLo sentimos: la hora del {{ appointment.weekday }} {{ appointment.date }} a las "
        "{{ appointment.time }} que le ofrecimos ya no está libre. Usted sigue en la lista de espera y le escribiremos con la "
        "próxima." + _SIGNATURE,
    ),
}
