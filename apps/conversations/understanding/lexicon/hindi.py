"""Hindi words and phrases, in Devanagari and as people romanise them. Data only; see `phrases.Phrasebook`."""

LANGUAGE = {
    2: """
        hai hain mujhe mujhko muje mera meri mere kal aaj parso parson kab kya chahiye chaiye chahie nahi nahin nhi haan
        han haa hanji haanji milna milne karna karni karo kare karein karwana baje subah shaam sham dopahar raat dard
        bukhar liye aur bhi hoon hun namaste namaskar dhanyavad dhanyawad shukriya theek thik thek accha acha achha
        wala wali wale waala kaise kaisa kahan kyun kyu kaun abhi jaldi madad sakta sakti sakte raha rahi rahe hua
        gaya gayi tha thi aap hum hamara unka uska uski iska beta beti bete maa pitaji patni pati bhai behen bahan
        somvar somwar mangalvar mangalwar budhvar budhwar guruvar guruwar shukravar shukrawar shanivar shaniwar
        ravivar raviwar itvar itwar hafte din agle agla pehla pehle dusra doosra teesra naam mein bahut kuch koi
        khansi khoon saans pet ilaaj dawai dawa aana aaunga aaungi batao bataiye dijiye kijiye karwani lena leni
        dikhana dikhani dikhao chahta chahti bilkul sahi galat pata salaam mat phir hindi hindee takleef tabiyat
    """,
    1: "ko ka ki ke se me ji to ye wo hi main par ek do teen char paanch h ho na kar baad tak sar sir aap",
}

YES = """
    haan|han|haa|ha|hanji|haanji|hn|hmm|haanjee|hnji|haaji|haji
    haan ji
    han ji
    ha ji
    ji
    ji haan|han|ha|bilkul|zaroor
    theek|thik|thek|teek|tik hai|h|he|hain|rahega|ji?
    theek|thik|thek
    sahi hai|h|he|rahega?
    sahi
    accha|acha|achha|achchha
    accha|acha|achha hai|h|ji
    bilkul
    bilkul sahi|theek|thik
    zaroor|jaroor|zarur|jarur
    pakka
    kar do|dijiye|de|dena|dein
    kardo|kardijiye
    book kar do|dijiye|dein|de
    book kardo
    confirm kar do|dijiye|hai|dein
    chalega|chalegi
    ho|ok jayega|hai|h
    thik rahega
    manzoor|manjoor hai?
    हाँ|हा|हाँजी
    हाँ जी
    हां जी
    जी
    जी हाँ|बिल्कुल|ज़रूर
    ठीक है?
    ठीक
    ठीक रहेगा
    सही है?
    सही
    अच्छा है?
    अच्छा
    बिल्कुल|बिलकुल
    ज़रूर
    पक्का
    ओके
    ओक
    कर दो|दीजिए|दें|दे|दीजिये
    बुक कर दो|दीजिए|दें
    चलेगा
    मंज़ूर है?
"""

NO = """
    nahi|nahin|nhi|nai|nahee|nahii|naheen|na|naa|nah|nehi
    nahi|nahin|nhi ji
    ji nahi|nahin|nhi
    nahi|nahin|nhi chahiye|hai|karna|chalega|ho|hoga
    nahi|nahin|nhi ho payega|sakta
    mat karo|karna|kijiye|karein
    bilkul nahi|nahin|nhi
    abhi nahi|nahin|nhi
    galat
    galat hai
    theek|thik|sahi nahi|nahin|nhi hai?
    नहीं|नही|ना|न
    नहीं जी
    जी नहीं|नही
    नहीं|नही चाहिए|है|करना|चलेगा|होगा
    मत करो|करना|कीजिए|करें
    बिल्कुल नहीं
    अभी नहीं
    गलत है?
    गलत
    सही नहीं है?
    ठीक नहीं है?
"""

FILLERS = """
    ji|jee
    please|plz|pls|kripya|kripaya
    dhanyavad|dhanyawad|dhanyavaad|shukriya|sukriya|thanks
    bahut dhanyavad|dhanyawad|shukriya
    doctor|dr|sahab|saab|sir|madam|mam|bhai|bhaiya
    toh|to|hi|bhi|phir|bas|are|arey|haan
    mere|mujhe liye|ko?
    namaste|namaskar
    जी
    कृपया|प्लीज़
    धन्यवाद|शुक्रिया|थैंक्यू
    बहुत धन्यवाद|शुक्रिया
    डॉक्टर|साहब|सर|मैडम
    तो|ही|भी|फिर|बस|अरे
    नमस्ते
"""

