"""Rules that all converters share: one spelling of characters, paragraphs, tidy punctuation."""

from __future__ import annotations

import functools
import html
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

from gpt2_scratch.vocabulary.text import fold


class Document(NamedTuple):
    """`origin` says where the text was in its repository: a path, and what of it after a "#"."""

    origin: str
    text: str


# --- patterns.toml --------------------------------------------------------------------------------

_PATTERNS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8")
)


def words_of(name: str) -> list[str]:
    """A list of words."""
    return _PATTERNS["lists"][name]


@functools.cache
def any_of(name: str) -> re.Pattern[str]:
    """One of the expressions."""
    entry = _PATTERNS["expressions"][name]
    one_of_them = f"(?:{'|'.join(entry['any'])})"
    flags = re.NOFLAG if entry.get("case") else re.IGNORECASE
    return re.compile(entry.get("within", "{}").replace("{}", one_of_them), flags)


def rewritten(text: str, name: str) -> str:
    """The text after the rewrites of this name, one after the other."""
    for found, instead in _PATTERNS["rewrites"][name]:
        text = re.sub(found, instead, text)
    return text


# --- text of books and pages ----------------------------------------------------------------------

_FOLD = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\u2022", "-"),
        **dict.fromkeys("\u2014\u2015", "--"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"),  # invisible: removed
        **dict.fromkeys("\u2028\u0085\f\v", "\n"),
        "\u2029": "\n\n", "\u2026": "...", "\u2044": "/",
        "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
        "\u0153": "oe", "\u0152": "Oe", "\u00e6": "ae", "\u00c6": "Ae",
    }
)  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x9f\ufffd\ue000-\uf8ff]")
_ORPHAN_PUNCTUATION = (" ,", " .", " ;", " !", " ?", " :", "(")  # what `tidy` may have to mend
_WORD = re.compile(r"[A-Za-z']+")
_FREQUENT = frozenset(words_of("frequent words"))
ENDS_SENTENCE = re.compile(r"""[.!?]["')]*$""")


def normalise(text: str) -> str:
    """Unicode NFC, newlines as "\\n", typographic characters as ASCII, no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unicodedata.normalize("NFC", text).translate(_FOLD))


def paragraphs(text: str) -> list[str]:
    """The blocks between blank lines."""
    return [block for block in re.split(r"\n[ \t]*\n+", text) if block.strip()]


def tidy(text: str) -> str:
    """One line with single spaces, and without the holes that removed markup has left."""
    text = " ".join(text.split())
    has_holes = any(trace in text for trace in _ORPHAN_PUNCTUATION)
    return rewritten(text, "tidy").strip() if has_holes else text


# --- text of today --------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text that only needs one spelling: dashes as " - ", straight quotes, single spaces."""
    text = mended(text.replace("\r\n", "\n").replace("\r", "\n"))
    return rewritten(fold(re.sub("\\s*\u2014\\s*", " - ", text)), "spaces").strip()


# Each byte above ASCII as Windows-1252 reads it; five have no character and stay themselves.
_BYTES = {bytes([n]).decode("cp1252", "ignore") or chr(n): n for n in range(0x80, 0x100)}
_TAIL = "[" + "".join(character for character, byte in _BYTES.items() if byte < 0xC0) + "]"
_READ_WRONGLY = re.compile(
    f"[\u00c2-\u00df]{_TAIL}|[\u00e0-\u00ef]{_TAIL}{{2}}|[\u00f0-\u00f4]{_TAIL}{{3}}"
)


def mended(text: str) -> str:
    """UTF-8 that was read as Windows-1252 and stored again: "it\u00e2\u20ac\u2122s" is "it's"."""
    if "\u00e2\u20ac" in text or "\u00c3" in text or "\u00c2" in text:
        text = text if "<" in text else html.unescape(text)
        text = _READ_WRONGLY.sub(_decoded_again, text)
        text = re.sub('\u00e2\u20ac["\u201d]?(?=[\\s,.!?]|$)', '"', text)  # its last byte was lost
    return text.replace("\u2020", '"')


def _decoded_again(match: re.Match[str]) -> str:
    return bytes(_BYTES[character] for character in match[0]).decode("utf-8", "replace")


# --- measures -------------------------------------------------------------------------------------


def is_english(text: str, share: float = 0.28) -> bool:
    """Whether so many of the words are the most frequent English ones; true for under 20 words."""
    words = [word.lower() for word in _WORD.findall(text[:20_000])]
    return len(words) < 20 or sum(word in _FREQUENT for word in words) / len(words) >= share


def is_readable(text: str, words_per_sentence: float, letters_per_word: float) -> bool:
    """Whether sentences and words are this short on average: simple style, for a small model."""
    words = _WORD.findall(text)
    sentences = len(re.findall(r"""[.!?]+["')]*(?:\s|$)""", text)) or 1
    return (
        bool(words)
        and len(words) / sentences <= words_per_sentence
        and sum(map(len, words)) / len(words) <= letters_per_word
    )


def is_prose(text: str, shortest: int, letters: float = 0) -> bool:
    """Whether it is a paragraph of so many characters, so many of them letters, with an end."""
    is_whole = len(text) >= shortest and ENDS_SENTENCE.search(text) is not None
    return is_whole and share_of_letters(text) >= letters


def share_of(text: str, wanted: str) -> float:
    """The part of the characters that a regular expression matches, 0 to 1."""
    return len(re.findall(wanted, text)) / max(1, len(text))


def share_of_letters(text: str) -> float:
    """The part of the characters that are letters of any alphabet or spaces, 0 to 1."""
    return sum(character.isalpha() or character == " " for character in text) / max(1, len(text))
