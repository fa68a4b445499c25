"""What a patient's message means: the language part of the WhatsApp and SMS bot, and nothing else.

Pure functions from text to values: no Django, no database, no network, no clock, no translation, no state. The same
text gives the same answer on every machine. The dialogue above decides what to ask and what to do; this package
only reads. English, Spanish and Hindi (Devanagari and romanised) are understood, mixed as people mix them.

===========================  ====================================================================================
`normalise` `fold` `same`    one spelling for every phone's text; matching without case, accents, digits' script
`detect_language`            "en", "es", "hi" or the default; `requested_language` for "en español por favor"
`detect_emergency`           `Emergency(category, phrase)` for the emergency text, the ticket and the audit note
`opt_keyword`                "stop", "start", "help": the carriers' keywords, by channel
`detect_intent`              one `Intent`, the most consequential first
`parse_yes_no`               True, False, None
`is_question`                whether it asks something, whatever it is about
`is_only_emoji`              whether it is emoji and nothing else
`parse_choice`               `Choice` from a list of `Option`, `Ambiguous` keys, `OutOfRange`, None
`parse_when`                 `When`: dates, weekdays and hours that suit
`parse_shift`                `Shift`: earlier or later than a time that was shown
`parse_for_whom`             `ForWhom(who, relation)`; `relation_words` says for whom, not why
`is_only_for_self`           whether it says "for me" and nothing else
`parse_name` `parse_named`   `PersonName(given, family)`, alone or with the words behind it
`is_common_word`             whether a word is rather a word than a name
`parse_introduction`         the full name in a message that was no answer to the question for it
`parse_birth_date`           a date, `Ambiguous` dates, None; `parse_birth_date_behind` only right behind a name
===========================  ====================================================================================

What every function promises
- It never raises on any text, and reads at most `MAX_CHARS` characters (4,096, WhatsApp's own limit) in time linear in
  them: well under a millisecond on ordinary messages, bounded on hostile ones.
- None means "not said", never "no". What is unclear stays unclear: the parsers refuse rather than guess, so that a
  half-understood message never books, moves or cancels anything. Only `detect_emergency` errs the other way.
- `language` is a code or tag ("es", "es-MX"); it decides where languages disagree ("once", "do", "mañana") and how
  names are split. Words of the other languages are understood all the same; an unknown code reads as English.
- Dates and times are local and naive: pass the location's own `now`. `day_first` is the organization's locale.

In which order to ask, for each inbound message
1. `opt_keyword(text, channel, opted_out=…)`, after Twilio's own `OptOutType`. On SMS "cancel" is an opt-out there.
2. `detect_emergency(text)`, in every state, before anything is parsed.
3. What the current question expects: `parse_choice` with the options shown, then `parse_when` for other times;
   `parse_yes_no`; `parse_name`; `parse_birth_date`; `parse_for_whom`. A number means a choice only where a list was
   shown, so don't call `parse_choice` on the answer to "what is the reason?".
4. `detect_intent(text, language)`: commands that leave the question (`HUMAN`, `CANCEL`, `BACK`, `CHANGE`, `MORE` …).
   Where a question expects free text (the reason), let only `HUMAN`, `CANCEL`, `RESTART`, `BACK` and `STOP` leave it.
On a first message, `parse_when` and `parse_for_whom` beside `Intent.BOOK` spare the patient two questions.

To teach it words, edit `lexicon/`: plain lists of phrases in the notation of `phrases.Phrasebook`.
"""

from .answers import parse_yes_no
from .birth_dates import parse_birth_date, parse_birth_date_behind
from .choices import Choice, Option, parse_choice
from .emergencies import Emergency, EmergencyCategory, detect_emergency
from .intents import Intent, detect_intent
from .language import SUPPORTED, detect_language, requested_language
from .names import Named, PersonName, is_common_word, parse_introduction, parse_name, parse_named
from .optout import opt_keyword
from .questions import is_only_emoji, is_question
from .results import Ambiguous, OutOfRange
from .shifts import Shift, parse_shift
from .text import MAX_CHARS, fold, normalise, same
from .when import When, parse_when
from .whom import ForWhom, Relation, Whom, is_only_for_self, parse_for_whom, relation_words

__all__ = [
    "MAX_CHARS",
    "SUPPORTED",
    "Ambiguous",
    "Choice",
    "Emergency",
    "EmergencyCategory",
    "ForWhom",
    "Intent",
    "Named",
    "Option",
    "OutOfRange",
    "PersonName",
    "Relation",
    "Shift",
    "When",
    "Whom",
    "detect_emergency",
    "detect_intent",
    "detect_language",
    "fold",
    "is_common_word",
    "is_only_emoji",
    "is_only_for_self",
    "is_question",
    "normalise",
    "opt_keyword",
    "parse_birth_date",
    "parse_birth_date_behind",
    "parse_choice",
    "parse_for_whom",
    "parse_introduction",
    "parse_name",
    "parse_named",
    "parse_shift",
    "parse_when",
    "parse_yes_no",
    "relation_words",
    "requested_language",
    "same",
]
