"""What the chat tab shows of a conversation, and what a link carries of it: plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gpt2_scratch.chat import Message, message_text
from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api_types import Reply
from gpt2_scratch.insight.confidence import UNSURE

EXAMPLE = "Negate this sentence: She likes apples."
# What it can do, by kind: its name in the figures of `train.evaluate chat`, and instructions.
INSTRUCTIONS = {
    "Opposites": ("antonym", ["What is the opposite of “happy”?"]),
    "Plurals": ("plural", ["What is the plural of “mouse”?"]),
    "Past tense": ("past tense", ["Convert the sentence to the past: He walks to school."]),
    "Negation": ("negation", [EXAMPLE]),
    "Numbers in words": ("number words", ["Write 17 in words."]),
    "Sums": ("arithmetic", ["What is 7 + 5?"]),
    "Capitals": ("capital", ["What is the capital of France?"]),
    "Praise or blame": (
        "sentiment",
        ["Is this review positive or negative: The food was awful."],
    ),
    "Talk": ("small talk", ["Hello! Who are you?", "Tell me a joke."]),
    "Stories": ("", ["Write a short story about a dog."]),
}
FINISHED = {
    "stop": "The answer is complete.",
    "length": "The answer was cut at the number of new tokens.",
    "deadline": f"The answer was cut after {limits.DEADLINE_SECONDS:g} seconds.",
}
LINK_CHARS = 6_000  # of a conversation in a link: browsers and chats carry addresses of that length


def drawing(
    said: list[Message], reply: Reply | None = None, running: bool = False
) -> dict[str, Any]:
    """What conversation.js draws."""
    drawing: dict[str, Any] = {
        "turns": [{"role": turn["role"], "text": message_text(turn["content"])} for turn in said],
        "running": running,
    }
    if reply is not None:
        reason = reply["finish_reason"]
        drawing |= {
            "running": reason is None,
            "forgotten": forgotten(said, reply["dropped_turns"]),
            "used": reply["prompt_tokens"] + reply["tokens"],
            "window": reply["window"],
            "note": FINISHED[reason] if reason else "",
            "unsure": unsure_text(reply["mean_probability"], measured_skills()) if reason else "",
        }
    return drawing


def measured_skills() -> Mapping[str, Any]:
    """What was measured on the questions of the skills check; empty where nothing is recorded."""
    try:
        figures = read_manifest().get("chat", {}).get("metrics", {}).get("skills", {})
    except CheckpointError:
        return {}
    return dict(figures)


def skill_rows(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What skills.js draws: each kind, how often it is right, and instructions to try."""
    rows = []
    for kind, (skill, instructions) in INSTRUCTIONS.items():
        of_kind = measured.get("kinds", {}).get(skill, {})
        figures = {key: of_kind[key] for key in ("n", "contains_match") if key in of_kind}
        rows.append({"kind": kind, "instructions": instructions, **figures})
    return rows


def unsure_text(mean: float, skills: Mapping[str, Any]) -> str:
    """One honest line about an answer whose tokens had little probability; else nothing."""
    if mean >= UNSURE:
        return ""
    said = f"Likely to be wrong: on average the model gave its own tokens {mean:.0%}."
    measured = skills.get("confidence", {})
    if not measured:
        return said
    unsure, sure = measured["unsure"], measured["sure"]
    return (
        f"{said} Of {unsure['n']} test questions that it answered with less than {UNSURE:.0%}, "
        f"{unsure['contains_match']:.0%} were right; of the {sure['n']} others "
        f"{sure['contains_match']:.0%}."
    )


def as_link(said: list[Message]) -> str:
    """A conversation as text for a link; empty if it is too long for one."""
    plain = [[turn["role"], message_text(turn["content"])] for turn in said]
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if plain else ""
    return text if len(text) <= LINK_CHARS else ""


def from_link(text: object) -> list[Message]:
    """What `as_link` made; empty for anything else, as anyone can write a link."""
    try:
        turns = json.loads(text) if isinstance(text, str) else []
        return checked([{"role": role, "content": content} for role, content in turns])
    except (ValueError, TypeError, RecursionError):
        return []


def forgotten(said: list[Message], dropped_turns: int) -> int:
    """How many messages make up the first `dropped_turns` turns.

    Of the last turn, which is never dropped as a whole, each of the user's messages counts as one.
    """
    roles = [message["role"] for message in said]
    starts = [i for i, role in enumerate(roles) if role == "user" and roles[i - 1 : i] != ["user"]]
    if not starts:
        return 0
    of_the_last = max(0, dropped_turns - (len(starts) - 1))
    return starts[min(dropped_turns, len(starts) - 1)] + of_the_last


def checked(stored: object) -> list[Message]:
    """What the browser kept: anyone can write there, so it is looked at like any other input."""
    if not isinstance(stored, list) or not stored:
        return []
    try:
        return limits.check_conversation([*stored, {"role": "user", "content": "next"}])[:-1]
    except ValueError:
        return []
