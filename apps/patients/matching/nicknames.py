"""Short and pet forms of given names: a small table, made by us, folded, several languages.

One line is one name with its forms; a form may stand in several lines (Alex, Pat, Lena). Only forms that another
spelling comparison would not find need to be here. A missing form costs a reason, never a match by itself.
"""

from __future__ import annotations

from collections import defaultdict

_FORMS = """
abigail abby gail
abraham abe bram
albert al bert bertie alberto beto
alejandro ale alex jano sandro
alexander alex al alec sandy sasha xander lex
alexandra alex sandra sasha lexi alexa sandy
alfred al fred alf alfredo fredy
alice ali allie alicia licha
amanda mandy
andrew andy drew andreas andre andres
angela angie angelica
anna ann anne annie anita ana ania anya anushka
anthony tony antonio tono toni anton
antonia toni tonia nia
aleksandr sasha sanya shura alexander
aleksandra sasha shura
aleksei alyosha lyosha alexei alexey
anastasia nastya stasia ana
arthur art artie arturo
barbara barb babs basia
beatrice bea trixie beatriz betty
benjamin ben benny benji
bernard bernie bernardo
bridget biddy bridie
caroline carol carrie caro carolina
catherine cathy kate katie kathy kitty cat cait katharine katherine kathleen catalina ekaterina katya
charles charlie chuck chas carlos carlitos
charlotte charlie lottie carlota
christian chris cristian
christina chris tina chrissy cristina
christine chris tina chrissy
christopher chris kit topher cristobal
concepcion concha conchita
cynthia cindy
daniel dan danny dani
daniela dani
david dave davey davy
deborah deb debbie debra
dennis denny
dolores lola loli
donald don donnie
dorothy dot dottie dolly
dmitri dima mitya dmitry dmitriy
eduardo edu lalo eddie
edward ed eddie ted teddy ned
eleanor ellie nell nora lenore ella leonor
elena lena lenochka helen
elizabeth liz lizzie beth betty eliza bess libby lisa elisa isabel elisabeth lise bettina
emily em emmy millie emilia
enrique quique kike henry
ernest ernie ernesto neto
esperanza espe
eugene gene eugenio zhenya
evelyn eve evie
ezekiel zeke
fernando nando fer
frances fran fanny frankie francesca
francis frank frankie francois
francisco paco pancho curro francesc fran kiko
frederick fred freddy fritz federico fede
gabriel gabe gabi
gabriela gabi gaby
genevieve gen ginny
george georgie jorge georg
gerald gerry jerry
gertrude trudy gertie
gilbert gil bert
giovanni gianni vanni
giuseppe beppe peppe pino
gloria glori
gregory greg gregorio goyo
guadalupe lupe lupita
guillermo memo guille willy
hans johannes johann hannes
harold harry hal
helen nell nellie helena elena
henry harry hank hal heinrich
ignacio nacho iggy
isaac ike zak
isabella bella izzy isabel isa chabela
isabel isa chabela belen
ivan vanya
jacob jake jack jakob jacobo
jacqueline jackie
james jim jimmy jamie jem jaime
janet jan jenny
jaime jimmy jaimito
jeffrey jeff geoff geoffrey
jennifer jen jenny
jeremiah jerry jem
jessica jess jessie
jesus chucho chuy
joaquin quino
john jack johnny jon johan juan
jonathan jon johnny nathan
jose pepe chepe pepito josep joseph
josefa pepa fina
joseph joe joey jos jose josef
josephine jo josie josefina
joshua josh
juan juancho juanito jon
judith judy jude
julia jules julie
katharina kathi kati katrin
katarzyna kasia
kenneth ken kenny
kimberly kim
krishna kishan kanha
lawrence larry laurie lorenzo
leonard len lenny leo leonardo
leonardo leo
lillian lily lil
louis lou louie luis lewis
louise lou lulu luisa
luis lucho
madeleine maddy magdalena
magdalena magda lena malena
malgorzata gosia malgosia
manuel manolo manu lolo
margaret margret maggie meg peg peggy marge margie greta rita daisy madge
margarita rita marga
maria mary marie mia mariquita maruja molly
maria_jose marijose majo
maria_teresa maite mayte
marilyn mary lynn
martha marty patsy
martin marty
mary molly polly mae mamie
matthew matt matty mateo mathias
matilda tilly mattie
maximilian max
melissa mel missy lissa
mercedes merche meche
michael mike mick mickey mikey misha miguel michel
miguel mike micky
mikhail misha
mildred millie
mohammed mohamed muhammad mohammad mohd md muhammed
montserrat montse
nancy nan
nathaniel nat nate nathan
natalia nata tasha natasha natalya
nicholas nick nicky nico klaus nicolas nikolaus colin
nikolai kolya
octavio tavo
oliver ollie
olivia liv livvy
pamela pam
patricia pat patty trish tricia pati
patrick pat paddy rick patricio
paul pablo pavel paulo
pedro perico peter
penelope penny
peter pete pedro pierre pyotr petya
philip phil pip felipe felix
pilar pili
prudence pru
rachel rae ray raquel
rafael rafa
raymond ray ramon moncho
rebecca becky becca beck
reginald reg reggie
ricardo richi rica
richard rick ricky dick rich richie ricardo
robert bob bobby rob robbie bert roberto beto
roberto beto tito
rodrigo rodri
roger rodge
ronald ron ronnie
rosario charo chayo
rosemary rose rosie romy
roxanne roxy
russell russ
ruth ruthie
salvador chava salva
samantha sam sammy
samuel sam sammy
sarah sally sadie sara
sebastian seb bastian sebas
sergei seryozha
sharon shari
shirley shirl
sofia sophie sonya chofi
solomon sol
stanley stan
stanislav stas slava
stephanie steph stevie estefania
stephen steve stevie steven esteban stefan
susan sue susie suzy susanna susana
svetlana sveta lana
sylvia silvia
tatiana tanya
teodoro teo
teresa tere tessa
terence terry
theodore ted teddy theo
theresa terry tess tessa teri
thomas tom tommy tomas
timothy tim timmy
tobias toby
valentina vale valya
valerie val
vanessa nessa
veronica ronnie vero nika
victor vic vico
victoria vicky tori viki
vincent vince vinny vicente
virginia ginny ginger
vladimir vova volodya vlad
walter walt wally
wilhelm willi
william bill billy will willie liam wilhelm guillermo
winifred winnie freda
yevgeny zhenya
yolanda yoli
zachary zach zack
"""

_lines: defaultdict[str, set[int]] = defaultdict(set)
for _number, _line in enumerate(_FORMS.split("\n")):
    for _form in _line.split():
        _lines[_form.replace("_", " ")].add(_number)

LINES: dict[str, frozenset[int]] = {form: frozenset(numbers) for form, numbers in _lines.items()}
_members: defaultdict[int, list[str]] = defaultdict(list)
for _form, _numbers in LINES.items():
    for _n in _numbers:
        _members[_n].append(_form)


def are_forms_of_one_name(ours: str, theirs: str) -> bool:
    """Tell whether two folded given names are forms of one name; equal ones are, if the table has them."""
    return not LINES.get(ours, frozenset()).isdisjoint(LINES.get(theirs, frozenset()))


def forms_of(name: str) -> list[str]:
    """Return the other forms of a folded given name, in the table's order."""
    forms = [form for number in sorted(LINES.get(name, ())) for form in _members[number]]
    return [form for form in dict.fromkeys(forms) if form != name]