HEDGES = """
    lekin|magar|par|parantu|agar|shayad|baad|pehle|dusra|doosra|koi|badal|badalna|sirf|kal
    लेकिन|मगर|पर|परंतु|अगर|शायद|बाद|पहले|दूसरा|कोई|बदल|बदलना|सिर्फ
"""

CHOICE_FILLERS = """
    wala|wali|wale|waala|vala|vali|number|nambar|option|ka|ki|ke|ko|se|hi|mein|me|main|hai|h|haan|han|ji|theek|thik|sahi
    chahiye|chahie|karo|kar|do|dijiye|book|kijiye|karein|please|mujhe|mera|meri|rahega|chalega|lunga|lungi|lena|hoga
    time|samay|din|slot|ok|accha|acha|dr|doctor|sahab|ye|yeh|wo|woh|vo|baje|par|pe|saath|sath|liye|le|aaunga|aaungi|aa|jaunga
    वाला|वाली|वाले|नंबर|नम्बर|विकल्प|का|की|के|को|से|ही|में|है|हाँ|जी|ठीक|सही|चाहिए|करो|कर|दो|दीजिए|बुक|कीजिए|करें
    कृपया|मुझे|मेरा|मेरी|रहेगा|चलेगा|लूंगा|लूंगी|लेना|समय|दिन|स्लॉट|ओके|अच्छा|डॉ|डॉक्टर|साहब|यह|ये|वो|वह|बजे|पर|साथ|अपॉइंटमेंट
"""

ORDINALS = {
    1: "pehla|pahla|pehli|pahli|pehle|pahle|phela|पहला|पहली|पहले",
    2: "dusra|doosra|dusri|doosri|dusre|doosre|दूसरा|दूसरी|दूसरे|दुसरा|दुसरी",
    3: "teesra|tisra|teesri|tisri|teesre|tisre|तीसरा|तीसरी|तीसरे",
    4: "chautha|chauthi|chauthe|chotha|चौथा|चौथी|चौथे",
    5: "paanchva|panchva|paanchvi|panchvi|paanchwa|panchwa|पांचवा|पांचवां|पांचवी|पांचवीं",
    6: "chhatha|chatha|chhathi|छठा|छठी|छठवां",
    7: "saatva|satva|saatvi|सातवां|सातवा|सातवी",
    8: "aathva|athva|aathvi|आठवां|आठवा|आठवी",
    9: "nauva|nauvi|नौवां|नौवा|नौवी",
    10: "dasva|dasvi|दसवां|दसवा|दसवी",
}

NUMBERS = {
    1: "ek एक",
    2: "do दो",
    3: "teen tin तीन",
    4: "char chaar चार",
    5: "paanch panch पांच पाँच",
    6: "chhe che chhah chah छह छः छे छ",
    7: "saat सात",
    8: "aath आठ",
    9: "nau नौ",
    10: "das दस",
    11: "gyarah gyara ग्यारह",
    12: "barah baarah bara बारह",
    13: "terah तेरह",
    14: "chaudah चौदह",
    15: "pandrah पंद्रह पन्द्रह",
    16: "solah सोलह",
    17: "satrah सत्रह",
    18: "atharah अठारह",
    19: "unnis उन्नीस",
    20: "bees बीस",
    21: "ikkis इक्कीस",
    22: "bais baees बाईस बाइस",
    23: "teis teyees तेईस तेइस",
    24: "chaubis चौबीस",
    25: "pachis pachchees पच्चीस",
    26: "chhabbis छब्बीस",
    27: "sattais सत्ताईस सत्ताइस",
    28: "atthais अट्ठाईस अठाईस",
    29: "untis उनतीस",
    30: "tees तीस",
    31: "ikattis इकतीस इकत्तीस",
}

