"""Hindi words for days, dates and times. Keys are the symbols that `symbols.scan` yields.

`कल` and `परसों` mean yesterday or tomorrow; in a booking they are the days to come. `कल से` ("since yesterday")
is the usual way to date a complaint and is passed over.
"""

SYMBOLS = {
    "day 0": """
        aaj|aj
        aaj hi|ka|ke|ko
        आज
        आज ही|का|के
    """,
    "day 1": """
        kal|kl
        kal ko|ka|ki|ke|hi
        कल
        कल को|का|की|के|ही
    """,
    "day 2": """
        parson|parso|parsoo|parsu
        परसों|परसो
    """,
    "since": """
        subah|raat|shaam se
        सुबह|रात|शाम से
        kal|parso|parson se
        कल|परसों|परसो से
    """,
    "day -1": """
        bita kal
        bite|beete hue? kal
        बीता|बीते कल
    """,
    "weekday 0": "somvar|somwar|somvaar|somwaar|mandey|सोमवार|सोम|मंडे",
    "weekday 1": "mangalvar|mangalwar|mangalvaar|mangalwaar|mangal|मंगलवार|मंगल|ट्यूसडे",
    "weekday 2": "budhvar|budhwar|budhvaar|budhwaar|budh|budhbar|बुधवार|बुध",
    "weekday 3": "guruvar|guruwar|guruvaar|guruwaar|brihaspativar|brihaspatiwar|veervar|veerwar|vrihaspativar|गुरुवार|गुरूवार|बृहस्पतिवार|वीरवार|गुरु",
    "weekday 4": "shukravar|shukrawar|shukravaar|shukrawaar|shukra|jumma|juma|sukravar|शुक्रवार|शुक्र|फ्राइडे|जुम्मा",
    "weekday 5": "shanivar|shaniwar|shanivaar|shaniwaar|shanichar|sanivar|शनिवार|शनि|सैटरडे",
    "weekday 6": "ravivar|raviwar|ravivaar|raviwaar|itvar|itwar|itvaar|itwaar|रविवार|रवि|इतवार|संडे",
    "month 1": "janvari|janwari|जनवरी",
    "month 2": "farvari|farwari|फरवरी",
    "month 3": "मार्च",
    "month 4": "aprail|अप्रैल",
    "month 5": "मई",
    "month 6": "joon|जून",
    "month 7": "julai|जुलाई",
    "month 8": "agast|अगस्त",
    "month 9": "sitambar|sitamber|सितंबर|सितम्बर",
    "month 10": "aktubar|october|aktoobar|अक्टूबर|अक्तूबर",
    "month 11": "navambar|nawambar|नवंबर|नवम्बर",
    "month 12": "disambar|दिसंबर|दिसम्बर",
    "part morning": "subah|subha|suba|savere|sawere|सुबह|सवेरे|सुबेरे",
    "part early-morning": """
        subah subah|jaldi|savere|sawere
        jaldi subah
        सुबह सुबह|जल्दी|सवेरे
    """,
    "part dopahar": "dopahar|dopaher|dophar|dopehar|dupahar|दोपहर",
    "part shaam": "shaam|sham|saam|sandhya|शाम|सायं",
    "part night": "raat|rat|ratri|रात",
    "part lunch": """
        lunch
        लंच
    """,
    "part after-work": """
        office|kaam ke baad
        ऑफिस|काम के बाद
    """,
    "clock": "baje|bje|bajey|baj|bajkar|bajeh|baze|बजे|बजकर",
    "plus-half": "saadhe|sadhe|sade|saade|साढ़े",
    "plus-quarter": "sawa|sava|सवा",
    "less-quarter-prefix": "paune|pauney|पौने",
    "fixed 1:30": "dedh|derh|डेढ़",
    "fixed 2:30": "dhai|dhaai|adhai|ढाई|अढ़ाई",
    "after": "",
    "post-after": """
        ke|k baad|bad|baat
        baad|ke baad
        baad
        se|ke upar
        ke|se aage
        se|ke baad|aage
        के बाद
        बाद
        से आगे|बाद
    """,
    "post-before": """
        se|ke|k pehle|pahle|phle|pehley|phele
        pehle|pahle|phle
        से|के पहले
        पहले
    """,
    "post-until": """
        tak
        तक
    """,
    "post-around": """
        ke aas|as|karib|kareeb|qareeb|lagbhag paas|pas?
        ke|k aaspaas|aspas|kareeb|karib
        aas paas
        ke paas
        के आसपास|करीब|लगभग
        के आस पास
    """,
    "around": """
        lagbhag|karib|kareeb|takriban
        लगभग|करीब|तकरीबन
    """,
    "between": "",
    "post-between": """
        ke beech|bich|darmiyan
        ke beech mein|me
        के बीच
        के बीच में
    """,
    "se": "se|से",
    "and": "aur|or|और",
    "or": "ya|yaa|या|अथवा",
    "but": "lekin|par|magar|sirf|लेकिन|मगर|सिर्फ",
    "not": "",
    "post-not": """
        ko? nahi|nahin|nhi|chhodkar|chodkar|chhod|chod|chhorkar kar|ke? aa|ho? sakta|sakti|paunga|paungi?
        ke alawa|ilawa|siva|sivay
        को? नहीं|नही|छोड़कर|छोड़ कर|के|आ?
        के अलावा|सिवा|सिवाय
    """,
    "this": "is|isi|इस|इसी",
    "next": """
        agle|agla|agli|aane|aanewale|aany|अगले|अगला|अगली|आने
        aane wale|wali
        आने वाले
    """,
    "last": "pichle|pichhle|pichla|gaye|पिछले|पिछला|गत",
    "within": "",
    "ago": """
        pehle|pahle|phle se|ki|ka
        पहले से|की|का
    """,
    "later": """
        baad|bad|bd
        ke baad
        बाद
        के बाद
    """,
    "post-within": """
        ke andar|bhitar|bheetar
        me|mein|main
        के अंदर|भीतर
        में
    """,
    "unit minute": "minat|मिनट|मिनिट",
    "unit hour": "ghante|ghanta|ghanto|घंटे|घंटा|घंटों",
    "unit day": "din|dino|दिन|दिनों|रोज",
    "unit week": "hafte|hafta|haftey|saptah|हफ्ते|हफ्ता|सप्ताह",
    "unit month": "mahine|mahina|maheene|महीने|महीना|माह",
    "unit year": "saal|sal|साल",
    "date-mark": "tareekh|tarikh|taarikh|tarik|तारीख",
    "weekend": """
        weekend
        वीकेंड|सप्ताहांत
        hafte ke ant|aakhir
        हफ्ते के अंत|आखिर
    """,
    "start": """
        shuru|shuruat mein|me|ke|ki|main?
        ke shuru|shuruaat mein|me?
        शुरू|शुरुआत में?
    """,
    "end": """
        ant|aakhir|akhir mein|me|main
        ke ant|aakhir|akhir mein|me?
        अंत|आखिर में?
    """,
    "asap": """
        turant|abhi|jaldi|urgent|fauran|जल्दी|तुरंत|अभी|फौरन|अर्जेंट
        jald|jaldi se jald|jaldi
        jitni|jitna jaldi|jald ho|hoske sake?
        jitni jaldi ho sake
        sabse pehle|jaldi|pahle wala|ka?
        जल्द|जल्दी से जल्द|जल्दी
        जितनी|जितना जल्दी|जल्द हो? सके?
        सबसे पहले|जल्दी
    """,
    "any": """
        kabhi bhi
        koi bhi|sa din|time|samay|bhi|waqt?
        kisi bhi|b din|time|samay|waqt
        jab bhi|aap
        कभी भी
        कोई भी दिन|समय|टाइम?
        किसी भी दिन|समय|वक्त
    """,
    "glue": "ko|ka|ki|ke|mein|me|hi|pe|k|को|का|की|के|में|ही|पर|वाले|wale|wala|wali|वाला|वाली",
    "fill": """
        mujhe|muje|mera|meri|chahiye|chahie|chaiye|hai|h|karo|kar|dijiye|kijiye|appointment|time|samay|din|theek|thik|rahega|chalega|aa|sakta|sakti|hoon|hun|aaunga|aaungi|please|plz|haan|ji|doctor|dr|milna|milega|book|lena|leni|sahi|hoga|ho|to|toh|bhi|accha|acha|namaste|सकता|सकती|हूँ|है|मुझे|मेरा|चाहिए|चाहिये|करो|कर|दीजिए|समय|ठीक|रहेगा|चलेगा|आ|आऊंगा|आऊंगी|हाँ|जी|डॉक्टर|मिलना|बुक|अपॉइंटमेंट|होगा|हो|तो|भी|कृपया|लेना|कीजिए
        kar|kara|book|bata do
        कर|बुक|बता दो
    """,
}
