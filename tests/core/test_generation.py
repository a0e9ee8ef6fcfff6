"""Generation: the engine on mock models, the cache on a tiny GPT-2, text, beam search."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gpt2_scratch import generation
from gpt2_scratch.beam_search import beam_search, beam_search_steps, beam_search_tokens
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.generation import Step, TokenStep, generate, generate_tokens, stream
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings
from gpt2_scratch.stop_strings import StopStrings
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

GREEDY = SamplingSettings(temperature=0.0, seed=0)
SAMPLED = SamplingSettings(temperature=1.2, top_k=20, top_p=0.95, repetition_penalty=1.1, seed=7)


class _MockModel(nn.Module):
    """Speaks a script, whatever it is given, and keeps a record of what it was given."""

    def __init__(self, script: Sequence[int] = (), vocab_size: int = 257, block_size: int = 64):
        super().__init__()
        self.config = GPT2Config(vocab_size, block_size, n_layer=1, n_head=1, n_embd=1)
        self.cache_dtype = torch.float32
        self.script = iter(script or itertools.cycle(range(10)))
        self.inputs: list[list[int]] = []
        self.cache_lengths: list[int | None] = []

    def forward(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        self.inputs.append(idx[0].tolist())
        self.cache_lengths.append(None if cache is None else cache.length)
        if cache is not None:
            cache.advance(idx.size(1))
        logits = torch.zeros(1, 1, self.config.vocab_size)
        logits[0, 0, next(self.script)] = 100.0  # a draw at temperature 0.8 cannot miss it
        return logits


def mock_model(*args: Any, **kwargs: Any) -> Any:
    """A _MockModel that type checkers take for a GPT2: the engine needs no more of one."""
    return _MockModel(*args, **kwargs)


def tiny_gpt2(vocab_size: int = 257, block_size: int = 16, seed: int = 0) -> GPT2:
    """A random model with weights far larger than usual, so that its choices are not all alike.

    The token embedding stays smaller, or the tied output would repeat the last token for ever.
    """
    config = GPT2Config(vocab_size, block_size, n_layer=2, n_head=2, n_embd=16)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(seed)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.mul_(15 if name.startswith("wte") else 50)
    return model


@pytest.fixture(scope="module")
def byte_tokenizer() -> Tokenizer:
    """One token per byte, so that every character outside ASCII is cut into pieces."""
    return Tokenizer({bytes([i]): i for i in range(256)}, "bytes")


def token_ids(steps: Iterable[TokenStep]) -> list[int]:
    return [step.token_id for step in steps]


# --- the engine, on token ids alone ---


def test_engine_prefills_once_then_feeds_one_token_at_a_time() -> None:
    model = mock_model(script=[4, 5, 6])
    steps = list(generate_tokens(model, [1, 2, 3], GREEDY, 3))
    assert token_ids(steps) == [4, 5, 6]
    assert model.inputs == [[1, 2, 3], [4], [5]]
    assert model.cache_lengths == [0, 3, 4]
    assert [step.finish_reason for step in steps] == [None, None, "length"]
    assert not any(step.window_moved for step in steps)


def test_engine_stops_at_a_stop_id_and_reads_no_further() -> None:
    model = mock_model(script=[4, 9, 6])
    steps = list(generate_tokens(model, [1], GREEDY, 10, stop_ids=[8, 9]))
    assert token_ids(steps) == [4, 9]
    assert steps[-1].finish_reason == "stop"
    assert len(model.inputs) == 2


def test_nothing_runs_before_the_first_step_or_after_close() -> None:
    model = mock_model()
    steps = generate_tokens(model, [1], GREEDY, 10)
    assert model.inputs == []
    next(steps), next(steps)
    steps.close()
    assert list(steps) == []
    assert len(model.inputs) == 2


def test_closing_the_text_stream_closes_the_engine(byte_tokenizer: Tokenizer) -> None:
    model = mock_model()
    steps = stream(model, byte_tokenizer, "ab")
    next(steps)
    steps.close()
    assert list(steps) == [] and len(model.inputs) == 1


def test_deadline_is_looked_at_between_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(100.0)  # one second per look
    monkeypatch.setattr(generation, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    steps = list(generate_tokens(mock_model(), [1], GREEDY, 10, deadline=2.5))
    assert [step.finish_reason for step in steps] == [None, None, "deadline"]
    assert len(list(generate_tokens(mock_model(), [1], GREEDY, 10))) == 10


def test_full_window_drops_its_oldest_half_and_reads_the_rest_again() -> None:
    model = mock_model(script=range(10, 20), block_size=4)
    steps = list(generate_tokens(model, [1, 2], GREEDY, 7))
    assert model.inputs == [[1, 2], [10], [11], [10, 11, 12], [13], [12, 13, 14], [15]]
    assert model.cache_lengths == [0, 2, 3, 0, 3, 0, 3]
    assert [step.window_moved for step in steps] == [False, False, False, True, False, True, False]


@pytest.mark.parametrize(("max_new_tokens", "kept"), [(1, 5), (2, 4), (3, 3), (50, 3)])
def test_long_prompt_keeps_its_tail(max_new_tokens: int, kept: int) -> None:
    """As much as leaves room for the new tokens, but half a window at least."""
    model = mock_model(block_size=6)
    steps = generate_tokens(model, list(range(20)), GREEDY, max_new_tokens)
    assert next(steps).window_moved
    assert model.inputs == [list(range(20 - kept, 20))]


def test_prompt_that_fills_the_window_exactly_is_read_whole() -> None:
    model = mock_model(block_size=4)
    steps = list(generate_tokens(model, [1, 2, 3, 4], GREEDY, 2))
    assert model.inputs == [[1, 2, 3, 4], [3, 4, 0]]
    assert [step.window_moved for step in steps] == [False, True]


def test_smallest_window_still_moves() -> None:
    model = mock_model(script=[5, 6, 7], block_size=1)
    assert token_ids(generate_tokens(model, [1, 2], GREEDY, 3)) == [5, 6, 7]
    assert model.inputs == [[2], [5], [6]]


def test_inference_mode_is_not_held_open_between_steps() -> None:
    model = tiny_gpt2()
    weight = torch.ones(3, requires_grad=True)
    for _ in generate_tokens(model, [1], GREEDY, 3):
        assert not torch.is_inference_mode_enabled()
        (weight * 2).sum().backward()  # a training loop may draw a sample between two steps
    assert weight.grad is not None and weight.grad.tolist() == [6.0, 6.0, 6.0]


def test_damaged_weights_are_reported() -> None:
    model = tiny_gpt2()
    with torch.no_grad():
        model.wpe.weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="not finite"):
        list(generate_tokens(model, [1], SAMPLED, 3))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be a whole number from 1 to 100,000, not 0."),
        ({"max_new_tokens": True}, "max_new_tokens must be .* not True."),
        ({"max_new_tokens": math.nan}, "max_new_tokens must be .* not nan."),
        ({"max_new_tokens": 1.5}, "max_new_tokens must be .* not 1.5."),
        ({"max_new_tokens": 10**9}, "max_new_tokens must be .* not 1000000000."),
        ({"deadline": 0}, "deadline must be a number above 0 and at most 86400, not 0."),
        ({"deadline": math.nan}, "deadline must be .* not nan."),
        ({"deadline": "soon"}, "deadline must be .* not 'soon'."),
        ({"temperature": -1}, "temperature must be .* not -1."),
        ({"stop": "END"}, "stop must be a list of non-empty strings, not 'END'."),
        ({"stop": [""]}, "stop must be a list of non-empty strings"),
        ({"stop": [3]}, "stop must be a list of non-empty strings"),
        ({"stop": None}, "stop must be a list of non-empty strings"),
        ({"prompt": 5}, "The prompt must be text, not 5."),
    ],
)
def test_invalid_arguments_are_refused_by_the_call(
    changes: dict[str, Any], sentence: str, byte_tokenizer: Tokenizer
) -> None:
    model = mock_model()
    arguments: dict[str, Any] = {"prompt": "a", **changes}
    for function in (stream, generate):
        with pytest.raises(ValueError, match=sentence):
            function(model, byte_tokenizer, **arguments)
    assert model.inputs == []


def test_ids_outside_the_vocabulary_are_refused() -> None:
    for ids in ([300], [1, -1]):
        with pytest.raises(ValueError, match="outside the model's vocabulary of 257"):
            generate_tokens(mock_model(), ids, GREEDY, 1)
    with pytest.raises(ValueError, match="no token to continue from"):
        generate_tokens(mock_model(), [], GREEDY, 1)


# --- a real model ---


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize("prompt_length", [1, 10, 16, 40])
def test_cached_equals_uncached(settings: SamplingSettings, prompt_length: int) -> None:
    """Token for token, through several moves of the window: *the* test of a KV cache."""
    model = tiny_gpt2(block_size=16)
    prompt = [(7 * i) % 257 for i in range(prompt_length)]
    cached = list(generate_tokens(model, prompt, settings, 50))
    uncached = list(generate_tokens(model, prompt, settings, 50, use_cache=False))
    assert token_ids(cached) == token_ids(uncached)
    assert [s.window_moved for s in cached] == [s.window_moved for s in uncached]
    assert sum(s.window_moved for s in cached) >= 4
    for a, b in zip(cached, uncached, strict=True):
        assert a.probability == pytest.approx(b.probability, rel=1e-3)
    assert len(set(token_ids(cached))) > 5  # no model stuck on one token would do


def test_probability_is_the_models_own() -> None:
    model = tiny_gpt2(block_size=32)
    ids = [1, 2, 3]
    for step in generate_tokens(model, ids, SAMPLED, 10):
        with torch.no_grad():
            expected = model(torch.tensor([ids]))[0, -1].softmax(dim=-1)[step.token_id]
        assert step.probability == pytest.approx(expected.item(), rel=1e-4)
        ids = [*ids, step.token_id]


def test_a_seed_repeats_a_request_and_none_gives_a_fresh_one(byte_tokenizer: Tokenizer) -> None:
    model = tiny_gpt2(block_size=64)
    before = torch.get_rng_state()
    steps = list(stream(model, byte_tokenizer, "Once", max_new_tokens=30, temperature=1.5))
    seeds = {step.seed for step in steps}
    assert len(seeds) == 1
    (seed,) = seeds
    again = stream(model, byte_tokenizer, "Once", max_new_tokens=30, temperature=1.5, seed=seed)
    assert list(again) == steps
    other = stream(model, byte_tokenizer, "Once", max_new_tokens=30, temperature=1.5)
    assert token_ids(other) != token_ids(steps)
    assert torch.equal(before, torch.get_rng_state())


def test_requests_in_turns_do_not_disturb_each_other() -> None:
    model = tiny_gpt2()
    other_settings = SamplingSettings(temperature=1.0, top_k=0, seed=99)
    alone = [
        token_ids(generate_tokens(model, [1, 2], SAMPLED, 20)),
        token_ids(generate_tokens(model, [3], other_settings, 20)),
    ]
    first = generate_tokens(model, [1, 2], SAMPLED, 20)
    second = generate_tokens(model, [3], other_settings, 20)
    in_turns = list(zip(first, second, strict=True))
    assert [[a.token_id for a, _ in in_turns], [b.token_id for _, b in in_turns]] == alone


def test_half_precision_model_generates() -> None:
    steps = list(generate_tokens(tiny_gpt2().to(torch.bfloat16), [1], SAMPLED, 20))
    assert all(0 < step.probability <= 1 for step in steps)


# --- text ---


def speak(tokenizer: Tokenizer, text: str, **arguments: Any) -> list[Step]:
    """The steps of a stream whose model says `text` and then ends the document."""
    model = mock_model(script=[*text.encode(), tokenizer.eot_id], block_size=512)
    return list(stream(model, tokenizer, "p", **{"max_new_tokens": 300, **arguments}))


def test_characters_arrive_whole(byte_tokenizer: Tokenizer) -> None:
    text = "naïve 漢字 👩‍🔬!"
    steps = speak(byte_tokenizer, text)
    assert "".join(step.text for step in steps) == text
    assert all("\N{REPLACEMENT CHARACTER}" not in step.text for step in steps)
    assert [step.text for step in steps][2:4] == ["", "ï"]
    assert (steps[-1].token_id, steps[-1].text, steps[-1].finish_reason) == (256, "", "stop")


def test_half_a_character_at_the_end_becomes_a_replacement(byte_tokenizer: Tokenizer) -> None:
    steps = speak(byte_tokenizer, "a👩", max_new_tokens=3)
    assert [step.text for step in steps] == ["a", "", "\N{REPLACEMENT CHARACTER}"]
    assert steps[-1].finish_reason == "length"


def test_a_text_goes_on_in_the_middle_of_a_character(byte_tokenizer: Tokenizer) -> None:
    whole = "a👩 ##!".encode()
    written, rest = list(whole[:3]), list(whole[3:])
    model = mock_model(script=[*rest, byte_tokenizer.eot_id], block_size=512)
    steps = list(
        generation.stream_from_ids(
            model, byte_tokenizer, [1], GREEDY, 300, stop=["##"], written=written
        )
    )
    assert model.inputs[0] == [1, *written]
    assert "".join(step.text for step in steps) == "a👩 "
    assert steps[0].text == "a"


def test_stop_string_is_never_seen_however_it_arrives(byte_tokenizer: Tokenizer) -> None:
    steps = speak(byte_tokenizer, "Yes.\n## No, ### End", stop=["###"])
    assert "".join(step.text for step in steps) == "Yes.\n## No, "
    assert steps[-1].finish_reason == "stop"
    assert not any(step.text.endswith("#") for step in steps)  # "##" came only once it was certain


def test_held_back_text_is_given_out_at_the_end(byte_tokenizer: Tokenizer) -> None:
    assert "".join(s.text for s in speak(byte_tokenizer, "C##", stop=["###"])) == "C##"
    steps = speak(byte_tokenizer, "C## is a", stop=["###"], max_new_tokens=3)
    assert [step.text for step in steps] == ["C", "", "##"]


@hypothesis.settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.text("ab", max_size=4), max_size=8),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_stop_strings_do_not_depend_on_the_pieces(pieces: list[str], strings: list[str]) -> None:
    text, expected = "".join(pieces), "".join(pieces)
    for end in range(len(text) + 1):  # the definition: the first prefix that ends in a stop string
        ending = [s for s in strings if text[:end].endswith(s)]
        if ending:
            expected = text[: end - max(map(len, ending))]
            break
    stop, shown = StopStrings(strings), ""
    for piece in pieces:
        shown += stop.push(piece)
        assert expected.startswith(shown)  # nothing is shown that would have to be taken back
        if stop.found:
            break
    if not stop.found:
        shown += stop.flush()
    assert shown == expected


def test_empty_prompt_starts_a_document(byte_tokenizer: Tokenizer) -> None:
    model = mock_model(script=[65])
    assert generate(model, byte_tokenizer, "", max_new_tokens=1) == "A"
    assert model.inputs == [[byte_tokenizer.eot_id]]


def test_special_token_in_the_prompt_is_plain_text(byte_tokenizer: Tokenizer) -> None:
    model = mock_model()
    generate(model, byte_tokenizer, "<|endoftext|>", max_new_tokens=1)
    assert model.inputs == [list(b"<|endoftext|>")]


def test_generate_joins_the_stream(byte_tokenizer: Tokenizer) -> None:
    model = tiny_gpt2(block_size=32)
    steps = stream(model, byte_tokenizer, "abc", max_new_tokens=60, seed=3, top_k=0)
    text = generate(model, byte_tokenizer, "abc", max_new_tokens=60, seed=3, top_k=0)
    assert text == "".join(step.text for step in steps) != ""


# --- beam search ---


@torch.no_grad()
def log_probability(model: GPT2, prompt: list[int], tokens: Sequence[int]) -> float:
    """Of `tokens` after `prompt`, from one uncached pass over all of it."""
    ids = torch.tensor([[*prompt, *tokens]])
    log_probs = model(ids, all_positions=True)[0].log_softmax(dim=-1)
    places = range(len(prompt) - 1, ids.size(1) - 1)
    return sum(log_probs[i, t].item() for i, t in zip(places, tokens, strict=True))


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_wide_beam_equals_brute_force(length_penalty: float, seed: int) -> None:
    """Three tokens, token 0 ends: 1 + 2 + 4 + 8 ended texts and 16 others of length 4."""
    model, prompt, n = tiny_gpt2(vocab_size=3, block_size=12, seed=seed), [1, 2], 4
    texts = {
        next((t[: i + 1] for i, token in enumerate(t) if token == 0), t)
        for t in itertools.product(range(3), repeat=n)
    }
    assert len(texts) == 31
    expected = sorted(
        (
            (log_probability(model, prompt, t) / ((5 + len(t)) / 6) ** length_penalty, list(t))
            for t in texts
        ),
        reverse=True,
    )
    beams = beam_search_tokens(
        model, prompt, num_beams=31, max_new_tokens=n, length_penalty=length_penalty, stop_ids=[0]
    )
    assert [tokens for tokens, _ in beams] == [tokens for _, tokens in expected]
    assert [score for _, score in beams] == pytest.approx([s for s, _ in expected], abs=1e-4)


@pytest.mark.parametrize("stop_ids", [(), (0, 1, 2)])
def test_one_beam_is_greedy(stop_ids: tuple[int, ...]) -> None:
    for seed in range(10):
        model = tiny_gpt2(vocab_size=20, block_size=32, seed=seed)
        greedy = token_ids(generate_tokens(model, [5, 6], GREEDY, 12, stop_ids=stop_ids))
        ((tokens, _),) = beam_search_tokens(
            model, [5, 6], num_beams=1, max_new_tokens=12, stop_ids=stop_ids
        )
        assert tokens == greedy


@pytest.mark.parametrize("seed", range(4))
def test_beams_carry_their_own_past(seed: int) -> None:
    """Scores from the reordered cache are those of an uncached pass over each beam."""
    model = tiny_gpt2(vocab_size=30, block_size=40, seed=seed)
    beams = beam_search_tokens(
        model, [3, 4, 5], num_beams=5, max_new_tokens=15, length_penalty=0.0, stop_ids=[0, 1]
    )
    scores = [score for _, score in beams]
    assert len(beams) == 5 and scores == sorted(scores, reverse=True)
    assert len({tuple(tokens) for tokens, _ in beams}) == 5
    for tokens, score in beams:
        assert score == pytest.approx(log_probability(model, [3, 4, 5], tokens), abs=1e-3)
        assert not {0, 1} & set(tokens[:-1])  # a beam ends where it stops
    greedy = token_ids(generate_tokens(model, [3, 4, 5], GREEDY, 15, stop_ids=[0, 1]))
    assert len(greedy) < 15 or scores[0] >= log_probability(model, [3, 4, 5], greedy) - 1e-3


def test_length_penalty_favours_length() -> None:
    model = tiny_gpt2(vocab_size=6, block_size=24, seed=3)

    def best_length(length_penalty: float) -> int:
        beams = beam_search_tokens(
            model, [1], num_beams=12, max_new_tokens=8, length_penalty=length_penalty, stop_ids=[0]
        )
        return len(beams[0][0])

    assert best_length(0.0) < best_length(5.0)


def test_beam_search_text(byte_tokenizer: Tokenizer) -> None:
    model = tiny_gpt2(block_size=32)
    beams = beam_search(model, byte_tokenizer, "x" * 100, num_beams=3, max_new_tokens=10)
    assert len(beams) == 3
    for beam in beams:
        visible = [i for i in beam.token_ids if i != byte_tokenizer.eot_id]
        assert beam.text == byte_tokenizer.decode(visible)
        assert 1 <= len(beam.token_ids) <= 10


def test_beam_search_can_be_watched_and_left() -> None:
    model = tiny_gpt2()
    options = {"num_beams": 3, "max_new_tokens": 6}
    steps = list(beam_search_steps(model, [1, 2], **options))
    assert [max(len(ids) for ids, _ in beams) for beams in steps] == [1, 2, 3, 4, 5, 6]
    assert all(beams == sorted(beams, key=lambda beam: -beam[1]) for beams in steps)
    assert steps[-1] == beam_search_tokens(model, [1, 2], **options)

    read: list[int] = []
    model.register_forward_hook(lambda *_: read.append(1))
    searching = beam_search_steps(model, [1, 2], **options)
    next(searching), next(searching)
    searching.close()  # type: ignore[attr-defined]
    assert len(read) == 2


def test_beam_search_at_its_deadline_returns_what_it_has() -> None:
    model = tiny_gpt2()
    beams = beam_search_tokens(model, [1], num_beams=2, max_new_tokens=8, deadline=1e-9)
    assert [len(tokens) for tokens, _ in beams] == [1, 1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"num_beams": 0}, "num_beams must be a whole number from 1 to 64, not 0."),
        ({"num_beams": True}, "num_beams must be"),
        ({"max_new_tokens": 9}, "max_new_tokens must be a whole number from 1 to 8, not 9."),
        ({"length_penalty": math.nan}, "length_penalty must be a number from 0 to 5, not nan."),
        ({"deadline": -1}, "deadline must be"),
    ],
)
def test_beam_search_checks_its_arguments(changes: dict[str, Any], sentence: str) -> None:
    arguments: dict[str, Any] = {"max_new_tokens": 4, **changes}
    with pytest.raises(ValueError, match=sentence):
        beam_search_tokens(tiny_gpt2(), [1], **arguments)
