"""What Hindi-writing patients ask for, in Devanagari and romanised. Keys are `Intent` names."""

_APPT = "appointment|appt|booking|number|slot|mulakat"
_DR = "doctor|dr|daktar|dactar|vaidya|hakim"
_KARNA = "karo|kar|karna|karni|kardo|kare|karein|karde|kijiye|karwana|karwani|karvana|karvani|karana|karani|karu|karun|karao|do|dijiye|dena|de|chahiye|chahie|chaiye|hai|h"
_APPT_HI = "अपॉइंटमेंट|अपॉइन्टमेंट|अपाइंटमेंट|अपॉइंट्मेंट|बुकिंग|मुलाकात|नंबर"
_DR_HI = "डॉक्टर|डाक्टर|डॉ|चिकित्सक"

INTENTS = {
    "HUMAN": """
        kisi|insaan|aadmi|staff|agent|receptionist|reception|operator|manager se|ko baat|bat|connect|bula|bulao
        baat|bat karni|karna|karao|karwao|karva|karwa .. insaan|staff|agent|kisi
        kisi|staff|reception .. se baat|bat
        mujhe|muje call|phone karo|kar|karna|kijiye|karein|karwa
        call|phone karo|kijiye|karein|kardo mujhe?
        insaan|agent|operator
        किसी|इंसान|स्टाफ|रिसेप्शन|एजेंट|आदमी से|को बात|जोड़ो
        किसी .. से बात
        मुझे कॉल|फोन करो|करें|कीजिए|कर
        इंसान|एजेंट
    """,
    "JOIN_LIST": """
        pratiksha|prateeksha|intezaar|intzaar suchi|soochi|list
        waiting|wait list|suchi|soochi me|mein|main
        koi cancel kare|karega|kar to
        प्रतीक्षा|इंतज़ार|वेटिंग सूची|लिस्ट
        कोई कैंसिल|रद्द करे|करेगा
    """,
    "LEAVE_LIST": """
        waiting|wait|pratiksha|prateeksha|intezaar list|suchi|soochi se mera? naam? hata|hatao|hataiye|hatado|nikal|nikalo|nikaliye
        प्रतीक्षा|इंतज़ार|वेटिंग सूची|लिस्ट से मेरा? नाम? हटा|हटाओ|हटाइए|हटाएँ|निकाल|निकालो|निकालिए
        प्रतीक्षा|इंतज़ार|वेटिंग सूची|लिस्ट में? नहीं|नही रहना|चाहिए
    """,
    "RESCHEDULE": f"""
        {_APPT}|time|samay|din|date|tarikh .. badal|badalna|badlo|badalni|badalwana|badlna|badalwani|change|aage|shift
        badal|badalna|badalni|badlo|change|shift|aage .. {_APPT}|time|samay|din|date|tarikh
        {_APPT} .. dusre|doosre|kisi|aage din|time|dusre|badha|badhao
        aage badha|badhao|badhana|badhani
        reschedule
        kisi|koi aur|dusre|doosre din|time|samay kar|karo|kardo|rakh|rakho|rakhdo|karna|karwa
        dusre|doosre|agle din|time|samay kar|karo|kardo|rakh|rakho|karna
        किसी|कोई और|दूसरे दिन|समय|टाइम कर|करो|रख|रखो|करना
        दूसरे|अगले दिन|समय|टाइम कर|करो|रख|रखो|करना
        {_APPT_HI}|समय|दिन|तारीख|टाइम .. बदल|बदलना|बदलो|बदलनी|बदलवाना|बदलें|आगे
        बदल|बदलना|बदलनी .. {_APPT_HI}|समय|दिन|तारीख
        आगे बढ़ा|बढ़ाना|बढ़ाओ|बढ़ाएं
        रीशेड्यूल
    """,
    "CANCEL": f"""
        cancel|radd|rad|nirast {_KARNA}|karwado|karwa|karva
        {_APPT} .. cancel|radd|nirast|hatao|hata
        radd
        रद्द|कैंसिल|कैंसल|निरस्त|कैन्सल
    """,
    "CANNOT_ATTEND": """
        nahi|nahin|nhi|nai aa sakta|sakti|sakte|paunga|paungi|payenge|pa|paaunga|paaungi|paenge|sakunga|sakungi
        nahi|nahin|nhi aaunga|aaungi|aayenge|aaenge|aa
        aana mushkil|possible|nahi
        aa nahi|nahin|nhi sakta|sakti|paunga|paungi|payenge|sakte
        नहीं|नही आ सकता|सकती|सकते|पाऊंगा|पाऊंगी|पाएंगे|रहा|रही
        नहीं|नही आऊंगा|आऊंगी|आएंगे
        आ नहीं|नही सकता|सकती|पाऊंगा|पाऊंगी|पाएंगे
    """,
    "VIEW": f"""
        {_APPT} kab|kitne|kis ..2 hai|h|he|ka|baje
        {_APPT} kab
        kab hai|h|he|tha|aana|aau|aaun hai|h?
        कब है|आना|आऊं है?
        kab hai|h meri|mera|hamari? {_APPT}
        meri|mera {_APPT} kya|kab|kitne|kis|confirm hai|h|baje|din
        {_APPT_HI} कब|कितने|किस ..2 है|का|बजे|दिन
        {_APPT_HI} कब
        मेरी|मेरा {_APPT_HI} क्या|कब|कितने|किस
    """,
    "LATE": """
        late|der ho|se jaunga|jaungi|jayega|jayegi|raha|rahi|aaunga|aaungi|jaega|pahunchunga|hogi|hoga
        der|deri ho
        traffic me|mein fas|phas|fansa|fasa
        देर|लेट हो|से जाएगी|जाएगा|जाऊंगा|जाऊंगी|रही|रहा|आऊंगा|आऊंगी|होगी
        देर हो
    """,
    "ARRIVED": """
        pahunch|pahuch|pohanch gaya|gayi|gaye|gya
        aa gaya|gayi|gaye|gya|chuka
        main bahar|yahan|clinic|yaha hoon|hun|khada|me|mein|par
        पहुंच गया|गयी|गई|गए
        आ गया|गई|गयी|गए
    """,
    "BOOK": f"""
        {_APPT} .. {_KARNA}|leni|lena|lene|lelo|book|milega|milegi|mil|banana|lagao|laga|lagwana|fix
        {_APPT}
        {_DR} .. milna|milne|mil|milwa|milwao|milwana|dikhana|dikhane|dikha|dikhwana|chahiye|chahie|chaiye|consult|baat|bat|salah|time|samay
        milna hai|h|tha|chahta|chahti .. {_DR}?
        dikhana|dikhwana hai|h|tha
        checkup karwana|karana|karna|karwani
        check up karwana|karana|karna|karwani
        ilaaj|ilaj karwana|karana|chahiye
        {_DR} hai|h|available|khali|kab|aaj|honge|milenge|baithte
        {_DR} sahab|saab|ji milenge|honge|aayenge|hain|baithenge|hai
        book {_KARNA}
        liye bhi chahiye|chahie|chaiye|chaahiye
        लिए|लिये भी चाहिए|चाहिये
        samay|time mil|milega|chahiye|hai|de|do|dijiye
        {_APPT_HI} .. चाहिए|चाहिये|लेना|लेनी|बुक|मिलेगा|मिलेगी|करना|करनी|करो|दो|दीजिए|करें|बनाना|दें|करवाना|करवानी
        {_APPT_HI}
        {_DR_HI} .. मिलना|मिलने|मिल|दिखाना|दिखाने|दिखा|चाहिए|चाहिये|बात|सलाह|समय|टाइम|दिखवाना|परामर्श
        मिलना है|था|चाहता|चाहती
        दिखाना है|था
        इलाज करवाना|कराना|चाहिए
        जांच|चेकअप करवाना|करवानी|कराना|करानी
        बुक करना|करो|कर|करें|कीजिए
        {_DR_HI} है|हैं|कब|उपलब्ध|मिलेंगे
    """,
    "CONFIRM": f"""
        confirm .. {_APPT}
        {_APPT} .. confirm|pakka
        {_APPT_HI} .. कन्फर्म|कंफर्म|पक्का
        confirm hai|h|karo|kar|kardo|karta|karti|pakka|karna
        pakka
        aa jaunga|jaungi|jayenge|jaaunga|rahe|raha|rahi
        main|hum? aaunga|aaungi|aayenge|aaenge
        कन्फर्म|कंफर्म|पक्का|पुष्टि
        आ जाऊंगा|जाऊंगी|जाएंगे|रहा|रही|रहे
        मैं|हम? आऊंगा|आऊंगी|आएंगे
    """,
    "MORE": """
        aur time|samay|option|options|slot|slots|din|date|dikhao|dikhaiye|dikha|batao|bataiye|koi|vikalp
        dusra|doosra|dusre|doosre|dusri|koi time|samay|option|din|slot|date|aur|dusra|doosra
        koi aur|dusra|doosra time|samay|option|din|slot|date?
        koi nahi|nahin|nhi
        inme|in se|mein|me koi nahi|nahin|nhi
        ye|yeh sab? nahi|nahin|nhi chalega|chalenge
        और समय|विकल्प|दिन|दिखाओ|दिखाइए|बताओ|बताइए|कोई|टाइम|ऑप्शन
        दूसरा|दूसरे|दूसरी|कोई समय|टाइम|दिन|विकल्प|और|दूसरा
        कोई नहीं
        इनमें से कोई नहीं
    """,
    "RESTART": """
        phir|fir|dobara|shuru se shuru
        shuru se
        naye sire se
        dobara shuru karo|karein?
        फिर से शुरू
        शुरू|शुरुआत से
        दोबारा शुरू
    """,
    "BACK": """
        wapas|vapas|peeche|piche|pichla
        wapas|vapas|peeche|piche jao|jaana|jana|chalo
        वापस|पीछे|पिछला
        वापस|पीछे जाओ|जाना|जाएं
    """,
    "NEVER_MIND": """
        rehne|rahne|rahene do|de|dijiye|dein
        chhodo|chodo|chhod|chod do|dijiye?
        jaane|jane do|dijiye
        koi baat|bat nahi|nahin|nhi
        ab nahi|nahin|nhi chahiye|chahie|chaiye
        irada|man badal gaya
        रहने दो|दे|दें|दीजिए
        छोड़ो|छोड़ दो|दीजिए?
        जाने दो|दें|दीजिए
        कोई बात नहीं
        अब नहीं चाहिए
    """,
    "KEEP": f"""
        rakho|rakhiye|rakhna|rakh do|lo?
        {_APPT} rakho|rakhiye|rehne|rahne|rakhna do|hai|h?
        रखो|रखिए|रखना दो|है?
        {_APPT_HI} रखो|रखिए|रहने|रखना दो|है?
    """,
    "CHANGE": """
        badlo|badalna|badal|badle
        naam|tarikh|date|time galat hai|h
        galat hai|h
        galat
        galti ho gayi|gai
        galti
        बदलो|बदलना|बदलें|बदल
        नाम|तारीख|समय गलत है
        गलत है?
        गलती
    """,
    "HELP": """
        madad|madat|sahayata|sahayta|help
        meri|mujhe|muje|hamari madad|help|sahayata karo|kijiye|chahiye|karein
        madad|help chahiye|karo|kijiye|karein|karna
        samajh nahi|nahin|nhi aaya|aa
        kaise kaam karta|kare|karein
        मदद|सहायता|हेल्प
        मेरी|मुझे मदद|सहायता करो|कीजिए|चाहिए|करें
        मदद|सहायता चाहिए|करो|कीजिए|करें
        समझ नहीं आया|आ
    """,
    "PREPARATION": """
        kya kya? lana|laana|lekar|leke|le|lekr|layein|laayein|saath
        khali pet
        क्या क्या? लाना|लेकर|लाएं|साथ
        खाली पेट
    """,
    "WAIT": """
        ruko|rukiye|rukna|ruk|rukie jao|jaiye|zara|jara|thoda?
        zara|thoda|jara ruko|rukiye
        ek|1 minute|min|mint|second|sec|minat ruko|rukiye?
        dekh|puch|pooch|soch kar|ke|k batata|batati|bataunga|bataungi|batate hoon|hun|hu|hain?
        रुको|रुकिए|रुकिये
        एक मिनट|सेकंड|क्षण रुको|रुकिए|रुकिये?
        देख|पूछ|सोच कर|के बताता|बताती|बताऊंगा|बताऊंगी हूँ?
    """,
    "QUESTION": """
        kitna|kitne|kitni paisa|paise|fees|fee|charge|kharcha|lagega|rupaye|lagta
        fees|fee|paise kitni|kitne|kya
        kahan|kaha hai|h|par|pe clinic|aap|hospital?
        clinic|hospital kahan|kaha|kab|kitne
        pata|address kya|batao|bhejo|bataiye
        report|reports|result kab|aa|aayi|mili
        dawai|dawa|dava
        कितना|कितने|कितनी पैसा|पैसे|फीस|खर्चा|लगेगा|रुपये
        फीस
        कहाँ है|पर
        क्लिनिक|अस्पताल कहाँ|कब
        पता क्या|बताओ|बताइए
        रिपोर्ट|दवाई|दवा
    """,
    "GREETING": """
        namaste|namaskar|namasthe|namste|pranam|salaam|salam|adaab|namaskaar
        ram ram
        salaam|assalam|salam alaikum|walekum
        jai shri|shree? ram|krishna|hind
        sat sri akal
        suprabhat
        shubh prabhat|ratri|sandhya
        kaise|kaisa|kaisi hain|ho|hai aap?
        नमस्ते|नमस्कार|प्रणाम|सलाम|आदाब|सुप्रभात|हेलो|हैलो|हाय
        राम राम
        शुभ प्रभात|रात्रि|संध्या
        कैसे|कैसी हैं|हो
    """,
    "GOODBYE": """
        alvida|phir|fir milenge|milte?
        alvida
        chalta|chalti hoon|hun
        अलविदा
        फिर मिलेंगे|मिलते
    """,
    "THANKS": """
        dhanyavad|dhanyawad|dhanyavaad|dhanyawaad|shukriya|sukriya|shukria|dhanywad
        bahut|bohot|bahot bahut|bohot|bahot? dhanyavad|dhanyawad|shukriya|thanks
        meherbani
        धन्यवाद|शुक्रिया|आभार|मेहरबानी|थैंक्यू|थैंक्स
        बहुत बहुत? धन्यवाद|शुक्रिया
    """,
    "SYMPTOM": """
        dard|bukhar|khansi|khasi|ulti|chakkar|zukam|jukam|sardi|khujli|sujan|soojan|kamzori|kamjori|takleef|jalan|dast|bimar|beemar|sirdard
        tabiyat|tabiyet|tabyat kharab|theek|thik|sahi
        दर्द|बुखार|खांसी|उल्टी|चक्कर|जुकाम|सर्दी|खुजली|सूजन|कमज़ोरी|तकलीफ|जलन|दस्त|बीमार|सिरदर्द|इन्फेक्शन
        तबीयत|तबियत खराब|ठीक
    """,
    "STOP": """
        message|messages|sms|msg mat|na|nahi bhejo|bhejna|karo|karna|bhejiye
        message|messages|sms|msg .. band
        band|bund karo|kar|kijiye|karein .. message|messages|sms
        mujhe|muje .. mat bhejo|bhejna|bhejiye
        मैसेज|संदेश|मेसेज मत|न|नहीं भेजो|भेजना|भेजें|भेजिए|करो
        मैसेज|संदेश|मेसेज .. बंद
        बंद करो|करें|कीजिए .. मैसेज|संदेश
    """,
}

NEGATORS = """
    mat
    nahi
    nahin
    nhi
    मत
    नहीं
"""
