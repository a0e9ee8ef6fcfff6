"""One prediction from the inside: the forward pass of model.py, with every step kept.

    ids -> wte + wpe -> n_layer x Block -> ln_f -> @ wte.T -> logits

Each block reads a normalised copy of one stream of vectors and adds to it, first what its heads
have gathered from other positions, then what its MLP has made of each position. That picture of a
"residual stream", which layers read from and write to, is that of Elhage et al. 2021,
https://transformer-circuits.pub/2021/framework/index.html.

The steps are those of model.py, written out once more, because a model that serves many visitors
is no place for hooks. The tests hold the two equal: the logits are the model's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt2_scratch.model import causal_mask

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2, CausalSelfAttention


@dataclass(frozen=True)
class AttentionStages:
    """What n_head heads of one layer compute. Shapes without the batch, float32.

    queries, keys, values  (nh, T, hs): what a position looks for, offers, and hands over
    scores                 (nh, T, T): row i, column j is q_i . k_j / sqrt(hs), not masked yet
    weights                (nh, T, T): softmax of the masked scores; each row sums to 1
    heads                  (nh, T, hs): the values, averaged with these weights
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    scores: Tensor
    weights: Tensor
    heads: Tensor


@dataclass(frozen=True)
class BlockStages:
    """What one block does to the stream. (T, C) where nothing else is said, float32.

    stream           what enters
    ln_1             its normalised copy, which attention reads
    attention        the heads' queries, keys, values, scores, weights and results
    projection       what attention writes into the stream
    after_attention  stream + projection
    ln_2             its normalised copy, which the MLP reads
    neurons          (T, 4C): the MLP's inner values, after GELU
    mlp              what the MLP writes into the stream
    after_mlp        after_attention + mlp, which leaves the block
    """

    stream: Tensor
    ln_1: Tensor
    attention: AttentionStages
    projection: Tensor
    after_attention: Tensor
    ln_2: Tensor
    neurons: Tensor
    mlp: Tensor
    after_mlp: Tensor


@dataclass(frozen=True)
class Inside:
    """Every stage of one forward pass over T tokens, float32.

    token_ids            T ids
    token_embeddings     (T, C): the row of `wte` of each token
    position_embeddings  (T, C): the row of `wpe` of each position
    blocks               n_layer of them
    ln_f                 (T, C): the stream after the final norm
    logits               (T, V): a score for each token that may come next, after each position
    """

    token_ids: list[int]
    token_embeddings: Tensor
    position_embeddings: Tensor
    blocks: list[BlockStages]
    ln_f: Tensor
    logits: Tensor


@torch.inference_mode()
def inside(model: GPT2, token_ids: Sequence[int]) -> Inside:
    """Read a text and keep what every stage computes.

    Args:
        token_ids: 1 to block_size of them. What is kept grows with n_layer * T * (14 C + 3 T nh):
            keep texts short.

    Raises:
        ValueError: no tokens, or more than the context window holds.
    """
    ids = token_batch(model, token_ids)  # (1, T)
    tokens, positions = embeddings(model, ids)
    x = tokens + positions  # (1, T, C) + (T, C) -> (1, T, C)
    blocks = []
    for block in model.h:
        blocks.append(_block_stages(block, x))
        x = blocks[-1].after_mlp[None]  # (T, C) -> (1, T, C)
    final = model.ln_f(x)
    logits = F.linear(final, model.wte.weight)  # (1, T, C) @ (C, V) -> (1, T, V)
    return Inside(list(token_ids), tokens[0], positions, blocks, final[0], logits[0])


