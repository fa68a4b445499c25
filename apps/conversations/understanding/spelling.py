"""Put right the slips of a thumb in words that steer the conversation: `tomorow`, `docter`, `cancle`."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from .lexicon import MODULES, every_text
from .text import vocabulary

_STEERING = """
    appointment appointments schedule reschedule cancel confirm change doctor dentist consultation speak person
    human receptionist today tonight tomorrow yesterday morning afternoon evening midnight weekend available
    monday tuesday wednesday thursday friday saturday sunday january february march april august september
    october november december earliest possible before after around between everything options different another
    second third fourth fifth please thanks morning
    chest breathe breath breathing stroke seizure unconscious suicide suicidal overdose bleeding emergency
    ambulance allergic swelling choking collapsed fainted unresponsive poison heart attack slurred drooping
    quiero necesito mañana lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril agosto
    septiembre octubre noviembre diciembre cambiar cancelar confirmar reprogramar doctora médico después primera
    segunda tercera última respirar pecho corazón desmayó convulsión sangrando sangre emergencia ambulancia
    infarto suicidarme sobredosis inconsciente semana próximo tarde
    somvar mangalvar budhvar guruvar shukravar shanivar ravivar dopahar chahiye namaste behosh
"""

_REAL_WORDS = """
    cancer cancers charge charges chance chances mourning moaning strike stroked stokes stoke strokes chess cheat chester
    chests breaths breaded breeding breathes person persons human humane humans season reason reasons boarding
    afternoons mornings evenings doctors factor dactyl weekends weekend sundays mondays tuesdays wednesdays
    thursdays fridays saturdays money marche marcha marco marcos marcha mares marte martez lune lunas lunar jueces
    nieves sabado bother brother another mother other others anther after alter later latter water father rather
    secured seconds seconded thirds fifths forth thank think thinks things please pleased pleases pleasant
    change changed changer changes hanged confirms confirmed conforms canceled cancelled concern concerned
    possibly impossible options option adoption arount between betweens spoke spear speaks sneak steak spark
    hearts hear hearth heard earth beard attacks attach attacked tacks poisons prison person possible humane
    allergies allergen aller swellings smelling spelling dwelling chocking shocking poking joking smoking cooking
    bleedings breading bleeding pleading reading leading breeding feeding seizures seizure leisure measure
    heart hearty event events eventing ending everything everyone everybody everyday evening
    quieres quiere quieren necesita necesitas manana mañanas tarde tardes tardo carde parte parto pecho peche hecho
    techo derecho lecho pechos sangra sangro sangres respira respiro semanas semanal tercer terceras segundas
    primera primeros primero primer cambio cambia cambie cambias cancela cancele cancelo confirma confirmo confirme
    doctor doctores doctoras medica medicas médicas medicina medicinas medicos
    augusta augustus august agustín agustin agosta junto justo marzo mario maria marie marcy marsh marcha abre abrir
    octavo october noviembre novio novia novios sunny sundae mandy wendy freddy friends friend tuesday fridge
    today toddy tonight tonights midnights knight friday frida fidel date dates doc octet weeknd
    availability unavailable scheduled schedules scheduler rescheduled reschedules appoint appointed speaker
    behold behoove namaz match matches lines optional checking difference differences conversion trade trades differently
    personal personally breaking attacker breach breadth breeds conform conforms fifty choosing selling hears opinion
    opinions disputes collapses blessing blessings stealing lanes blinding chopping overcome overcame aster sweeping stalling
    secondly primavera personas necessity slurped overrode mexico marca conclusion conclude conclusions medio entero
    tercero terceros cambiado cambiada cambiar segundo segundos segunda diferente diferentes primaria emergente necesite cancelado
    augusto augusta dominga candelas quintero cancelada lunch launch dental mental rental dominio domino poisoning hurting booking shaking making aching
"""


_SHORTEST = 5
_LONG = 8
_LONGEST = 20
_WORDS_READ = 120


def respell(said: Sequence[str]) -> list[str]:
    """Replace words one slip away from a word that steers (two slips from eight letters on).

    A slip is a letter missing, added, wrong, or swapped with its neighbour (optimal string alignment). Known
    words stay as they are, so "cancer" is never read as "cancel"; the first letter has to be right.
    """
    return [*map(_respell, said[:_WORDS_READ]), *said[_WORDS_READ:]]


def _respell(word: str) -> str:
    if not _SHORTEST <= len(word) <= _LONGEST or not word.isascii() or word in _KNOWN:
        return word
    slips = 2 if len(word) >= _LONG else 1
    best = word
    for candidate in _NEIGHBOURS.get(word[0], ()):
        if abs(len(candidate) - len(word)) <= slips:
            distance = OSA.distance(word, candidate, score_cutoff=slips)
            if distance <= slips:
                best, slips = candidate, distance - 1
    return best


def _known_words() -> frozenset[str]:
    blocks = [_STEERING, _REAL_WORDS, *(text for module in MODULES for text in every_text(module))]
    return frozenset(word for block in blocks for word in vocabulary(block))


def _by_first_letter(steering: Sequence[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for word in steering:
        result.setdefault(word[0], []).append(word)
    return result


_KNOWN = _known_words()
_NEIGHBOURS = _by_first_letter(vocabulary(_STEERING))
