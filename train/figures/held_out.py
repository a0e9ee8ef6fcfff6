"""How well a language model predicts text it has not seen: bits per byte, source by source.

Loss per token depends on the tokenizer; bits per byte of text do not, so they compare models with
different vocabularies. A mixture's figure weighs each source as training does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gpt2_scratch.model import GPT2
from train.loop.losses import language_model_loss
from train.packing import TokenMixture

MICRO_BATCH_TOKENS = 4096


Nats = Callable[[Tensor, Tensor], float]


def held_out(
    model: GPT2, mixture: TokenMixture, byte_lengths: Tensor, tokens_per_source: int
) -> dict[str, dict[str, float]]:
    """`figures_of` a GPT-2 in windows as long as its context."""
    device = model.wte.weight.device

    @torch.no_grad()
    def nats(x: Tensor, y: Tensor) -> float:
        rows = max(1, MICRO_BATCH_TOKENS // x.size(1))  # windows per forward pass
        batches = zip(x.to(device).split(rows), y.to(device).split(rows), strict=True)
        return sum(language_model_loss(model, a, b).item() * b.numel() for a, b in batches)

    return figures_of(nats, mixture, byte_lengths, tokens_per_source, model.config.block_size)


def figures_of(
    nats: Nats,
    mixture: TokenMixture,
    byte_lengths: Tensor,
    tokens_per_source: int,
    block_size: int,
) -> dict[str, dict[str, float]]:
    """Source -> {"loss": nats per token, "bits_per_byte", "perplexity", "tokens"}.

    nats               inputs and targets, both int64 (rows, T) -> the summed negative
                       log-probability of the targets, for any model
    byte_lengths       (vocab_size,) bytes of text per token
    tokens_per_source  how much of each source's validation part to read, from its start
    block_size         window length; each window starts without context

    The entry "mixture" weighs the sources by their share in training; sources too small to have
    held-out text count neither there nor here. Raises ValueError if that is all of them.
    """
    figures: dict[str, dict[str, float]] = {}
    mixture_loss, mixture_bytes, covered = 0.0, 0.0, 0.0  # per token drawn from the mixture
    for name, share in zip(mixture.names, mixture.probabilities, strict=True):
        x, y = mixture.validation_windows(name, block_size, tokens_per_source)
        if len(x) == 0:  # held-out text shorter than a window
            x, y = mixture.validation_windows(name, 64, tokens_per_source)
        if len(x) == 0:
            continue
        source_nats, text_bytes = nats(x, y), int(byte_lengths[y].sum())
        figures[name] = _figures(source_nats, y.numel(), text_bytes)
        mixture_loss += share * source_nats / y.numel()
        mixture_bytes += share * text_bytes / y.numel()
        covered += share
    if not figures:
        raise ValueError("No source has held-out text as long as a window: use larger sources.")
    figures["mixture"] = _figures(mixture_loss / covered, 1, mixture_bytes / covered)
    figures["mixture"]["tokens"] = sum(f["tokens"] for n, f in figures.items() if n != "mixture")
    return figures


def _figures(nats: float, tokens: int, text_bytes: float) -> dict[str, float]:
    return {
        "loss": nats / tokens,
        "perplexity": math.exp(nats / tokens),
        "bits_per_byte": nats / math.log(2) / text_bytes,
        "tokens": tokens,
    }
