"""The last look at every document: traces of markup, racial slurs, texts that are too short."""

from __future__ import annotations

import re
import unicodedata

from train.build_data.cleaning import Document, any_of, mended, plain, rewritten
from train.build_data.wikipedia import opens_with_its_subject, title_of

_ENDS_ANYHOW = ("taskmaster", "recipes")  # "Yes please", "2 eggs"
_DAMAGED = re.compile("[\ufffd\u00c3\u00c2\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\u00e2\u20ac")


def polish(source: str, document: Document, shortest: int) -> Document | None:
    """A book's or a page's document as it is published, or None if it is better left out."""
    text = unicodedata.normalize("NFC", document.text.strip()).replace("<|endoftext|>", "")
    if any_of("polish: slur").search(text):
        return None
    text = text.replace("√©", "é")  # one repository was decoded wrongly once
    if source in ("topicalchat", "sgd"):
        text = _polish_dialogue(text)
    else:
        blocks = (_polish_paragraph(source, block) for block in text.split("\n\n"))
        text = "\n\n".join(block for block in blocks if block)
    if source == "wikipedia" and not opens_with_its_subject(title_of(document.origin), text):
        return None
    is_bad = len(text) < shortest or any_of("polish: left over").search(text)
    return None if is_bad else Document(document.origin, text)


def polish_today(source: str, document: Document, shortest: int) -> Document | None:
    """A document of simple modern text in plain characters, or None if it is better left out.

    Such text is clean as it comes; what is damaged, cut off or of another alphabet goes.
    """
    text = plain(document.text)
    foreign = sum(character >= "\u0250" for character in text)
    is_whole = source in _ENDS_ANYHOW or re.search(r"""[.!?][)"'\]]*$""", text)
    if len(text) < shortest or not is_whole or foreign > 0.01 * len(text):
        return None
    is_damaged = _DAMAGED.search(mended(document.text)) or "endoftext" in text
    return None if is_damaged else Document(document.origin, text)


def _polish_dialogue(text: str) -> str:
    """Without marks of any kind; "" for a text in which the publisher masked something."""
    return "" if "***" in text else rewritten(text, "polish: dialogue").strip()


def _polish_paragraph(source: str, text: str) -> str:
    text = rewritten(text, "polish: paragraph").strip()
    if text.startswith("[") or re.search(r"[\\^{}|~<>○]|_{2,}|\*\*|^Footnotes?:", text):
        return ""
    if source.startswith("openstax") and _is_no_lesson(text):
        return ""
    if source == "wikipedia":
        text = re.sub(r"\b(?:Cbe|Obe|Mbe|Kbe|Frs)\b", lambda match: match[0].upper(), text)
        text = text.replace(" ,", ",")
        if re.search(r"[=~*]|www\.|\(\)|[^\x00-\u024f\u20a0-\u20bf]", text):
            return ""
    if source == "speeches":
        reactions = r"(?i)-{0,2}\[(?:laughter|applause)\][.-]{0,2}"
        text = re.sub(reactions, " ", text)
    return re.sub(r" {2,}", " ", text)


def _is_no_lesson(text: str) -> bool:
    """Whether the paragraph has a formula, or only says what a reader should do."""
    if re.search(r" [=±≈] |\[(?:AL|BL|OL)\]", text):
        return True
    explains = re.search(r"\b(?:is|are|was|were)\b.*[.!?] ", text)
    is_task = any_of("polish: learning objective").match(text)
    return len(text) < 220 and bool(is_task) and not explains
