"""How probable a model finds given tokens: what every multiple-choice test asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

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


BATCH_TOKENS = 900  # of one pass of `log_likelihoods`: 30 MB of logits, which the allocator keeps
PADDING = -100  # a target that costs nothing


@torch.inference_mode()
def log_likelihoods(model: GPT2, texts: Sequence[Sequence[int]]) -> list[float]:
    """Of each text the sum over all tokens but its first, in nats, for many short texts.

    Texts of about one length go through the model together, so that little of a pass is padding.
    Raises ValueError for a text of fewer than two tokens, or longer than the window and one more.
    """
    window, device = model.config.block_size, model.wte.weight.device
    if not all(2 <= len(ids) <= window + 1 for ids in texts):
        raise ValueError(f"A text to score needs 2 to {window + 1:,} tokens, the first unscored.")
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    totals = [0.0] * len(texts)
    start = 0
    with tqdm(total=len(texts), desc="texts", leave=False) as bar:
        while start < len(order):
            rows = order[start : start + max(1, BATCH_TOKENS // len(texts[order[start]]))]
            idx, _ = pad_batch([texts[row][:-1] for row in rows])
            targets, lengths = pad_batch([texts[row][1:] for row in rows])
            targets[torch.arange(targets.size(1)) >= lengths[:, None]] = PADDING
            hidden = model.hidden_states(idx.to(device))  # (B, T, C)
            logits = F.linear(hidden, model.wte.weight)  # (B, T, C) @ (C, V) -> (B, T, V)
            nats = F.cross_entropy(  # (B * T, V), (B * T,) -> (B * T,)
                logits.flatten(0, 1),
                targets.to(device).flatten(),
                ignore_index=PADDING,
                reduction="none",
            )
            for row, total in zip(rows, nats.view(targets.shape).sum(1).tolist(), strict=True):
                totals[row] = -total
            start += len(rows)
            bar.update(len(rows))
    return totals


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
