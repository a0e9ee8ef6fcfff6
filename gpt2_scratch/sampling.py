"""From logits to the next token: repetition penalty, temperature, top-k, top-p, one random draw.

The order is the usual one (it is that of Hugging Face `transformers`):

    logits -> repetition penalty -> temperature -> top-k -> top-p -> softmax -> draw

Every function works on a batch of rows, touches no global random state and never changes its
arguments. Shapes: B rows, V vocabulary entries, T previous tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TypeGuard

import torch
from torch import Tensor

MAX_TEMPERATURE = 5.0
GREEDY_BELOW = 1e-6  # dividing by less than this overflows float32; in the limit it is argmax
MAX_TOP_K = 1_000_000
MAX_SEED = 2**32 - 1  # PyTorch's CPU generator (MT19937) reads 32 bits of a seed


def check_number(
    name: str, value: object, low: float, high: float, open_low: bool = False
) -> float:
    """`value` as a float in [low, high], or in (low, high] if `open_low`; else ValueError.

    The check lives in the package because a web form does not make it: a JSON `true` passes for a
    number in Python, and NaN is neither below nor above any bound.
    """
    if not _is_number(value) or not low <= value <= high or (open_low and value == low):
        start = f"above {low:g} and at most" if open_low else f"from {low:g} to"
        raise ValueError(f"{name} must be a number {start} {high:g}, not {shown(value)}.")
    return float(value)


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int in [low, high], else ValueError. 50.0 is 50: JSON may write it so."""
    if not _is_number(value) or not low <= value <= high or value != int(value):
        raise ValueError(
            f"{name} must be a whole number from {low:,} to {high:,}, not {shown(value)}."
        )
    return int(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value as an error message quotes it: never longer than one line."""
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number that large" if value > 0 else "a number that small"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


@dataclass(frozen=True)
class SamplingSettings:
    """How to choose the next token. Raises ValueError, in one sentence, on anything out of range.

    temperature         0 to 5; divides the logits. 0 is argmax (greedy), 1 is the model as it is
    top_k               keep the k most probable tokens (Fan et al. 2018); 0 is off
    top_p               in (0, 1]; keep the smallest set of most probable tokens whose mass reaches
                        p, the nucleus (Holtzman et al. 2020); 1 is off
    repetition_penalty  0.5 to 2; above 1 makes tokens that were already there less likely
                        (Keskar et al. 2019); 1 is off
    seed                0 to 2**32 - 1; the same seed, settings, prompt and weights give the same
                        text on the same machine. None: a fresh one, see `resolved`
    """

    temperature: float = 0.8
    top_k: int = 50
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        checked = {
            "temperature": check_number("temperature", self.temperature, 0.0, MAX_TEMPERATURE),
            "top_k": check_integer("top_k", self.top_k, 0, MAX_TOP_K),
            "top_p": check_number("top_p", self.top_p, 0.0, 1.0, open_low=True),
            "repetition_penalty": check_number(
                "repetition_penalty", self.repetition_penalty, 0.5, 2.0
            ),
        }
        if self.seed is not None:
            checked["seed"] = check_integer("seed", self.seed, 0, MAX_SEED)
        for name, value in checked.items():  # 50.0 becomes 50; a frozen dataclass asks for this way
            object.__setattr__(self, name, value)

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken, without any randomness."""
        return self.temperature < GREEDY_BELOW

    def resolved(self) -> SamplingSettings:
        """These settings with a concrete seed: a fresh one where it was None, to be shown."""
        if self.seed is not None:
            return self
        return replace(self, seed=secrets.randbelow(MAX_SEED + 1))

    def generator(self) -> torch.Generator:
        """A random generator of its own for one request; call it on `resolved` settings."""
        if self.seed is None:
            raise ValueError("These settings have no seed yet; call resolved() first.")
        return torch.Generator().manual_seed(self.seed)


def reshape_logits(
    logits: Tensor, settings: SamplingSettings, previous_ids: Tensor | None = None
) -> Tensor:
    """Logits whose softmax is the distribution that `sample` draws from.

    Args:
        logits: (B, V), any float type, finite.
        previous_ids: (B, T) int64, what the repetition penalty looks at; None: nothing.

    Returns:
        (B, V) float32; tokens that cannot be drawn have -inf, at least one is left in each row.
    """
    logits = _penalise(logits.float(), settings.repetition_penalty, previous_ids)
    reshaped = torch.full_like(logits, float("-inf"))
    for row, out in zip(logits, reshaped, strict=True):
        ids, kept = _shortlist(row, settings)
        out[ids] = kept
    return reshaped


def sample(
    logits: Tensor,
    settings: SamplingSettings,
    generator: torch.Generator | None = None,
    previous_ids: Tensor | None = None,
) -> Tensor:
    """Draw one token per row: (B, V) logits -> (B,) int64.

    Arguments as in `reshape_logits`. The generator gives one number per row, or none when greedy.
    """
    logits = _penalise(logits.float(), settings.repetition_penalty, previous_ids)
    if settings.greedy:
        return logits.argmax(dim=-1)  # (B, V) -> (B,)
    if generator is None:
        raise ValueError("Sampling needs a torch.Generator; see SamplingSettings.generator().")
    drawn = []
    for row in logits:
        ids, kept = _shortlist(row, settings)
        drawn.append(ids[_draw(kept, generator)])
    return torch.stack(drawn)  # B x () -> (B,)


@dataclass(frozen=True)
class Candidate:
    """One row of the next-token table.

    probability is the model's own (temperature 1, nothing filtered); reshaped_probability is what
    the settings make of it, 0 for a token that they rule out. Both in [0, 1].
    """

    token_id: int
    logit: float
    probability: float
    reshaped_probability: float


def next_token_table(
    logits: Tensor,
    settings: SamplingSettings,
    rows: int = 10,
    previous_ids: Sequence[int] | Tensor | None = None,
) -> list[Candidate]:
    """The model's most probable next tokens, before and after the settings reshape them.

    Args:
        logits: (V,), of one position.
        rows: how many, 1 to 1,000; at most V come back.
        previous_ids: (T,) token ids that the repetition penalty looks at.

    Returns:
        Candidates by falling model probability; among equals the smaller id comes first.
    """
    rows = check_integer("rows", rows, 1, 1000)
    logits = logits.detach().float()
    previous = None if previous_ids is None else torch.as_tensor(previous_ids).view(1, -1)
    if previous is not None:
        previous = previous.to(device=logits.device, dtype=torch.int64)  # -> (1, T)
    raw = logits.softmax(dim=-1)  # (V,)
    reshaped = reshape_logits(logits[None], settings, previous)[0].softmax(dim=-1)  # (V,)
    ids = _top_k_ids(logits, rows)
    ids = ids[logits[ids].argsort(descending=True, stable=True)][:rows]
    columns = (column[ids].tolist() for column in (logits, raw, reshaped))
    return [Candidate(*row) for row in zip(ids.tolist(), *columns, strict=True)]


def _penalise(logits: Tensor, penalty: float, previous_ids: Tensor | None) -> Tensor:
    """The repetition penalty of CTRL (Keskar et al. 2019, https://arxiv.org/abs/1909.05858).

    The paper divides the logits of seen tokens by the penalty. For a negative logit that would be
    a reward, so negative ones are multiplied, as has become usual.
    """
    if penalty == 1.0 or previous_ids is None:
        return logits
    seen = logits.gather(-1, previous_ids)  # (B, V) -> (B, T)
    seen = torch.where(seen > 0, seen / penalty, seen * penalty)
    return logits.scatter(-1, previous_ids, seen)  # a token seen twice is penalised once


def _shortlist(logits: Tensor, settings: SamplingSettings) -> tuple[Tensor, Tensor]:
    """Temperature, top-k and top-p on one row: the tokens that may be drawn, and their logits.

    (V,) -> ids (n,) in rising order and logits (n,). After a top-k all further work is on k
    numbers in place of a whole vocabulary.
    """
    if settings.greedy:
        best = logits.argmax(dim=-1, keepdim=True)  # (V,) -> (1,)
        return best, logits[best]
    if 0 < settings.top_k < logits.size(0):
        ids = _top_k_ids(logits, settings.top_k)  # a positive factor does not change which they are
    else:
        ids = torch.arange(logits.size(0), device=logits.device)
    logits = logits[ids] / settings.temperature
    if settings.top_p < 1.0:
        inside = _nucleus_ids(logits, settings.top_p)
        ids, logits = ids[inside], logits[inside]
    return ids, logits


def _top_k_ids(logits: Tensor, k: int) -> Tensor:
    """The places of the k largest of (V,) logits, rising; of a tie at the border all are kept.

    To keep exactly k, `torch.topk` would have to break the tie, and which of two equals it prefers
    is not defined. A threshold depends on the values alone.
    """
    kth = logits.topk(min(k, logits.size(0))).values[-1]
    return (logits >= kth).nonzero()[:, 0]


def _nucleus_ids(logits: Tensor, p: float) -> Tensor:
    """The places of the nucleus (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751), rising.

    The most probable tokens enter one by one until their mass reaches p; the first always does.
    Among equals the smaller id comes first. (V,) -> (n,)
    """
    probabilities = logits.softmax(dim=-1)  # (V,)
    # Sorting is the slow part. Tokens below (1 - p) / V have less than 1 - p of mass all together:
    # the others reach p without them. That leaves a small part of a vocabulary to sort.
    floor = 0.5 * (1 - p) / len(probabilities)  # half of it: room for rounding
    ids = (probabilities >= floor).nonzero()[:, 0]
    ordered, order = probabilities[ids].sort(descending=True, stable=True)
    mass_before = ordered.cumsum(dim=-1) - ordered
    inside = mass_before < p
    inside[0] = True  # said outright, because float32 takes a p of 1e-50 for 0
    return ids[order[inside]].sort().values


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """One index from softmax(logits), by inverting the cumulative distribution: (n,) -> ().

    Lay the probabilities end to end on a line, throw a dart, see whose piece it hits. This takes
    one random number, where `torch.multinomial` takes one per vocabulary entry; and leaving out
    impossible tokens changes nothing, so a shortlist draws what the whole row would.
    """
    ends = logits.softmax(dim=-1).cumsum(dim=-1, dtype=torch.float64)  # (n,), rising to 1
    dart = torch.rand((), dtype=torch.float64, generator=generator, device=generator.device)
    dart = dart.to(ends.device) * ends[-1]  # rounding may let the line end beside 1
    hit = torch.searchsorted(ends, dart, right=True)  # right: never an empty piece
    return hit.clamp(max=len(logits) - 1)
