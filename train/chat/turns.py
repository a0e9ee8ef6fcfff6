"""Written conversations of several turns."""

from __future__ import annotations

import re

from train.chat.written_files import records
from train.datasets import Instruction

_QUOTED_WORD = re.compile(r'"(\w+)"')


def written_conversations() -> list[list[Instruction]]:
    """The written conversations of several turns, follow-ups among them."""
    return [
        [
            Instruction(
                turn["user"],
                turn.get("input", ""),
                # As everywhere in training, single words stand without quotation marks.
                _QUOTED_WORD.sub(r"\1", turn["assistant"]),
                f"written:{record['kind']}",
            )
            for turn in record["turns"]
        ]
        for record in records("conversations")
        if len(record["turns"]) > 1
    ]
