"""Hindi emergency phrases, in Devanagari and romanised, and the words that take the alarm back. Data only."""

_NAHI = "nahi|nahin|nhi|nai|nahee|na|nehi"
_SAANS = "saans|sans|saas|sas|shwas|saanse|sanse"
_SEENA = "seene|sine|seena|sina|chhati|chati|chhaati|chaati|chest|sene|sinne"
_DARD = "dard|dardh|durd|pain|jalan|dabav|bhari|bhaari|bharipan|jakdan|takleef|taklif|dukh|chubhan|tez"

SYMPTOMS = {
    "heart": f"""
        {_SEENA} ..4 {_DARD}
        dard|pain|jalan|dabav ..2 {_SEENA} me|mein|m|main
        dil ..4 dard|dabav|pain|ruk|band
        सीने|सीना|छाती ..4 दर्द|जलन|दबाव|भारी|भारीपन|जकड़न|तकलीफ|दुख|चुभन
        दर्द ..2 सीने|छाती में
        दिल ..2 दर्द|दबाव|रुक|बंद
    """,
    "breathing": f"""
        {_SAANS} ..2 {_NAHI} ..1 aa|le|ले|aati|aata|ata|ati|aarahi|leta|leti|lepa|chal|aayi
        {_SAANS} ..3 takleef|taklif|dikkat|diqqat|problem|pareshani|mushkil|kathinai|taqleef|dikat
        takleef|taklif|dikkat|problem|pareshani|mushkil ..2 {_SAANS}
        {_SAANS} ..1 phool|phul|fool|ful|phoolna|phoolti|phulti|ruk|ruki|band|rukti|atak|ukhad|tez|toot
        {_NAHI} aa|le ..2 {_SAANS}
        dam|dum ghut|ghutna|ghutta|ghutne|ghutan|ghutraha
        honth|muh|chehra|hoth ..2 neele|neela|nila|nile
        सांस|सांसे|सांसें ..2 नहीं|नही ..1 आ|ले|आती|आता|लेता|लेती|चल
        सांस|सांसे|सांसें ..3 तकलीफ|दिक्कत|परेशानी|मुश्किल|कठिनाई|समस्या|प्रॉब्लम|प्रोब्लम
        तकलीफ|दिक्कत|परेशानी ..2 सांस
        सांस ..1 फूल|फूलना|फूलती|रुक|रुकी|बंद|अटक|उखड़|तेज़
        दम ..1 घुट|घुटना|घुटता|घुटने|घुटन
        होंठ|होठ|चेहरा|शरीर ..2 नीला|नीले
        गला घुट|घुटना
    """,
    "stroke": f"""
        muh|munh|mooh|chehra ..2 tedha|teda|terha|latak|sunn|tedi
        haath|hath|pair|pav|paon|hand|shareer ..2 {_NAHI} hil|uth|chal|kaam|hilta
        haath|hath|pair|sharir|hissa|taraf|side ..3 sunn|sun|shunya
        bol|baat {_NAHI} pa|paa|raha|rahe|paraha|nikal
        zubaan|juban|zaban|jaban|awaaz ..2 ladkhada|lad|tutla
        aadha|adha|ek|आधा|एक taraf|sharir|shareer|badan|शरीर|तरफ ..3 kaam|sunn|hil|nahi|सुन्न|काम|हिल
        lakwa|lakva|lakhwa|paralysis|paralise|falij|pakshaghat
        मुंह|चेहरा ..2 टेढ़ा|लटक|सुन्न
        हाथ|पैर|शरीर|हिस्सा ..3 सुन्न|नहीं हिल|उठ|चल|हो|है?
        बोल नहीं पा
        जुबान|ज़बान ..2 लड़खड़ा
        लकवा|पक्षाघात|फालिज|पैरालिसिस
    """,
    "bleeding": f"""
        khoon|khun|blood ..3 bah|beh|behna|{_NAHI} raha|rahaa|ruk|rukta|rukraha|band|rukna
        khoon|khun|bleeding|खून rukne|thamne|रुकने
        khoon|khun|bleeding|खून ..2 band|बंद nahi|nahin|nhi|नहीं|नही ho|हो
        khoon|khun bahut|bohot|bahot|zyada|jyada|jada
        bahut|bohot|zyada|jyada|kaafi|kafi|itna khoon|khun|bleeding|blood
        khoon|khun|blood ki|ka ulti|ultiyan|ultiya|vomit
        khoon|khun ..2 ulti|thook
        muh|munh|mooh|naak|kaan|sir|sar|मुंह|नाक|कान|सिर se|से khoon|khun|blood|खून
        bleeding|khoon|khun ..2 {_NAHI} ruk|band
        ulti|ultiyan|khansi|thook|vomit ..2 khoon|khun|blood
        खून ..3 बह|बहना|रुक|नहीं|बहुत|ज्यादा|बंद रहा|रुक|रही|है|बह|हो?
        बहुत|ज्यादा|काफी|इतना खून
        खून की उल्टी|उल्टियां
        उल्टी|खांसी|थूक ..2 खून
        रक्तस्राव
    """,
    "unconscious": f"""
        behosh|behos|behoshi|beehosh
        hosh ..2 {_NAHI} hai|h|me|mein|aa|he
        hosh ..1 kho|gawa|gava|gaya|me
        hosh me {_NAHI}
        hosh mein {_NAHI}
        uth {_NAHI} raha|rahi|rahe
        {_NAHI} uth raha|rahi|rahe
        jaag|jag {_NAHI} raha|rahi|rahe
        jawab {_NAHI} de
        gir gaya|gayi|gaye ..3 behosh|hosh|uth
        chakkar kha|khaa ke|kar gir
        बेहोश|बेहोशी|अचेत
        होश ..2 नहीं|खो|गंवा|में है|गया|आ|दिया|नहीं?
        उठ नहीं रहा|रही|रहे
        नहीं उठ रहा|रही|रहे
        जवाब नहीं दे
        चक्कर खाकर गिर
    """,
    "allergy": """
        gala|gale ..2 band|sooj|suj|sujan|sooja
        jeebh|jibh|honth|hoth|chehra|muh|munh ..3 sooj|suj|soojan|sujan|sooja|suja
        allergy|alerji|elergy ..2 bahut|zyada|tez|gambhir|severe
        गला|गले ..2 बंद|सूज
        जीभ|होंठ|चेहरा|मुंह ..3 सूज|सूजन|सूजा
        एलर्जी ..2 बहुत|ज्यादा|गंभीर|तेज
    """,
    "pregnancy": """
        pregnant|garbhvati|garbhwati|pet se ..5 khoon|bleeding|khun|blood
        pregnant|garbhvati|garbhwati ..5 khoon|bleeding|khun|blood
        bachcha|baccha|bacha|baby ..2 nahi|nahin|nhi hil|movement
        pani ki thaili phat|phut
        गर्भवती|प्रेगनेंट|गर्भ ..5 खून|ब्लीडिंग|रक्तस्राव
        बच्चा|बच्चे ..2 नहीं हिल
        पानी की थैली
        प्रसव पीड़ा
    """,
    "injury": """
        goli|chaku|chakoo|chaaku lag|lagi|maar|mara|mari|laga
        accident ho|hua gaya|gya|hai?
        saanp|sanp|saamp|snake ne kaat|kat|kata|kaata
        current|karant|bijli lag|laga|lagi|ka
        sir|sar|sarr ..2 chot|phat|foot|phoot
        jal gaya|gayi|gya
        doob gaya|gayi|raha|rahi
        गोली|चाकू लग|लगी|मार|मारा
        एक्सीडेंट|दुर्घटना|एक्सिडेंट
        सांप ने काट|काटा
        करंट|बिजली लग|लगा
        सिर ..2 चोट|फट
        जल गया|गई
        डूब गया|गई|रहा|रही
    """,
    "poisoning": """
        zeher|zahar|jahar|zehar|jeher|keetnashak|phenyl ..2 kha|pee|pi|khaya|piya|khaliya|peeliya
        zeher|zahar|jahar|zehar|jeher
        bahut|saari|sari|zyada|bohot|puri ..2 goli|goliyan|goliya|dawai|tablet|tablets|dawa ..1 kha|khayi|khali|le|khaa
        neend ki goli|goliyan|goliya|tablets ..1 kha|khali|le|khayi|khaa
        नींद की गोली|गोलियां ..1 खा|ले|खाई
        goliyan|goliya|tablets|dawai ..2 zyada|jyada|bahut kha|khali|le
        ज़हर|विष|कीटनाशक
        बहुत|सारी|ज्यादा|पूरी ..2 गोली|गोलियां|दवाई|दवा|टैबलेट ..1 खा|खाई|ले
    """,
    "seizure": """
        jhatke|jhatka ..1 aa|lag|pad
        daura|doura|daure|dora ..1 pad|pada|aa|aaya|padh|par
        mirgi ka|ki|ke daura|daure|attack
        fit|fits aa|aaya|aaye|pad
        muh|munh|mooh se jhaag|jhag|jaag
        झटके|झटका ..1 आ|लग|पड़
        दौरा|दौरे ..1 पड़|पड़ा|आ|आया|पड़े
        मुंह से झाग
    """,
    "general": """
        mar|marr raha|rahi|rahe|jaunga|jaungi|jayega|jayegi hoon|hun|hu|hai|h?
        marne wala|wali|vala|vali
        jaan|jan khatre|bachao|bacha|bachaiye|nikal
        bachao|bachaiye
        ambulance|embulance bulao|bula|bhejo|chahiye|bulaiye|bhejiye
        immergency|emarjensi|emerjensi|amargency
        इमरजेंसी|इमर्जेंसी|आपातकाल|एम्बुलेंस|एंबुलेंस|इमरजेन्सी
        मर रहा|रही|रहे|जाऊंगा|जाऊंगी|जाएगा|जाएगी
        मरने वाला|वाली
        जान खतरे|बचाओ|बचाइए|बचा|निकल
        बचाओ|बचाइए
    """,
}

