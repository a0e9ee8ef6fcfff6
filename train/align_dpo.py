"""Direct preference optimisation: the assistant learns which of two answers people preferred.

    python -m train.align_dpo --out weights/chat-dpo.safetensors
    python -m train.align_dpo --base chat --beta 0.1 --epochs 1 --seeds 0 1 2

Rafailov et al. 2023, https://arxiv.org/abs/2305.18290. No reward model and no sampling: the
preferred answer shall gain likelihood over the rejected one, measured from where the model began,

    gain(answer) = log p(answer) - log q(answer)
    loss = -log sigmoid(beta * (gain(chosen) - gain(rejected)))

with p the model that learns and q the same model before training, the reference. beta holds the
two together. The reference never changes, so its log-probabilities are computed once for all pairs
and no second model stays in memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.chat.instruction_data import IGNORED, Example, encode_task, pad_examples
from train.datasets import Instruction, load_preferences
from train.finetune_chat import sample_answers
from train.loop import loop
from train.loop.examples import EpochOrder
from train.loop.parallel import join_processes
from train.loop.settings import Settings, settings_from
from train.loop.stage import (
    add_finetuning_arguments,
    origin_of,
    run_finetuning,
    run_stage,
    with_adapters,
)

DEFAULTS = Settings(
    optimizer="adamw",
    learning_rate=2e-5,
    weight_decay=0.0,
    warmup=0.1,
    decay=0.9,
    evaluate_every=0,
    keep_best="loss",
)
Pair = tuple[Example, Example]  # the chosen and the rejected answer to one instruction


@dataclass
class PreferenceTask:
    """Preference pairs, with what the reference model thinks of their answers.

    reference             (N, 2) float32: log-probability of the chosen and the rejected answer
    validation_reference  the same for the validation pairs
    """

    pairs: Sequence[Pair]
    reference: Tensor
    validation: Sequence[Pair]
    validation_reference: Tensor
    order: EpochOrder
    tokenizer: Tokenizer
    beta: float

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        rows = self.order.batch(index * world_size + rank)
        return (*pad_pairs([self.pairs[row] for row in rows]), self.reference[rows])

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        x, y, _, reference = batch
        return dpo_loss(answer_log_probabilities(model, x, y), reference, self.beta)

    def tokens(self, batch: loop.Batch) -> int:
        return int(batch[2].sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        found = pair_log_probabilities(model, self.validation)
        figures = {
            "loss": dpo_loss(found, self.validation_reference, self.beta).item(),
            **preference_figures(found, self.validation_reference, self.beta),
        }
        return {key: round(value, 5) for key, value in figures.items()}

    def samples(self, model: nn.Module) -> list[str]:
        return sample_answers(model, self.tokenizer)


def dpo_loss(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """The mean loss of pairs, a scalar in nats; log 2 for a model that is still the reference.

    policy, reference  (N, 2) log-probabilities of the chosen and the rejected answer
    """
    return -F.logsigmoid(_margins(policy, reference, beta)).mean()


def preference_figures(policy: Tensor, reference: Tensor, beta: float) -> dict[str, float]:
    """accuracy: part of the pairs whose chosen answer gained more than the rejected one;
    margin: beta times how much more, in nats, on average."""
    margins = _margins(policy, reference, beta)
    return {"accuracy": (margins > 0).float().mean().item(), "margin": margins.mean().item()}


def _margins(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """(N, 2) and (N, 2) -> (N,): the implicit reward of the chosen minus that of the rejected."""
    rewards = beta * (policy - reference)  # (N, 2)
    return rewards[:, 0] - rewards[:, 1]


def answer_log_probabilities(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Sum of the log-probabilities of each row's counted targets.

    x, y  (2N, T) int64, first N rows with chosen and then N with rejected answers, as `pad_pairs`
          gives them; (N, 2) comes back
    """
    counted = y != IGNORED  # (2N, T)
    log_probabilities = model(x, positions=counted).float().log_softmax(dim=-1)  # (M, V)
    of_targets = log_probabilities.gather(1, y[counted][:, None])[:, 0]  # (M, V) -> (M,)
    rows = counted.nonzero()[:, 0]  # (M,): the row that each counted target stands in
    sums = torch.zeros(len(x), device=x.device).index_add(0, rows, of_targets)  # (M,) -> (2N,)
    return sums.view(2, -1).T  # (2N,) -> (N, 2)


