"""The default texts in Hindi."""

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
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ appointment.practitioner }} के साथ आपका अपॉइंटमेंट {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे तय हो गया है।\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "बदलने या रद्द करने के लिए: {{ appointment.link }}\nया हमें यहीं लिखें।",
        sms="{{ clinic.name }}: {{ patient.first_name }} जी, आपका अपॉइंटमेंट {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे {{ appointment.practitioner }} के साथ है, {{ appointment.location }}। "
        "बदलें या रद्द करें: {{ appointment.link }} संदेश बंद करने के लिए STOP लिखें।",
        subject="आपका अपॉइंटमेंट तय हो गया है",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ appointment.practitioner }} के साथ आपका अपॉइंटमेंट {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे तय हो गया है।\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "इस ई-मेल के साथ आया निमंत्रण इसे आपके कैलेंडर में जोड़ देता है। बदलने या रद्द करने के लिए: {{ appointment.link }}\n"
        "या हमें फ़ोन करें, या WhatsApp पर लिखें।" + _SIGNATURE,
    ),
    "appointment-reminder": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, याद दिलाना चाहते हैं कि {{ appointment.practitioner }} के साथ आपका अपॉइंटमेंट "
        "{{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे है, {{ appointment.location }}।\n\n"
        "पुष्टि के लिए हाँ लिखें, या बताएँ कि क्या आपको दूसरा समय चाहिए। आप यह यहाँ भी कर सकते हैं: {{ appointment.link }}",
        sms="{{ clinic.name }}: आपका अपॉइंटमेंट {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे है, "
        "{{ appointment.location }}। पुष्टि के लिए हाँ लिखें, या यहाँ समय बदलें: {{ appointment.link }}",
        subject="आपके अपॉइंटमेंट की याद",
        email="नमस्ते {{ patient.first_name }} जी,\n\nयाद दिलाना चाहते हैं कि {{ appointment.practitioner }} के साथ आपका अपॉइंटमेंट "
        "{{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे है।\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\n"
        "पुष्टि करने, बदलने या रद्द करने के लिए: {{ appointment.link }}\n\n"
        "अगर आपको दूसरा समय चाहिए, तो कृपया जल्दी बताएँ, ताकि यह समय किसी और को मिल सके।" + _SIGNATURE,
    ),
    "appointment-reminder-soon": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ appointment.weekday }} को {{ appointment.time }} बजे हम आपका इंतज़ार करेंगे।\n\n"
        + _WHERE
        + "\n\nअगर आपको देर हो रही हो, तो हमें यहीं लिखें।",
        sms="{{ clinic.name }}: {{ appointment.weekday }} को {{ appointment.time }} बजे {{ appointment.location }} पर मिलते हैं। "
        "अगर आपको देर हो रही हो, तो यहीं जवाब दें।",
        subject="आपका अपॉइंटमेंट जल्द है",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ appointment.weekday }} को {{ appointment.time }} बजे हम आपका इंतज़ार करेंगे।\n\n"
        + _WHERE
        + _SIGNATURE,
    ),
    "appointment-rescheduled": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, आपके अपॉइंटमेंट का नया समय {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे {{ appointment.practitioner }} के साथ है।\n\n" + _WHERE + "\n\n"
        "अगर यह समय ठीक न हो, तो हमें यहीं लिखें, या यहाँ बदलें: {{ appointment.link }}",
        sms="{{ clinic.name }}: आपके अपॉइंटमेंट का नया समय {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे है, "
        "{{ appointment.location }}। अगर यह समय ठीक न हो, तो यहाँ बदलें: {{ appointment.link }}",
        subject="आपके अपॉइंटमेंट का नया समय",
        email="नमस्ते {{ patient.first_name }} जी,\n\nआपके अपॉइंटमेंट का नया समय {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे {{ appointment.practitioner }} के साथ है।\n\n" + _WHERE + _INSTRUCTIONS + "\n\n"
        "इस ई-मेल के साथ आया निमंत्रण इसे आपके कैलेंडर में बदल देता है। अगर नया समय ठीक न हो, तो यहाँ बदलें: "
        "{{ appointment.link }}" + _SIGNATURE,
    ),
    "appointment-cancelled": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे का आपका "
        "अपॉइंटमेंट रद्द हो गया है। जब भी नया समय चाहिए, हमें यहीं लिखें।",
        sms="{{ clinic.name }}: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे का आपका अपॉइंटमेंट रद्द हो गया है। "
        "जब भी नया समय चाहिए, यहीं जवाब दें।",
        subject="आपका अपॉइंटमेंट रद्द हो गया है",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे का आपका "
        "अपॉइंटमेंट रद्द हो गया है।\n\nजब भी नया समय चाहिए, हमें फ़ोन करें या लिखें।" + _SIGNATURE,
    ),
    "series-booked": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ appointment.practitioner }} के साथ आपके {{ series.count }} अपॉइंटमेंट तय हो गए हैं:\n\n"
        "{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\nअगर कोई समय ठीक न हो, तो हमें यहीं लिखें।",
        sms="{{ clinic.name }}: आपके {{ series.count }} अपॉइंटमेंट तय हो गए हैं। अगला {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे है, {{ appointment.location }}। संदेश बंद करने के लिए STOP लिखें।",
        subject="आपके अपॉइंटमेंट तय हो गए हैं",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ appointment.practitioner }} के साथ आपके {{ series.count }} अपॉइंटमेंट तय हो गए हैं:\n\n"
        "{{ series.dates }}\n\n" + _WHERE + _INSTRUCTIONS + "\n\nइस ई-मेल के निमंत्रण से ये सब आपके कैलेंडर में जुड़ जाएँगे। "
        "अगर कोई समय ठीक न हो, तो कृपया हमें बताएँ।" + _SIGNATURE,
    ),
    "series-changed": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, आपके अपॉइंटमेंट के नए समय ये हैं:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + "\n\n"
        "अगर कोई समय ठीक न हो, तो हमें यहीं लिखें।",
        sms="{{ clinic.name }}: आपके अपॉइंटमेंट के समय बदल गए हैं। अगला {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे है, {{ appointment.location }}। अगर समय ठीक न हो, तो यहीं जवाब दें।",
        subject="आपके अपॉइंटमेंट के नए समय",
        email="नमस्ते {{ patient.first_name }} जी,\n\nआपके अपॉइंटमेंट के नए समय ये हैं:\n\n{{ series.dates }}\n\n"
        + _WHERE
        + _INSTRUCTIONS
        + "\n\nइस ई-मेल का निमंत्रण आपके कैलेंडर में इन्हें बदल देगा। अगर कोई समय ठीक न हो, तो कृपया हमें बताएँ।"
        + _SIGNATURE,
    ),
    "series-cancelled": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, आपके कुछ अपॉइंटमेंट रद्द हो गए हैं।"
        '{% if series.count != "0" %} ये बने रहेंगे:\n\n{{ series.dates }}{% else %} अब कोई बाकी नहीं है।{% endif %}\n\n'
        "जब भी नया समय चाहिए, हमें यहीं लिखें।",
        sms="{{ clinic.name }}: आपके कुछ अपॉइंटमेंट रद्द हो गए हैं, {{ series.count }} बाकी हैं। नया समय चाहिए तो यहीं जवाब दें।",
        subject="अपॉइंटमेंट रद्द हो गए हैं",
        email="नमस्ते {{ patient.first_name }} जी,\n\nआपके कुछ अपॉइंटमेंट रद्द हो गए हैं।"
        '{% if series.count != "0" %} ये बने रहेंगे:\n\n{{ series.dates }}{% else %} अब कोई बाकी नहीं है।{% endif %}\n\n'
        "जब भी नया समय चाहिए, हमें फ़ोन करें या लिखें।" + _SIGNATURE,
    ),
    "appointment-choose-time": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, हमें खेद है: {{ appointment.practitioner }} के साथ {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे का आपका अपॉइंटमेंट उस समय नहीं हो पाएगा।\n\n"
        "कृपया हमें यहीं लिखें कि आपके लिए कौन सा दूसरा दिन या समय ठीक रहेगा, हम नया समय देख लेंगे।",
        sms="{{ clinic.name }}: हमें खेद है, {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे का आपका अपॉइंटमेंट "
        "उस समय नहीं हो पाएगा। कृपया जवाब में दूसरा दिन या समय बताएँ जो आपके लिए ठीक हो।",
        subject="कृपया अपने अपॉइंटमेंट के लिए दूसरा समय चुनें",
        email="नमस्ते {{ patient.first_name }} जी,\n\nहमें खेद है: {{ appointment.practitioner }} के साथ {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे का आपका अपॉइंटमेंट उस समय नहीं हो पाएगा।\n\n"
        "कृपया हमें फ़ोन करें या WhatsApp पर लिखें और बताएँ कि आपके लिए कौन सा दूसरा दिन या समय ठीक रहेगा।" + _SIGNATURE,
    ),
    "no-show": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे हम "
        "आपका इंतज़ार कर रहे थे। जब भी नया समय चाहिए, हमें यहीं लिखें।",
        sms="{{ clinic.name }}: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे हम आपका इंतज़ार कर रहे थे। "
        "जब भी नया समय चाहिए, यहीं जवाब दें।",
        subject="हम आपका इंतज़ार कर रहे थे",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे हम "
        "आपका इंतज़ार कर रहे थे।\n\nजब भी नया समय चाहिए, हमें फ़ोन करें या लिखें।" + _SIGNATURE,
    ),
    "follow-up": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, आने के लिए धन्यवाद। अब आप कैसा महसूस कर रहे हैं? अगर कोई सवाल हो, तो यहीं लिखें; "
        "हमारी टीम काम के समय में जवाब देगी।\n\nअगर बात ज़रूरी हो, तो अपने इलाके के आपातकालीन नंबर पर फ़ोन करें।",
        sms="{{ clinic.name }}: आने के लिए धन्यवाद। अगर कोई सवाल हो, तो यहीं जवाब दें; हमारी टीम काम के समय में उत्तर देगी। "
        "अगर बात ज़रूरी हो, तो आपातकालीन नंबर पर फ़ोन करें।",
        subject="आपकी मुलाकात के बाद",
        email="नमस्ते {{ patient.first_name }} जी,\n\nआने के लिए धन्यवाद। अब आप कैसा महसूस कर रहे हैं? अगर कोई सवाल हो, तो हमें फ़ोन करें या "
        "WhatsApp पर लिखें; हमारी टीम काम के समय में जवाब देती है।\n\n"
        "अगर बात ज़रूरी हो, तो अपने इलाके के आपातकालीन नंबर पर फ़ोन करें।" + _SIGNATURE,
    ),
    "welcome": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, {{ clinic.name }} में आपका स्वागत है। अपॉइंटमेंट लेने, बदलने या रद्द करने के लिए यहीं लिखें।\n\n"
        "आपात स्थिति में अपने इलाके के आपातकालीन नंबर पर फ़ोन करें: इस चैट पर हर समय कोई मौजूद नहीं रहता।",
        sms="{{ clinic.name }}: {{ patient.first_name }} जी, आपका स्वागत है। अपॉइंटमेंट लेने, बदलने या रद्द करने के लिए यहीं जवाब दें। "
        "आपात स्थिति में आपातकालीन नंबर पर फ़ोन करें। संदेश बंद करने के लिए STOP लिखें।",
        subject="आपका स्वागत है",
        email="नमस्ते {{ patient.first_name }} जी,\n\n{{ clinic.name }} में आपका स्वागत है। अपॉइंटमेंट लेने, बदलने या रद्द करने के लिए WhatsApp पर "
        "लिखें, संदेश भेजें या फ़ोन करें।\n\nआपात स्थिति में अपने इलाके के आपातकालीन नंबर पर फ़ोन करें।" + _SIGNATURE,
    ),
    "waitlist-offer": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, जिस समय का आप इंतज़ार कर रहे हैं, वह खाली हुआ है: {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे {{ appointment.practitioner }} के साथ, {{ appointment.location }}।\n\n"
        "हम इसे आपके लिए {{ offer.until }} बजे तक रख रहे हैं। लेने के लिए हाँ लिखें, या सूची में रहकर दूसरे समय का इंतज़ार करने के लिए नहीं लिखें।",
        sms="{{ clinic.name }}: एक समय खाली हुआ है: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे "
        "{{ appointment.practitioner }} के साथ, {{ appointment.location }}। यह आपके लिए {{ offer.until }} बजे तक रखा है। लेने के लिए हाँ लिखें, "
        "दूसरे समय के लिए नहीं लिखें।",
        subject="एक समय खाली हुआ है",
        email="नमस्ते {{ patient.first_name }} जी,\n\nजिस समय का आप इंतज़ार कर रहे हैं, वह खाली हुआ है: {{ appointment.weekday }}, "
        "{{ appointment.date }} को {{ appointment.time }} बजे {{ appointment.practitioner }} के साथ।\n\n"
        + _WHERE
        + "\n\n"
        "हम इसे आपके लिए {{ offer.until }} बजे तक रख रहे हैं। लेने के लिए हमें फ़ोन करें।" + _SIGNATURE,
    ),
    "waitlist-offer-move": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, एक पहले का समय खाली हुआ है: {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे {{ appointment.practitioner }} के साथ, {{ appointment.location }}। यह {{ offer.visit }} के आपके "
        "अपॉइंटमेंट की जगह लेगा।\n\n"
        "हम इसे आपके लिए {{ offer.until }} बजे तक रख रहे हैं। लेने के लिए हाँ लिखें, या अपना अपॉइंटमेंट वैसे ही रखने के लिए नहीं लिखें।",
        sms="{{ clinic.name }}: एक पहले का समय खाली हुआ है: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे "
        "{{ appointment.practitioner }} के साथ, {{ appointment.location }}, {{ offer.visit }} की जगह। यह {{ offer.until }} बजे तक रखा है। "
        "लेने के लिए हाँ लिखें, अपना अपॉइंटमेंट रखने के लिए नहीं लिखें।",
        subject="एक पहले का समय खाली हुआ है",
        email="नमस्ते {{ patient.first_name }} जी,\n\nएक पहले का समय खाली हुआ है: {{ appointment.weekday }}, {{ appointment.date }} को "
        "{{ appointment.time }} बजे {{ appointment.practitioner }} के साथ। यह {{ offer.visit }} के आपके अपॉइंटमेंट की जगह लेगा।\n\n"
        + _WHERE
        + "\n\n"
        "हम इसे आपके लिए {{ offer.until }} बजे तक रख रहे हैं। लेने के लिए हमें फ़ोन करें।" + _SIGNATURE,
    ),
    "waitlist-taken": Texts(
        whatsapp="नमस्ते {{ patient.first_name }} जी, क्षमा करें: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} "
        "बजे का जो समय हमने आपको बताया था, वह अब खाली नहीं है। आप प्रतीक्षा सूची में बने हुए हैं, अगला समय मिलते ही हम लिखेंगे।",
        sms="{{ clinic.name }}: क्षमा करें, {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} बजे का समय अब खाली नहीं है। "
        "आप प्रतीक्षा सूची में बने हुए हैं; अगला समय मिलते ही हम लिखेंगे।",
        subject="जो समय हमने बताया था",
        email="नमस्ते {{ patient.first_name }} जी,\n\nक्षमा करें: {{ appointment.weekday }}, {{ appointment.date }} को {{ appointment.time }} "
        "बजे का जो समय हमने आपको बताया था, वह अब खाली नहीं है। आप प्रतीक्षा सूची में बने हुए हैं, अगला समय मिलते ही हम लिखेंगे।"
        + _SIGNATURE,
    ),
}
