"""What a comparison found, as a sentence of a few words for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.patients.matching.frequencies import USUAL
from apps.patients.matching.scoring import Evidence
from apps.patients.matching.weights import WEIGHTS

SENTENCES: dict[tuple[str, str], str | Promise] = {
    ("given", "same"): gettext_lazy("Same given name"),
    ("given", "nickname"): gettext_lazy("Given name is a short form of the other"),
    ("given", "close"): gettext_lazy("Given names differ by a typo"),
    ("given", "part"): gettext_lazy("Given name is a part of the other"),
    ("given", "sound"): gettext_lazy("Given names sound alike"),
    ("given", "initial"): gettext_lazy("Given name begins with the other's initial"),
    ("given", "similar"): gettext_lazy("Given names are similar"),
    ("given", "different"): gettext_lazy("Different given names"),
    ("family", "same"): gettext_lazy("Same family name"),
    ("family", "nickname"): gettext_lazy("Family name is a form of the other"),
    ("family", "close"): gettext_lazy("Family names differ by a typo"),
    ("family", "part"): gettext_lazy("Family name is a part of the other"),
    ("family", "sound"): gettext_lazy("Family names sound alike"),
    ("family", "initial"): gettext_lazy("Family name begins with the other's initial"),
    ("family", "similar"): gettext_lazy("Family names are similar"),
    ("family", "different"): gettext_lazy("Different family names"),
    ("names", "swapped"): gettext_lazy("Given and family name are swapped"),
    ("birth", "same"): gettext_lazy("Same birth date"),
    ("birth", "swapped"): gettext_lazy("Birth dates with day and month swapped"),
    ("birth", "typo"): gettext_lazy("Birth dates differ by one digit"),
    ("birth", "agrees"): gettext_lazy("Birth dates agree as far as they are known"),
    ("birth", "near"): gettext_lazy("Birth dates are similar"),
    ("birth", "different"): gettext_lazy("Different birth dates"),
    ("sex", "same"): gettext_lazy("Same sex"),
    ("sex", "different"): gettext_lazy("Different sex"),
    ("phone", "same"): gettext_lazy("Same phone number"),
    ("phone", "typo"): gettext_lazy("Phone numbers differ by one digit"),
    ("phone", "different"): gettext_lazy("Different phone numbers"),
    ("email", "same"): gettext_lazy("Same e-mail address"),
    ("email", "typo"): gettext_lazy("Similar e-mail addresses"),
    ("email", "different"): gettext_lazy("Different e-mail addresses"),
    ("identifier", "same"): gettext_lazy("Same identifier"),
    ("identifier", "typo"): gettext_lazy("Identifiers differ by one sign"),
    ("identifier", "different"): gettext_lazy("Different identifiers of the same kind"),
    ("number", "same"): gettext_lazy("Same house number"),
    ("number", "typo"): gettext_lazy("House numbers differ by one digit"),
    ("number", "different"): gettext_lazy("Different house numbers"),
    ("street", "same"): gettext_lazy("Same street"),
    ("street", "close"): gettext_lazy("Similar street"),
    ("street", "different"): gettext_lazy("Different streets"),
    ("extra", "same"): gettext_lazy("Same second line of the address"),
    ("extra", "close"): gettext_lazy("Similar second line of the address"),
    ("extra", "different"): gettext_lazy("Different second lines of the address"),
    ("locality", "same"): gettext_lazy("Same town"),
    ("locality", "close"): gettext_lazy("Similar town"),
    ("locality", "different"): gettext_lazy("Different towns"),
    ("postal", "same"): gettext_lazy("Same postal code"),
    ("postal", "typo"): gettext_lazy("Postal codes differ by one sign"),
    ("postal", "different"): gettext_lazy("Different postal codes"),
    ("household", "shared"): gettext_lazy("Relatives share names, address and phone, too"),
}
# Two bits rarer than usual is four times rarer, and then worth a word.
WORTH_A_WORD = 1.5


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence and its weight in bits; a positive one speaks for one person. A correction takes weight from others."""

    text: str
    weight: float
    is_correction: bool = False


def reason_of(evidence: Evidence | Mapping[str, object]) -> Reason:
    """Put one comparison, or its stored form, into words."""
    stored = evidence if isinstance(evidence, Mapping) else as_json(evidence)
    field, level, weight = str(stored["field"]), str(stored["level"]), float(str(stored["weight"]))
    text = str(SENTENCES.get((field, level), field))
    if level == "same" and field in USUAL:
        usual = log2(WEIGHTS[field]["same"].same / USUAL[field])
        if weight >= usual + WORTH_A_WORD:
            text = _("%(reason)s, a rare one") % {"reason": text}
        elif weight <= usual - WORTH_A_WORD:
            text = _("%(reason)s, a common one") % {"reason": text}
    return Reason(text, weight, is_correction=field == "household")


def as_json(evidence: Evidence) -> dict[str, object]:
    """Return a comparison as it is stored; no values, which would outlive a correction."""
    return {"field": evidence.field, "level": evidence.level, "weight": evidence.weight}