RELATIVE_CHOICES = {
    "last": "aakhri|akhri|aakhiri|akhiri|antim|आखिरी|अंतिम",
    "earliest": """
        sabse pehle|pehla|pehli|jaldi
        jaldi
        jald se jald
        सबसे पहले|पहला|पहली|जल्दी
        जल्दी
    """,
    "latest": """
        sabse late|baad|der
        baad
        सबसे बाद|देर
        बाद
    """,
    "any": """
        koi bhi
        koi sa bhi
        kuch bhi
        jo bhi
        aap chun lo|lijiye
        कोई भी
        कुछ भी
        जो भी
    """,
}

SELF = """
    mere liye
    mere khud ke liye
    apne liye
    khud ke liye
    khud
    main
    main khud
    mujhe
    mera
    meri
    mujhe hi
    mere liye hi|hai
    main hi
    mai
    मेरे लिए|लिये
    मेरे लिए है|ही
    अपने लिए|लिये
    खुद के लिए
    खुद
    मैं
    मैं खुद
    मुझे
    मेरा
"""

RELATIONS = {
    "son": "beta|bete|ladka|ladke|बेटा|बेटे|लड़का|लड़के",
    "daughter": "beti|ladki|bitiya|बेटी|लड़की|बिटिया",
    "child": "bachcha|bacha|baccha|bachche|bache|bachhe|bachchi|pota|poti|nati|बच्चा|बच्चे|बच्ची|पोता|पोती|शिशु",
    "mother": "maa|ma|mummy|mammi|mata|mataji|ammi|amma|माँ|मम्मी|माता|माताजी|अम्मी|अम्मा",
    "father": "papa|pita|pitaji|baap|abba|abbu|bapu|पापा|पिता|पिताजी|बाप|अब्बा|अब्बू",
    "wife": "patni|biwi|bivi|gharwali|पत्नी|बीवी|घरवाली",
    "husband": "pati|shohar|gharwale|पति|शौहर",
    "partner": "mangetar|मंगेतर|साथी",
    "brother": "bhai|bhaiya|भाई|भैया",
    "sister": "behen|behan|bahan|didi|बहन|बहिन|दीदी",
    "grandmother": "dadi|nani|दादी|नानी",
    "grandfather": "dada|nana|दादा|नाना",
    "friend": "dost|mitra|padosi|दोस्त|मित्र|पड़ोसी",
    "relative": "chacha|chachi|mama|mami|mausi|bua|saas|sasur|chachaji|parivar|चाचा|चाची|मामा|मामी|मौसी|बुआ|सास|ससुर|परिवार",
    "someone": "kisi|mareez|marij|किसी|मरीज",
}

RELATION_FRAMES = """
    mere|meri|apne|apni|hamare|hamari|unke|mera chhote|choti|bade|badi|bimar? {R} ji? ke|ki|k liye|liy
    mere|meri|apne|apni|hamare|hamari chhote|choti|bade|badi? {R} ji? ko|ki|ka|ke
    mera|meri|mere|hamara {R} ji? bimar|beemar|hai
    {R} ji? ke|ki|k liye
    {R} ji? ko ..2 dikhana|dikhani|milna|milana|milwana|bukhar|dard
    kisi aur ke|ka|ko liye?
    mere liye nahi|nahin|nhi
    मेरे|मेरी|अपने|अपनी|हमारे|हमारी छोटे|छोटी|बड़े|बड़ी|बीमार? {R} जी? के|की लिए|लिये
    मेरे|मेरी|अपने|अपनी|हमारे|हमारी छोटे|छोटी|बड़े|बड़ी? {R} जी? को|की|का|के
    मेरा|मेरी|मेरे|हमारा {R} जी? बीमार|है
    {R} जी? के|की लिए|लिये
    {R} जी? को ..2 दिखाना|दिखानी|मिलाना|बुखार|दर्द
    किसी और के|का|को लिए?
    मेरे लिए नहीं
"""

NAME_LEADS = """
    mera poora|pura|full? naam|nam|name
    mareez|marij|patient ka|ke naam|nam|name
    naam|nam
    unka|uska|inka|iska naam|nam|name
    bete|beti|maa|pitaji|papa|patni|pati|bhai|behen|bachche ka naam|nam|name
    मेरा पूरा? नाम
    मरीज़ का नाम
    उनका|उसका|इनका|इसका नाम
    बेटे|बेटी|माँ|पिताजी|पत्नी|पति|भाई|बहन|बच्चे का नाम
    नाम
"""

