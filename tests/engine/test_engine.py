"""The engine: many requests at a time, on a model that speaks scripts and on real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from conftest import REPOSITORY
from test_generation import GREEDY, SAMPLED, tiny_gpt2, token_ids
from torch import Tensor

from gpt2_scratch.chat import Assistant, Message
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine import engine as engine_module
from gpt2_scratch.engine import native
from gpt2_scratch.engine.engine import Engine
from gpt2_scratch.engine.native import NativeGPT2
from gpt2_scratch.engine.rows import RowModel, TorchRows
from gpt2_scratch.generation import TokenStep, generate, generate_tokens
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.sampling import SamplingSettings

WAIT_SECONDS = 60  # for what happens at once on an idle machine


class CountingModel:
    """After token n comes n + 1. Keeps a record of its passes, and can be held up or broken."""

    def __init__(self, vocab_size: int = 1000, block_size: int = 64) -> None:
        self.config = GPT2Config(vocab_size, block_size, n_layer=1, n_head=1, n_embd=1)
        self.cache_dtype = torch.float32
        self.passes: list[list[tuple[int, int, int]]] = []  # (token, slot, position) of each row
        self.poison: int | None = None  # a pass with this token fails
        self.gate = threading.Event()
        self.gate.set()

    def forward_rows(
        self,
        tokens: Sequence[int],
        slots: Sequence[int],
        positions: Sequence[int],
        cache: KVCache,
        wanted: Sequence[int],
    ) -> Tensor:
        self.gate.wait(WAIT_SECONDS)
        self.passes.append(list(zip(tokens, slots, positions, strict=True)))
        if self.poison in tokens:
            raise ArithmeticError("poisoned")
        logits = torch.zeros(len(wanted), self.config.vocab_size)
        for row, index in enumerate(wanted):
            logits[row, (tokens[index] + 1) % self.config.vocab_size] = 50.0
        return logits


@contextmanager
def running(model: RowModel, **options: Any) -> Iterator[Engine]:
    engine = Engine(model, **options)
    try:
        yield engine
    finally:
        engine.close()


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < give_up, "it never happened"
        time.sleep(0.002)


def together(
    engine: Engine, requests: Sequence[tuple[list[int], SamplingSettings, int]]
) -> list[list[TokenStep]]:
    """The steps of requests that are made at the same time, each by a thread of its own."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda request: list(engine.generate_tokens(*request)), requests))


def while_held_up(
    model: CountingModel, engine: Engine, ids: list[int], new: int
) -> list[TokenStep]:
    """The steps of a request that comes while another is being written."""
    model.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: list(engine.generate_tokens(ids, GREEDY, new)))
        until(lambda: sum(engine.load) == 2)
        model.gate.set()
        return asked.result(WAIT_SECONDS)


# --- one request ----------------------------------------------------------------------------------


def test_a_prompt_is_read_once_then_one_token_at_a_time() -> None:
    model = CountingModel()
    with running(model) as engine:
        steps = list(engine.generate_tokens([7, 8, 9], GREEDY, 3))
    assert token_ids(steps) == [10, 11, 12]
    assert [step.finish_reason for step in steps] == [None, None, "length"]
    assert [[row[0] for row in rows] for rows in model.passes] == [[7, 8, 9], [10], [11]]
    assert [[row[2] for row in rows] for rows in model.passes] == [[0, 1, 2], [3], [4]]


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_steps_are_those_of_generate_tokens(settings: SamplingSettings) -> None:
    """The window of 16 moves on the way; stop tokens end the text."""
    model = tiny_gpt2()
    with running(TorchRows(model)) as engine:
        for prompt, stop_ids in (([1, 2, 3], ()), (list(range(40)), ()), ([5], range(0, 257, 9))):
            expected = list(generate_tokens(model, prompt, settings, 40, stop_ids))
            found = list(engine.generate_tokens(prompt, settings, 40, stop_ids))
            assert token_ids(found) == token_ids(expected)
            for step, other in zip(found, expected, strict=True):
                assert step.probability == pytest.approx(other.probability, rel=1e-3)
                assert (step.finish_reason, step.window_moved, step.seed) == (
                    other.finish_reason,
                    other.window_moved,
                    other.seed,
                )


