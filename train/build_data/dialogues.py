"""Dialogues between two speakers, one turn per line: "User: Hello!"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from train.build_data.archives import Archive
from train.build_data.cleaning import Document, any_of, normalise, tidy
from train.build_data.readers import csv_rows


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


_SPEAKERS = {"USER": "User", "SYSTEM": "Assistant", "agent_1": "A", "agent_2": "B"}


def sgd(dialogue: dict[str, Any]) -> str:
    """Schema-Guided Dialogue: a user asks an assistant to book, find or arrange something."""
    turns = dialogue["turns"]
    return format_dialogue((_SPEAKERS[turn["speaker"]], turn["utterance"]) for turn in turns)


def topicalchat(dialogue: dict[str, Any]) -> str:
    """Topical-Chat: two people talk about what they have read."""
    turns = dialogue["content"]
    return format_dialogue((_SPEAKERS[turn["agent"]], turn["message"]) for turn in turns)


# --- dialogues that are kept as they were typed ---------------------------------------------------


def lines_of(turns: Iterable[tuple[str, str]]) -> str:
    """One line per turn; those that say nothing are left out."""
    flat = ((speaker, " ".join(text.split())) for speaker, text in turns)
    return "\n".join(f"{speaker}: {text}" for speaker, text in flat if text)


def self_dialogue(archives: Sequence[Archive]) -> Iterator[Document]:
    """Self-dialogue Corpus: crowd workers wrote both sides, a column "Answer.sentenceN" a turn.

    Only what is written with care, and not by the workers that the publisher blocked.
    """
    [archive] = archives
    blocked = set(archive.text("blocked_workers.txt").split())
    for path, table in archive.texts(r"corpus/.*\.csv"):
        for number, row in enumerate(csv_rows(table)):
            turns = _turns(row)
            text = lines_of(("AB"[place % 2], turn) for place, turn in enumerate(turns))
            is_offensive = any_of("dialogue: offensive").search(text)
            is_allowed = row.get("WorkerId") not in blocked and not is_offensive
            if is_allowed and _is_careful(turns):
                yield Document(f"{path}#{number}", text)


def _turns(row: Mapping[str, str]) -> list[str]:
    numbers = (re.fullmatch(r"Answer\.sentence(\d+)", column or "") for column in row)
    columns = sorted((match for match in numbers if match), key=lambda match: int(match[1]))
    cells = (" ".join(row[column[0]].split()) for column in columns)
    return [cell for cell in cells if cell]


def _is_careful(turns: Sequence[str]) -> bool:
    """Eight turns or more, none twice, nine of ten with a capital and a full stop."""
    whole = [turn for turn in turns if re.match("[A-Z\"'].*[.!?][\"')]?$", turn)]
    return len(turns) >= 8 and len(whole) >= 0.9 * len(turns) and len(set(turns)) == len(turns)


def persona_chat(row: dict[str, str]) -> str:
    """Synthetic-Persona-Chat: a conversation per row, its lines "User 1: ..." and "User 2: ..."."""
    chat = re.sub(r"(?m)^User 1:", "A:", row["Best Generated Conversation"])
    chat = re.sub(r"(?m)^User 2:", "B:", chat)
    lines = [line for line in chat.split("\n") if line.strip()]
    has_gap = re.search(r"[\[(](?:user|your|name|redacted|insert)", chat, re.IGNORECASE)
    is_whole = all(re.match(r"[AB]: ?\S", line) for line in lines) and not has_gap
    return "\n".join(lines) if is_whole else ""


def taskmaster(archives: Sequence[Archive]) -> Iterator[Document]:
    """Taskmaster-4's orders of coffee, and a part of Taskmaster-3's cinema tickets."""
    [archive] = archives
    for path, text in archive.texts(r"TM-4-2024/data/.*\.json"):
        for number, dialogue in enumerate(json.loads(text)):
            yield Document(f"{path}#{number}", lines_of(map(_utterance, dialogue["utterances"])))
    path = "TM-3-2020/splits/train/train-bc.tsv"
    for identity, turns in _whole_dialogues(archive.text(path)).items():
        if len(turns) >= 4:
            yield Document(f"{path}#{identity}", lines_of(turns))


def _utterance(turn: dict[str, str]) -> tuple[str, str]:
    return "A" if turn["speaker"].lower() == "user" else "B", turn.get("text", "")


def _whole_dialogues(table: str) -> dict[str, list[tuple[str, str]]]:
    """Each row has a dialogue up to a turn, that turn and the dialogue's name: the longest wins."""
    found: dict[str, list[tuple[str, str]]] = {}
    for cells in (line.split("\t") for line in table.split("\n")):
        if len(cells) < 3:
            continue
        before, last, identity = cells[:3]
        turns = re.findall("<(U|A)>([^<]*)", before.split("<C>", 1)[-1])
        turns += re.findall(r"^\[([AU])\](.*)", last)
        if len(turns) > len(found.get(identity, ())):
            found[identity] = [("A" if who == "U" else "B", text) for who, text in turns]
    return found
