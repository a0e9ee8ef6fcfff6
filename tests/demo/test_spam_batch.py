"""The table of many verdicts, which comes back from the browser."""

from __future__ import annotations

from typing import Any

import pytest

from gpt2_scratch.demo.tabs.spam_batch import CUT, counts_text, in_table
from gpt2_scratch.demo.tabs.spam_fool import words_kept


def test_a_table_gives_its_verdicts_back() -> None:
    rows: list[list[Any]] = [
        ["Call now", "spam", 0.9, ""],
        ["long", "ham", 0.1, CUT],
        ["\u200b", "none", None, "The message is empty."],
        ["", "", "", ""],  # what an empty table shows
    ]
    messages, verdicts = in_table(rows)
    assert messages == ["Call now", "long", "\u200b"]
    assert [row["label"] for row in verdicts] == ["spam", "ham", None]
    assert [row["truncated"] for row in verdicts] == [False, True, False]
    assert verdicts[2]["problem"] == "The message is empty."
    counted = counts_text(row["label"] for row in verdicts)
    assert counted == "**3 messages: 1 spam, 1 ham, 1 without a verdict.**"


@pytest.mark.parametrize(
    "row", [["a"], ["a", "spam", "x", ""], ["a", "ham", None, ""], ["a", "ham", 7, ""]]
)
def test_a_table_of_another_is_refused_in_a_sentence(row: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot be judged again|A spam probability must be"):
        in_table([row])
    with pytest.raises(ValueError, match="cannot be judged again"):
        in_table([["a", "ham", 0.1, ""]] * 501)


def test_words_that_are_kept() -> None:
    assert words_kept("Win a prize, a big one", "WIN a car") == (2, 6)
