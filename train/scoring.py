"""How probable a model finds given tokens: what every multiple-choice test asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt2_scratch.classifier import pad_batch
from gpt2_scratch.model import GPT2


@dataclass(frozen=True)
class Scores:
    """How a model finds given tokens, each after all before it.

    log_probabilities  (n,) nats
    greedy             (n,) bool: no other token was more probable
    """

    log_probabilities: Tensor
    greedy: Tensor

    @property
    def total(self) -> float:
        return float(self.log_probabilities.sum())


@torch.inference_mode()
def score(model: GPT2, texts: Sequence[Sequence[int]], starts: Sequence[int]) -> list[Scores]:
    """Scores of the tokens texts[i][starts[i]:], in one pass. starts >= 1: the first has no before.

    What is longer than the window loses its beginning. Raises ValueError if that takes scored
    tokens away.
    """
    window, device = model.config.block_size, model.wte.weight.device
    cuts = [max(0, len(ids) - 1 - window) for ids in texts]
    if any(start <= cut for start, cut in zip(starts, cuts, strict=True)):
        raise ValueError(f"A text to score is longer than the model's window of {window} tokens.")
    idx, _ = pad_batch([ids[cut:-1] for ids, cut in zip(texts, cuts, strict=True)])
    hidden = model.hidden_states(idx.to(device))  # (B, T, C); padding is where no token looks
    scores = []
    for row, ids, start, cut in zip(hidden, texts, starts, cuts, strict=True):
        targets = torch.tensor(ids[start:], device=device)  # (n,)
        before = row[start - 1 - cut : len(ids) - 1 - cut]  # (T, C) -> (n, C): what predicts them
        logits = F.linear(before, model.wte.weight)  # (n, C) @ (C, V) -> (n, V)
        chosen = logits.log_softmax(-1).gather(1, targets[:, None])[:, 0]  # (n, V) -> (n,)
        scores.append(Scores(chosen.cpu(), (logits.argmax(-1) == targets).cpu()))
    return scores
