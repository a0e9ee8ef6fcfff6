"""The engine: many texts at a time through one model, by continuous batching.

One decode step reads every weight once, whether it computes one row or eight, so texts that are
written together cost little more than one alone. A fixed batch would make each wait for the
longest. Here the batch is put together anew for every step (Yu et al. 2022, Orca,
https://www.usenix.org/conference/osdi22/presentation/yu): who has finished leaves, who waits comes
in, and each text keeps its own settings, seed, stop tokens and deadline.

A thread of its own is the only one that runs the model. It owns a cache of a fixed number of slots,
allocated once; a request has a slot from its first step to its last, and gives it back at once when
it is finished or closed. A text whose beginning some slot still holds starts from there (slots.py).
Requests come in by order of arrival. A prompt is read in pieces, as many tokens per step as take
about CHUNK_SECONDS, so that the texts which are being written go on meanwhile.

The engine knows token ids only. `Engine.generate_tokens` has the arguments and the results of
`generation.generate_tokens`; `generation.stream` and `chat.Assistant` take an engine for a model.

A text is the same alone and in company, token for token, with native.NativeGPT2: it computes every
row in the same order whatever the others are. PyTorch's matrix products choose their order by the
number of rows, so with rows.TorchRows logits differ in the last bits of a float32 (about 1e-6 of
their size), and where two tokens are that close, a text may take the other.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

import torch

from gpt2_scratch.checks import check_integer, checked_deadline, checked_ids
from gpt2_scratch.engine.rows import RowModel
from gpt2_scratch.engine.slots import Slots
from gpt2_scratch.generation import MAX_NEW_TOKENS, Continuation, TokenStep
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.sampling import SamplingSettings

SLOTS = 8
WAITING = 64
CHUNK_SECONDS = 0.05  # a text in company waits for two such pieces at worst: below a tenth
SMALLEST_CHUNK, LARGEST_CHUNK = 16, 512  # tokens of prompts in one step
# A reader is woken for the first token, for the last, and in between no more often than this: who
# wakes takes turns with the engine's thread, and a page shows no more than sixty pictures a second.
DELIVER_SECONDS = 0.015


@dataclass(eq=False)  # two requests are never the same one
class _Request:
    """A request, from its first step asked for to its last one given."""

    ids: list[int]
    settings: SamplingSettings
    max_new_tokens: int
    stop_ids: frozenset[int]
    deadline: float | None
    # Steps as they are delivered, some at a time, or the exception that ended it.
    results: SimpleQueue[list[TokenStep] | Exception] = field(default_factory=SimpleQueue)
    drawn: list[TokenStep] = field(default_factory=list)  # and not delivered yet
    delivered_at: float = 0.0
    closed: bool = False  # its reader has gone
    slot: int = -1
    text: Continuation | None = None  # from the moment it has a slot

    def deliver(self, now: float) -> None:
        """What has been drawn, to the reader."""
        if self.drawn:
            self.results.put(self.drawn)
            self.drawn, self.delivered_at = [], now

    def fail(self, error: Exception) -> None:
        """What has been drawn, and why there is no more of it."""
        self.deliver(time.monotonic())
        self.results.put(error)


class Engine:
    """Continues many texts at a time.

    Args:
        model: computes the rows; only the engine's thread calls it.
        slots: texts in the running batch, 1 to 64.
        spare: further slots of the cache, 0 to 1,000, which remember texts that are finished.
        reuse: whether a text may start from what a slot remembers; it is the same text either way.
        waiting: requests that may wait for a slot, from 0; one more is refused.

    The thread starts with the first request and ends with `close`.
    """

    def __init__(
        self,
        model: RowModel,
        slots: int = SLOTS,
        waiting: int = WAITING,
        spare: int = 0,
        reuse: bool = True,
    ) -> None:
        self._batch_limit = check_integer("slots", slots, 1, 64)
        self.model, self.config = model, model.config
        self._waiting_limit = check_integer("waiting", waiting, 0, 1_000_000)
        spare = check_integer("spare", spare, 0, 1000)
        self._cache = KVCache(self.config, self._batch_limit + spare, dtype=model.cache_dtype)
        self._slots = Slots(self._cache, reuse)
        self._chunk = 4 * SMALLEST_CHUNK  # until it is known how fast the model reads
        self._waiting: deque[_Request] = deque()
        self._running: list[_Request] = []  # by arrival
        self._changed = threading.Condition()  # guards what is above and below
        self._thread: threading.Thread | None = None
        self._closing = False

    # --- the side of those who ask, each in a thread of its own ---

    def generate_tokens(
        self,
        ids: Sequence[int],
        settings: SamplingSettings,
        max_new_tokens: int,
        stop_ids: Sequence[int] = (),
        deadline: float | None = None,
    ) -> Generator[TokenStep, None, None]:
        """Continue a sequence of token ids; see `generation.generate_tokens`.

        The request is made when the first step is asked for. The deadline counts from the moment it
        gets a slot. Close the generator to give the slot back before the end.

        Raises:
            ValueError: a parameter is out of range (raised by the call), or too many requests are
                waiting (by the first step).
        """
        return self._steps(
            _Request(
                checked_ids(ids, self.config.vocab_size),
                settings.resolved(),
                check_integer("max_new_tokens", max_new_tokens, 1, MAX_NEW_TOKENS),
                frozenset(stop_ids),
                checked_deadline(deadline),
            )
        )

    def _steps(self, request: _Request) -> Generator[TokenStep, None, None]:
        self._submit(request)
        try:
            while True:
                steps = request.results.get()
                if isinstance(steps, Exception):
                    raise steps
                yield from steps
                if steps[-1].finish_reason:
                    return
        finally:
            request.closed = True  # the engine looks before each step

    def _submit(self, request: _Request) -> None:
        with self._changed:
            if self._closing:
                raise RuntimeError("The engine is closed.")
            room = self._batch_limit - len(self._running)
            if len(self._waiting) >= self._waiting_limit + room:
                raise ValueError("Too many requests are waiting: try again in a minute.")
            self._waiting.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
                self._thread.start()
            self._changed.notify()

    @property
    def load(self) -> tuple[int, int]:
        """How many requests are in the batch, and how many wait for a slot."""
        with self._changed:
            return len(self._running), len(self._waiting)

    def close(self) -> None:
        """End the thread; requests that are not finished raise RuntimeError."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    # --- the engine's own thread ---

    @torch.inference_mode()
    def _run(self) -> None:
        while self._gather():
            self._step()

    def _gather(self) -> bool:
        """Let requests out and in; sleep while there are none. False: the engine is closed."""
        with self._changed:
            while not self._closing:
                for request in [r for r in self._running if r.closed]:
                    self._release(request)
                self._admit()
                if self._running:
                    return True
                self._changed.wait()
            for request in [*self._running, *self._waiting]:
                request.fail(RuntimeError("The engine was closed."))
            return False

    def _admit(self) -> None:
        while self._waiting and (len(self._running) < self._batch_limit or self._waiting[0].closed):
            request = self._waiting.popleft()
            if request.closed:
                continue
            request.text = Continuation(
                self.config,
                request.ids,
                request.settings,
                request.max_new_tokens,
                request.stop_ids,
                request.deadline,
            )
            request.slot, known = self._slots.take(request.text.window)
            del request.text.unread[:known]
            self._running.append(request)

    def _release(self, request: _Request) -> None:
        self._running.remove(request)
        self._slots.give_back(request.slot)

    def _step(self) -> None:
        """One forward pass for the batch, and a token for each text that has been read to its end.

        Should the pass fail, each request takes it alone, so that only one at fault fails.
        """
        batch = self._plan()
        try:
            finished = self._forward(batch)
        except Exception:
            finished = []
            for entry in batch:
                try:
                    finished += self._forward([entry])
                except Exception as error:
                    entry[0].fail(error)
                    finished.append(entry[0])
        with self._changed:
            for request in finished:
                self._release(request)

    def _plan(self) -> list[tuple[_Request, int]]:
        """Which requests take part in the next pass, with how many tokens each."""
        left, batch = self._chunk, []
        for request in self._running:
            assert request.text is not None
            unread = len(request.text.unread)
            count = 1 if unread == 1 else min(unread, left)
            if unread > 1:
                left -= count
            if count:
                batch.append((request, count))
        return batch

    def _forward(self, batch: list[tuple[_Request, int]]) -> list[_Request]:
        """Read these tokens and draw the next ones; the requests that this has finished."""
        tokens: list[int] = []
        slots: list[int] = []
        positions: list[int] = []
        wanted: list[int] = []
        complete: list[tuple[_Request, Continuation]] = []
        for request, count in batch:
            text = request.text
            assert text is not None
            tokens += text.unread[:count]
            slots += [request.slot] * count
            positions += range(text.seen, text.seen + count)
            self._slots.will_read(request.slot, text.seen)
            if count == len(text.unread):
                wanted.append(len(tokens) - 1)
                complete.append((request, text))
        start = time.perf_counter()
        # Of a prompt's piece nobody wants logits; a model is asked for one row of them at least.
        logits = self.model.forward_rows(tokens, slots, positions, self._cache, wanted or [0])
        self._adapt(len(tokens), time.perf_counter() - start)
        for request, count in batch:
            assert request.text is not None
            self._slots.has_read(request.slot, request.text.unread[:count])
            if count < len(request.text.unread):
                del request.text.unread[:count]
        finished: list[_Request] = []
        failed: list[tuple[_Request, Exception]] = []
        for (request, text), row in zip(complete, logits, strict=False):
            try:
                request.drawn.append(text.accept(row))
            except Exception as error:  # this text alone
                failed.append((request, error))
            else:
                if request.drawn[-1].finish_reason:
                    finished.append(request)
        # All together: a reader who wakes up takes turns with this thread, which is at its end.
        now = time.monotonic()
        for request, _ in complete:
            if request in finished or now - request.delivered_at >= DELIVER_SECONDS:
                request.deliver(now)
        for request, reason in failed:
            request.fail(reason)
        return finished + [request for request, _ in failed]

    def _adapt(self, rows: int, seconds: float) -> None:
        """Read as much of the prompts per step as takes CHUNK_SECONDS."""
        if rows >= SMALLEST_CHUNK:
            fitting = int(rows * CHUNK_SECONDS / max(seconds, 1e-6))
            # Halfway there: one slow pass of a busy machine is not the rule.
            self._chunk = min(max((self._chunk + fitting) // 2, SMALLEST_CHUNK), LARGEST_CHUNK)
