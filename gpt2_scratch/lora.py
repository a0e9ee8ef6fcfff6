"""Low-rank adapters: fine-tuning that learns one part in a hundred of a model's numbers.

A linear layer keeps its trained matrix W, frozen, and learns a correction of low rank beside it:

    y = x Wᵀ + b + (alpha / r) x Aᵀ Bᵀ        A: (r, in), B: (out, r), r far below in and out

Hu et al. 2021, https://arxiv.org/abs/2106.09685. B starts at zero, so that training starts from
the model as it is. Gradients and optimiser state exist for A and B alone, which is what makes a
large model fit; afterwards the correction can be added into W, and nothing is left to compute.

    inject(model, rank=8)                # then train: only the adapters learn
    save_adapters("style.safetensors", model)
    merge(model)                         # an ordinary model again

    load_adapters("style.safetensors", other)   # on top of the same base
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import check_is_weights, write_tensors
from gpt2_scratch.model import Block

FORMAT = "gpt2_scratch-lora/1"
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


# --- adapters as a file ------------------------------------------------------------------------


def save_adapters(
    path: str | Path, model: nn.Module, metadata: Mapping[str, str] | None = None
) -> None:
    """Write what learns in `model`, the adapters and maybe a head, as one small safetensors file.

    Raises ValueError if the model has no adapters.
    """
    adapters = [module for module in model.modules() if isinstance(module, LoRALinear)]
    if not adapters:
        raise ValueError("There are no adapters to save: inject them and train first.")
    rank = adapters[0].lora_a.size(0)
    tensors = {name: p.detach().cpu().contiguous() for name, p in _learning(model)}
    header = {
        **(metadata or {}),
        "format": FORMAT,
        "rank": json.dumps(rank),
        "alpha": json.dumps(adapters[0].scale * rank),
    }
    write_tensors(Path(path), tensors, header)


def load_adapters(path: str | Path, model: nn.Module) -> nn.Module:
    """Put the adapters of a file on top of `model`, which is frozen beside them; returns it.

    `merge` then makes it an ordinary model. Raises CheckpointError, in one sentence, for a file
    that is missing, damaged, no adapter file, or made for a model of another shape.
    """
    path = Path(path)
    check_is_weights(path)
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            if header.get("format") != FORMAT:
                raise CheckpointError(f"{path} does not hold adapters: use `load_model` for it.")
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            rank, alpha = int(json.loads(header["rank"])), float(json.loads(header["alpha"]))
            _check_fits(path, model, shapes, rank)
            tensors = {name: file.get_tensor(name) for name in shapes}
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is truncated or not a safetensors file ({error}); fetch it again."
        ) from error
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} has a damaged header; fetch it again.") from error
    inject(model, rank, alpha)
    model.load_state_dict(tensors, strict=False)  # the rest is the base's
    return model


def _learning(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def _check_fits(
    path: Path, model: nn.Module, found: Mapping[str, tuple[int, ...]], rank: int
) -> None:
    """Compare with the shapes that `model` with adapters would have, before it gets them."""
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    expected: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        layer, _, kind = name.rpartition(".")
        if kind == "weight" and layer.endswith(tuple(target for _, target in _TARGETS)):
            expected |= {f"{layer}.lora_a": (rank, shape[1]), f"{layer}.lora_b": (shape[0], rank)}
    heads = {name: shape for name, shape in found.items() if name not in expected}
    if (
        not expected
        or expected | heads != found
        or any(shapes.get(n) != s for n, s in heads.items())
    ):
        raise CheckpointError(
            f"{path} holds adapters of rank {rank} for a model of another shape; load the model "
            "that they were trained on."
        )
