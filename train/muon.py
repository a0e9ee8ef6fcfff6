"""Muon: momentum whose step is made orthogonal, for the hidden matrices of a network.

Keller Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. A matrix of gradients has a
few large singular values and many small ones; AdamW follows the large ones. Muon replaces the
matrix by the nearest one whose singular values are all about 1, so that every direction learns.

torch.optim.Muon does the same in bfloat16, always. On processors without bfloat16 arithmetic that
takes three times as long as float32 and eats what Muon gains, so this one works in the dtype of
the gradient, and `tests/test_loop.py` holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from train.parallel import shard_like, whole


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """The orthogonal matrix nearest to `matrix`, roughly: singular values end up in [0.7, 1.2].

    Newton-Schulz iteration with the quintic of the Muon post, which needs matrix products only
    and no singular value decomposition. matrix: (rows, columns), returned in the same shape.

    A step of it is x -> p x with p = a + b g + c g^2 and g = x x^T. As p is made of g, the next g
    is p g p: it can be had without x. So the steps are taken on g, which is small, and x meets the
    product of all p at the end, which takes half of the time for matrices four times as wide.
    """
    a, b, c = 3.4445, -4.7750, 2.0315

    def polynomial(g: Tensor) -> Tensor:
        p = torch.addmm(g, g, g, beta=b, alpha=c)
        p.diagonal().add_(a)
        return p

    wide = matrix if matrix.size(0) <= matrix.size(1) else matrix.T  # the small product is cheaper
    x = wide / wide.norm().clamp(min=1e-7)  # all singular values into [0, 1]
    gram = x @ x.T  # (rows, rows)
    p = product = polynomial(gram)
    for _ in range(steps - 1):
        gram = p @ gram @ p
        p = polynomial(gram)
        product = p @ product
    x = product @ x
    return x if matrix.size(0) <= matrix.size(1) else x.T


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
            lr, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                buffer = state["momentum_buffer"]
                buffer.lerp_(parameter.grad, 1 - momentum)
                direction = parameter.grad.lerp(buffer, momentum)
                # Only the whole matrix has singular values. If it is sharded every process
                # computes the same and takes its part.
                update = shard_like(orthogonalise(whole(direction)), direction)
                rows, columns = parameter.shape
                parameter.mul_(1 - lr * decay)
                parameter.add_(update, alpha=-lr * max(1.0, rows / columns) ** 0.5)
