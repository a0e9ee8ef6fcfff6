"""Instruction tuning: the base model learns to answer in the one prompt template.

    python -m train.finetune_chat
    python -m train.finetune_chat --minutes 30 --base weights/base.safetensors

The loss counts the tokens of the response only: the model should learn to answer instructions, not
to write them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gpt2_scratch.chat import Assistant, encode_example
from gpt2_scratch.checkpoint import load_model
from gpt2_scratch.model import GPT2
from gpt2_scratch.tokenizer import Tokenizer
from train import loop
from train.datasets import Instruction, load_instructions
from train.examples import EpochOrder
from train.stage import add_stage_arguments, run_command_line, run_stage

DEFAULTS = loop.Settings(
    learning_rate=1e-3, muon_learning_rate=0.01, warmup=0.05, decay=0.95, evaluate_every=0
)
IGNORED = -100  # the target that cross-entropy leaves out
SAMPLE_INSTRUCTIONS = (
    ("What is the opposite of 'cold'?", ""),
    ("Rewrite the sentence in the past tense.", "She walks to school."),
)


@dataclass(frozen=True)
class Example:
    """ids (T + 1,): prompt, response, end; the targets from `response_start` on count."""

    ids: list[int]
    response_start: int

    def targets(self) -> list[int]:
        """The next token at each position, IGNORED while it still belongs to the prompt."""
        hidden = self.response_start - 1
        return [IGNORED] * hidden + self.ids[self.response_start :]


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
        return loop.language_model_loss(model, *batch[:2])

    def tokens(self, batch: loop.Batch) -> int:
        return int(batch[2].sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"response_loss": round(response_loss(model, self.validation), 5)}

    def samples(self, model: nn.Module) -> list[str]:
        assert isinstance(model, GPT2)
        assistant = Assistant(model, self.tokenizer)
        return [
            f"{instruction} {input} -> {assistant.respond(instruction, input, max_new_tokens=40)}"
            for instruction, input in SAMPLE_INSTRUCTIONS
        ]


def encode_examples(
    tokenizer: Tokenizer, tasks: Sequence[Instruction], window: int
) -> list[Example]:
    """Examples that fit into the window; longer ones are left out, not cut."""
    encoded = (
        Example(*encode_example(tokenizer, task.instruction, task.input, task.output))
        for task in tasks
    )
    return [example for example in encoded if len(example.ids) <= window]


def pad_examples(examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs x and targets y, (B, T) int64, padded on the right, and the real lengths (B,)."""
    lengths = torch.tensor([len(example.ids) - 1 for example in examples])
    x = torch.zeros(len(examples), int(lengths.max()), dtype=torch.int64)
    y = torch.full_like(x, IGNORED)
    for row, example in enumerate(examples):
        x[row, : lengths[row]] = torch.tensor(example.ids[:-1])
        y[row, : lengths[row]] = torch.tensor(example.targets())
    return x, y, lengths


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
        nats += loop.language_model_loss(model, x.to(device), y.to(device)).item() * counted
        tokens += counted
    return nats / tokens


def main(argv: list[str] | None = None) -> int:
    """Train the assistant; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.finetune_chat", description=main.__doc__)
    parser.add_argument("--base", default="base", help="the checkpoint to start from")
    parser.add_argument("--epochs", type=float, default=2.0, help="if no budget is given")
    parser.add_argument("--batch-size", type=int, default=64, help="examples per micro-batch")
    add_stage_arguments(parser, "chat", DEFAULTS)
    return run_command_line(parser, finetune, argv)


def finetune(arguments: argparse.Namespace, command: str) -> None:
    """Run the stage as parsed options say. Raises ValueError with a sentence for the user."""
    settings = loop.settings_from(arguments, DEFAULTS)
    model, tokenizer = load_model(arguments.base)
    model.requires_grad_(True)
    window = model.config.block_size
    tasks = [*load_instructions("sft", "train"), *load_instructions("book", "train")]
    examples = encode_examples(tokenizer, tasks, window)
    validation = encode_examples(tokenizer, load_instructions("sft", "validation")[:400], window)
    order = EpochOrder([len(e.ids) - 1 for e in examples], arguments.batch_size, settings.seed)
    run_stage(
        model,
        ChatTask(examples, order, validation, tokenizer),
        order.settings(settings, arguments.epochs, per_epoch=10),
        arguments,
        kind="gpt2",
        config=model.config,
        tokenizer=tokenizer,
        tensors=model.state_dict,
        origin={
            "commands": [command],
            "data": ["sft", "instruction-data"],
            "base": arguments.base,
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
