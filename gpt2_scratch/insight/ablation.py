"""What if this head were not there? Heads and layers switched off, and what changes.

A head is switched off by zeroing its part of the vector that the projection reads (Michel et al.
2019, "Are Sixteen Heads Really Better than One?", https://arxiv.org/abs/1905.10650); a layer, by
letting the stream pass it by. The change of the prediction is what they were good for on this text.

What it does not say: with one head gone, later heads see a stream that they were not trained on,
and may make up for the loss (McGrath et al. 2023, https://arxiv.org/abs/2307.15771). The effects of
single heads do not add up to the effect of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt2_scratch.checks import check_integer
from gpt2_scratch.insight.inside import (
    attention_stages,
    embeddings,
    side_by_side,
    token_batch,
)

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2


@dataclass(frozen=True)
class Outcome:
    """What a model says next.

    logits     (V,) float32, of the token after the text
    token_ids  a greedy continuation
    """

    logits: Tensor
    token_ids: list[int]


@dataclass(frozen=True)
class Effects:
    """What each part does for the likeliest next token, as a change of its log-probability.

    token_id         that token
    log_probability  of it, with everything on; nats
    heads            (n_layer, n_head): the change with this head off. Below 0 it was needed: its
                     absence costs probability
    layers           (n_layer,): the change with this whole layer skipped
    """

    token_id: int
    log_probability: float
    heads: Tensor
    layers: Tensor


@torch.inference_mode()
def ablate(
    model: GPT2,
    token_ids: Sequence[int],
    heads: Iterable[tuple[int, int]] = (),
    layers: Iterable[int] = (),
    new_tokens: int = 10,
) -> tuple[Outcome, Outcome]:
    """The model as it is, and with parts of it switched off, on the same text in one batch.

    Args:
        token_ids: 1 to block_size of them; of a text that grows beyond, the end is read.
        heads: (layer, head) each, counted from 0.
        layers: counted from 0.
        new_tokens: how long the continuations are, 0 to block_size.

    Returns:
        untouched and ablated.

    Raises:
        ValueError: an argument is out of range.
    """
    n_layer, n_head = model.config.n_layer, model.config.n_head
    check_integer("new_tokens", new_tokens, 0, model.config.block_size)
    ids = token_batch(model, token_ids).repeat(2, 1)  # (1, T) -> (2, T)
    heads_on = torch.ones(2, n_layer, n_head, device=ids.device)
    layers_on = torch.ones(2, n_layer, dtype=torch.bool, device=ids.device)
    for layer, head in heads:
        place = check_integer("layer", layer, 0, n_layer - 1)
        heads_on[1, place, check_integer("head", head, 0, n_head - 1)] = 0
    for layer in layers:
        layers_on[1, check_integer("layer", layer, 0, n_layer - 1)] = False

    first = logits = _switched_logits(model, ids, heads_on, layers_on)  # (2, V)
    for written in range(1, new_tokens + 1):
        ids = torch.cat([ids, logits.argmax(dim=-1, keepdim=True)], dim=1)  # (2, T) -> (2, T + 1)
        if written < new_tokens:
            window = ids[:, -model.config.block_size :]
            logits = _switched_logits(model, window, heads_on, layers_on)
    untouched, ablated = ids[:, len(token_ids) :].tolist()
    return Outcome(first[0], untouched), Outcome(first[1], ablated)


@torch.inference_mode()
def effects(model: GPT2, token_ids: Sequence[int]) -> Effects:
    """Switch off each head alone and skip each layer alone, all in one batch.

    Until the layer in question such a text is the untouched one, so it joins the batch there: half
    the work of reading n_layer * (n_head + 1) texts from their start.

    Args:
        token_ids: 1 to block_size of them.
    """
    n_head = model.config.n_head
    tokens, positions = embeddings(model, token_batch(model, token_ids))
    x = tokens + positions  # (1, T, C) + (T, C) -> (1, T, C): the untouched text
    joining = n_head + 1  # n_head texts that lose a head of this layer, and one that skips it
    one_off = 1 - torch.eye(joining, n_head, device=x.device)  # its last row is without a 0
    for block in model.h:
        on = torch.cat([torch.ones(len(x), n_head, device=x.device), one_off])
        x = torch.cat([x, x[:1].expand(joining, -1, -1)])  # (B, T, C) -> (B + joining, T, C)
        after = _switched_block(block, x, on)
        after[-1] = x[-1]  # a skipped layer adds nothing to the stream
        x = after
    log_probabilities = _output(model, x).log_softmax(dim=-1)  # (B, V)
    predicted = int(log_probabilities[0].argmax())
    of_it = log_probabilities[:, predicted].cpu()  # (B, V) -> (B,)
    change = (of_it[1:] - of_it[0]).view(-1, joining)  # -> (n_layer, n_head + 1)
    return Effects(predicted, float(of_it[0]), heads=change[:, :-1], layers=change[:, -1])


def _switched_logits(model: GPT2, ids: Tensor, heads_on: Tensor, layers_on: Tensor) -> Tensor:
    """The forward pass of model.py on (B, T) ids, with parts switched off: (B, V) logits.

    heads_on   (B, n_layer, n_head) float: 1 is on, 0 is off
    layers_on  (B, n_layer) bool
    """
    tokens, positions = embeddings(model, ids)
    x = tokens + positions  # (B, T, C) + (T, C) -> (B, T, C)
    for layer, block in enumerate(model.h):
        after = _switched_block(block, x, heads_on[:, layer])
        x = torch.where(layers_on[:, layer, None, None], after, x)  # (B,) -> (B, 1, 1) against x
    return _output(model, x)


def _switched_block(block: Any, x: Tensor, on: Tensor) -> Tensor:
    """One block on (B, T, C), its heads multiplied by `on` (B, n_head)."""
    heads = attention_stages(block.attn, block.ln_1(x)).heads  # (B, nh, T, hs)
    heads = heads * on[:, :, None, None]  # (B, nh) -> (B, nh, 1, 1)
    x = x + block.attn.c_proj(side_by_side(heads))
    return x + block.mlp(block.ln_2(x))


def _output(model: GPT2, x: Tensor) -> Tensor:
    """(B, T, C) -> (B, V) float32 logits of the last position."""
    last = model.ln_f(x[:, -1])  # (B, T, C) -> (B, C)
    return F.linear(last, model.wte.weight).float()  # (B, C) @ (C, V) -> (B, V)
