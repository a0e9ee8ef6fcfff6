"""What attends to what: attention maps, attention rollout, one-number portraits of each head.

Two kinds of numbers describe a head: what it does on one text (`head_statistics`, and how that
differs between two models, `head_differences`), and what it can do on any (`induction_scores`).

A map says how a position weights the positions it can see: row i, column j is the share of position
i's attention that goes to position j <= i. Rows sum to 1; the causal mask makes the upper triangle
exactly 0. An attention weight is where a head looks, not by itself why the model answered as it
did (Jain and Wallace 2019, https://arxiv.org/abs/1902.10186).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from gpt2_scratch.checks import check_integer

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2
    from gpt2_scratch.vocabulary.tokenizer import Tokenizer

Array = NDArray[np.float32]


@dataclass(frozen=True)
class AttentionMaps:
    """The attention of every head on one text. Unpacks as `tokens, weights = maps`.

    tokens     T texts for display, one per token
    token_ids  T ids
    weights    (n_layer, n_head, T, T) float32, each row a distribution over its past
    """

    tokens: list[str]
    token_ids: list[int]
    weights: Array

    def __iter__(self) -> Iterator[Any]:
        yield self.tokens
        yield self.weights


@dataclass(frozen=True)
class HeadStatistics:
    """What one head does on one text, as means over the positions 1..T-1 that have a choice.

    entropy         bits, 0 to log2(T): 0 looks at one place, log2(T) at all places alike
    distance        tokens: how far back it looks, each place weighted by its attention
    previous_token  0 to 1: attention on the token just before
    first_token     0 to 1: attention on the first token, where idle heads rest their attention
                    (Xiao et al. 2023, https://arxiv.org/abs/2309.17453)
    """

    layer: int
    head: int
    entropy: float
    distance: float
    previous_token: float
    first_token: float


@torch.inference_mode()
def attention_maps(
    model: GPT2, tokenizer: Tokenizer, text: str, max_tokens: int | None = None
) -> AttentionMaps:
    """Attention maps of a text, from the plain path: the fused operator never forms them.

    Args:
        max_tokens: the longest text to accept, up to the context window, which is the default.
            Maps grow with its square: n_layer * n_head * T * T numbers of 4 bytes.

    Raises:
        ValueError: the text is empty or too long. It is not cut, as that would change the maps.
    """
    block_size = model.config.block_size
    limit = block_size
    if max_tokens is not None:
        limit = min(limit, check_integer("max_tokens", max_tokens, 1, 1_000_000))
    ids = tokenizer.encode_typed(text) if isinstance(text, str) else []
    if not ids:
        raise ValueError("The text is empty: write at least one word to see what it attends to.")
    if len(ids) > limit:
        raise ValueError(
            f"The text is {len(ids):,} tokens long, but at most {limit:,} can be shown: shorten it."
        )
    device = model.wte.weight.device
    maps = model.attention_maps(torch.tensor([ids], device=device))  # (n_layer, 1, nh, T, T)
    weights = maps[:, 0].float().cpu().numpy()  # -> (n_layer, nh, T, T)
    return AttentionMaps([tokenizer.token_text(i) for i in ids], ids, weights)


def rollout(weights: Array) -> Array:
    """Attention rollout (Abnar and Zuidema 2020, https://arxiv.org/abs/2005.00928).

    One layer's map says which positions were mixed, not which tokens: from the second layer on,
    each position is already a mixture. Rollout multiplies the layers' maps: with the heads averaged
    and half the weight given to the residual connection, entry (i, j) is the share of position i's
    final state that came from token j.

    Args:
        weights: (n_layer, n_head, T, T), the `weights` of AttentionMaps.

    Returns:
        (T, T) float32; rows sum to 1, the upper triangle is 0.
    """
    mixed = weights.mean(axis=1)  # (n_layer, nh, T, T) -> (n_layer, T, T)
    identity = np.eye(weights.shape[-1], dtype=weights.dtype)
    total = identity
    for layer in mixed:
        total = (0.5 * layer + 0.5 * identity) @ total  # (T, T) @ (T, T) -> (T, T)
    return total


def head_statistics(weights: Array) -> list[HeadStatistics]:
    """Four numbers per head: n_layer * n_head of them, layer by layer.

    Args:
        weights: (n_layer, n_head, T, T). With T = 1 no position has a choice: all numbers are 0.
    """
    n_layer, n_head, T, _ = weights.shape
    rows = weights[:, :, 1:].astype(np.float64)  # position 0 sees itself only: (L, nh, T-1, T)
    distances = np.maximum(np.arange(1, T)[:, None] - np.arange(T)[None, :], 0)  # (T-1, T)
    bits = -rows * np.log2(rows, where=rows > 0, out=np.zeros_like(rows))  # 0 log 0 is 0

    count = max(T - 1, 1)
    columns = np.stack(  # four of (L, nh) -> (L, nh, 4)
        [
            bits.sum(axis=(2, 3)) / count,
            (rows * distances).sum(axis=(2, 3)) / count,
            rows.diagonal(axis1=2, axis2=3).sum(axis=2) / count,  # row i of these is position i+1
            rows[:, :, :, 0].sum(axis=2) / count,
        ],
        axis=-1,
    )
    return [
        HeadStatistics(layer, head, *columns[layer, head].tolist())
        for layer in range(n_layer)
        for head in range(n_head)
    ]


def head_differences(weights: Array, other: Array) -> Array:
    """How differently the heads of two models read the same tokens, 0 to 1 each.

    The total variation distance between the two rows of a position, half the sum of the absolute
    differences, is the share of the attention that went elsewhere; this is its mean over the
    positions 1..T-1 that have a choice.

    Args:
        weights, other: (n_layer, n_head, T, T) each.

    Returns:
        (n_layer, n_head) float32. ValueError if the shapes differ.
    """
    if weights.shape != other.shape:
        raise ValueError(
            f"Maps of the shapes {weights.shape} and {other.shape} cannot be compared head by "
            "head: choose two models of the same size and vocabulary."
        )
    moved = 0.5 * np.abs(weights - other).sum(axis=-1)  # (L, nh, T, T) -> (L, nh, T)
    return moved[..., 1:].sum(axis=-1) / max(moved.shape[-1] - 1, 1)


@dataclass(frozen=True)
class InductionStory:
    """A token that was there before, and a head that looks at what followed it then.

    layer, head  which head
    reader       the position that looks
    first        the position where the same token stood before
    share        of the reader's attention that goes to `first + 1`, 0 to 1
    """

    layer: int
    head: int
    reader: int
    first: int
    share: float


def induction_story(
    token_ids: Sequence[int], weights: Array, scores: Array, least: float = 0.2
) -> InductionStory | None:
    """Where in a text induction is seen best: "... A B ... A", and the second A looks at B.

    A head that looks there by accident is no story: each share counts as often as the head shows
    induction in general.

    Args:
        token_ids: T of them.
        weights: (n_layer, n_head, T, T), the `weights` of AttentionMaps.
        scores: (n_layer, n_head), as `induction_scores` gives them.
        least: the share from which there is something to see.

    Returns:
        None if no token comes twice, or no head looks there.
    """
    best, strength = None, 0.0
    for reader, token in enumerate(token_ids):
        for first in range(reader - 2):  # what followed is not the token just before the reader
            if token_ids[first] != token:
                continue
            shares = weights[:, :, reader, first + 1]  # (L, nh, T, T) -> (L, nh)
            layer, head = np.unravel_index(np.argmax(shares * scores), scores.shape)
            share = float(shares[layer, head])
            if share >= least and share * scores[layer, head] > strength:
                best = InductionStory(int(layer), int(head), reader, first, share)
                strength = share * float(scores[layer, head])
    return best


@torch.inference_mode()
def induction_scores(model: GPT2, length: int = 50, sequences: int = 4, seed: int = 0) -> Array:
    """How strongly each head completes repetitions: the prefix-matching score of Olsson et al.

    `length` random tokens, all different, are read twice in a row. In the second pass an induction
    head looks at the token that came after the current one in the first pass, which is what comes
    next now: "... A B ... A" -> B. The score is the mean attention that goes there. Random tokens
    leave nothing else to go by (Olsson et al. 2022, https://arxiv.org/abs/2209.11895).

    Args:
        length: of the sequence that is repeated; cut to half the context window and to the size of
            the vocabulary.
        sequences: how many such pairs the mean is taken over.
        seed: of the random tokens.

    Returns:
        (n_layer, n_head) float32, 0 to 1.
    """
    check_integer("sequences", sequences, 1, 1_000)
    check_integer("length", length, 2, 1_000_000)
    ordinary = model.config.vocab_size - 1  # the last id is <|endoftext|>
    length = min(length, model.config.block_size // 2, ordinary)
    generator = torch.Generator().manual_seed(seed)
    device = model.wte.weight.device
    total = torch.zeros(model.config.n_layer, model.config.n_head)
    for _ in range(sequences):  # one by one: the maps of a large model fill memory
        once = torch.randperm(ordinary, generator=generator)[:length]
        maps = model.attention_maps(once.repeat(2)[None].to(device))[:, 0]  # (L, nh, 2n, 2n)
        stripe = maps.diagonal(offset=1 - length, dim1=-2, dim2=-1)  # from i to i - n + 1
        total += stripe[..., 1:].float().mean(dim=-1).cpu()  # i = n..2n-1, the second pass
    return (total / sequences).numpy()
