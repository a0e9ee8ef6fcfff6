"""What an engine remembers: a beginning is read once, and the text is the same as without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from test_engine import WAIT_SECONDS, CountingModel, running, until
from test_generation import GREEDY, tiny_gpt2, token_ids

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine import native
from gpt2_scratch.engine.engine import Engine
from gpt2_scratch.engine.native import NativeGPT2
from gpt2_scratch.engine.rows import RowModel, TorchRows
from gpt2_scratch.engine.slots import SHORTEST, Slots
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.sampling import SamplingSettings

PROMPT = list(range(100, 140))


def read(model: CountingModel) -> list[int]:
    """The tokens that the model has read since the last call."""
    tokens = [token for rows in model.passes for token, _, _ in rows]
    model.passes.clear()
    return tokens


def complete(engine: Engine, ids: list[int], new: int = 3) -> list[int]:
    """Continue ids by `new` tokens, and wait until the slot is back."""
    found = token_ids(engine.generate_tokens(ids, GREEDY, new))
    until(lambda: engine.load == (0, 0))
    return found


# --- what is read -----------------------------------------------------------------------------


def test_a_prompt_that_comes_again_and_a_further_turn_read_what_is_new() -> None:
    model = CountingModel(block_size=200)
    with running(model) as engine:
        assert complete(engine, PROMPT) == [140, 141, 142]
        assert read(model) == [*PROMPT, 140, 141]
        assert complete(engine, PROMPT) == [140, 141, 142]
        assert read(model) == [139, 140, 141]  # the last one's logits are wanted
        turn = [*PROMPT, 140, 141, 142, 7, 8]
        assert complete(engine, turn) == [9, 10, 11]
        assert read(model) == [142, 7, 8, 9, 10]
        other = [5, *PROMPT]  # the same tokens at other positions are others
        assert complete(engine, other, 1) == [140]
        assert read(model) == other


def test_a_text_that_is_being_written_lends_its_beginning() -> None:
    model = CountingModel(block_size=200)
    with running(model) as engine:
        first = engine.generate_tokens(PROMPT, GREEDY, 90)
        next(first)
        second = engine.generate_tokens([*PROMPT[:30], 900], GREEDY, 1)
        assert next(second).token_id == 901
        rest = token_ids(first)
    assert rest == list(range(141, 230))
    tokens = read(model)
    assert tokens.count(PROMPT[0]) == 1 and tokens.count(900) == 1


def test_without_reuse_everything_is_read() -> None:
    model = CountingModel(block_size=200)
    with running(model, reuse=False) as engine:
        for _ in range(2):
            complete(engine, PROMPT, 1)
            assert read(model) == PROMPT


def test_the_longest_unused_is_forgotten_first() -> None:
    model = CountingModel(block_size=64)
    texts = [list(range(start, start + 20)) for start in (100, 200, 300)]
    with running(model, slots=1, spare=1) as engine:
        for number in (0, 1, 0, 2, 0, 1):  # two slots for three texts
            complete(engine, texts[number], 1)
        first, second, again, third, still, gone = (rows for rows in model.passes)
    assert [len(rows) for rows in (first, second, third, gone)] == [20] * 4
    assert [len(rows) for rows in (again, still)] == [1, 1]


def test_a_closed_request_and_a_failed_one_leave_only_what_was_read() -> None:
    model = CountingModel(block_size=200)
    with running(model, slots=1) as engine:
        left = engine.generate_tokens(PROMPT, GREEDY, 100)  # they fit into the window
        for _ in range(5):
            next(left)
        left.close()
        until(lambda: engine.load == (0, 0))
        read(model)
        assert complete(engine, [*PROMPT, 140, 7], 1) == [8]
        assert read(model) == [7]
        model.poison = 666
        with pytest.raises(ArithmeticError):
            complete(engine, [*PROMPT, 665], 9)  # fails when it reads what it wrote
        until(lambda: engine.load == (0, 0))
        model.poison = None
        read(model)
        assert complete(engine, [*PROMPT, 665, 666, 667], 1) == [668]
        assert read(model) == [666, 667]


def test_a_window_that_moved_is_remembered_as_it_is() -> None:
    model = CountingModel(block_size=32)
    with running(model, slots=1) as engine:
        complete(engine, list(range(100, 130)), 20)  # it moves on the way
        read(model)
        assert complete(engine, list(range(100, 130)), 1) == [130]
        assert read(model) == list(range(100, 130))


def test_many_at_once_share_one_beginning() -> None:
    """Requests that come and go, with one beginning in common: each is counted on rightly."""
    model = CountingModel(vocab_size=100_000, block_size=200)
    with running(model, slots=3, spare=2) as engine, ThreadPoolExecutor(12) as pool:

        def ask(number: int) -> bool:
            steps = engine.generate_tokens([*PROMPT, 1000 * (number + 1)], GREEDY, 20)
            if number % 4 == 3:
                next(steps)
                steps.close()
                return True
            start = 1000 * (number + 1) + 1
            return token_ids(steps) == list(range(start, start + 20))

        assert all(pool.map(ask, range(24), timeout=WAIT_SECONDS))
        until(lambda: engine.load == (0, 0))
    assert len({slot for rows in model.passes for _, slot, _ in rows}) <= 5


# --- what is written --------------------------------------------------------------------------


def turns(vocab_size: int) -> list[tuple[list[int], SamplingSettings, int]]:
    """A talk of growing turns, a prompt that comes again, and one with the same beginning."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(vocab_size, (60,), generator=generator).tolist()
    sampled = SamplingSettings(temperature=1.0, top_k=20, repetition_penalty=1.1, seed=4)
    return [
        (ids[:20], GREEDY, 5),
        (ids[:33], sampled, 6),
        (ids[:33], sampled, 6),
        (ids[:33], GREEDY, 60),  # past the end of the window
        (ids[:25] + ids[40:], sampled, 6),
        (ids[:20], GREEDY, 5),
    ]


@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
@pytest.mark.parametrize("mode", ["fp32", "int8"])
def test_a_remembered_beginning_changes_no_bit(mode: str) -> None:
    model: Any = NativeGPT2(tiny_gpt2(block_size=64), mode)
    with running(model, slots=1, spare=1) as engine:
        for request in turns(model.config.vocab_size):
            assert list(engine.generate_tokens(*request)) == list(generate_tokens(model, *request))


def test_a_remembered_beginning_changes_no_text_of_the_reference_model() -> None:
    model = tiny_gpt2(block_size=64)
    rows: RowModel = TorchRows(model)
    with running(rows, slots=1, spare=1) as engine:
        for request in turns(model.config.vocab_size):
            found = token_ids(engine.generate_tokens(*request))
            assert found == token_ids(generate_tokens(model, *request))


# --- the slots themselves ---------------------------------------------------------------------


def test_a_short_beginning_is_read_and_a_longer_one_copied() -> None:
    cache = KVCache(GPT2Config(10, 64, n_layer=2, n_head=1, n_embd=2), 2)
    slots = Slots(cache)
    tokens = [1] * 40
    first, known = slots.take(tokens)
    assert known == 0
    cache.keys[:, first], cache.values[:, first] = 1.0, 2.0
    slots.has_read(first, tokens)
    assert slots.take([1] * SHORTEST)[1] == 0  # that is SHORTEST - 1 before the last
    slots.give_back(1 - first)
    second, known = slots.take([*tokens[:30], 2])
    assert (second, known) == (1 - first, 30)
    assert bool((cache.keys[:, second, :, :30] == 1).all() and (cache.values[:, second] <= 2).all())
    assert not cache.keys[:, second, :, 30:].any()
