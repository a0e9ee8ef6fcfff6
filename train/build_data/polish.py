"""The last look at every document: traces of markup, racial slurs, texts that are too short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from train.build_data.cleaning import Document, any_of, mended, plain
from train.build_data.wikipedia import opens_with_its_subject, title_of

_SHORTEST = {  # characters of books and pages; what is not named must have 600
    "african_storybook": 250,
    "pratham_storybook": 250,
    "factbook": 280,
    "topicalchat": 200,
    "sgd": 150,
}
_SHORTEST_OF_TODAY = {"simple_wikipedia": 200, "tiny_textbooks": 300, "wikinews": 400}  # else 150
_ENDS_ANYHOW = ("taskmaster", "recipes")  # "Yes please", "2 eggs"
_DAMAGED = re.compile("[\ufffd\u00c3\u00c2\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\u00e2\u20ac")
_SLUR = re.compile(
    r"\bn[i1]gg(?:er|ah?|uh)\w*|\bcoons?\b(?=.{0,40}\b(?:darky|negro))|\bdark(?:y|ies|ey|eys)\b"
    r"|\bchinam[ae]n\b|\bkike|\bfagg?ots?\b(?! of)",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"<[a-z/][^>]*>|&[a-z]+;|\]\(http|\\begin|\{\{|\}\}")
_TASK = any_of("polish: learning objective", "{} ", re.NOFLAG)  # "Describe the parts of an atom."


def polish(source: str, document: Document) -> Document | None:
    """A book's or a page's document as it is published, or None if it is better left out."""
    text = unicodedata.normalize("NFC", document.text.strip()).replace("<|endoftext|>", "")
    if _SLUR.search(text):
        return None
    text = text.replace("√©", "é")  # one repository was decoded wrongly once
    if source in ("topicalchat", "sgd"):
        text = _polish_dialogue(text)
    else:
        blocks = (_polish_paragraph(source, block) for block in text.split("\n\n"))
        text = "\n\n".join(block for block in blocks if block)
    if source == "wikipedia" and not opens_with_its_subject(title_of(document.origin), text):
        return None
    if len(text) < _SHORTEST.get(source, 600) or _LEFT_OVER.search(text):
        return None
    return Document(document.origin, text)


def polish_today(source: str, document: Document) -> Document | None:
    """A document of simple modern text in plain characters, or None if it is better left out.

    Such text is clean as it comes; what is damaged, cut off or of another alphabet goes.
    """
    text = plain(document.text)
    foreign = sum(character >= "\u0250" for character in text)
    is_whole = source in _ENDS_ANYHOW or re.search(r"""[.!?][)"'\]]*$""", text)
    is_long_enough = len(text) >= _SHORTEST_OF_TODAY.get(source, 150)
    if not (is_long_enough and is_whole) or foreign > 0.01 * len(text):
        return None
    is_damaged = _DAMAGED.search(mended(document.text)) or "endoftext" in text
    return None if is_damaged else Document(document.origin, text)


def _polish_dialogue(text: str) -> str:
    if "***" in text:  # what the publisher masked
        return ""
    text = re.sub(r"[\\\[\]^~_|*{}=]", "", text)
    text = re.sub(r">(?=\s|$)", "?", text)  # the same key as the question mark
    text = re.sub(r" +(?=[,.?!])|(?<=[,.?!])[,](?=\w)", "", text)
    return re.sub(r" {2,}", " ", text).replace(" \n", "\n").strip()


def _polish_paragraph(source: str, text: str) -> str:
    text = re.sub(r"</?(?:i|b|em|strong|sub|sup|u|span)\b[^>]*>", "", text)
    text = re.sub(r"\[\d+\]?", "", text)
    text = re.sub(r"^(?:CHAPTER|Chapter) [IVXLC\d]+\.? [A-Z][A-Z ,?!\'-]+[.?!]\s*", "", text)
    text = text.lstrip("|>○* ").strip()
    if text.startswith("[") or re.search(r"[\\^{}|~<>○]|_{2,}|\*\*|^Footnotes?:", text):
        return ""
    for name, rule in _RULES:
        if source.startswith(name):
            text = rule(text)
    return re.sub(r" {2,}", " ", text)


def _polish_textbook(text: str) -> str:
    if re.search(r" [=±≈] |\[(?:AL|BL|OL)\]", text):
        return ""
    explains = re.search(r"\b(?:is|are|was|were)\b.*[.!?] ", text)
    return "" if len(text) < 220 and _TASK.match(text) and not explains else text


def _polish_article(text: str) -> str:
    text = re.sub(r"\b(?:Cbe|Obe|Mbe|Kbe|Frs)\b", lambda match: match[0].upper(), text)
    text = re.sub(r" ,", ",", text)
    return "" if re.search(r"[=~*]|www\.|\(\)|[^\x00-\u024f\u20a0-\u20bf]", text) else text


def _polish_speech(text: str) -> str:
    reactions = r"-{0,2}\[(?:laughter|applause)\][.-]{0,2}"
    return re.sub(reactions, " ", text, flags=re.IGNORECASE)


_RULES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("openstax", _polish_textbook),
    ("wikipedia", _polish_article),
    ("speeches", _polish_speech),
)
