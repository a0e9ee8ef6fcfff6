"""Fine-tuning the base model into a spam classifier: the whole trunk and a new head.

python -m train.finetune_spam
python -m train.finetune_spam --epochs 6 --learning-rate 3e-4 --base weights/base.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2_scratch.checkpoint import load_model
from gpt2_scratch.classifier import LABELS, GPT2Classifier, SpamClassifier, pad_batch
from gpt2_scratch.text import fold_for
from gpt2_scratch.tokenizer import Tokenizer
from train import loop
from train.datasets import Message, spam_split
from train.examples import EpochOrder
from train.metrics import binary_metrics
from train.stage import add_stage_arguments, run_command_line, run_stage

DEFAULTS = loop.Settings(
    optimizer="adamw", learning_rate=5e-4, warmup=0.1, decay=0.9, evaluate_every=0
)


@dataclass
class SpamTask:
    """Cross-entropy between ham and spam at the last token of each message."""

    encoded: Sequence[Sequence[int]]
    targets: Tensor  # (N,) int64, index into LABELS
    order: EpochOrder
    validation: Sequence[Message]
    tokenizer: Tokenizer

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        rows = self.order.batch(index * world_size + rank)
        ids, lengths = pad_batch([self.encoded[row] for row in rows])
        return ids, lengths, self.targets[rows]

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        ids, lengths, targets = batch
        return F.cross_entropy(model(ids, lengths).float(), targets)

    def tokens(self, batch: loop.Batch) -> int:
        return int(batch[1].sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, GPT2Classifier)
        metrics = evaluate_messages(SpamClassifier(model, self.tokenizer), self.validation)
        return {key: round(metrics[key], 5) for key in ("accuracy", "f1", "roc_auc")}

    def samples(self, model: nn.Module) -> list[str]:
        return []


def evaluate_messages(classifier: SpamClassifier, messages: Sequence[Message]) -> dict[str, float]:
    """`binary_metrics` of a classifier on labelled messages, spam being the positive class."""
    verdicts = classifier.predict_batch([message.text for message in messages])
    truth = [message.label == "spam" for message in messages]
    scores = [verdict.spam_probability for verdict in verdicts]
    return binary_metrics(truth, scores, classifier.threshold)


def main(argv: list[str] | None = None) -> int:
    """Train the spam classifier; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.finetune_spam", description=main.__doc__)
    parser.add_argument("--base", default="base", help="the checkpoint to start from")
    parser.add_argument("--protocol", choices=("full_dedup", "book"), default="full_dedup")
    parser.add_argument("--epochs", type=float, default=4.0, help="if no budget is given")
    parser.add_argument("--batch-size", type=int, default=16, help="messages per micro-batch")
    add_stage_arguments(parser, "spam", DEFAULTS)
    return run_command_line(parser, finetune, argv)


def finetune(arguments: argparse.Namespace, command: str) -> None:
    """Run the stage as parsed options say. Raises ValueError with a sentence for the user."""
    settings = loop.settings_from(arguments, DEFAULTS)
    trunk, tokenizer = load_model(arguments.base)
    model = GPT2Classifier(trunk).requires_grad_(True)
    split = spam_split(arguments.protocol)
    window = trunk.config.block_size
    texts = [fold_for(tokenizer, message.text) for message in split["train"]]
    encoded = [tokenizer.encode(text)[:window] for text in texts]
    targets = torch.tensor([LABELS.index(message.label) for message in split["train"]])
    order = EpochOrder([len(ids) for ids in encoded], arguments.batch_size, settings.seed)
    run_stage(
        model,
        SpamTask(encoded, targets, order, split["validation"], tokenizer),
        order.settings(settings, arguments.epochs),
        arguments,
        kind="classifier",
        config=trunk.config,
        tokenizer=tokenizer,
        tensors=lambda: {**trunk.state_dict(), "score.weight": model.score.weight},
        origin={
            "commands": [command],
            "data": "sms-spam",
            "base": arguments.base,
            "protocol": arguments.protocol,
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
