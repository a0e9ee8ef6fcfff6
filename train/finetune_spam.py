"""Fine-tuning the base model into a spam classifier: the whole trunk and a new head.

    python -m train.finetune_spam
    python -m train.finetune_spam --epochs 6 --learning-rate 3e-4 --base weights/base.safetensors
    python -m train.finetune_spam --protocol book --freeze last-block    # the book's recipe
    python -m train.finetune_spam --seeds 0 1 2                          # mean and spread

Beside the SMS Spam Collection it learns from messages of today (`modern_messages.py`), and each
message is varied each time it is read (`perturbation.py`). What training cannot decide is decided
on validation messages: which evaluation's parameters stay, the temperature of the probabilities
and the threshold. The test part decides nothing.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import LABELS, GPT2Classifier, SpamClassifier, pad_batch
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.datasets import Message, spam_split
from train.figures.metrics import best_threshold, binary_metrics, fit_temperature, log_loss
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
from train.spam.modern_messages import (
    independent_check,
    modern_check,
    modern_messages,
    written_messages,
)
from train.spam.perturbation import perturb

DEFAULTS = Settings(
    optimizer="adamw",
    learning_rate=5e-4,
    warmup=0.1,
    decay=0.9,
    evaluate_every=0,
    keep_best="loss",
)
FREEZING = ("none", "last-block", "trunk")
MODERN_VALIDATION = 200  # messages of held-out templates beside the SMS validation part


@dataclass
class SpamTask:
    """Cross-entropy between ham and spam at the last token of each message, and a share of the
    language model's own loss on the messages: it keeps the trunk from forgetting what it knows of
    English, and teaches it how messages are written. Radford et al. 2018, section 3.2.

    language_model   the weight of that second loss; 0 for none
    perturbed        whether messages are varied; a function of (seed, batch number), as the order
    label_smoothing  how much of the target goes to the other class: certainty is not rewarded
    validation       messages of the SMS collection; `modern` those made from held-out templates
    """

    messages: Sequence[Message]
    order: EpochOrder
    validation: Sequence[Message]
    modern: Sequence[Message]
    tokenizer: Tokenizer
    window: int
    perturbed: bool = False
    label_smoothing: float = 0.0
    language_model: float = 0.0

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        number = index * world_size + rank
        messages = [self.messages[row] for row in self.order.batch(number)]
        texts = [message.text for message in messages]
        if self.perturbed:
            rng = random.Random(f"{self.order.seed} {number}")
            texts = [perturb(m.text, m.label, rng) for m in messages]
        ids, lengths = pad_batch([encode_message(self.tokenizer, t, self.window) for t in texts])
        return ids, lengths, torch.tensor([LABELS.index(m.label) for m in messages])

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        ids, lengths, targets = batch
        if self.language_model == 0:
            return self._verdict_loss(model(ids, lengths), targets)
        places = torch.arange(1, ids.size(1), device=ids.device)
        # (T - 1,) < (B, 1) -> (B, T - 1), False at the padding; the last column predicts nothing
        known = F.pad(places < lengths[:, None], (0, 1))  # (B, T)
        scores, logits = model(ids, lengths, known)
        next_tokens = ids.roll(-1, dims=1)[known]  # (B, T) -> (N,)
        reading = F.cross_entropy(logits.float(), next_tokens)
        return self._verdict_loss(scores, targets) + self.language_model * reading

    def _verdict_loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(scores.float(), targets, label_smoothing=self.label_smoothing)

    def tokens(self, batch: loop.Batch) -> int:
        return int(batch[1].sum())

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, GPT2Classifier)
        classifier = SpamClassifier(model, self.tokenizer)
        truth, scores = predict(classifier, [*self.validation, *self.modern])
        count = len(self.validation)
        sms = binary_metrics(truth[:count], scores[:count], classifier.threshold)
        figures = {key: sms[key] for key in ("accuracy", "f1", "roc_auc")}
        if self.modern:
            modern = binary_metrics(truth[count:], scores[count:], classifier.threshold)
            figures["modern_accuracy"] = modern["accuracy"]
        figures["loss"] = log_loss(truth, scores)
        return {key: round(value, 5) for key, value in figures.items()}

    def samples(self, model: nn.Module) -> list[str]:
        return []


def calibrate(
    model: GPT2Classifier, tokenizer: Tokenizer, messages: Sequence[Message]
) -> dict[str, float]:
    """Choose the temperature and the threshold on validation messages.

    The temperature goes into the head itself: scores divided by it are the scores of a smaller
    head. Returns both for the header.
    """
    classifier = SpamClassifier(model, tokenizer)
    temperature = fit_temperature(*predict(classifier, messages))
    with torch.no_grad():
        model.score.weight /= temperature
    threshold = best_threshold(*predict(classifier, messages))
    return {"temperature": round(temperature, 4), "threshold": round(threshold, 4)}


def encode_message(tokenizer: Tokenizer, text: str, window: int) -> list[int]:
    """The token ids that the classifier reads of a message."""
    return tokenizer.encode_typed(text)[:window]


def predict(
    classifier: SpamClassifier, messages: Sequence[Message]
) -> tuple[list[bool], list[float]]:
    """(is it spam, the spam probability) of each message, as the figures of `metrics` take them."""
    verdicts = classifier.predict_batch([message.text for message in messages])
    truth = [message.label == "spam" for message in messages]
    return truth, [verdict.spam_probability for verdict in verdicts]


def freeze(model: GPT2Classifier, what: str) -> GPT2Classifier:
    """Choose what learns besides the head: all ("none" is frozen), the last block, or nothing.

    "last-block" is the recipe of "Build a Large Language Model (From Scratch)", chapter 6: the
    last block and the final norm.
    """
    model.requires_grad_(what == "none")
    if what == "last-block":
        model.trunk.h[-1].requires_grad_(True)
        model.trunk.ln_f.requires_grad_(True)
    model.score.requires_grad_(True)
    return model


def main(argv: list[str] | None = None) -> int:
    """Train the spam classifier; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.finetune_spam", description=main.__doc__)
    parser.add_argument("--protocol", choices=("full_dedup", "book"), default="full_dedup")
    parser.add_argument("--freeze", choices=FREEZING, default="none", help="what does not learn")
    parser.add_argument(
        "--modern",
        type=int,
        default=2200,
        help="so many messages from our templates, and at most so many of those written in full",
    )
    parser.add_argument("--perturb", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument(
        "--language-model",
        type=float,
        default=0.3,
        help="weight of the loss of predicting the message's own tokens",
    )
    add_finetuning_arguments(parser, "spam", DEFAULTS, epochs=5.0, batch_size=16)
    return run_finetuning(parser, finetune, "loss", figures_on_test_part, argv)


def figures_on_test_part(arguments: argparse.Namespace, weights: Path) -> dict[str, float]:
    """Figures of a weight file on the test part, which decides nothing."""
    classifier = SpamClassifier.from_pretrained(str(weights))

    def measured(messages: Sequence[Message]) -> dict[str, float]:
        return binary_metrics(*predict(classifier, messages), classifier.threshold)

    test = measured(spam_split(arguments.protocol)["test"])
    return {
        **{f"test {key}": test[key] for key in ("accuracy", "f1", "roc_auc")},
        "modern check": measured(modern_check())["accuracy"],
        "independent check": measured(independent_check())["accuracy"],
    }


def finetune(arguments: argparse.Namespace, command: str) -> None:
    """Train with one seed, as parsed options say. Raises ValueError with a sentence."""
    settings = settings_from(arguments, DEFAULTS)
    if not 0.0 <= arguments.label_smoothing < 1.0 or arguments.modern < 0:
        raise ValueError("--label-smoothing must be from 0 to below 1, --modern not below 0.")
    if arguments.language_model < 0.0:
        raise ValueError("--language-model must not be below 0.")
    trunk, tokenizer = load_model(arguments.base)
    model = GPT2Classifier(trunk)
    if arguments.lora_rank and arguments.freeze != "none":
        raise ValueError("--lora-rank freezes the trunk itself: leave --freeze out.")
    with_adapters(model, arguments.lora_rank, settings.seed)
    model.score.requires_grad_(True)
    if not arguments.lora_rank:
        freeze(model, arguments.freeze)
    sms, data = spam_split(arguments.protocol), ["sms-spam"]
    messages = list(sms["train"])
    modern: list[Message] = []
    if arguments.modern:
        data.append("modern messages")
        messages += modern_messages("train", arguments.modern)
        messages += written_messages("train")[: arguments.modern]
        modern = modern_messages("validation", MODERN_VALIDATION) + written_messages("validation")
    window = trunk.config.block_size
    lengths = [len(encode_message(tokenizer, message.text, window)) for message in messages]
    order = EpochOrder(lengths, arguments.batch_size, settings.seed)
    task = SpamTask(
        messages,
        order,
        sms["validation"],
        modern,
        tokenizer,
        window,
        arguments.perturb,
        arguments.label_smoothing,
        arguments.language_model,
    )

    run_stage(
        model,
        task,
        order.settings(settings, arguments.epochs, world_size=join_processes()[1]),
        arguments,
        tokenizer=tokenizer,
        origin={**origin_of(arguments, command, data), "protocol": arguments.protocol},
        finish=lambda: calibrate(model, tokenizer, [*task.validation, *task.modern]),
    )


if __name__ == "__main__":
    raise SystemExit(main())
