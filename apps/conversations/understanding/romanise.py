"""Devanagari letters as Latin ones, near enough to compare a name with its Latin spelling."""

from __future__ import annotations

_LATIN = "k kh g gh n ch chh j jh n t th d dh n t th d dh n p f b bh m y r l v sh sh s h l"
_LATIN_VOWELS = "a i i u u ri e ai o au o e"
_CONSONANTS = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ",
        _LATIN.split(),
        strict=True,
    )
)
_VOWELS = dict(zip("अआइईउऊऋएऐओऔऑऍ", ("a", *_LATIN_VOWELS.split()), strict=True))
_SIGNS = dict(zip("ािीुूृेैोौॉॅ", _LATIN_VOWELS.split(), strict=True))
_VIRAMA, _NASALS = "्", "ंँ"


def romanise(word: str) -> str:
    """Return a Latin spelling of a Devanagari word ("शर्मा" gives "sharma"); other letters stay."""
    result: list[str] = []
    for position, letter in enumerate(word):
        following = word[position + 1 : position + 2]
        if letter in _CONSONANTS:
            inherent = following and following not in _SIGNS and following != _VIRAMA
            result.append(_CONSONANTS[letter] + ("a" if inherent else ""))
        elif letter in _NASALS:
            result.append("n")
        else:
            result.append(_VOWELS.get(letter) or _SIGNS.get(letter) or ("" if letter == _VIRAMA else letter))
    return "".join(result)
