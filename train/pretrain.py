"""Pretraining: next-token prediction on the corpus, from random weights to `weights/base`.

    python -m train.pretrain --preset nano --minutes 60
    python -m train.pretrain --preset nano --minutes 60 --resume
    torchrun --nproc-per-node 8 -m train.pretrain --preset gpt2 --corpus fineweb-edu-10B \\
        --tokens 10B
    torchrun --nproc-per-node 8 -m train.pretrain --preset gpt2-xl --tokens 1B --shard

Two options save time where it is short: `--n-layer 2 --block-size 128` trains a shallow model
first, which `--init-from` then grows to the preset's depth; `--windows 256 512` alternates between
window lengths, since short windows are cheaper and long ones teach the late positions.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gpt2_scratch.checkpoints.format import build_model, read_checkpoint
from gpt2_scratch.config import PRESETS
from gpt2_scratch.generation import generate
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.held_out import held_out
from train.loop import loop
from train.loop.growth import grow
from train.loop.log import Snapshots
from train.loop.losses import language_model_loss
from train.loop.settings import Settings, settings_from
from train.loop.snapshots import MOMENTS, take_snapshot
from train.loop.stage import add_stage_arguments, lineage, run_command_line, run_stage
from train.packing import MIXTURE, TokenMixture, pack, token_byte_lengths
from train.web_corpus import WEB_CORPORA, add_web_corpus_arguments, pack_web_corpus, shares

DEFAULTS = Settings()
SAMPLE_PROMPTS = ("Once upon a time, there was a little", "The city of", "User: Hello!\n")


@dataclass
class LanguageModelling:
    """The pretraining task: random windows of the mixture.

    batch_tokens  per process and micro-batch
    windows       window lengths in tokens; micro-batch i has the length windows[i % len(windows)]
    byte_lengths  (vocab_size,) bytes of text per token
    """

    mixture: TokenMixture
    tokenizer: Tokenizer
    batch_tokens: int
    windows: Sequence[int]
    byte_lengths: Tensor

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        window = self.windows[index % len(self.windows)]
        rows = max(1, self.batch_tokens // window)
        return self.mixture.batch(index, rows, window, rank, world_size)

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        return language_model_loss(model, *batch)

    def tokens(self, batch: loop.Batch) -> int:
        return batch[0].numel()

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, GPT2)
        figures = held_out(model, self.mixture, self.byte_lengths, tokens_per_source=2048)
        return {key: round(figures["mixture"][key], 5) for key in ("loss", "bits_per_byte")}

    def samples(self, model: nn.Module) -> list[str]:
        assert isinstance(model, GPT2)
        return [
            prompt + generate(model, self.tokenizer, prompt, max_new_tokens=40, seed=0)
            for prompt in SAMPLE_PROMPTS
        ]

    def snapshot(self, model: nn.Module) -> dict[str, Any]:
        """`take_snapshot` with the held-out figures."""
        assert isinstance(model, GPT2)
        return take_snapshot(model, self.tokenizer, self.evaluate(model))


def main(argv: list[str] | None = None) -> int:
    """Train the base model; see the module's first lines for examples."""
    parser = argparse.ArgumentParser(prog="python -m train.pretrain", description=main.__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="nano")
    parser.add_argument("--n-layer", type=int, help="override the preset's depth")
    parser.add_argument("--vocab-size", type=int, help="override the preset's vocabulary")
    parser.add_argument("--block-size", type=int, help="override the preset's context window")
    parser.add_argument(
        "--corpus",
        choices=("mixture", *WEB_CORPORA),
        default="mixture",
        help="our mixture, or a corpus of the Hub (see python -m train.web_corpus)",
    )
    add_web_corpus_arguments(parser)
    parser.add_argument("--batch-tokens", type=int, default=4096, help="tokens per micro-batch")
    parser.add_argument("--windows", type=int, nargs="+", help="default: the context window")
    parser.add_argument("--init-from", type=Path, help="grow this smaller checkpoint first")
    add_stage_arguments(parser, "base", DEFAULTS)
    return run_command_line(parser, pretrain, argv)


def pretrain(arguments: argparse.Namespace, command: str) -> None:
    """Run the stage as parsed options say. Raises ValueError with a sentence for the user."""
    settings = settings_from(arguments, DEFAULTS)
    names = ("n_layer", "vocab_size", "block_size")
    overrides = {name: getattr(arguments, name) for name in names}
    config = dataclasses.replace(
        PRESETS[arguments.preset], **{k: v for k, v in overrides.items() if v is not None}
    )
    windows = arguments.windows or [config.block_size]
    if not all(1 <= window <= config.block_size for window in windows):
        raise ValueError(f"Windows must be from 1 to the context window, {config.block_size}.")
    tokenizer = Tokenizer.load("gpt2" if config.vocab_size == 50257 else "simple")
    if tokenizer.vocab_size != config.vocab_size:
        raise ValueError(
            f"The model has {config.vocab_size} embeddings and the vocabulary "
            f"{tokenizer.vocab_size} entries: give --vocab-size {tokenizer.vocab_size}."
        )
    if arguments.corpus == "mixture":
        mixture, data = TokenMixture(pack(tokenizer), MIXTURE, settings.seed), MIXTURE
    else:
        corpus = WEB_CORPORA[arguments.corpus]
        packed = pack_web_corpus(
            corpus, tokenizer, files=arguments.files, workers=arguments.workers
        )
        mixture, data = TokenMixture(packed, shares(packed), settings.seed), {corpus.origin(): 1.0}

    model = GPT2(config).init_weights(torch.Generator().manual_seed(settings.seed))
    commands, tokens_before = [command], 0
    if arguments.init_from:
        source = read_checkpoint(arguments.init_from)
        model = grow(build_model(source.config, source.tensors), model)
        commands, tokens_before = lineage(source.metadata, command)
    task = LanguageModelling(
        mixture, tokenizer, arguments.batch_tokens, windows, token_byte_lengths(tokenizer)
    )
    run_stage(
        model,
        task,
        settings,
        arguments,
        tokenizer=tokenizer,
        origin={"commands": commands, "data": data},
        tokens_before=tokens_before,
        snapshots=Snapshots(MOMENTS, task.snapshot),
    )


if __name__ == "__main__":
    raise SystemExit(main())
