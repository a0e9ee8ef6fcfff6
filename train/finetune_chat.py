"""Instruction tuning: the base model learns to answer in the one prompt template.

    python -m train.finetune_chat
    python -m train.finetune_chat --minutes 30 --base weights/base.safetensors
    python -m train.finetune_chat --minutes 10 --seeds 0 1 2        # mean and spread
    python -m train.finetune_chat --base chat --minutes 15 --blend 0.5   # on from there, half way
    python -m train.finetune_chat --base gpt2-medium --lora-rank 8 --gradient-checkpointing

The loss counts the tokens of the responses only: the model should learn to answer instructions,
not to write them. The parameters that do best on held-out responses are kept.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.models import find_checkpoint, load_model
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.text import fold, normalise_request
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.chat.free_check import free_check
from train.chat.instruction_data import (
    IGNORED,
    Example,
    conversations,
    encode_conversations,
    encode_tasks,
    pad_examples,
    plain_text,
    repeats_of,
)
from train.chat.requests import requests, stories_of, written_conversations
from train.chat.rewording import reworded
from train.chat.skills import skills_check
from train.datasets import Instruction, corpus_documents, folded, load_instructions
from train.loop import loop
from train.loop.examples import EpochOrder
from train.loop.parallel import join_processes
from train.loop.settings import Settings, settings_from
from train.loop.stage import (
    add_finetuning_arguments,
    lineage,
    origin_of,
    run_finetuning,
    run_stage,
    with_adapters,
)

DEFAULTS = Settings(
    learning_rate=1e-3,
    muon_learning_rate=0.01,
    warmup=0.05,
    decay=0.95,
    evaluate_every=0,
    keep_best="response_loss",
)
SAMPLE_INSTRUCTIONS = (
    ("What is the opposite of 'cold'?", ""),
    ("Rewrite the sentence in the past tense.", "She walks to school."),
)
REQUEST_REPEATS = 8  # in an epoch, each in other words
STORY_SOURCE = "tinystories"
STORIES = 600  # that are read as answers to requests for a story
CHOOSING = 400  # the last validation tasks choose the parameters; `evaluate` reports on the first
PLAIN_WINDOW = 128  # tokens of a row of plain text


@dataclass
class ChatTask:
    """Next-token prediction on the responses of instruction examples."""

    examples: Sequence[Example]
    order: EpochOrder
    validation: Sequence[Example]
    tokenizer: Tokenizer

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        return pad_examples(
            [self.examples[row] for row in self.order.batch(index * world_size + rank)]
        )

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        return counted_loss(model, *batch[:2])

    def tokens(self, batch: loop.Batch) -> int:
        return int(batch[2].sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"response_loss": round(response_loss(model, self.validation), 5)}

    def samples(self, model: nn.Module) -> list[str]:
        return sample_answers(model, self.tokenizer)


def sample_answers(model: nn.Module, tokenizer: Tokenizer) -> list[str]:
    """The model's greedy answers to SAMPLE_INSTRUCTIONS, for the log."""
    assert isinstance(model, GPT2)
    assistant = Assistant(model, tokenizer)
    return [
        f"{instruction} {input} -> {assistant.respond(instruction, input, max_new_tokens=40)}"
        for instruction, input in SAMPLE_INSTRUCTIONS
    ]


def counted_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """`language_model_loss`, without the logits of positions that do not count.

    Three of four tokens of a task are its prompt, and a position's logits cost a quarter of a
    small model's work.
    """
    counted = y != IGNORED  # (B, T)
    logits = model(x, positions=counted)  # (N, V)
    return nn.functional.cross_entropy(logits.float(), y[counted])


@torch.no_grad()
def response_loss(model: nn.Module, examples: Sequence[Example], batch_size: int = 32) -> float:
    """Mean cross-entropy in nats per response token, `<|endoftext|>` included.

    Raises ValueError without examples.
    """
    if not examples:
        raise ValueError("No held-out example fits into the window: use a longer one.")
    device = next(model.parameters()).device
    ordered = sorted(examples, key=lambda example: len(example.ids))
    nats, tokens = 0.0, 0
    for start in range(0, len(ordered), batch_size):
        x, y, _ = pad_examples(ordered[start : start + batch_size])
        counted = int((y != IGNORED).sum())
        nats += counted_loss(model, x.to(device), y.to(device)).item() * counted
        tokens += counted
    return nats / tokens


def training_examples(
    tokenizer: Tokenizer,
    window: int,
    multi_turn: float,
    plain: float,
    seed: int,
    reword: float = 0.0,
    request_repeats: int = 0,
    stories: int = 0,
) -> list[Example]:
    """All rows of an epoch: the instruction sets, requests in many wordings, and plain text.

    See `instruction_data.REPEATS` for what is read how often, and `rewording` for other words. No
    task of a held-out part is among them, whichever source it came from.

    multi_turn  part of the tasks that become turns of a conversation
    plain       part of the tokens that is plain text
    reword      part of the instruction sets' tasks that is asked in other words
    stories     how many short stories of the corpus are asked for
    """
    rng = random.Random(seed)
    sets = [*load_instructions("sft", "train"), *load_instructions("book", "train")]
    repeated = [task for task in sets for _ in range(repeats_of(task.source))]
    tasks = [reworded(task, rng) if rng.random() < reword else task for task in repeated]
    written: list[Example] = []
    for repeat in range(request_repeats):
        tasks += requests(f"{seed} {repeat}")
        written += encode_conversations(tokenizer, written_conversations(), window)
    if stories:
        found = stories_of(corpus_documents(STORY_SOURCE, "train"), seed)
        tasks += found[:stories]
    held_out = {question_of(task) for task in held_out_tasks()}
    chosen = [task for task in tasks if question_of(task) not in held_out]
    rows = conversations(encode_tasks(tokenizer, chosen, window), multi_turn, window, rng)
    rows += written
    plain_window = min(PLAIN_WINDOW, window)
    tokens = sum(len(row.ids) for row in rows) * plain / (1 - plain)
    return [*rows, *plain_text(tokenizer, round(tokens / plain_window), plain_window, seed)]


