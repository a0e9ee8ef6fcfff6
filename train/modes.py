"""What the modes of `gpt2_scratch.engine.quantization` cost, measured on the shipped models.

    python -m train.modes

A mode may be a model's default only if its held-out bits per byte rise by less than 0.5 % and no
verdict of the spam test part changes but those within 0.01 of the threshold.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import GPT2Classifier, SpamClassifier, Verdict
from gpt2_scratch.engine.quantization import MODES, rounded
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.datasets import spam_split
from train.figures.held_out import held_out
from train.packing import MIXTURE, TokenMixture, pack, token_byte_lengths

NEAR = 0.01  # of the threshold: a verdict there hangs on a hair in any mode


def bits_per_byte(model: GPT2, tokenizer: Tokenizer, tokens_per_source: int) -> dict[str, float]:
    """Held-out bits per byte of the training mixture in every mode."""
    mixture = TokenMixture(pack(tokenizer), MIXTURE)
    lengths = token_byte_lengths(tokenizer)
    return {
        mode: held_out(rounded(model, mode), mixture, lengths, tokens_per_source)["mixture"][
            "bits_per_byte"
        ]
        for mode in MODES
    }


def verdicts(classifier: SpamClassifier, messages: Sequence[str]) -> dict[str, list[Verdict]]:
    """The verdicts on the messages in every mode."""
    found = {}
    for mode in MODES:
        model = GPT2Classifier(rounded(classifier.model.trunk, mode))
        model.score = classifier.model.score
        coarse = SpamClassifier(model.eval(), classifier.tokenizer, classifier.threshold)
        found[mode] = coarse.predict_batch(messages)
    return found


def changed(exact: Sequence[Verdict], coarse: Sequence[Verdict], threshold: float) -> list[int]:
    """Which messages are judged otherwise although the exact probability is not near the
    threshold."""
    return [
        i
        for i, (before, after) in enumerate(zip(exact, coarse, strict=True))
        if before.label != after.label and abs(before.spam_probability - threshold) >= NEAR
    ]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tokens-per-source", type=int, default=16_384)
    arguments = parser.parse_args(argv)
    try:
        print_table(arguments.tokens_per_source)
    except ValueError as error:
        parser.exit(1, f"{error}\n")


def print_table(tokens_per_source: int) -> None:
    """One row per mode: what it costs the base model and the spam filter."""
    classifier = SpamClassifier.from_pretrained("spam")
    messages = [message.text for message in spam_split("full_dedup")["test"]]
    found = verdicts(classifier, messages)
    bits = bits_per_byte(*load_model("base"), tokens_per_source)
    print("| mode | base, bits per byte | rise | spam verdicts changed | largest change |")
    print("|---|---|---|---|---|")
    for mode in MODES:
        rise = bits[mode] / bits["fp32"] - 1
        pairs = zip(found["fp32"], found[mode], strict=True)
        largest = max(abs(a.spam_probability - b.spam_probability) for a, b in pairs)
        count = len(changed(found["fp32"], found[mode], classifier.threshold))
        print(f"| {mode} | {bits[mode]:.4f} | {rise:.3%} | {count} of {len(messages)} | ", end="")
        print(f"{largest:.4f} |")


if __name__ == "__main__":
    main()
