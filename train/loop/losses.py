"""The loss that language models learn by."""

from __future__ import annotations

from torch import Tensor, nn


def language_model_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy in nats per target token; targets of -100 are left out.

    x, y: (B, T) int64, y one token ahead of x.
    """
    logits = model(x, all_positions=True)  # (B, T, V)
    # (B, T, V) -> (B*T, V) and (B, T) -> (B*T,): every position is one classification
    return nn.functional.cross_entropy(logits.flatten(0, 1).float(), y.flatten())
