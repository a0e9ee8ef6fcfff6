"""Asking an instruction set's task in other words, so that what is learnt is the task.

The sets ask for each kind of task in three or four fixed wordings. A small model learns these by
heart and fails at "What's the capital of Italy" after thousands of "Which city is the capital of
Italy?". So a part of the tasks is asked anew each time it is read: in one of the fifty wordings of
its kind (`written/wordings.json`), or at least as people type. The answer stays.
"""

from __future__ import annotations

import dataclasses
import random
import re
import tomllib
from pathlib import Path

from train.chat.wordings import as_typed, fill, in_one_message
from train.chat.written_files import lists
from train.datasets import Instruction

MAX_INLINE_CHARS = 100  # of an input that is put into the instruction
INLINED = 0.4  # part of the tasks with an input of which that is done

_TABLES: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("rewording.toml").read_text(encoding="utf-8")
)
_KINDS, _ABOUT = _TABLES["kinds"], _TABLES["about"]


def reworded(task: Instruction, rng: random.Random) -> Instruction:
    """The task in other words, as far as there are any; its answer and source stay."""
    instruction, input = task.instruction, task.input
    kind, material = _material(task)
    if kind:
        instruction, input = fill(rng.choice(lists("wordings")[kind]), material)
    if input and len(input) <= MAX_INLINE_CHARS and "\n" not in input and rng.random() < INLINED:
        instruction, input = in_one_message(instruction, input, rng), ""
    return dataclasses.replace(task, instruction=as_typed(instruction, rng), input=input)


def _material(task: Instruction) -> tuple[str | None, str]:
    """(the kind of the task's wordings, what it is about); no kind where none is known."""
    one_line = task.input and "\n" not in task.input
    if one_line and task.source in _KINDS and not _asks_otherwise(task):
        return _KINDS[task.source], task.input
    for kind, pattern in _ABOUT.items():
        if found := re.fullmatch(pattern, task.instruction):
            return kind, found[1]
    return None, ""


def _asks_otherwise(task: Instruction) -> bool:
    """Whether the task is of a rarer kind among those of its source: its answer is not what the
    wordings ask for."""
    return task.output in ("Yes", "No") or any(
        words in task.instruction for words in ("sentence positive.", "affirmative")
    )
