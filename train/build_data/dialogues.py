"""Dialogues between two speakers, one turn per line: "User: Hello!"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import normalise, tidy
from train.build_data.document import Document


def format_dialogue(turns: Iterable[tuple[str, str]]) -> str:
    """One line per (speaker, text); "" if a turn is empty, since its answer would hang in the air.

    Crowd workers type fast: "i" becomes "I", and a turn starts with a capital.
    """
    lines = []
    for speaker, text in turns:
        text = re.sub(r"\bi\b", "I", tidy(normalise(text).replace("\n", " ")))
        if not text:
            return ""
        lines.append(f"{speaker}: {text[0].upper()}{text[1:]}")
    return "\n".join(lines)


def sgd(archives: Sequence[Archive]) -> Iterator[Document]:
    """Schema-Guided Dialogue: a user asks an assistant to book, find or arrange something."""
    names = {"USER": "User", "SYSTEM": "Assistant"}
    [archive] = archives
    for path in archive.paths(r"(?:train|dev|test)/dialogues_\d+\.json"):
        for dialogue in json.loads(archive.text(path)):
            turns = ((names[turn["speaker"]], turn["utterance"]) for turn in dialogue["turns"])
            if text := format_dialogue(turns):
                yield Document(f"{path}#{dialogue['dialogue_id']}", text)


def topicalchat(archives: Sequence[Archive]) -> Iterator[Document]:
    """Topical-Chat: two people talk about what they have read."""
    names = {"agent_1": "A", "agent_2": "B"}
    [archive] = archives
    for path in archive.paths(r"conversations/(?:train|valid|test).*\.json"):
        for identity, dialogue in json.loads(archive.text(path)).items():
            turns = ((names[turn["agent"]], turn["message"]) for turn in dialogue["content"])
            if text := format_dialogue(turns):
                yield Document(f"{path}#{identity}", text)
