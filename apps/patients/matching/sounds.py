"""How a name sounds, roughly, in any of the languages that people spell it in.

Soundex, NYSIIS and Metaphone know English spelling only: for them José and Hosé, Wang and Vang, or Aarti and Arati
are strangers. This key keeps the consonants, makes one of those that languages interchange (b v w, c k q, s z, j y),
and forgets vowels, h and doubled letters. It is coarse on purpose: it finds candidates, and it is one level of many.
"""

from __future__ import annotations

import re
from functools import lru_cache

_GROUPS = (
    ("sch", "s"), ("tsch", "s"), ("cz", "s"), ("sz", "s"), ("sh", "s"), ("ch", "s"), ("zh", "s"),
    ("ph", "f"), ("gh", "g"), ("kn", "n"), ("wr", "r"), ("ck", "k"), ("qu", "k"), ("x", "ks"), ("dg", "j"), ("ll", "l"),
)  # fmt: skip
_SOFT_C = re.compile(r"c(?=[eiy])")
_LETTERS = str.maketrans({"c": "k", "q": "k", "z": "s", "v": "b", "w": "b", "p": "b", "y": "j", "d": "t", "m": "n"})
_SILENT = re.compile(r"[aeiouhj]+")
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=65_536)
def sound(name: str) -> str:
    """Return the sound key of a folded name; what has no consonant keeps its first letter."""
    word = name.replace(" ", "")
    if not word:
        return ""
    plain = word
    for letters, replacement in _GROUPS:
        plain = plain.replace(letters, replacement)
    plain = _SOFT_C.sub("s", plain).translate(_LETTERS)
    return _DOUBLED.sub(r"\1", _SILENT.sub("", plain)) or word[0]
