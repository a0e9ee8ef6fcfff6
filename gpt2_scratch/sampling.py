"""From logits to the next token: penalty, temperature, top-k, top-p, min-p, one random draw.

The order is the usual one (it is that of Hugging Face `transformers`):

    logits -> repetition penalty -> temperature -> top-k -> top-p -> min-p -> softmax -> draw

Every function works on a batch of rows, touches no global random state and never changes its
arguments. Shapes: B rows, V vocabulary entries, T previous tokens.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gpt2_scratch.checks import check_integer, check_number

Row = NDArray[Any]  # of one text: numbers or ids

MAX_TEMPERATURE = 5.0
GREEDY_BELOW = 1e-6  # dividing by less than this overflows float32; in the limit it is argmax
MAX_TOP_K = 1_000_000
MAX_SEED = 2**32 - 1  # PyTorch's CPU generator (MT19937) reads 32 bits of a seed


class SamplingOptions(TypedDict, total=False):
    """What a call may say of `SamplingSettings`, by keyword; the meaning and defaults are there."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    seed: int | None


@dataclass(frozen=True)
class SamplingSettings:
    """How to choose the next token. Raises ValueError, in one sentence, on anything out of range.

    temperature         0 to 5; divides the logits. 0 is argmax (greedy), 1 is the model as it is
    top_k               keep the k most probable tokens (Fan et al. 2018); 0 is off
    top_p               in (0, 1]; keep the smallest set of most probable tokens whose mass reaches
                        p, the nucleus (Holtzman et al. 2020); 1 is off
    min_p               0 to 1; keep tokens at least this times as probable as the most probable one
                        (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082); 0 is off
    repetition_penalty  0.5 to 2; above 1 makes tokens that were already there less likely
                        (Keskar et al. 2019); 1 is off
    seed                0 to 2**32 - 1; the same seed, settings, prompt and weights give the same
                        text on the same machine. None: a fresh one, see `resolved`
    """

    temperature: float = 0.8
    top_k: int = 50
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        checked = {
            "temperature": check_number("temperature", self.temperature, 0.0, MAX_TEMPERATURE),
            "top_k": check_integer("top_k", self.top_k, 0, MAX_TOP_K),
            "top_p": check_number("top_p", self.top_p, 0.0, 1.0, open_low=True),
            "min_p": check_number("min_p", self.min_p, 0.0, 1.0),
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
    reshaped = torch.full(logits.shape, float("-inf"))
    for row, previous, out in zip(logits, _each(previous_ids, logits), reshaped, strict=True):
        ids, kept = _shortlist(_penalise(as_array(row), settings, previous), settings)
        out[torch.from_numpy(ids)] = torch.from_numpy(kept)
    return reshaped.to(logits.device)


def sample(
    logits: Tensor,
    settings: SamplingSettings,
    generator: torch.Generator | None = None,
    previous_ids: Tensor | None = None,
) -> Tensor:
    """Draw one token per row: (B, V) logits -> (B,) int64.

    Arguments as in `reshape_logits`. The generator gives one number per row, or none when greedy.
    """
    rows = zip(logits, _each(previous_ids, logits), strict=True)
    drawn = [sample_row(as_array(row), settings, generator, previous) for row, previous in rows]
    return torch.tensor(drawn, device=logits.device)  # B integers -> (B,)


def sample_row(
    logits: Row,
    settings: SamplingSettings,
    generator: torch.Generator | None = None,
    previous_ids: ArrayLike | None = None,
) -> int:
    """Draw one token from the logits (V,) of one text, whose ids so far are previous_ids (T,)."""
    logits = _penalise(logits, settings, previous_ids)
    if settings.greedy:
        return int(logits.argmax())
    if generator is None:
        raise ValueError("Sampling needs a torch.Generator; see SamplingSettings.generator().")
    ids, kept = _shortlist(logits, settings)
    return int(ids[_draw(kept, generator)])


def as_array(logits: Tensor) -> Row:
    """Logits (V,) as NumPy sees them: float32, in the main memory.

    Drawing is a dozen small operations on a few numbers. PyTorch takes several times as long to
    start one, and shares some out among threads that have to be waited for.
    """
    return logits.detach().float().cpu().numpy()


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
    ids = torch.from_numpy(_top_k_ids(as_array(logits), rows)).to(logits.device)
    ids = ids[logits[ids].argsort(descending=True, stable=True)][:rows]
    columns = (column[ids].tolist() for column in (logits, raw, reshaped))
    return [Candidate(*row) for row in zip(ids.tolist(), *columns, strict=True)]


def _each(previous_ids: Tensor | None, logits: Tensor) -> Sequence[Row | None]:
    """The previous ids of each row of logits: (B, T) -> B arrays (T,), or B times None."""
    if previous_ids is None:
        return [None] * len(logits)
    return list(previous_ids.cpu().numpy())


def _penalise(logits: Row, settings: SamplingSettings, previous_ids: ArrayLike | None) -> Row:
    """The repetition penalty of CTRL (Keskar et al. 2019, https://arxiv.org/abs/1909.05858).

    The paper divides the logits of seen tokens by the penalty. For a negative logit that would be
    a reward, so negative ones are multiplied, as has become usual.
    """
    penalty = settings.repetition_penalty
    if penalty == 1.0 or previous_ids is None:
        return logits
    ids = np.asarray(previous_ids)
    seen = logits[ids]  # (V,) -> (T,)
    penalised = logits.copy()
    penalised[ids] = np.where(
        seen > 0, seen / penalty, seen * penalty
    )  # twice seen, once penalised
    return penalised


def _shortlist(logits: Row, settings: SamplingSettings) -> tuple[Row, Row]:
    """Temperature and the three filters on one row: the tokens that may be drawn, their logits.

    (V,) -> ids (n,) in rising order and logits (n,). After a top-k all further work is on k
    numbers in place of a whole vocabulary.
    """
    if settings.greedy:
        best = np.array([logits.argmax()])  # (V,) -> (1,)
        return best, logits[best]
    if 0 < settings.top_k < len(logits):
        ids = _top_k_ids(logits, settings.top_k)  # a positive factor does not change which they are
    else:
        ids = np.arange(len(logits))
    logits = logits[ids] / np.float32(settings.temperature)
    if settings.top_p < 1.0:
        inside = _nucleus_ids(logits, settings.top_p)
        ids, logits = ids[inside], logits[inside]
    if settings.min_p > 0.0:  # p >= min_p * p of the best, as differences of logits
        inside = np.flatnonzero(logits >= logits.max() + np.log(np.float32(settings.min_p)))
        ids, logits = ids[inside], logits[inside]
    return ids, logits


def _top_k_ids(logits: Row, k: int) -> Row:
    """The places of the k largest of (V,) logits, rising; of a tie at the border all are kept.

    To keep exactly k, one would have to break the tie. A threshold depends on the values alone.
    """
    place = max(len(logits) - k, 0)
    kth = np.partition(logits, place)[place]  # in linear time: nothing else gets into order
    return np.flatnonzero(logits >= kth)


def _nucleus_ids(logits: Row, p: float) -> Row:
    """The places of the nucleus (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751), rising.

    The most probable tokens enter one by one until their mass reaches p; the first always does.
    Among equals the smaller id comes first. (V,) -> (n,)
    """
    probabilities = _softmax(logits)  # (V,)
    ordered = np.sort(probabilities)[::-1]
    mass = ordered.cumsum(dtype=np.float64)  # of the first, the first two, ...
    count = min(int(np.searchsorted(mass, p)) + 1, len(ordered))  # the first mass that is p or more
    last = ordered[count - 1]
    above = np.flatnonzero(probabilities > last)
    equal = np.flatnonzero(probabilities == last)[: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def _draw(logits: Row, generator: torch.Generator) -> int:
    """One index from softmax(logits), by inverting the cumulative distribution: (n,) -> index.

    Lay the probabilities end to end on a line, throw a dart, see whose piece it hits. This takes
    one random number, where `torch.multinomial` takes one per vocabulary entry; and leaving out
    impossible tokens changes nothing, so a shortlist draws what the whole row would.
    """
    ends = _softmax(logits).cumsum(dtype=np.float64)  # (n,), rising to 1
    dart = torch.rand((), dtype=torch.float64, generator=generator, device=generator.device)
    reached = float(dart) * ends[-1]  # rounding may let the line end beside 1
    hit = np.searchsorted(ends, reached, side="right")  # right: never an empty piece
    return min(int(hit), len(ends) - 1)


def _softmax(logits: Row) -> Row:
    raised = np.exp(logits - logits.max())
    return raised / raised.sum()