def _block_stages(block: Any, stream: Tensor) -> BlockStages:
    """One block of the model on a stream (1, T, C)."""
    ln_1 = block.ln_1(stream)
    attention = attention_stages(block.attn, ln_1)
    projection = block.attn.c_proj(side_by_side(attention.heads))
    after_attention = stream + projection
    ln_2 = block.ln_2(after_attention)
    neurons = block.mlp.gelu(block.mlp.c_fc(ln_2))  # (1, T, C) -> (1, T, 4C)
    mlp = block.mlp.c_proj(neurons)  # (1, T, 4C) -> (1, T, C)
    return BlockStages(
        stream=stream[0],  # (1, T, C) -> (T, C), and so on
        ln_1=ln_1[0],
        attention=AttentionStages(*(stage[0] for stage in vars(attention).values())),
        projection=projection[0],
        after_attention=after_attention[0],
        ln_2=ln_2[0],
        neurons=neurons[0],
        mlp=mlp[0],
        after_mlp=(after_attention + mlp)[0],
    )


def attention_stages(attn: CausalSelfAttention, x: Tensor) -> AttentionStages:
    """All heads of a layer on its normalised input (B, T, C); each stage has the batch in front."""
    B, T, C = x.shape
    queries, keys, values = (
        # (B, T, C) -> (B, T, nh, hs) -> (B, nh, T, hs): each head gets its own part
        part.view(B, T, attn.n_head, attn.head_dim).transpose(1, 2)
        for part in attn.c_attn(x).split(C, dim=2)  # (B, T, 3C) -> three of (B, T, C)
    )
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(attn.head_dim)  # -> (B, nh, T, T)
    hidden = ~causal_mask(T, T, x.device)
    weights = F.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1)
    heads = weights @ values  # (B, nh, T, T) @ (B, nh, T, hs) -> (B, nh, T, hs)
    return AttentionStages(queries, keys, values, scores, weights, heads)


def side_by_side(heads: Tensor) -> Tensor:
    """The results of all heads as one vector per position: (B, nh, T, hs) -> (B, T, C)."""
    return heads.transpose(1, 2).flatten(2)


def embeddings(model: GPT2, ids: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T) ids -> the vector of each token (B, T, C), and that of each position (T, C)."""
    positions = torch.arange(ids.size(1), device=ids.device)  # (T,)
    return model.wte(ids), model.wpe(positions)


def token_batch(model: GPT2, token_ids: Sequence[int]) -> Tensor:
    """Ids as a batch of one text, (1, T). ValueError if they do not fit into the window."""
    if not 1 <= len(token_ids) <= model.config.block_size:
        raise ValueError(
            f"The model reads 1 to {model.config.block_size:,} tokens, not {len(token_ids):,}."
        )
    return torch.tensor([list(token_ids)], device=model.wte.weight.device)


@dataclass(frozen=True)
class Neuron:
    """A neuron of an MLP and what it says at one position.

    index       0 to 4 C - 1
    activation  its value after GELU
    token_ids   the tokens whose logits its output raises most, the most raised first
    """

    index: int
    activation: float
    token_ids: list[int]


@torch.inference_mode()
def active_neurons(
    model: GPT2, layer: int, neurons: Tensor, count: int = 8, tokens: int = 5
) -> list[list[Neuron]]:
    """The neurons that fire most at each position, and the words that they write.

    A neuron writes its activation times one column of `c_proj` into the stream. Read by the output
    layer as if it were all that is there, that column says which tokens the neuron speaks for
    (Geva et al. 2022, https://arxiv.org/abs/2203.14680).

    Args:
        neurons: (T, 4C), the `neurons` of BlockStages.

    Returns:
        for each position up to `count` of them, by falling activation.
    """
    strongest = neurons.topk(min(count, neurons.size(1)))  # two of (T, count)
    block: Any = model.h[layer]
    written = block.mlp.c_proj.weight.t()[strongest.indices]  # (4C, C) -> (T, count, C)
    logits = F.linear(written * model.ln_f.weight, model.wte.weight)  # -> (T, count, V)
    raised = logits.topk(min(tokens, logits.size(-1))).indices  # (T, count, tokens)
    return [
        [Neuron(*row) for row in zip(*position, strict=True)]
        for position in zip(
            strongest.indices.tolist(), strongest.values.tolist(), raised.tolist(), strict=True
        )
    ]
