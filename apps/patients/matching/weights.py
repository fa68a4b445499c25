"""What each level of each comparison is worth: how often it occurs among two records of one person, of two strangers,
and of two people of one household. docs/matching.md says where the figures come from.
"""

from __future__ import annotations

from typing import NamedTuple


class Odds(NamedTuple):
    """The chance of a level among pairs of one person, of strangers, and of two people of one household."""

    same: float
    stranger: float
    household: float


WEIGHTS: dict[str, dict[str, Odds]] = {
    # The stranger's column of "same" is the share of the value among the patients (Frequencies).
    "given": {
        "same": Odds(0.78, 0.006, 0.005),
        "nickname": Odds(0.04, 0.002, 0.002),
        "close": Odds(0.07, 0.0008, 0.002),
        "part": Odds(0.03, 0.001, 0.002),
        "sound": Odds(0.01, 0.003, 0.005),
        "initial": Odds(0.01, 0.005, 0.005),
        "similar": Odds(0.01, 0.004, 0.01),
        "different": Odds(0.05, 0.978, 0.969),
    },
    "family": {
        "same": Odds(0.78, 0.001, 0.75),
        "nickname": Odds(0.001, 0.001, 0.001),
        "close": Odds(0.09, 0.0006, 0.03),
        "part": Odds(0.04, 0.0005, 0.03),
        "sound": Odds(0.01, 0.0015, 0.01),
        "initial": Odds(0.002, 0.002, 0.002),
        "similar": Odds(0.008, 0.002, 0.008),
        "different": Odds(0.07, 0.9924, 0.17),
    },
    "birth": {
        "same": Odds(0.90, 1 / 25_000, 0.006),
        "swapped": Odds(0.01, 1 / 40_000, 1 / 40_000),
        "typo": Odds(0.04, 0.001, 0.001),
        "agrees": Odds(0.9, 0.015, 0.02),
        "near": Odds(0.015, 0.014, 0.014),
        "different": Odds(0.035, 0.985, 0.98),
    },
    "sex": {"same": Odds(0.985, 0.5, 0.5), "different": Odds(0.015, 0.5, 0.5)},
    "phone": {
        "same": Odds(0.65, 0.00005, 0.5),
        "typo": Odds(0.05, 0.001, 0.002),
        "different": Odds(0.30, 0.9989, 0.498),
    },
    "email": {
        "same": Odds(0.65, 0.00002, 0.1),
        "typo": Odds(0.08, 0.002, 0.01),
        "different": Odds(0.27, 0.998, 0.89),
    },
    "identifier": {
        "same": Odds(0.95, 0.000001, 0.000001),
        "typo": Odds(0.02, 0.0001, 0.0005),
        "different": Odds(0.03, 0.9999, 0.9994),
    },
    "number": {
        "same": Odds(0.87, 0.014, 0.95),
        "typo": Odds(0.04, 0.1, 0.02),
        "different": Odds(0.09, 0.886, 0.03),
    },
    "street": {
        "same": Odds(0.78, 0.0005, 0.90),
        "close": Odds(0.18, 0.0005, 0.07),
        "different": Odds(0.04, 0.999, 0.03),
    },
    "extra": {
        "same": Odds(0.70, 0.001, 0.80),
        "close": Odds(0.22, 0.001, 0.12),
        "different": Odds(0.08, 0.998, 0.08),
    },
    "locality": {
        "same": Odds(0.80, 0.005, 0.93),
        "close": Odds(0.14, 0.001, 0.05),
        "different": Odds(0.06, 0.994, 0.02),
    },
    "postal": {
        "same": Odds(0.85, 0.001, 0.95),
        "typo": Odds(0.09, 0.013, 0.03),
        "different": Odds(0.06, 0.986, 0.02),
    },
}
ADDRESS = ("number", "street", "extra", "locality", "postal")

# Of a hundred records, five are of somebody who has another one; and a patient shares a home with one other patient.
DUPLICATES_PER_PATIENT = 0.05
HOUSEHOLD_MATES_PER_PATIENT = 1.0
# Given and family name in each other's field.
NAMES_SWAPPED = Odds(0.02, 0.5, 0.5)
# One person in seven moved between two records; then nothing of the address needs to agree.
MOVED = 0.15
# Of two records that are stated to be of relatives, one pair in a hundred is one person after all, by a slip.
RELATED = 0.99
