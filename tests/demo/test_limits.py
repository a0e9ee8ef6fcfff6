"""The limits of the public app: what they let through, and the sentence they refuse with."""

from __future__ import annotations

import math

import pytest

from gpt2_scratch.demo import limits


def test_text_within_the_limit_comes_back_as_it_was() -> None:
    for text in ("x", " a \n b ", "é" * 10, "\u202eright to left", "zero\u200bwidth", "👩‍👩‍👧"):
        assert limits.check_text(text, "text", 10_000) == text


def test_text_at_the_limit_passes_and_one_more_is_refused() -> None:
    assert limits.check_message("x" * limits.MESSAGE_CHARS)
    with pytest.raises(ValueError, match="1,001 characters; at most 1,000"):
        limits.check_message("x" * (limits.MESSAGE_CHARS + 1))
    assert limits.check_prompt("x" * limits.PROMPT_CHARS)
    with pytest.raises(ValueError, match="prompt has 8,001 characters"):
        limits.check_prompt("x" * (limits.PROMPT_CHARS + 1))


def test_only_a_prompt_may_be_empty() -> None:
    assert limits.check_prompt("") == ""
    for empty in ("", "  \n\t "):
        with pytest.raises(ValueError, match="message is empty"):
            limits.check_message(empty)


@pytest.mark.parametrize("value", [None, True, 3, math.nan, ["x"], {"text": "x"}, b"x"])
def test_what_is_no_text_is_refused_in_one_sentence(value: object) -> None:
    for check in (limits.check_prompt, limits.check_message):
        with pytest.raises(ValueError, match="must be a text, not") as caught:
            check(value)
        assert "\n" not in str(caught.value)


def test_half_characters_become_the_replacement_character() -> None:
    assert limits.check_prompt("a\ud800b") == "a\ufffdb"
    assert limits.check_prompt("\ud83d\ude00") == "😀"  # two halves that belong together


@pytest.mark.parametrize("value", [0, -1, 257, 1.5, math.nan, math.inf, True, "10", None, [10]])
def test_max_new_tokens_out_of_range(value: object) -> None:
    with pytest.raises(ValueError, match="max_new_tokens must be a whole number from 1 to 256"):
        limits.check_new_tokens(value)


def test_max_new_tokens_in_range() -> None:
    assert limits.check_new_tokens(256) == 256
    assert limits.check_new_tokens(10.0) == 10


@pytest.mark.parametrize("value", ["gpt2", "../../etc/passwd", "", None, ["base"], True])
def test_a_choice_is_one_of_the_names(value: object) -> None:
    assert limits.check_choice("base", "model", ("base", "chat")) == "base"
    with pytest.raises(ValueError, match="model must be one of base, chat, not"):
        limits.check_choice(value, "model", ("base", "chat"))


def test_batch_names_the_row_at_fault() -> None:
    assert limits.check_batch(["a", "b"]) == ["a", "b"]
    found = limits.check_batch(["a", " ", "\u200b\u2060", 7, "x" * 1_001, "b"])
    assert (found[0], found[5]) == ("a", "b")
    assert [str(problem) for problem in found[1:5]] == [
        "The message in row 2 is empty: write some text first.",
        "The message in row 3 is empty: write some text first.",
        "The message in row 4 must be a text, not 7.",
        "The message in row 5 has 1,001 characters; at most 1,000 are allowed here.",
    ]


def test_batch_size() -> None:
    assert len(limits.check_batch(["x"] * limits.BATCH_ROWS)) == limits.BATCH_ROWS
    with pytest.raises(ValueError, match="501 messages; at most 500"):
        limits.check_batch(["x"] * (limits.BATCH_ROWS + 1))
    with pytest.raises(ValueError, match="no messages"):
        limits.check_batch([])
    with pytest.raises(ValueError, match="must be a list of texts"):
        limits.check_batch("one text")


def test_upload_kind_and_size(tmp_path) -> None:
    good = tmp_path / "messages.CSV"
    good.write_bytes(b"x" * limits.UPLOAD_BYTES)
    assert limits.check_upload(good) == good
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (limits.UPLOAD_BYTES + 1))
    with pytest.raises(ValueError, match="1,048,577 bytes; at most 1,048,576"):
        limits.check_upload(large)
    program = tmp_path / "messages.exe"
    program.write_bytes(b"x")
    with pytest.raises(ValueError, match=r"Only \.csv and \.txt"):
        limits.check_upload(program)


def test_a_text_is_a_conversation_of_one_message() -> None:
    assert limits.check_conversation("Hi") == [{"role": "user", "content": "Hi"}]


def test_conversation_keeps_roles_and_order_and_ignores_other_keys() -> None:
    messages = [
        {"role": "user", "content": "Hi", "metadata": None},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Still there?"},
    ]
    assert limits.check_conversation(messages) == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Still there?"},
    ]


def test_content_may_be_blocks_and_a_user_message_may_have_an_input() -> None:
    blocks = [{"type": "text", "text": "Name "}, {"type": "text", "text": "a river."}]
    assert limits.check_conversation([{"role": "user", "content": blocks, "input": "Europe"}]) == [
        {"role": "user", "content": "Name a river.", "input": "Europe"}
    ]


USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "must be a text, or a list"),
        (None, "must be a text, or a list"),
        (7, "must be a text, or a list"),
        ("", "message is empty"),
        (["Hi"], "Message 1 must have a role and a content"),
        ([{"role": "user"}], "Message 1 must have a role and a content"),
        ([{"role": "system", "content": "Hi"}], "role of message 1 must be one of"),
        ([{"role": "user", "content": 7}], "content must be text, not 7"),
        ([{"role": "user", "content": [{"path": "/etc/passwd"}]}], "reads text only"),
        ([{"role": "user", "content": "x", "input": 7}], "content must be text, not 7"),
        ([{"role": "user", "content": "x", "input": "x" * 4_001}], "input of message has 4,001"),
        ([USER, {"role": "assistant", "content": "Hello"}], "last message must be the user's"),
        ([USER] * (limits.CHAT_MESSAGES + 1), "101 messages; at most 100"),
        ([{"role": "user", "content": "x" * 4_001}], "4,001 characters; at most 4,000"),
        ([{"role": "user", "content": "x" * 4_000}] * 9, "36,000 characters; at most 32,000"),
    ],
)
def test_a_conversation_that_is_none(messages: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        limits.check_conversation(messages)
