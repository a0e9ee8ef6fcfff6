"""Rows: one forward pass over tokens of many sequences, each at its own position.

A batch for training is a rectangle, texts of one length side by side. A server has no such luck: at
any moment one visitor's text is 12 tokens long, another's 300, and a third has just sent a prompt
that nobody has read yet. So a pass takes a list of rows. A row is one token of one sequence: its
id, the slot of the cache where that sequence lives, and its position there. Decoding contributes
one row per sequence, reading a prompt as many as one likes, and both go into the same pass.

`RowModel` is what the engine asks of a model. There are two: `TorchRows` here, made of the parts of
model.py and meant for reading and for machines without a compiler, and `native.NativeGPT2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2, Block, CausalSelfAttention, causal_mask


class RowModel(Protocol):
    """A language model that computes rows."""

    config: GPT2Config

    @property
    def cache_dtype(self) -> torch.dtype:
        """What its keys and values are kept in."""

    def forward_rows(
        self,
        tokens: Sequence[int],
        slots: Sequence[int],
        positions: Sequence[int],
        cache: KVCache,
        wanted: Sequence[int],
    ) -> Tensor:
        """Logits (len(wanted), vocab_size) float32 of the rows whose numbers are in `wanted`.

        tokens, slots, positions  one of each per row; the rows of a sequence stand together, their
                                  positions rise by one and continue what its slot holds
        cache                     of as many sequences as there are slots; gets the rows' keys and
                                  values. Its `length` has no meaning here: each slot has its own.

        Raises ValueError for an id, slot or position out of range.
        """


class TorchRows:
    """The rows of a GPT2 by PyTorch's operators, on any device.

    Products of matrices run over all rows at once. Attention goes sequence by sequence.
    """

    def __init__(self, model: GPT2) -> None:
        self.model, self.config = model, model.config
        self.cache_dtype = model.cache_dtype

    def forward_rows(
        self,
        tokens: Sequence[int],
        slots: Sequence[int],
        positions: Sequence[int],
        cache: KVCache,
        wanted: Sequence[int],
    ) -> Tensor:
        """See `RowModel`."""
        model, device = self.model, self.model.wte.weight.device
        sequences = _sequences(slots, positions)
        x = model.wte(torch.tensor(tokens, device=device))  # (R,) -> (R, C)
        x = x + model.wpe(torch.tensor(positions, device=device))  # (R, C)
        for layer, block in enumerate(cast(list[Block], list(model.h))):
            keys, values = cache.keys[layer], cache.values[layer]  # (slots, nh, max_length, hs)
            x = x + self._attention(block.attn, block.ln_1(x), sequences, keys, values)
            x = x + block.mlp(block.ln_2(x))
        x = model.ln_f(x[torch.tensor(wanted, device=device)])  # (R, C) -> (W, C)
        return F.linear(x, model.wte.weight).float()  # (W, C) @ (C, V) -> (W, V)

    @staticmethod
    def _attention(
        attention: CausalSelfAttention,
        x: Tensor,
        sequences: list[tuple[int, int, int]],
        keys: Tensor,
        values: Tensor,
    ) -> Tensor:
        R, C = x.shape
        heads = attention.c_attn(x).view(R, 3, attention.n_head, attention.head_dim)
        q, k, v = heads.transpose(0, 2).unbind(1)  # (R, 3, nh, hs) -> three of (nh, R, hs)
        gathered, start = [], 0
        for slot, seen, count in sequences:
            new, end = slice(start, start + count), seen + count
            keys[slot, :, seen:end] = k[:, new]
            values[slot, :, seen:end] = v[:, new]
            y = F.scaled_dot_product_attention(
                q[:, new],
                keys[slot, :, :end],
                values[slot, :, :end],
                attn_mask=None if count == 1 else causal_mask(count, end, x.device),
            )  # (nh, count, hs)
            gathered.append(y)
            start += count
        y = torch.cat(gathered, dim=1).transpose(0, 1).reshape(R, C)  # (nh, R, hs) -> (R, C)
        return attention.c_proj(y)


def _sequences(slots: Sequence[int], positions: Sequence[int]) -> list[tuple[int, int, int]]:
    """(slot, position of its first row, number of rows) of each sequence, in order."""
    firsts = []
    row = 0
    for slot, group in groupby(slots):
        count = len(list(group))
        firsts.append((slot, positions[row], count))
        row += count
    return firsts
