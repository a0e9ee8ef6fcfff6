"""Beam search: the most probable texts that a search of a given width finds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from gpt2_scratch.checks import check_integer, check_number, checked_deadline, checked_ids
from gpt2_scratch.generation import device_of, encode_prompt, ends_at, new_cache

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2
    from gpt2_scratch.vocabulary.tokenizer import Tokenizer

MAX_BEAMS = 64


@dataclass(frozen=True)
class Beam:
    """One hypothesis of `beam_search`.

    token_ids  the continuation, `<|endoftext|>` included if it got that far
    score      its log-probability (natural, <= 0) divided by the length penalty; higher is better
    """

    text: str
    token_ids: list[int]
    score: float


def beam_search(
    model: GPT2,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    num_beams: int = 4,
    max_new_tokens: int = 50,
    length_penalty: float = 1.0,
    deadline: float | None = None,
) -> list[Beam]:
    """The most probable continuations that a search `num_beams` wide finds, best first.

    Arguments as in `stream` and `beam_search_steps`; `<|endoftext|>` ends a beam.
    """
    eot = tokenizer.eot_id
    found = beam_search_tokens(
        model,
        encode_prompt(tokenizer, prompt),
        num_beams=num_beams,
        max_new_tokens=max_new_tokens,
        length_penalty=length_penalty,
        stop_ids=(eot,),
        deadline=deadline,
    )
    return [Beam(tokenizer.decode([i for i in ids if i != eot]), ids, s) for ids, s in found]


def beam_search_tokens(
    model: GPT2, ids: Sequence[int], **options: Any
) -> list[tuple[list[int], float]]:
    """What `beam_search_steps` ends with."""
    *_, beams = beam_search_steps(model, ids, **options)
    return beams


@torch.inference_mode()
def beam_search_steps(
    model: GPT2,
    ids: Sequence[int],
    *,
    num_beams: int = 4,
    max_new_tokens: int = 50,
    length_penalty: float = 1.0,
    stop_ids: Sequence[int] = (),
    deadline: float | None = None,
) -> Iterator[list[tuple[list[int], float]]]:
    """Beam search over token ids. Yields after each step at most `num_beams` pairs (continuation,
    score), best first; the last list is the result.

    At each step every live beam is extended by every token and the best extensions go on. One that
    ends takes its place in the beam with it, so the search gets narrower by one (Jurafsky and
    Martin, Speech and Language Processing); with one beam this is greedy decoding.

    The score is that of Wu et al. 2016 (https://arxiv.org/abs/1609.08144, equation 14):
    log P / ((5 + length) / 6) ** length_penalty. Without it the shortest text would win, as each
    further token can only lower the probability.

    Args:
        num_beams: 1 to 64.
        max_new_tokens: 1 to half the context window, which does not move here; a prompt that does
            not fit beside them keeps its tail.
        length_penalty: 0 (compare plain log-probabilities) to 5 (favour long texts).
        deadline: seconds above 0; when they are over, the beams stay as they are.

    Raises:
        ValueError: a parameter is out of range.
    """
    block_size, vocab_size = model.config.block_size, model.config.vocab_size
    num_beams = check_integer("num_beams", num_beams, 1, MAX_BEAMS)
    longest = max(1, block_size // 2)
    max_new_tokens = check_integer("max_new_tokens", max_new_tokens, 1, longest)
    length_penalty = check_number("length_penalty", length_penalty, 0.0, 5.0)
    end = ends_at(checked_deadline(deadline))
    # The last token is never read, hence one position more for the prompt.
    prompt = checked_ids(ids, vocab_size)[-(block_size - max_new_tokens + 1) :]

    device = device_of(model)
    prompt_cache = new_cache(model, 1, len(prompt))
    logits = model(torch.tensor([prompt], device=device), prompt_cache)  # (1, T) -> (1, 1, V)
    cache = new_cache(model, num_beams, len(prompt) + max_new_tokens)
    cache.keys[:, :, :, : len(prompt)] = prompt_cache.keys  # read once, copied to every beam
    cache.values[:, :, :, : len(prompt)] = prompt_cache.values
    cache.advance(len(prompt))

    live: list[tuple[list[int], float]] = [([], 0.0)]  # (tokens, log-probability)
    finished: list[tuple[list[int], float]] = []
    for count in range(1, max_new_tokens + 1):
        log_probs = logits[: len(live), -1].float().log_softmax(dim=-1)  # -> (live, V)
        so_far = torch.tensor([total for _, total in live], device=device)  # (live,)
        totals = (so_far[:, None] + log_probs).flatten()  # (live, V) -> (live * V,)
        places = num_beams - len(finished)
        best = totals.topk(min(places, totals.numel()))
        rows: list[int] = []
        extended: list[tuple[list[int], float]] = []
        for total, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            row, token_id = divmod(index, vocab_size)
            beam = ([*live[row][0], token_id], total)
            if token_id in stop_ids:
                finished.append(beam)
            else:
                extended.append(beam)
                rows.append(row)
        live = extended
        scored = [(ids, _score(ids, total, length_penalty)) for ids, total in finished + live]
        yield sorted(scored, key=lambda beam: beam[1], reverse=True)
        if not live or count == max_new_tokens or time.monotonic() >= end:
            return
        # The cache keeps its num_beams sequences; those without a live beam repeat the first.
        idle = num_beams - len(live)
        cache.reorder(torch.tensor(rows + rows[:1] * idle, device=device))
        last = [tokens[-1] for tokens, _ in live + live[:1] * idle]
        logits = model(torch.tensor(last, device=device)[:, None], cache)  # (B, 1) -> (B, 1, V)


def _score(tokens: list[int], log_probability: float, length_penalty: float) -> float:
    return log_probability / ((5 + len(tokens)) / 6) ** length_penalty
