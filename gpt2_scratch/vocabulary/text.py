"""One spelling per text, so that equal texts get equal tokens.

Our models have learned from text that `normalise_text` tidied. What a person types or pastes meets
the same rules in `Tokenizer.encode_typed`: a phone's curly quote is a rare character to a model
that has read straight ones only, and so is a zero-width space to everyone.
"""

from __future__ import annotations

import re
import unicodedata

# Typographic characters become the ASCII that people type. The corpus is mostly folded like this
# already, and a vocabulary of 8,192 entries should not learn every quoted word twice.
_FOLD = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u02bc": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-",
        "\u2014": "--", "\u2015": "--", "\u2026": "...", "\u00a0": " ", "\u202f": " ",
        "\u2028": "\n", "\u2029": "\n\n",
    }
)  # fmt: skip
# C0 and C1 controls except tab and newline, soft hyphen, zero-width and bidirectional marks, BOM.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_TRAILING_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def fold(text: str) -> str:
    """The same words in the characters of a plain keyboard; spaces and lines stay as they are.

    Unicode NFC; newlines are "\\n"; control and invisible characters go; curly quotes, dashes,
    the ellipsis and no-break spaces are folded to ASCII. Applying it twice changes nothing.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():  # most English documents skip this
        text = unicodedata.normalize("NFC", text.translate(_FOLD))
    text = _INVISIBLE.sub("", text)
    if not unicodedata.is_normalized("NFC", text):  # letters that an invisible one kept apart
        text = unicodedata.normalize("NFC", text)
    return text


def normalise_text(text: str) -> str:
    """A whole document, as the training data has it: folded, and its white space tidied.

    No white space at the end of a line, at most one blank line in a row, none around the text.
    Applying it twice changes nothing.
    """
    text = _TRAILING_SPACE.sub("", fold(text))
    return _BLANK_LINES.sub("\n\n", text).strip()
