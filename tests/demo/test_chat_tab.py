"""What the chat tab draws of a conversation."""

from __future__ import annotations

import pytest

from gpt2_scratch.chat import Message
from gpt2_scratch.demo.chat_view import (
    LINK_CHARS,
    as_link,
    forgotten,
    from_link,
    skill_rows,
    unsure_text,
)


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
    assert forgotten(said(letters), dropped) == messages


def test_a_link_carries_a_conversation_and_nothing_else() -> None:
    talk: list[Message] = [
        {"role": "user", "content": "Name “a” colour & <b>"},
        {"role": "assistant", "content": "Red."},
    ]
    assert from_link(as_link(talk)) == talk
    assert as_link([]) == ""
    assert as_link([{"role": "user", "content": "x" * LINK_CHARS}]) == ""
    for wrong in ("", "[", "3", '"x"', "[[1]]", '[["root","x"]]', "[" * 9_000, None):
        assert from_link(wrong) == []


def test_an_unsure_answer_is_said_to_be_one_with_what_was_measured() -> None:
    assert unsure_text(0.95, {}) == ""
    assert unsure_text(0.5, {}).endswith("the model gave its own tokens 50%.")
    confidence = {
        "unsure": {"n": 76, "contains_match": 0.22},
        "sure": {"n": 128, "contains_match": 0.87},
    }
    said = unsure_text(0.5, {"confidence": confidence})
    assert "Of 76 test questions" in said and "22% were right; of the 128 others 87%." in said


def test_what_it_can_do_has_its_figure_where_it_was_measured() -> None:
    rows = skill_rows({"kinds": {"plural": {"n": 17, "contains_match": 0.5}}})
    by_kind = {row["kind"]: row for row in rows}
    assert by_kind["Plurals"]["n"] == 17 and "n" not in by_kind["Stories"]
    assert all(row["instructions"] for row in rows)