def test_the_call_refuses_and_nothing_runs_before_the_first_step() -> None:
    model = CountingModel()
    with running(model) as engine:
        for ids, new, sentence in (
            ([], 1, "no token to continue"),
            ([1000], 1, "outside the model's vocabulary"),
            ([1], 0, "max_new_tokens must be"),
        ):
            with pytest.raises(ValueError, match=sentence):
                engine.generate_tokens(ids, GREEDY, new)
        with pytest.raises(ValueError, match="deadline must be"):
            engine.generate_tokens([1], GREEDY, 1, deadline=-1)
        engine.generate_tokens([1], GREEDY, 5).close()
        assert engine.load == (0, 0) and model.passes == []


def test_a_deadline_ends_a_text() -> None:
    with running(CountingModel()) as engine:
        steps = list(engine.generate_tokens([1], GREEDY, 90_000, deadline=0.05))
    assert steps[-1].finish_reason == "deadline" and len(steps) < 90_000


# --- company --------------------------------------------------------------------------------------


def test_requests_join_a_running_batch_and_leave_it() -> None:
    model = CountingModel(block_size=1024)
    with running(model) as engine:
        long = engine.generate_tokens([100], GREEDY, 500)
        next(long)
        short = while_held_up(model, engine, [500], 3)
        rest = list(long)
    assert token_ids(short) == [501, 502, 503]
    assert token_ids(rest)[-1] == 600
    sizes = [len(rows) for rows in model.passes]
    assert sizes[0] == 1 and sizes[-1] == 1 and 2 in sizes
    assert sum(sizes) == 503


def test_slots_are_bounded_and_taken_in_order_of_arrival() -> None:
    model = CountingModel()
    order: list[int] = []
    with running(model, slots=2) as engine:
        model.gate.clear()

        def ask(first: int) -> None:
            for step in engine.generate_tokens([first], GREEDY, 4):
                if step.token_id == first + 1:
                    order.append(first)

        threads = []
        for number in range(6):
            threads.append(threading.Thread(target=ask, args=(number * 100,)))
            threads[-1].start()
            until(lambda asked=number + 1: sum(engine.load) == asked)  # type: ignore[misc]
        model.gate.set()
        for thread in threads:
            thread.join(WAIT_SECONDS)
    firsts = [token for rows in model.passes for token, _, _ in rows if token % 100 == 0]
    assert firsts == [0, 100, 200, 300, 400, 500]
    assert sorted(order) == firsts
    assert max(len(rows) for rows in model.passes) == 2
    assert {slot for rows in model.passes for _, slot, _ in rows} == {0, 1}


def test_closing_a_stream_frees_its_slot_for_who_waits() -> None:
    model = CountingModel()
    with running(model, slots=1) as engine:
        endless = engine.generate_tokens([1], GREEDY, 90_000)
        next(endless)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: list(engine.generate_tokens([50], GREEDY, 2)))
            until(lambda: engine.load == (1, 1))
            endless.close()
            assert token_ids(waiting.result(WAIT_SECONDS)) == [51, 52]
        until(lambda: engine.load == (0, 0))


def test_more_than_may_wait_are_refused_and_the_others_served() -> None:
    model = CountingModel()
    with running(model, slots=1, waiting=2) as engine, ThreadPoolExecutor(3) as pool:
        model.gate.clear()
        asked = []
        for count in range(1, 4):
            asked.append(pool.submit(lambda: list(engine.generate_tokens([1], GREEDY, 2))))
            until(lambda count=count: sum(engine.load) == count)  # type: ignore[misc]
        with pytest.raises(ValueError, match="Too many requests are waiting"):
            next(engine.generate_tokens([1], GREEDY, 2))
        model.gate.set()
        assert [token_ids(future.result(WAIT_SECONDS)) for future in asked] == [[2, 3]] * 3


def test_a_long_prompt_is_read_in_pieces_while_others_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "LARGEST_CHUNK", 16)
    model = CountingModel(block_size=512)
    with running(model) as engine:
        writing = engine.generate_tokens([100], GREEDY, 800)
        next(writing)
        (first,) = while_held_up(model, engine, list(range(300)), 1)
        writing.close()
    assert first.token_id == 300
    reading = [rows for rows in model.passes if any(slot == 1 for _, slot, _ in rows)]
    pieces = [[row for row in rows if row[1] == 1] for rows in reading]
    assert [position for piece in pieces for _, _, position in piece] == list(range(300))
    assert len(pieces) > 5
    assert all(any(slot == 0 for _, slot, _ in rows) for rows in reading)  # nobody stood still


# --- faults ---------------------------------------------------------------------------------------


