"""What the assistant learns from: which tokens count, what is joined, what is left out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpt2_scratch.chat import encode_conversation, format_prompt
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import packing
from train.chat import instruction_data
from train.chat.instruction_data import (
    IGNORED,
    Example,
    conversations,
    encode_conversations,
    encode_tasks,
    joined,
    pad_examples,
    plain_text,
    repeats_of,
)
from train.datasets import Instruction

INSTRUCTIONS = [
    Instruction("Name a colour.", "", "Red.", ""),
    Instruction("Say it again, please.", "The cat sat on the mat.", "The cat sat on the mat.", ""),
    Instruction("What does the girl do?", "", "", ""),
]


@pytest.fixture(scope="module")
def tokenizer(tiny_weights: Path) -> Tokenizer:
    return Tokenizer.from_file(tiny_weights / "tokenizer.tiktoken")


def made_up_examples(count: int) -> list[Example]:
    """Ids that tell which example they are of; the last three count."""
    sizes = random.Random(0).choices(range(4, 40), k=count)
    return [
        Example([number] * size, [False] * (size - 3) + [True] * 3)
        for number, size in enumerate(sizes)
    ]


def test_targets_are_ignored_exactly_on_the_prompt(tokenizer: Tokenizer) -> None:
    examples = encode_tasks(tokenizer, INSTRUCTIONS, window=256)
    x, y, lengths = pad_examples(examples)
    assert x.shape == y.shape == (3, int(lengths.max()))
    for row, (task, example) in enumerate(zip(INSTRUCTIONS, examples, strict=True)):
        length = int(lengths[row])
        prompt = tokenizer.encode(format_prompt(task.instruction, task.input))
        response = [*tokenizer.encode(f" {task.output}"), tokenizer.eot_id]
        assert x[row, :length].tolist() == [*prompt, *response[:-1]]
        # The last token of the prompt predicts the first of the response; nothing else counts.
        assert y[row].tolist() == (
            [IGNORED] * (len(prompt) - 1) + response + [IGNORED] * (y.size(1) - length)
        )
        assert len(example.targets()) == len(example.ids) - 1 == length
    assert not x[lengths.argmin(), lengths.min() :].any()  # padding


def test_targets_do_not_depend_on_the_words_of_the_prompt() -> None:
    counted = [False, False, False, True, True]
    example, other = Example([7, 8, 9, 1, 2], counted), Example([7, 5, 9, 1, 2], counted)
    assert example.targets() == other.targets() == [IGNORED, IGNORED, 1, 2]


def test_long_examples_are_left_out_and_not_cut(tokenizer: Tokenizer) -> None:
    lengths = [len(example.ids) for example in encode_tasks(tokenizer, INSTRUCTIONS, 256)]
    longest = max(lengths)
    assert len(encode_tasks(tokenizer, INSTRUCTIONS, longest)) == 3
    kept = encode_tasks(tokenizer, INSTRUCTIONS, longest - 1)
    assert [len(example.ids) for example in kept] == [n for n in lengths if n < longest]


def test_conversations_are_what_the_app_sends(tokenizer: Tokenizer) -> None:
    """The tokens before the last response are those of `encode_conversation`."""
    tasks = [task for task in INSTRUCTIONS if task.output]
    rows = conversations(encode_tasks(tokenizer, tasks, 256), 1.0, 256, random.Random(0))
    [row] = rows
    first, last = (tasks if row.ids[: 12] == encode_tasks(tokenizer, tasks, 256)[0].ids[:12]
                   else tasks[::-1])  # fmt: skip
    prompt, dropped = encode_conversation(
        tokenizer,
        [
            {"role": "user", "content": first.instruction, "input": first.input},
            {"role": "assistant", "content": first.output},
            {"role": "user", "content": last.instruction, "input": last.input},
        ],
        256,
    )
    assert dropped == 0
    assert row.ids == [*prompt, *tokenizer.encode(f" {last.output}"), tokenizer.eot_id]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_each_example_stays_whole_and_comes_once(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruction_data, "AGAIN", 0.0)
    examples = made_up_examples(200)
    rows = conversations(examples, share, 64, random.Random(1))
    assert Counter(i for row in rows for i in row.ids) == Counter(
        i for example in examples for i in example.ids
    )
    assert all(len(row.ids) == len(row.counted) <= 64 for row in rows)
    turns = [len(set(row.ids)) for row in rows]
    assert max(turns) <= instruction_data.MOST_TURNS
    assert sum(n for n in turns if n > 1) <= share * 200
    assert (max(turns) > 1) == (share > 0)
    assert sum(sum(row.counted) for row in rows) == 3 * 200  # of every turn, only its response


def test_a_question_comes_again_now_and_then_with_the_same_answer() -> None:
    examples = made_up_examples(200)
    rows = conversations(examples, 1.0, 64, random.Random(1))
    turns = Counter(first for row in rows for first in set(row.ids))
    again = sum(len(row.ids) for row in rows) - sum(len(example.ids) for example in examples)
    assert len(turns) == len({i for example in examples for i in example.ids})  # none is missing
    assert 0 < again < 0.3 * sum(len(example.ids) for example in examples)
    assert all(len(row.ids) <= 64 for row in rows)


def test_written_conversations_are_cut_at_the_window(tokenizer: Tokenizer) -> None:
    tasks = [task for task in INSTRUCTIONS if task.output]
    turns = encode_tasks(tokenizer, tasks, 256)
    [whole] = encode_conversations(tokenizer, [tasks], 256)
    assert whole == joined(turns)
    assert encode_conversations(tokenizer, [tasks], len(whole.ids) - 1) == [joined(turns[:-1])]
    assert encode_conversations(tokenizer, [tasks], 3) == []


def test_the_first_token_of_a_later_turn_is_no_target() -> None:
    a, b = Example([1, 2, 3], [False, False, True]), Example([4, 5, 6], [False, False, True])
    [row] = conversations([a, b], 1.0, 64, random.Random(0))
    assert sorted(row.targets()) == [IGNORED, IGNORED, IGNORED, 3, 6]


def test_how_often_a_kind_is_read() -> None:
    assert repeats_of("gsm8k:word_problem") == repeats_of("t0:qasc:t0") == 0
    assert repeats_of("project-synthetic:conversion") == 1
    assert repeats_of("project-synthetic:plural") == 2
    assert repeats_of("annexare-countries:capital") > repeats_of("annexare-countries:about") == 1


def test_plain_text_counts_every_token(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def documents(name: str) -> Iterator[str]:
        for number in range(400):
            yield f"The {name} cat {number} sat near the forest, and the girl was tired. " * 3

    monkeypatch.setattr(packing, "fetch", lambda name: None)
    monkeypatch.setattr(packing, "documents", documents)
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(tmp_path))
    rows = plain_text(tokenizer, 20, 32, seed=0)
    assert len(rows) == 20
    assert all(len(row.ids) == 32 and row.counted == [False] + [True] * 31 for row in rows)
    texts = [tokenizer.decode(row.ids) for row in rows]
    assert all("cat" in text or "forest" in text for text in texts)
    assert not any("### Response" in text for text in texts)
    assert plain_text(tokenizer, 0, 32, seed=0) == []
