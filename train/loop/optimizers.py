"""Which optimiser learns which parameter of a model."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW, Optimizer

from train.loop.muon import Muon
from train.loop.settings import Settings


def make_optimizers(model: nn.Module, settings: Settings) -> list[Optimizer]:
    """One or two optimisers that share the parameters of a model between them.

    Muon, if chosen, takes the matrices inside the blocks. AdamW takes the embeddings (each row is
    a vector of its own, not a map between spaces), a classifier's head, adapters, norms and
    biases. Weight decay is for matrices: pulling a bias or a norm towards zero regularises nothing.
    """
    hidden, other_matrices, vectors = [], [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.dim() != 2:
            vectors.append(parameter)
        elif settings.optimizer == "muon" and ".h." in f".{name}" and "lora_" not in name:
            hidden.append(parameter)
        else:
            other_matrices.append(parameter)
    groups = [
        {"params": other_matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers: list[Optimizer] = []
    if groups:
        optimizers.append(AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95), fused=True))
    if hidden:
        decay = settings.weight_decay
        optimizers.append(Muon(hidden, lr=settings.muon_learning_rate, weight_decay=decay))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]  # what the schedule's factor multiplies
    return optimizers
