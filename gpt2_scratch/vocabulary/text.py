"""One spelling per text, so that equal texts get equal tokens.

Our models have learned from text that `normalise_text` tidied. What a person types or pastes meets
the same rules in `Tokenizer.encode_typed`: a phone's curly quote is a rare character to a model
that has read straight ones only, and so is a zero-width space to everyone. What is asked of the
assistant is spelled more strictly still, in training as in the app: see `normalise_request`.
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


# What is typed without its apostrophe or cut short, where it can be no other word ("its", "ill").
_IN_FULL = {
    "i": "I", "im": "I'm", "ive": "I've", "u": "you",
    "whats": "what's", "hows": "how's", "wheres": "where's", "whos": "who's", "thats": "that's",
    "theres": "there's", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "isnt": "isn't",
    "arent": "aren't", "wasnt": "wasn't", "werent": "weren't", "havent": "haven't",
    "hasnt": "hasn't", "cant": "can't", "couldnt": "couldn't", "wouldnt": "wouldn't",
    "shouldnt": "shouldn't", "pls": "please", "plz": "please", "thx": "thanks",
}  # fmt: skip
# Case of ASCII letters only ("a"): else a dotless i would be an i, and no word of the table.
_CUT_SHORT = re.compile(rf"(?<![\w'.@/-])(?ai:{'|'.join(_IN_FULL)})(?![\w@/-]|\.\w)")
_QUOTED_WORD = re.compile(r"(?<![\w\"'`])([\"'`])(\w+(?:[-']\w+)*)\1(?![\w\"'`])")
_SEVERAL_MARKS = re.compile(r"[?!]{2,}")
_SPACE_BEFORE_MARK = re.compile(r"(?<=\w)[ \t]+(?=[?!])")
# At the end of a message only: what looks like a sum in the middle may be a date or a telephone.
_SIGN = r"\s*([-+*/x\u00d7\u00f7])\s*"
_SUM = re.compile(
    rf"(?<![\w.,:/-])(?P<terms>\d{{1,3}}(?:{_SIGN}\d{{1,3}})+)\s*(?P<equals>=?)\s*(?P<mark>\?*|\.?)\Z"
)
_OPERATOR = re.compile(_SIGN)
_SPELLED_OPERATORS = str.maketrans({"x": "*", "\u00d7": "*", "\u00f7": "/"})


def normalise_request(text: str) -> str:
    """What is asked of the assistant in the one spelling that it has learned.

    "whats 2+2 ??" and "What's 2 + 2?" are one question, and a small model should not have to learn
    it twice. So a single word loses its quotation marks ("the opposite of 'hot'"), a sum at the end
    gets its spaces, marks stand once and without a space before them, the first letter is a
    capital, and what phones leave out ("dont", "i", "pls") is written in full. The text is `fold`ed
    already; applying it twice changes nothing.
    """
    text = unquoted(text.strip())
    text = _CUT_SHORT.sub(_in_full, text)
    text = _SPACE_BEFORE_MARK.sub("", text)
    text = _SEVERAL_MARKS.sub(lambda found: "?" if "?" in found[0] else "!", text)
    text = _SUM.sub(_spaced_sum, text)
    return text[:1].upper() + text[1:]


def unquoted(text: str) -> str:
    """The text without the quotation marks around single words; a quoted sentence keeps them.

    In the vocabulary a word behind a space is one token, and behind a quotation mark it is another
    one or several: without the marks the word that is asked about is the word that was learned.
    """
    return _QUOTED_WORD.sub(r"\2", text)


def _in_full(found: re.Match[str]) -> str:
    word = _IN_FULL[found[0].lower()]
    return word[0].upper() + word[1:] if found[0][0].isupper() else word


def _spaced_sum(found: re.Match[str]) -> str:
    """ "7x7=?" becomes "7 * 7 = ?"."""
    terms = _OPERATOR.sub(r" \1 ", found["terms"]).translate(_SPELLED_OPERATORS)
    return f"{terms} = {found['mark']}".rstrip() if found["equals"] else terms + found["mark"]
