"""The shape of a GPT-2: six numbers and the presets that name well-known choices of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

# A config also comes out of the header of a file that anyone may have made: each layer is a dozen
# names to look for there. No GPT-2 has come near these.
LARGEST = {
    "vocab_size": 1_000_000,
    "block_size": 100_000,
    "n_layer": 1_000,
    "n_head": 1_000,
    "n_embd": 100_000,
}


@dataclass(frozen=True)
class GPT2Config:
    """Hyper-parameters of one model. The defaults are OpenAI's smallest GPT-2 (124M).

    vocab_size   entries of the vocabulary, special tokens included
    block_size   the context window in tokens: the most that attention can look back
    n_layer      number of transformer blocks
    n_head       attention heads per block; must divide n_embd
    n_embd       width of the residual stream
    dropout      probability in [0, 1) of zeroing an activation, in training only
    layer_norm_epsilon   added to the variance before the square root

    Raises ValueError when a number is of the wrong kind or out of range.
    """

    vocab_size: int = 50257
    block_size: int = 1024
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    dropout: float = 0.0
    layer_norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise ValueError(
                    f"{name} must be a whole number from 1 to {most:,}, not {value!r}."
                )
        for name, low, high in (("dropout", 0.0, 0.99), ("layer_norm_epsilon", 0.0, 1.0)):
            value = getattr(self, name)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or not low <= value <= high:
                raise ValueError(f"{name} must be a number from {low} to {high}, not {value!r}.")
        if self.n_embd % self.n_head:
            raise ValueError(f"n_head {self.n_head} must divide n_embd {self.n_embd}.")

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values; `from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GPT2Config:
        """A config from parsed JSON. Raises ValueError on unknown or invalid fields."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown GPT-2 config fields: {', '.join(sorted(unknown))}.")
        return cls(**values)


# OpenAI's four sizes (Radford et al. 2019, table 2), and ours: `nano` trains on a CPU in an hour or
# two, `mini` on one GPU. Ours share a vocabulary of 8,192: with 50,257 entries the embedding
# table alone would be larger than the rest of such a small model.
PRESETS: dict[str, GPT2Config] = {
    "gpt2": GPT2Config(n_layer=12, n_head=12, n_embd=768),
    "gpt2-medium": GPT2Config(n_layer=24, n_head=16, n_embd=1024),
    "gpt2-large": GPT2Config(n_layer=36, n_head=20, n_embd=1280),
    "gpt2-xl": GPT2Config(n_layer=48, n_head=25, n_embd=1600),
    "nano": GPT2Config(vocab_size=8192, block_size=512, n_layer=6, n_head=8, n_embd=256),
    "mini": GPT2Config(vocab_size=8192, block_size=512, n_layer=8, n_head=8, n_embd=512),
}
