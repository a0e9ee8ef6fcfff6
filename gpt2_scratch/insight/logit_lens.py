"""The logit lens: what the model would answer if it stopped after each layer.

Every block adds to one stream of vectors, and the output layer reads the stream's last state. It
can read the earlier states just as well, through the same final norm, and shows a guess take shape
from layer to layer (nostalgebraist 2020, "interpreting GPT: the logit lens",
https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru).

The early layers do not have to write in the output's terms, so a strange guess there says little;
the tuned lens (Belrose et al. 2023, https://arxiv.org/abs/2303.08112) trains a translation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from gpt2_scratch.checks import check_integer

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2


@dataclass(frozen=True)
class LogitLens:
    """The guesses for the next token at every depth and position, the likeliest first.

    Depth 0 is the embedding, before any layer; depth n_layer is the model's own answer.

    token_ids      (n_layer + 1, T, k) int64
    probabilities  (n_layer + 1, T, k) float32
    """

    token_ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]


@torch.inference_mode()
def logit_lens(model: GPT2, token_ids: list[int], k: int = 5) -> LogitLens:
    """Read the stream after every layer as if it were the last.

    Args:
        token_ids: 1 to block_size of them.
        k: how many guesses per place, 1 to vocab_size.

    Raises:
        ValueError: no tokens, or more than the context window holds.
    """
    check_integer("k", k, 1, model.config.vocab_size)
    if not 1 <= len(token_ids) <= model.config.block_size:
        raise ValueError(
            f"The lens reads 1 to {model.config.block_size:,} tokens, not {len(token_ids):,}."
        )
    ids = torch.tensor([token_ids], device=model.wte.weight.device)  # (1, T)
    positions = torch.arange(ids.size(1), device=ids.device)
    x = model.wte(ids) + model.wpe(positions)  # (1, T, C) + (T, C) -> (1, T, C)
    guesses = [_guesses(model, x, k)]
    for block in model.h:
        x = block(x)
        guesses.append(_guesses(model, x, k))
    probabilities, tokens = zip(*guesses, strict=True)  # n_layer + 1 of (T, k) each
    return LogitLens(torch.stack(tokens).numpy(), torch.stack(probabilities).numpy())


def _guesses(model: GPT2, x: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities and ids of the k likeliest next tokens, (T, k) each."""
    logits = F.linear(model.ln_f(x[0]), model.wte.weight)  # (T, C) @ (C, V) -> (T, V)
    top = F.softmax(logits.float(), dim=-1).topk(k)
    return top.values.cpu(), top.indices.cpu()