def held_out_tasks() -> list[Instruction]:
    """What decides or measures: the tasks that training must not read."""
    parts = (("sft", "validation"), ("book", "test"), ("book", "validation"))
    tasks = [task for name, split in parts for task in load_instructions(name, split)]
    return [*tasks, *(question.as_task() for question in (*skills_check(), *free_check()))]


def choosing_tasks() -> list[Instruction]:
    """The held-out tasks by which the parameters are chosen, of the kinds that are trained."""
    last = load_instructions("sft", "validation")[-CHOOSING:]
    return [task for task in last if repeats_of(task.source)]


def question_of(task: Instruction) -> tuple[str, str]:
    """What two copies of a task have in common: what the model reads, in small letters."""
    instruction, input = (
        folded(normalise_request(fold(text))) for text in (task.instruction, task.input)
    )
    return instruction, input


def main(argv: list[str] | None = None) -> int:
    """Train the assistant; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.finetune_chat", description=main.__doc__)
    parser.add_argument("--multi-turn", type=float, default=0.5, help="part of the tasks")
    parser.add_argument(
        "--requests",
        type=int,
        default=REQUEST_REPEATS,
        help="how often the written requests are read in an epoch, each time in other words",
    )
    parser.add_argument("--stories", type=int, default=STORIES, help="of the corpus, on request")
    parser.add_argument(
        "--reword",
        type=float,
        default=0.5,
        help="part of the instruction sets' tasks that is asked in other words",
    )
    parser.add_argument("--plain-text", type=float, default=0.05, help="part of the tokens")
    parser.add_argument(
        "--blend",
        type=float,
        default=1.0,
        help="how far to go from --base to what was learnt; in between both are often kept",
    )
    add_finetuning_arguments(parser, "chat", DEFAULTS, epochs=2.0, batch_size=32)
    return run_finetuning(parser, finetune, "response_loss", figures_on_test_part, argv)


def figures_on_test_part(arguments: argparse.Namespace, weights: Path) -> dict[str, float]:
    """Figures of a weight file on the test part, which decides nothing."""
    model, tokenizer = load_model(weights)
    tasks = load_instructions("book", "test")
    return {
        "book loss": response_loss(model, encode_tasks(tokenizer, tasks, model.config.block_size))
    }


def blend(model: nn.Module, before: Mapping[str, Tensor], part: float) -> None:
    """Move the model back towards the weights it had before: 1 leaves it, 0 would undo all.

    Between a model and its fine-tuning lie models that have learnt the new and kept the old.
    Wortsman et al. 2021, https://arxiv.org/abs/2109.01903.
    """
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.lerp_(before[name].to(tensor.device), 1.0 - part)


def header_of(name: str) -> dict[str, str]:
    """What a weight file of ours says of itself; {} for the models of others."""
    try:
        return read_checkpoint(find_checkpoint(name)[0]).metadata
    except (CheckpointError, OSError):
        return {}


def finetune(arguments: argparse.Namespace, command: str) -> None:
    """Train with one seed, as parsed options say. Raises ValueError with a sentence."""
    settings = settings_from(arguments, DEFAULTS)
    for option, value in (
        ("--multi-turn", arguments.multi_turn),
        ("--plain-text", arguments.plain_text),
        ("--reword", arguments.reword),
    ):
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{option} must be from 0 to below 1, not {value}.")
    if not 0.0 < arguments.blend <= 1.0:
        raise ValueError(f"--blend must be above 0 and at most 1, not {arguments.blend}.")
    model, tokenizer = load_model(arguments.base)
    commands, base, tokens_before = [command], arguments.base, 0
    source = header_of(arguments.base)
    if "base" in source:  # an assistant already: go on with it
        commands, tokens_before = lineage(source, command)
        base = json.loads(source["base"])
    blends = arguments.blend < 1.0  # only then the old weights are needed: a second model's memory
    before = {name: t.clone() for name, t in model.state_dict().items()} if blends else {}
    with_adapters(model, arguments.lora_rank, settings.seed)
    window = model.config.block_size
    examples = training_examples(
        tokenizer,
        window,
        arguments.multi_turn,
        arguments.plain_text,
        settings.seed,
        arguments.reword,
        arguments.requests,
        arguments.stories,
    )
    data = ["sft", "instruction-data"]
    data += ["requests"] if arguments.requests else []
    data += ["corpus"] if arguments.plain_text else []
    validation = encode_tasks(tokenizer, choosing_tasks(), window)

    def finish() -> dict[str, Any]:
        if blends:
            blend(model, before, arguments.blend)
        return {}

    order = EpochOrder([len(e.ids) - 1 for e in examples], arguments.batch_size, settings.seed)
    run_stage(
        model,
        ChatTask(examples, order, validation, tokenizer),
        order.settings(settings, arguments.epochs, 10, join_processes()[1]),
        arguments,
        tokenizer=tokenizer,
        origin={**origin_of(arguments, command, data), "commands": commands, "base": base},
        finish=finish,
        tokens_before=tokens_before,
    )


if __name__ == "__main__":
    raise SystemExit(main())
