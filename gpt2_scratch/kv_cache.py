"""KVCache: the keys and values of the tokens already read, so that no token is read twice.

In a causal model the keys and values of a position never change once later tokens arrive.
Keeping them makes one decode step cost one token of work in place of the whole sequence.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gpt2_scratch.config import GPT2Config


class KVCache:
    """Preallocated keys and values for `batch_size` sequences of equal length.

    keys, values   (n_layer, B, n_head, max_length, head_dim), of `dtype` on `device`
    length         positions filled so far, the same for each sequence of the batch

    The buffers are allocated once and written in place: growing them with `torch.cat` would copy
    the whole history for every token.
    """

    def __init__(
        self,
        config: GPT2Config,
        batch_size: int = 1,
        max_length: int | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.max_length = config.block_size if max_length is None else max_length
        if not 1 <= self.max_length <= config.block_size:
            raise ValueError(
                f"max_length must be from 1 to the block size {config.block_size}, "
                f"not {self.max_length}."
            )
        shape = (config.n_layer, batch_size, config.n_head, self.max_length, config.head_dim)
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.length = 0

    def update(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write one layer's new keys and values, and return all of that layer so far.

        k, v: (B, n_head, T, head_dim) of the T new positions; the result is a pair of views
        (B, n_head, length + T, head_dim). `length` itself moves in `advance`, once all layers
        have written. Raises ValueError when the new tokens do not fit.
        """
        end = self.length + k.size(2)
        if end > self.max_length:
            raise ValueError(f"The cache holds {self.max_length} positions; {end} were asked for.")
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, n: int) -> None:
        """Count `n` new positions as filled."""
        self.length += n

    def reset(self) -> None:
        """Forget everything; the memory is kept for the next prompt."""
        self.length = 0

    def reorder(self, beam_indices: Tensor) -> None:
        """Let sequence i continue from what was sequence beam_indices[i]; (B,) int64."""
        filled = slice(0, self.length)
        self.keys[:, :, :, filled] = self.keys[:, beam_indices, :, filled]
        self.values[:, :, :, filled] = self.values[:, beam_indices, :, filled]