def pad_pairs(pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor]:
    """`pad_examples` of all chosen answers, followed by all rejected ones."""
    return pad_examples([chosen for chosen, _ in pairs] + [rejected for _, rejected in pairs])


@torch.no_grad()
def pair_log_probabilities(model: nn.Module, pairs: Sequence[Pair], batch_size: int = 16) -> Tensor:
    """(N, 2) log-probabilities of the answers of all pairs, on the CPU. The model is not changed.

    Raises ValueError without pairs.
    """
    if not pairs:
        raise ValueError("No preference pair fits into the window: use a longer one.")
    device = next(model.parameters()).device
    found = []
    for start in range(0, len(pairs), batch_size):
        x, y, _ = pad_pairs(pairs[start : start + batch_size])
        found.append(answer_log_probabilities(model, x.to(device), y.to(device)).cpu())
    return torch.cat(found)


def encode_pairs(
    tokenizer: Tokenizer, preferences: Sequence[tuple[Instruction, Instruction]], window: int
) -> list[Pair]:
    """Pairs of which both answers fit into the window and differ; others teach nothing."""
    pairs = [(encode_task(tokenizer, a), encode_task(tokenizer, b)) for a, b in preferences]
    return [
        (chosen, rejected)
        for chosen, rejected in pairs
        if max(len(chosen.ids), len(rejected.ids)) <= window and chosen.ids != rejected.ids
    ]


def main(argv: list[str] | None = None) -> int:
    """Align the assistant with preferences; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.align_dpo", description=main.__doc__)
    parser.add_argument("--beta", type=float, default=0.1, help="how much the reference holds")
    add_finetuning_arguments(parser, "chat-dpo", DEFAULTS, base="chat", epochs=1.0, batch_size=8)
    return run_finetuning(parser, align, "loss", figures_on_test_part, argv)


def figures_on_test_part(arguments: argparse.Namespace, weights: Path) -> dict[str, float]:
    """Figures of a weight file on the test part, which decides nothing."""
    (before, tokenizer), (after, _) = load_model(arguments.base), load_model(weights)
    pairs = encode_pairs(tokenizer, load_preferences("test"), after.config.block_size)
    found = pair_log_probabilities(after, pairs)
    figures = preference_figures(found, pair_log_probabilities(before, pairs), arguments.beta)
    return {f"test {name}": value for name, value in figures.items()}


def align(arguments: argparse.Namespace, command: str) -> None:
    """Train with one seed, as parsed options say. Raises ValueError with a sentence."""
    settings = settings_from(arguments, DEFAULTS)
    if not arguments.beta > 0:
        raise ValueError(f"--beta must be above zero, not {arguments.beta}.")
    model, tokenizer = load_model(arguments.base)
    window = model.config.block_size
    pairs = encode_pairs(tokenizer, load_preferences("train"), window)
    validation = encode_pairs(tokenizer, load_preferences("validation"), window)
    lengths = [len(chosen.ids) + len(rejected.ids) - 2 for chosen, rejected in pairs]
    order = EpochOrder(lengths, arguments.batch_size, settings.seed)
    task = PreferenceTask(
        pairs,
        pair_log_probabilities(model, pairs),  # before anything learns: the reference
        validation,
        pair_log_probabilities(model, validation),
        order,
        tokenizer,
        arguments.beta,
    )
    with_adapters(model, arguments.lora_rank, settings.seed)
    run_stage(
        model,
        task,
        order.settings(settings, arguments.epochs, 4, join_processes()[1]),
        arguments,
        tokenizer=tokenizer,
        origin={
            **origin_of(arguments, command, ["instruction-data-with-preference"]),
            "beta": arguments.beta,
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