def test_a_request_that_breaks_a_pass_fails_alone() -> None:
    model = CountingModel()
    model.poison = 666
    with running(model) as engine, ThreadPoolExecutor(2) as pool:
        model.gate.clear()
        good = pool.submit(lambda: list(engine.generate_tokens([10], GREEDY, 40)))
        bad = pool.submit(lambda: list(engine.generate_tokens([660], GREEDY, 40)))
        until(lambda: sum(engine.load) == 2)
        model.gate.set()
        assert token_ids(good.result(WAIT_SECONDS)) == list(range(11, 51))
        with pytest.raises(ArithmeticError, match="poisoned"):
            bad.result(WAIT_SECONDS)
        assert token_ids(engine.generate_tokens([1], GREEDY, 2)) == [2, 3]  # it lives on


def test_logits_that_are_no_numbers_end_only_their_text() -> None:
    class Damaged(CountingModel):
        def forward_rows(self, tokens: Sequence[int], *rest: Any, **more: Any) -> Tensor:
            logits = super().forward_rows(tokens, *rest, **more)
            logits[[500 < int(row.argmax()) for row in logits]] = float("nan")
            return logits

    with running(Damaged()) as engine:
        with pytest.raises(ValueError, match="not finite"):
            list(engine.generate_tokens([495], GREEDY, 20))
        assert token_ids(engine.generate_tokens([1], GREEDY, 2)) == [2, 3]


def test_closing_the_engine_ends_every_stream() -> None:
    model = CountingModel()
    engine = Engine(model, slots=1)
    stream = engine.generate_tokens([1], GREEDY, 90_000)
    next(stream)
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        list(stream)
    with pytest.raises(RuntimeError, match="closed"):
        next(engine.generate_tokens([1], GREEDY, 1))


# --- the same text alone and in company -----------------------------------------------------------


def requests_of_all_kinds(count: int, vocab_size: int) -> list[Any]:
    """Prompts of 1 to 40 tokens, greedy and sampled, each with its own seed."""
    generator = torch.Generator().manual_seed(5)
    requests = []
    for number in range(count):
        length = int(torch.randint(1, 40, (), generator=generator))
        prompt = torch.randint(vocab_size, (length,), generator=generator).tolist()
        settings = SamplingSettings(
            temperature=0.0 if number % 4 == 0 else 0.5 + 0.2 * number,
            top_k=(0, 20, 50)[number % 3],
            top_p=(1.0, 0.9)[number % 2],
            repetition_penalty=(1.0, 1.2)[number % 2],
            seed=number,
        )
        requests.append((prompt, settings, 10 + 3 * number))
    return requests


def test_company_does_not_change_a_text_of_the_reference_model() -> None:
    model = tiny_gpt2(block_size=32)
    requests = requests_of_all_kinds(10, model.config.vocab_size)
    with running(TorchRows(model), slots=4) as engine:
        for steps, request in zip(together(engine, requests), requests, strict=True):
            assert token_ids(steps) == token_ids(generate_tokens(model, *request))


@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
@pytest.mark.parametrize("mode", ["fp32", "int8"])
def test_company_does_not_change_a_text_of_the_committed_model(mode: str) -> None:
    """Not one bit: even the probabilities are equal."""
    if not (REPOSITORY / "weights" / "base.safetensors").exists():
        pytest.skip("not trained yet")
    model, _ = load_model("base")
    fast: Any = NativeGPT2(model, mode)
    requests = requests_of_all_kinds(8, model.config.vocab_size)
    with running(fast, slots=4) as engine:
        for steps, request in zip(together(engine, requests), requests, strict=True):
            assert steps == list(generate_tokens(fast, *request))


def test_text_and_chat_take_an_engine_for_a_model() -> None:
    if not (REPOSITORY / "weights" / "chat.safetensors").exists():
        pytest.skip("not trained yet")
    model, tokenizer = load_model("chat")
    question = "Name three colours."
    said: list[Message] = [{"role": "user", "content": question}]
    with running(TorchRows(model)) as engine:
        text = generate(engine, tokenizer, "Once", max_new_tokens=12, seed=1)
        steps = Assistant(model, tokenizer).stream(said, max_new_tokens=12, source=engine)
        answer = "".join(step.text for step in steps).strip()
    assert text == generate(model, tokenizer, "Once", max_new_tokens=12, seed=1)
    assert answer == Assistant(model, tokenizer).respond(question, max_new_tokens=12)
