"""One pass over a text says of each token what step-by-step generation said when it was drawn."""

from __future__ import annotations

import pytest
import torch

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.insight.alternatives import alternatives
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings

PROMPT = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module")
def model() -> GPT2:
    config = GPT2Config(vocab_size=50, block_size=32, n_layer=2, n_head=2, n_embd=16)
    model = GPT2(config)
    model.init_weights(torch.Generator().manual_seed(0))
    for parameter in model.parameters():
        parameter.data *= 4  # away from a flat distribution
    return model.eval()


def test_probabilities_are_those_of_step_by_step_generation(model: GPT2) -> None:
    steps = list(generate_tokens(model, PROMPT, SamplingSettings(seed=1), 20))
    places = alternatives(model, PROMPT, [step.token_id for step in steps])
    assert [place.token_id for place in places] == [step.token_id for step in steps]
    expected = [step.probability for step in steps]
    assert [place.probability for place in places] == pytest.approx(expected, abs=1e-5)


def test_ranks_and_alternatives_are_those_of_the_next_token_distribution(model: GPT2) -> None:
    text = [9, 2, 6]
    places = alternatives(model, PROMPT, text, rows=50)
    for count, place in enumerate(places):
        with torch.inference_mode():
            shares = model(torch.tensor([PROMPT + text[:count]]))[0, -1].softmax(dim=-1)
        order = shares.argsort(descending=True).tolist()
        assert order[place.rank - 1] == text[count]
        assert [token for token, _ in place.alternatives] == order
        by_id = [share for _, share in sorted(place.alternatives)]
        assert by_id == pytest.approx(shares.tolist(), abs=1e-5)


def test_a_greedy_text_is_the_first_choice_everywhere(model: GPT2) -> None:
    greedy = SamplingSettings(temperature=0.0)
    ids = [step.token_id for step in generate_tokens(model, PROMPT, greedy, 10)]
    for place in alternatives(model, PROMPT, ids, rows=3):
        assert place.rank == 1
        assert place.alternatives[0] == (place.token_id, place.probability)


def test_a_text_longer_than_the_window_is_read_from_its_tail(model: GPT2) -> None:
    text = list(range(20, 40))
    long_prompt = list(range(50)) + PROMPT
    places = alternatives(model, long_prompt, text)
    tail = (long_prompt + text)[-33:-20]  # what fits before the text: 32 positions, 19 of them its
    assert places == alternatives(model, tail, text)
    assert len(places) == 20


def test_arguments_are_checked(model: GPT2) -> None:
    assert alternatives(model, PROMPT, []) == []
    for prompt, text, rows, sentence in (
        ([], [1], 5, "prompt has no token"),
        (PROMPT, [1] * 33, 5, "do not fit into the context window"),
        (PROMPT, [1], 0, "rows must be a whole number"),
    ):
        with pytest.raises(ValueError, match=sentence):
            alternatives(model, prompt, text, rows)
