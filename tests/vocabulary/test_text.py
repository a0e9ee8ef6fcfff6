"""Text as our models have learned it: folding, tidying, and at which doors it happens."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2_scratch.chat import encode_conversation
from gpt2_scratch.generation import encode_prompt
from gpt2_scratch.vocabulary.text import fold, normalise_request, normalise_text
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

TYPED = "\u201cIt\u2019s\u201d\u00a0\u2013 or\u2014we\u200bll\u2026 "
PLAIN = '"It\'s" - or--well... '


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        (TYPED, PLAIN.strip()),
        ("cafe\u0301", "caf\u00e9"),
        ("a\x00b\x1bc\u200bd\ufeff\u00ade\x85", "abcde"),
        ("a  \nb\t\n\n\n\nc\u00a0\n", "a\nb\n\nc"),
        ("\tindented stays inside\n\tlines", "indented stays inside\n\tlines"),
        ("e\u200b\u0301", "\u00e9"),  # what an invisible character kept apart comes together
        ("", ""),
    ],
)
def test_normalise_text(text: str, expected: str) -> None:
    assert normalise_text(text) == expected


@settings(deadline=None)  # a busy machine must not fail a test
@given(st.text())
def test_normalise_text_twice_changes_nothing(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not re.search(r"[ \t]\n|\r|\x00|\n\n\n", once)


@settings(deadline=None)
@given(st.text())
def test_fold_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\n\t")))
def test_fold_leaves_what_a_plain_keyboard_types(text: str) -> None:
    assert fold(text) == text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2+2", "2 + 2"),
        ("2 +2", "2 + 2"),
        ("whats 2 + 2 ??", "What's 2 + 2?"),
        ("7x7=?", "7 * 7 = ?"),
        ("Solve 56 \u00f7 8.", "Solve 56 / 8."),
        ("8+8+1=", "8 + 8 + 1 ="),
        ("the opposite of 'hot'", "The opposite of hot"),
        ('Is it "definately" or `definitely`?', "Is it definately or definitely?"),
        ("how do u spell 'wont'!!", "How do you spell wont!"),
        ("plz fix: i dont know", "Please fix: I don't know"),
        ("", ""),
        ("say \u0131 and what\u017f", "Say \u0131 and what\u017f"),  # no i and no s
        # What is left as it is: a quoted sentence, possessives, dates, numbers of telephones.
        ('He said "Go home."', 'He said "Go home."'),
        ("The boys' and girls' toys", "The boys' and girls' toys"),
        ("Call 555-0199", "Call 555-0199"),
        ("Born on 2024-11-30", "Born on 2024-11-30"),
        ("Is version 1.2-3 its last, i.e. ill?", "Is version 1.2-3 its last, i.e. ill?"),
    ],
)
def test_a_request_has_one_spelling(typed: str, expected: str) -> None:
    assert normalise_request(typed) == expected


@settings(deadline=None)
@given(st.text(st.sampled_from("ab i'\"`?! +-x=*12.u\n,\u00c9\u00df") | st.characters()))
def test_normalise_request_twice_changes_nothing(text: str) -> None:
    once = normalise_request(fold(text))
    assert normalise_request(once) == once


def test_prompts_and_messages_are_folded_for_our_vocabulary() -> None:
    ours = Tokenizer.load("tokenizer")
    assert ours.fold(TYPED) == PLAIN
    assert encode_prompt(ours, TYPED) == ours.encode(PLAIN) != ours.encode(TYPED)
    typed = [
        {"role": "user", "content": TYPED, "input": TYPED},
        {"role": "assistant", "content": TYPED},
        {"role": "user", "content": "\u200b" + TYPED, "input": TYPED},
    ]
    plain = [
        {"role": "user", "content": PLAIN, "input": PLAIN},
        {"role": "assistant", "content": PLAIN},
        {"role": "user", "content": PLAIN, "input": PLAIN},
    ]
    assert encode_conversation(ours, typed, 400) == encode_conversation(ours, plain, 400)


def test_openais_vocabulary_gets_every_character() -> None:
    openai = Tokenizer.load("gpt2")
    assert openai.fold(TYPED) == TYPED
    assert encode_prompt(openai, TYPED) == openai.encode(TYPED)
    assert openai.decode(encode_prompt(openai, TYPED)) == TYPED


def test_a_message_of_invisible_characters_is_empty() -> None:
    with pytest.raises(ValueError, match="nothing to answer"):
        encode_conversation(
            Tokenizer.load("tokenizer"), [{"role": "user", "content": "\u200b\u202e"}], 100
        )
