"""What the chat tab draws of a conversation."""

from __future__ import annotations

import pytest

from gpt2_scratch.chat import Message
from gpt2_scratch.demo.tabs.chat import _forgotten


def said(letters: str) -> list[Message]:
    return [
        {"role": "user" if letter == "u" else "assistant", "content": "x"} for letter in letters
    ]


@pytest.mark.parametrize(
    ("letters", "dropped", "messages"),
    [
        ("uau", 0, 0),
        ("uau", 1, 2),
        ("uuauaua", 1, 3),
        ("uuuu", 2, 2),  # nothing was answered: each message counts
        ("uauuu", 2, 3),
        ("uauuua", 3, 4),  # the answer has begun
    ],
)
def test_what_the_model_no_longer_reads_is_told(letters: str, dropped: int, messages: int) -> None:
    assert _forgotten(said(letters), dropped) == messages
