"""Are two records the same person? A Fellegi-Sunter scorer in plain Python: facts in, a score with its reasons out.

`facts` is what is compared, `keys` finds whom to compare with, `comparisons` says how alike two values are, `weights`
what that is worth, `scoring` adds it up. Nothing here knows the database. docs/matching.md explains the figures.
"""

from apps.patients.matching.facts import PersonFacts, Place
from apps.patients.matching.frequencies import Frequencies
from apps.patients.matching.keys import match_keys
from apps.patients.matching.scoring import MERGE, REVIEW, Band, Evidence, Score, band_of, score_pair

__all__ = [
    "MERGE",
    "REVIEW",
    "Band",
    "Evidence",
    "Frequencies",
    "PersonFacts",
    "Place",
    "Score",
    "band_of",
    "match_keys",
    "score_pair",
]
