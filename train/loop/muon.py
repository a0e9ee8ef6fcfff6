"""Muon: momentum whose step is made orthogonal, for the hidden matrices of a network.

Keller Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. A matrix of gradients has a
few large singular values and many small ones; AdamW follows the large ones. Muon replaces the
matrix by the nearest one whose singular values are all about 1, so that every direction learns.

torch.optim.Muon does the same in bfloat16, always, one matrix at a time. On processors without
bfloat16 arithmetic that takes three times as long as float32 and eats what Muon gains, so this one
works in the dtype of the gradient; and it takes all matrices of one shape at once, as those of a
small model do not keep a processor busy one by one. `tests/training/test_loop.py` holds the two
equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from train.loop.parallel import shard_like, whole


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """The orthogonal matrix nearest to each matrix, roughly: singular values end up in [0.7, 1.2].

    Newton-Schulz iteration with the quintic of the Muon post, which needs matrix products only
    and no singular value decomposition. matrices: (N, rows, columns), returned in the same shape.

    A step of it is x -> p x with p = a + b g + c g^2 and g = x x^T. As p is made of g, the next g
    is p g p: it can be had without x. So the steps are taken on g, which is small, and x meets the
    product of all p at the end, which takes half of the time for matrices four times as wide.
    """
    a, b, c = 3.4445, -4.7750, 2.0315

    def polynomial(g: Tensor) -> Tensor:
        p = torch.baddbmm(g, g, g, beta=b, alpha=c)
        p.diagonal(dim1=-2, dim2=-1).add_(a)
        return p

    is_wide = matrices.size(1) <= matrices.size(2)
    norms = matrices.norm(dim=(-2, -1), keepdim=True)  # (N, 1, 1)
    x = matrices / norms.clamp(min=1e-7)  # all singular values into [0, 1]
    gram = x @ x.mT if is_wide else x.mT @ x  # the smaller of the two: (N, least, least)
    p = product = polynomial(gram)
    for _ in range(steps - 1):
        gram = p @ gram @ p
        p = polynomial(gram)
        product = p @ product
    return product @ x if is_wide else x @ product.mT


class Muon(Optimizer):
    """SGD with Nesterov momentum and orthogonal steps, for 2-D parameters only.

    lr is the size of a step relative to an orthogonal matrix, scaled by sqrt(max(1, rows/columns))
    as in the original; weight_decay is decoupled. Raises ValueError for parameters of other shapes.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, object]],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.dim() != 2:
                    raise ValueError(
                        f"Muon takes matrices, not a parameter of shape {tuple(parameter.shape)}."
                    )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            momentum = group["momentum"]
            by_shape: defaultdict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape].append(parameter)
            for (rows, columns), parameters in by_shape.items():
                directions = [self._direction(parameter, momentum) for parameter in parameters]
                # Only the whole matrix has singular values. If it is sharded every process
                # computes the same and takes its part.
                stacked = torch.stack([whole(direction) for direction in directions])
                updates = orthogonalise(stacked)
                scale = -group["lr"] * max(1.0, rows / columns) ** 0.5
                for parameter, direction, update in zip(
                    parameters, directions, updates, strict=True
                ):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(shard_like(update, direction), alpha=scale)

    def _direction(self, parameter: Tensor, momentum: float) -> Tensor:
        """Where Nesterov momentum points: the running mean, one step ahead."""
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        buffer = state["momentum_buffer"]
        assert parameter.grad is not None
        buffer.lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(buffer, momentum)