WEAK_NAME_LEADS = """
    main
    mai
    namaste|namaskar|haan|ji
    namaste main|mai
    मैं
    नमस्ते
    नमस्ते मैं
    जी
"""

INTRODUCTIONS = """
    main|mai|mein|me
    मैं
"""

BIRTH_LEADS = "aur meri mera janm janam tithi tarikh tareekh dob date of birth hai h hoon hun hu bol raha rahi ko ka ki और मेरी मेरा जन्म तिथि तारीख है हूँ को का की"

NAME_TAILS = """
    hai
    he
    h
    hain
    hoon
    hun
    hu
    bol raha|rahi hoon|hun|hu?
    ke|ki|k liye
    है
    हूँ
    हूं
    हैं
    बोल रहा|रही हूँ?
    के|की लिए|लिये
"""

HONORIFICS = "shri sri shree smt shrimati kumari ji sahab श्री श्रीमती सुश्री कुमारी डॉ डॉक्टर जी साहब"

COMMON = """
    aaj aana aankh aap aapka aata aaunga ab abhi accha agar agle aisa aur baad badal bahut baje bas batao beemar bhai
    bhi bimar bukhar chahiye chal chalega chala dard dawai din dikhana do doctor dopahar ek fir gaya ghar hafte hai
    hain hamara haan han hi ho hoga hoon hua hum hun idhar ilaaj ise iska isko itna ja jaana jab jaldi kab kaha kahan
    kaisa kaise kal kam kamar kar karna karo kaun kaam khana khansi khoon ki kis kisi kitna kitne ko koi kuch kya
    kyon kyu lag lekin lena liye lo log madad main marij mat mein mera mere meri milna mujhe naam nahi namaste nahin
    naya ne pair paas paise pehle pet phir pura raat raha rahi rehna sab sabhi sahi sakta sakti samay saans sar se
    shaam shukriya sir sirdard subah tak takleef tarikh tha thi thik theek thoda to tum ulti unka uska wala wali waqt
    wo woh yah yahan ye yeh zukam chakkar kamzori shayad pata jaanch khujli sujan aankhen kaan naak gala galaa kamar ghutna
    kandha gardan jodon शायद पता जांच जुकाम खांसी बुखार दर्द पेट सिर में है हूँ हैं मैं मुझे मेरा मेरी मेरे को का
    की के से पर और भी नहीं हाँ जी आज कल परसों अभी डॉक्टर अपॉइंटमेंट चाहिए मिलना करना दिखाना समय दिन सुबह शाम दोपहर रात बजे
    क्या कब कहाँ कैसे कौन कितना बीमार ठीक अच्छा नमस्ते धन्यवाद शुक्रिया मदद लिए बहुत रहा रही रहे है हो गया गई था थी आप हम वह
    यह कुछ कोई बाद पहले बदलना रद्द बुक आना जाना सकता सकती चक्कर उल्टी सांस खून दवाई दवा
"""

SHIFTS = {
    "earlier": """
        pehle|pahle|jaldi|earlier
        पहले|जल्दी
    """,
    "later": """
        baad|later|der
        बाद|देर
    """,
}

SAME_DAY = """
    usi|us|isi|is din|dopahar|subah|sham|shaam
    उसी|उस|इसी|इस दिन|दोपहर|सुबह|शाम
"""

QUESTION_OPENERS = """
    kya|kyaa|kaise|kaisa|kaisi|kahan|kaha|kab|kyon|kyun|kyu|kaun|kitna|kitne|kitni|kis|kiska
    क्या|कैसे|कैसा|कैसी|कहाँ|कब|क्यों|कौन|कितना|कितने|कितनी|किस
    aap|mujhe|main|mai|mera|meri|clinic|doctor kya|kaise|kahan|kaha|kab|kyon|kyun|kitna|kitne|kitni
    आप|मुझे|मैं|मेरा|मेरी|क्लिनिक|डॉक्टर क्या|कैसे|कहाँ|कब|क्यों|कितना|कितने|कितनी
"""

LANGUAGE_REQUESTS = """
    hindi
    hindee
    hindi mein|me|main ..
    hindi please|plz
    in hindi
    en hindi
    speak|talk|write|continue|reply|answer|switch .. hindi
    prefer|want hindi
    english nahi aati
    हिंदी|हिन्दी
    हिंदी|हिन्दी में ..
"""
