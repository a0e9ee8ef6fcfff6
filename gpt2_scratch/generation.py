"""Text from the model, token by token: prefill, decode, stop conditions.

Three layers, each a generator built on the one below:

    generate_tokens   one text and one model; knows token ids and nothing of text
    stream_from_ids   adds text: whole characters only, stop strings held back
    stream            adds the encoding of the prompt; `generate` joins its texts

*Prefill* reads the whole prompt in one forward pass and fills the KV cache; *decode* then reads one
token per pass. Closing the generator (`steps.close()`, which is also what happens when a visitor
closes the page) is how a request is cancelled: nothing runs between two steps. For many requests at
a time there is engine.py, which takes the place of the first layer.

The model should be in eval mode. It serves many requests at once: all that belongs to a request,
its cache and its random generator, lives in its generator.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, Unpack, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from gpt2_scratch.checks import check_integer, checked_deadline, checked_ids, shown
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.sampling import SamplingOptions, SamplingSettings, as_array, sample_row
from gpt2_scratch.stop_strings import StopStrings
from gpt2_scratch.vocabulary.tokenizer import IncrementalDecoder

if TYPE_CHECKING:
    from gpt2_scratch.config import GPT2Config
    from gpt2_scratch.model import GPT2
    from gpt2_scratch.vocabulary.tokenizer import Tokenizer

FinishReason = Literal["stop", "length", "deadline"]

MAX_NEW_TOKENS = 100_000


@dataclass(frozen=True, kw_only=True)
class TokenStep:
    """One generated token, as the engine sees it.

    probability    in [0, 1]: what the model itself gave this token, at temperature 1 and before
                   any penalty or filter. A low value says that the draw surprised the model.
    finish_reason  None while more follows; on the last step "stop" (a stop id or stop string),
                   "length" (max_new_tokens reached) or "deadline" (time is up)
    window_moved   whether the oldest tokens had to leave the context window before this step
    seed           of the request; the same seed repeats it
    """

    token_id: int
    probability: float
    finish_reason: FinishReason | None
    window_moved: bool
    seed: int


@dataclass(frozen=True, kw_only=True)
class Step(TokenStep):
    """A TokenStep with text: the characters that became certain with this token, maybe none.

    Joined, the texts of all steps are the continuation. The text of one step need not be its
    token's: half a character waits for its other half, what may become a stop string for the rest.
    """

    text: str


@runtime_checkable
class TokenSource(Protocol):
    """What can stand in for a model where text is made: it has its own way to the next token.

    The engine is one, which many requests share.
    """

    config: GPT2Config

    def generate_tokens(
        self,
        ids: Sequence[int],
        settings: SamplingSettings,
        max_new_tokens: int,
        stop_ids: Sequence[int] = (),
        deadline: float | None = None,
    ) -> Generator[TokenStep, None, None]:
        """As the function `generate_tokens`."""


def generate(
    model: GPT2 | TokenSource,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    max_new_tokens: int = 100,
    stop: Sequence[str] = (),
    deadline: float | None = None,
    **sampling: Unpack[SamplingOptions],
) -> str:
    """The continuation of a prompt, without the prompt. Arguments as in `stream`."""
    steps = stream(
        model,
        tokenizer,
        prompt,
        max_new_tokens=max_new_tokens,
        stop=stop,
        deadline=deadline,
        **sampling,
    )
    return "".join(step.text for step in steps)


def stream(
    model: GPT2 | TokenSource,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    max_new_tokens: int = 100,
    stop: Sequence[str] = (),
    deadline: float | None = None,
    **sampling: Unpack[SamplingOptions],
) -> Generator[Step, None, None]:
    """Continue a prompt, one Step per token; nothing runs until the first step is asked for.

    Args:
        prompt: any text; an empty one starts from `<|endoftext|>`, as a new document does. See
            `generate_tokens` for one that is longer than the context window.
        max_new_tokens: 1 to 100,000.
        stop: strings that end the text; neither they nor any beginning of them are streamed. The
            end-of-text token always ends it.
        deadline: seconds above 0, counted from the first step; None: no limit.
        sampling: temperature, top_k, seed and the other fields of `SamplingSettings`.

    Raises:
        ValueError: a parameter is out of range; raised by the call, not by the first step.
    """
    settings = SamplingSettings(**sampling)
    ids = encode_prompt(tokenizer, prompt)
    return stream_from_ids(model, tokenizer, ids, settings, max_new_tokens, stop, deadline)


def encode_prompt(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """The ids that a prompt starts from, at least one. Special tokens in it are plain text."""
    if not isinstance(prompt, str):
        raise ValueError(f"The prompt must be text, not {shown(prompt)}.")
    return tokenizer.encode_typed(prompt) or [tokenizer.eot_id]


def stream_from_ids(
    model: GPT2 | TokenSource,
    tokenizer: Tokenizer,
    ids: Sequence[int],
    settings: SamplingSettings,
    max_new_tokens: int,
    stop: Sequence[str] = (),
    deadline: float | None = None,
    written: Sequence[int] = (),
) -> Generator[Step, None, None]:
    """`stream` for a prompt that is already encoded; chat builds its own. Arguments as there.

    written  tokens of the continuation that are there already: the text goes on after them, and
             theirs comes with the first step
    """
    ids = [*ids, *written]
    decoder = IncrementalDecoder(tokenizer)
    before = "".join(decoder.push(token_id) for token_id in written)
    stop_strings = StopStrings(stop)
    stop_ids = (tokenizer.eot_id,)
    if isinstance(model, TokenSource):
        steps = model.generate_tokens(ids, settings, max_new_tokens, stop_ids, deadline)
    else:
        steps = generate_tokens(model, ids, settings, max_new_tokens, stop_ids, deadline)
    return _with_text(steps, decoder, stop_strings, before)


def _with_text(
    steps: Generator[TokenStep, None, None],
    decoder: IncrementalDecoder,
    stop: StopStrings,
    before: str,
) -> Generator[Step, None, None]:
    with closing(steps):
        for step in steps:
            finish_reason = step.finish_reason
            characters = "" if finish_reason == "stop" else decoder.push(step.token_id)
            if finish_reason:
                characters += decoder.flush()
            text, before = stop.push(before + characters), ""
            if stop.found:
                finish_reason = "stop"
            elif finish_reason:
                text += stop.flush()
            yield Step(
                token_id=step.token_id,
                text=text,
                probability=step.probability,
                finish_reason=finish_reason,
                window_moved=step.window_moved,
                seed=step.seed,
            )
            if finish_reason:
                return


def generate_tokens(
    model: GPT2,
    ids: Sequence[int],
    settings: SamplingSettings,
    max_new_tokens: int,
    stop_ids: Sequence[int] = (),
    deadline: float | None = None,
    use_cache: bool = True,
) -> Generator[TokenStep, None, None]:
    """Continue a sequence of token ids.

    A prompt longer than the context window keeps its tail: as much as leaves room for the new
    tokens, but half a window at least. When the window is full, its oldest half is dropped and the
    rest is read again: positions are absolute in GPT-2, so a token that moves to another position
    cannot keep its keys and values. Both are told by `window_moved`.

    Args:
        ids: the prompt, at least one id.
        max_new_tokens: 1 to 100,000.
        stop_ids: tokens that end the sequence; the one drawn is the last step's token_id.
        deadline: seconds above 0, counted from the first step and looked at after each token, so
            one token comes in any case; None: no limit.
        use_cache: False reads the whole window again for each token. The tokens are the same, the
            work is not: it is the plain path to read, and to test the cache against.

    Raises:
        ValueError: a parameter is out of range; raised by the call, not by the first step.
    """
    max_new_tokens = check_integer("max_new_tokens", max_new_tokens, 1, MAX_NEW_TOKENS)
    prompt = checked_ids(ids, model.config.vocab_size)
    deadline = checked_deadline(deadline)
    settings = settings.resolved()
    return _decode(model, prompt, settings, max_new_tokens, set(stop_ids), deadline, use_cache)


def _decode(
    model: GPT2,
    prompt: list[int],
    settings: SamplingSettings,
    max_new_tokens: int,
    stop_ids: set[int],
    deadline: float | None,
    use_cache: bool,
) -> Generator[TokenStep, None, None]:
    text = Continuation(model.config, prompt, settings, max_new_tokens, stop_ids, deadline)
    cache = new_cache(model, 1, len(text.window) + max_new_tokens) if use_cache else None
    finished = False
    while not finished:
        if cache is not None and not text.seen:
            cache.reset()
        step = text.accept(_logits(model, text.unread if use_cache else text.window, cache))
        finished = step.finish_reason is not None
        yield step


@torch.inference_mode()  # on this function only: held open across a `yield` it would leak
def _logits(model: GPT2, inputs: list[int], cache: KVCache | None) -> Tensor:
    """One forward pass over new tokens: (T,) ids -> (V,) logits of the next one."""
    return model(torch.tensor([inputs], device=device_of(model)), cache)[0, -1]  # (1, 1, V) -> (V,)


class Continuation:
    """One text that is being continued: what is to be read next, and what the logits make of it.

    Knows no model: whoever runs one reads `unread` with it, in one piece or several, and hands the
    logits behind the last token to `accept`.

    window  the tokens that attention can see, the newest last
    unread  the end of `window` that the cache does not hold yet
    seen    how many tokens of the window the cache does hold; 0 says that it starts anew
    left    how many tokens may still come
    """

    def __init__(
        self,
        config: GPT2Config,
        prompt: list[int],
        settings: SamplingSettings,
        max_new_tokens: int,
        stop_ids: Collection[int],
        deadline: float | None,
    ) -> None:
        self._ends_at = ends_at(deadline)
        self._settings, self._generator = settings, settings.generator()
        self._block_size, self._stop_ids = config.block_size, stop_ids
        self.left = max_new_tokens
        room = min(max_new_tokens, config.block_size // 2)
        self._window_moved = len(prompt) > config.block_size
        self.window = prompt[-(config.block_size - room) :] if self._window_moved else list(prompt)
        self.unread = list(self.window)

    @property
    def seen(self) -> int:
        return len(self.window) - len(self.unread)

    def accept(self, logits: Tensor) -> TokenStep:
        """Draw the next token from its logits (V,) and append it. Raises ValueError for NaN."""
        return self.append(*choose(logits, self._settings, self._generator, self.window))

    def append(self, token_id: int, probability: float) -> TokenStep:
        """Append a token that somebody has drawn, and look whether it is the last."""
        self.left -= 1
        finish_reason: FinishReason | None = None
        if token_id in self._stop_ids:
            finish_reason = "stop"
        elif not self.left:
            finish_reason = "length"
        elif time.monotonic() >= self._ends_at:
            finish_reason = "deadline"
        assert self._settings.seed is not None  # the settings are resolved
        step = TokenStep(
            token_id=token_id,
            probability=probability,
            finish_reason=finish_reason,
            window_moved=self._window_moved,
            seed=self._settings.seed,
        )
        self._window_moved = len(self.window) == self._block_size
        if self._window_moved:
            del self.window[: (self._block_size + 1) // 2]
        self.window.append(token_id)
        self.unread = list(self.window) if self._window_moved else [token_id]
        return step


def choose(
    logits: Tensor, settings: SamplingSettings, generator: torch.Generator, window: list[int]
) -> tuple[int, float]:
    """One draw from logits (V,): the token, and its probability under the model itself."""
    row = as_array(logits)
    largest = row.max()
    if not math.isfinite(largest):  # a NaN is the largest of any numbers
        raise ValueError("The model's logits are not finite: its weights are damaged; reload them.")
    token = sample_row(row, settings, generator, window)
    return token, float(np.exp(row[token] - largest) / np.exp(row - largest).sum())  # softmax


def ends_at(deadline: float | None) -> float:
    """When `time.monotonic` will have come to the end of so many seconds; None: never."""
    return float("inf") if deadline is None else time.monotonic() + deadline


def device_of(model: GPT2) -> torch.device:
    """Where a model computes; the compiled one has no parameters, and computes on the CPU."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def new_cache(model: GPT2, batch_size: int, length: int) -> KVCache:
    """A cache for `length` positions or the whole window, whichever is less."""
    length = min(length, model.config.block_size)
    return KVCache(model.config, batch_size, length, model.cache_dtype, device_of(model))
