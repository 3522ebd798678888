"""Every sentence the bot says, by way of gettext, and how it writes times, sizes and names.

Guarantees: the English text is the message id, so English is complete by construction and an entry
that a catalogue lacks is said in English; whatever came from outside goes through `plain` or `esc`
and can break neither the markup nor the reading order of a sentence.
"""

from wording.language import LANGUAGES, Words, speak
from wording.sanitize import capital, esc, plain, seen_units

__all__ = ["LANGUAGES", "Words", "capital", "esc", "plain", "seen_units", "speak"]
