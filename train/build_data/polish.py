"""The last look at every document: traces of markup, racial slurs, texts that are too short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from train.build_data.document import Document
from train.build_data.wikipedia import opens_with_its_subject, title_of

_SHORTEST = {  # characters; what is not named must have 600
    "african_storybook": 250,
    "pratham_storybook": 250,
    "factbook": 280,
    "topicalchat": 200,
    "sgd": 150,
}
_SLUR = re.compile(
    r"\bn[i1]gg(?:er|ah?|uh)\w*|\bcoons?\b(?=.{0,40}\b(?:darky|negro))|\bdark(?:y|ies|ey|eys)\b"
    r"|\bchinam[ae]n\b|\bkike|\bfagg?ots?\b(?! of)",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"<[a-z/][^>]*>|&[a-z]+;|\]\(http|\\begin|\{\{|\}\}")
_TASK = re.compile(  # a learning objective: "Describe the structure of an atom."
    r"(?:Discuss|Explain|Describe|Identify|Articulate|Analy[sz]e|Define|List|Compare|Evaluate"
    r"|Distinguish|Summarize|Outline|Use Handout|State|Calculate|Apply|Examine|Assess|Recognize"
    r"|Demonstrate|Differentiate|Understand|Interpret|Write|Contrast|Illustrate|Determine|Draw"
    r"|Find|Relate|Express|Solve|Construct|Graph|Review) "
)


def polish(source: str, document: Document) -> Document | None:
    """The document as it is published, or None if it is better left out."""
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
