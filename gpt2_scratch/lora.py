"""Low-rank adapters: fine-tuning that learns one part in a hundred of a model's numbers.

A linear layer keeps its trained matrix W, frozen, and learns a correction of low rank beside it:

    y = x Wᵀ + b + (alpha / r) x Aᵀ Bᵀ        A: (r, in), B: (out, r), r far below in and out

Hu et al. 2021, https://arxiv.org/abs/2106.09685. B starts at zero, so that training starts from
the model as it is. Gradients and optimiser state exist for A and B alone, which is what makes a
large model fit; afterwards the correction can be added into W, and nothing is left to compute.

    inject(model, rank=8)   # then train: only the adapters learn
    merge(model)            # an ordinary model again
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2_scratch.model import Block

_TARGETS = (("attn", "c_attn"), ("attn", "c_proj"), ("mlp", "c_fc"), ("mlp", "c_proj"))


class LoRALinear(nn.Module):
    """A frozen linear layer with a correction of rank `rank` that learns.

    alpha scales the correction relative to the rank, so that a change of rank needs no new
    learning rate.
    """

    def __init__(
        self,
        linear: nn.Linear,
        rank: int,
        alpha: float,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.scale = alpha / rank
        weight = linear.weight
        a = torch.randn(rank, linear.in_features, generator=generator) / linear.in_features**0.5
        b = torch.zeros(linear.out_features, rank)
        self.lora_a = nn.Parameter(a.to(weight.device, weight.dtype))
        self.lora_b = nn.Parameter(b.to(weight.device, weight.dtype))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)"""
        low = F.linear(x, self.lora_a)  # (..., in) -> (..., r)
        return self.linear(x) + self.scale * F.linear(low, self.lora_b)  # (..., r) -> (..., out)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """The layer with its correction added in; the two share no further changes."""
        self.linear.weight += self.scale * self.lora_b @ self.lora_a  # (out, r) @ (r, in)
        return self.linear


def inject(
    model: nn.Module,
    rank: int,
    alpha: float | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Freeze `model` and put an adapter on each linear layer of its blocks, in place; returns it.

    model  a GPT2, or a model that contains one
    alpha  default 2 * rank

    Raises ValueError for a rank below 1, and for a model with adapters or without blocks.
    """
    blocks = _blocks(model)
    if rank < 1:
        raise ValueError(f"The rank of an adapter must be at least 1, not {rank}.")
    if not blocks or any(isinstance(m, LoRALinear) for m in model.modules()):
        raise ValueError("Adapters go on a GPT-2 that has none: merge or load it anew first.")
    model.requires_grad_(False)
    for block in blocks:
        for part, name in _TARGETS:
            owner = getattr(block, part)
            adapter = LoRALinear(getattr(owner, name), rank, alpha or 2.0 * rank, generator)
            setattr(owner, name, adapter)
    return model


def merge(model: nn.Module) -> nn.Module:
    """Add every correction into its matrix and take the adapters off, in place; returns `model`.

    A model without adapters stays as it is.
    """
    for block in _blocks(model):
        for part, name in _TARGETS:
            owner = getattr(block, part)
            if isinstance(layer := getattr(owner, name), LoRALinear):
                setattr(owner, name, layer.merged())
    return model


def _blocks(model: nn.Module) -> list[Block]:
    return [module for module in model.modules() if isinstance(module, Block)]
