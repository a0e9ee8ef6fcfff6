"""What the assistant learns from: single tasks, conversations, and a little plain text.

The prompt's tokens are read but not learnt: the loss counts responses only. Conversations are
tasks put one behind the other, as the app puts turns; plain text keeps the model from forgetting
how to write.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gpt2_scratch.chat import encode_example
from gpt2_scratch.vocabulary.text import unquoted
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.datasets import Instruction
from train.packing import INSTRUCT, MIXTURE, TokenMixture, pack

IGNORED = -100  # the target that cross-entropy leaves out

# Source of a task, or its part before the colon -> how often such a task is read in an epoch.
REPEATS: dict[str, int] = tomllib.loads(
    Path(__file__).with_name("repeats.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Example:
    """A row of training text.

    ids      T + 1 token ids
    counted  for each of them, whether predicting it is part of the loss; never for the first
    """

    ids: list[int]
    counted: list[bool]

    def targets(self) -> list[int]:
        """The next token at each of the T positions, IGNORED where it does not count."""
        pairs = zip(self.ids[1:], self.counted[1:], strict=True)
        return [token if counts else IGNORED for token, counts in pairs]


def repeats_of(source: str) -> int:
    """How often a task from this source is read in an epoch: see REPEATS."""
    return REPEATS.get(source, REPEATS.get(source.split(":")[0], 1))


def encode_task(tokenizer: Tokenizer, task: Instruction) -> Example:
    """One task: its response and the `<|endoftext|>` behind it count.

    Single words stand without quotation marks in the response too, as in what was asked.
    """
    ids, start = encode_example(tokenizer, task.instruction, task.input, unquoted(task.output))
    return Example(ids, [place >= start for place in range(len(ids))])


def encode_tasks(tokenizer: Tokenizer, tasks: Sequence[Instruction], window: int) -> list[Example]:
    """Examples that fit into the window; longer ones are left out, not cut."""
    encoded = (encode_task(tokenizer, task) for task in tasks)
    return [example for example in encoded if len(example.ids) <= window]


MOST_TURNS = 9
AGAIN = 0.08  # probability that a turn of a conversation repeats an earlier one


def conversations(
    examples: Sequence[Example], share: float, window: int, rng: random.Random
) -> list[Example]:
    """The examples in random order, `share` of them joined into conversations of up to MOST_TURNS.

    An answer has to be as good in the seventh turn as in the first, so many conversations are as
    long as the window, of turns that have nothing to do with each other; now and then a question
    comes again, and has the same answer. A conversation that would outgrow the window ends before.
    """
    order = rng.sample(examples, len(examples))
    cut = round(share * len(order))
    rows, waiting = order[cut:], order[:cut]
    while waiting:
        turns = [waiting.pop()]
        wanted = rng.randint(2, MOST_TURNS)
        while waiting and len(turns) < wanted:
            comes_again = rng.random() < AGAIN
            turn = rng.choice(turns) if comes_again else waiting[-1]
            if sum(len(t.ids) for t in turns) + len(turn.ids) > window:
                break
            if not comes_again:
                waiting.pop()
            turns.append(turn)
        rows.append(joined(turns))
    return rows


def joined(turns: Sequence[Example]) -> Example:
    """Turns of a conversation, one behind the other, as the app puts them."""
    ids = [token for turn in turns for token in turn.ids]
    return Example(ids, [counts for turn in turns for counts in turn.counted])


def encode_conversations(
    tokenizer: Tokenizer, conversations: Iterable[Sequence[Instruction]], window: int
) -> list[Example]:
    """Written conversations, each as many of its turns as fit into the window."""
    rows = []
    for tasks in conversations:
        turns, room = [], window
        for task in tasks:
            turn = encode_task(tokenizer, task)
            room -= len(turn.ids)
            if room < 0:
                break
            turns.append(turn)
        if turns:
            rows.append(joined(turns))
    return rows


def plain_text(tokenizer: Tokenizer, rows: int, window: int, seed: int) -> list[Example]:
    """Windows of the pretraining corpus, without its instruction part; every token counts."""
    if rows == 0:
        return []
    shares = {name: share for name, share in MIXTURE.items() if name != INSTRUCT}
    mixture = TokenMixture(pack(tokenizer, shares), shares, seed)
    windows = mixture.training_windows(0, rows, window - 1)  # (rows, window)
    return [Example(ids, [False] + [True] * (window - 1)) for ids in windows.tolist()]


def pad_examples(examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs x and targets y, (B, T) int64, padded on the right, and the real lengths (B,)."""
    lengths = torch.tensor([len(example.ids) - 1 for example in examples])
    x = torch.zeros(len(examples), int(lengths.max()), dtype=torch.int64)
    y = torch.full_like(x, IGNORED)
    for row, example in enumerate(examples):
        x[row, : lengths[row]] = torch.tensor(example.ids[:-1])
        y[row, : lengths[row]] = torch.tensor(example.targets())
    return x, y, lengths