CONDITIONS = {
    "heart": """
        dil|heart|hart ka|ko|me|mein? daura|attack|dora|doura
        दिल|हार्ट का|में? दौरा|अटैक
        हृदयाघात
    """,
    "stroke": """
        ब्रेन|brain stroke|स्ट्रोक|hemorrhage|haemorrhage
        स्ट्रोक
    """,
    "seizure": "मिर्गी|mirgi ka|के|का daura|दौरा|दौरे",
    "poisoning": "ओवरडोज",
}

SELF_HARM = """
    khudkushi|khudkhushi|khudkusi|aatmahatya|atmahatya|aatmhatya|suicide|atamhatya
    mar|marr jana|jaana|jau|jaun|jaoon chahta|chahti|chahun|hai?
    marna|marne chahta|chahti|chahte|hai|ka|ki|ko|chah|man
    marne ka|ki man|mann|ichcha|soch
    jeena|jina|jeene|jine ..2 nahi|nahin|nhi|naa ..1 chahta|chahti|chahte|hai|hota|chah|man
    nahi|nahin|nhi jeena|jina|jeene|jine
    jeene|jine ka|ki man|mann|ichcha nahi|nahin|nhi
    apni|khud|apne|apna ki|ko|aap? jaan|jan|nuksan|maar|mar|khatam|kaat ..1 le|de|dene|lena|lene|pahuncha|lunga|lungi|dunga|dungi|dena|karna|kar
    jaan|jan de|dene|dena|deni|dunga|dungi
    khud|apne ko|aap|aapko ko? khatam|maar|mar|nuksan
    zindagi|jindagi khatam|se
    आत्महत्या|खुदकुशी|सुसाइड
    मर जाना|जाऊं चाहता|चाहती|है?
    मरना|मरने चाहता|चाहती|है|का|की|को
    जीना|जीने ..2 नहीं|नही ..1 चाहता|चाहती|है|होता|मन
    नहीं जीना
    जीने की|का इच्छा|मन नहीं
    अपनी|खुद|अपने की|को|आप? जान|खत्म|मार|नुकसान ..1 ले|दे|देना|लेना|करना|लूंगा|दूंगा
    जान दे|देना|देने
    जिंदगी खत्म
"""

