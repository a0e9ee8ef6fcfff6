"""How sure an assistant is of an answer."""

from __future__ import annotations

import pytest
import torch

from gpt2_scratch.chat import Assistant, Message, format_prompt
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.insight.confidence import answer_places, mean_probability
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

ASKED: list[Message] = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    config = GPT2Config(vocab_size=257, block_size=128, n_layer=2, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    return Assistant(model, Tokenizer({bytes([i]): i for i in range(256)}, "bytes"))


def test_each_token_has_the_probability_that_the_model_gives_it(assistant: Assistant) -> None:
    places = answer_places(assistant, ASKED, "Yes", rows=3)
    ids = [*b"Yes", assistant.tokenizer.eot_id]
    assert [place.token_id for place in places] == ids
    prompt = assistant.tokenizer.encode(format_prompt("Hi"))
    with torch.no_grad():
        logits = assistant.model(torch.tensor([prompt + ids]), all_positions=True)[0]
    expected = logits.softmax(dim=-1)[range(len(prompt) - 1, len(prompt) + 3), ids]
    assert [place.probability for place in places] == pytest.approx(expected.tolist(), rel=1e-4)


def test_a_long_answer_is_cut_and_an_empty_one_refused(assistant: Assistant) -> None:
    places = answer_places(assistant, ASKED, "x" * 500)
    assert len(places) == 64 and places[-1].token_id == ord("x")
    with pytest.raises(ValueError, match="The answer is empty"):
        answer_places(assistant, ASKED, "")


def test_the_mean_by_hand() -> None:
    assert mean_probability([0.5, 1.0]) == 0.75 and mean_probability([]) == 1