EXCEPTIONS = """
    naak|nak ..3 saans|sans
    नाक ..3 सांस
    khoon|khun|blood ki|ka|jaanch|test|jaach jaanch|test|report|jaach
    खून की|का जांच|टेस्ट|रिपोर्ट
    jaan pehchan
    mar khaya
"""

NEGATORS = ""

NEGATION_CARRIERS = ""

POST_NEGATORS = "nahi|nahin|nhi|nai|nahee|नहीं|नही"

POST_NEGATION_ENDS = "hai h he hain है हैं tha thi the था थी थे hua hui हुआ हुई ab now"

POST_NEGATION_HAPPENING = "ho हो"

PSEUDO_NEGATIONS = ""

TERMINATORS = "lekin magar par aur parantu abhi ab लेकिन मगर पर और परंतु अभी अब"

HISTORY = """
    saal|sal|mahine|maheene|hafte|hafton|saalo|saalon pehle|pahle|phle
    pichhle|pichle saal|mahine|hafte
    bachpan me|mein
    guzar gaye|gayi
    साल|महीने|हफ्ते|सालों पहले
    पिछले साल|महीने|हफ्ते
    बचपन में
"""

AFTERCARE = """
    dawai|dawa|ilaj|ilaaj|jaanch|followup
    ke baad
    दवाई|दवा|इलाज|जांच
    के बाद
"""

CURRENT = """
    abhi|aaj|phir|fir|ab|shuru|turant|lagatar
    se hai|ho
    अभी|आज|फिर|अब|शुरू|तुरंत|लगातार
"""
