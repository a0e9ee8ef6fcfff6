"""Heads and layers switched off: the same as weights of zero, alone and all in one batch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.generation import generate_tokens
from gpt2_scratch.insight.ablation import ablate, effects
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings

IDS = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.fixture(scope="module")
def model() -> GPT2:
    config = GPT2Config(vocab_size=40, block_size=16, n_layer=3, n_head=2, n_embd=12)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8)  # far from uniform attention, so that each head matters
    return model


def without(model: GPT2, heads: list[tuple[int, int]], layers: list[int]) -> GPT2:
    """The same model by surgery: what a head writes is multiplied by 0, a layer is taken out."""
    operated = copy.deepcopy(model)
    with torch.no_grad():
        for layer, head in heads:
            attn: Any = operated.h[layer].attn
            attn.c_proj.weight[:, head * attn.head_dim : (head + 1) * attn.head_dim] = 0
    operated.h = torch.nn.ModuleList(b for i, b in enumerate(operated.h) if i not in layers)
    return operated


def logits(model: GPT2) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([IDS]))[0, -1]  # (1, 1, V) -> (V,)


@pytest.mark.parametrize(
    ("heads", "layers"),
    [([], []), ([(0, 1)], []), ([(0, 0), (2, 1)], []), ([], [1]), ([(2, 0)], [0])],
)
def test_switching_off_is_surgery_without_a_knife(
    model: GPT2, heads: list[tuple[int, int]], layers: list[int]
) -> None:
    untouched, ablated = ablate(model, IDS, heads, layers, new_tokens=5)
    operated = without(model, heads, layers)
    torch.testing.assert_close(untouched.logits, logits(model), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ablated.logits, logits(operated), rtol=1e-4, atol=1e-4)
    greedy = SamplingSettings(temperature=0)
    for outcome, expected in ((untouched, model), (ablated, operated)):
        steps = generate_tokens(expected, IDS, greedy, 5)
        assert outcome.token_ids == [step.token_id for step in steps]


def test_the_effect_of_each_part_is_its_own_ablation(model: GPT2) -> None:
    found = effects(model, IDS)
    whole = logits(model).log_softmax(dim=-1)
    assert found.token_id == int(whole.argmax())
    assert found.log_probability == pytest.approx(float(whole.max()), abs=1e-4)
    assert found.heads.shape == (3, 2) and found.layers.shape == (3,)
    for layer in range(3):
        for head in range(2):
            rest = logits(without(model, [(layer, head)], [])).log_softmax(dim=-1)
            change = float(rest[found.token_id]) - found.log_probability
            assert float(found.heads[layer, head]) == pytest.approx(change, abs=1e-4)
        rest = logits(without(model, [], [layer])).log_softmax(dim=-1)
        change = float(rest[found.token_id]) - found.log_probability
        assert float(found.layers[layer]) == pytest.approx(change, abs=1e-4)
    assert found.heads.abs().min() > 1e-4  # the model of this test has heads that do something


def test_a_text_may_outgrow_the_window(model: GPT2) -> None:
    untouched, ablated = ablate(model, IDS, new_tokens=12)
    assert len(untouched.token_ids) == 12
    assert untouched.token_ids == ablated.token_ids  # nothing was off


@pytest.mark.parametrize(
    "wrong",
    [
        {"heads": [(3, 0)]},
        {"heads": [(0, 2)]},
        {"heads": [(0, "1")]},
        {"layers": [3]},
        {"layers": [-1]},
        {"new_tokens": 17},
    ],
)
def test_what_the_model_does_not_have_is_refused(model: GPT2, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be a whole number from 0 to"):
        ablate(model, IDS, **wrong)
    for ids in ([], [1] * 17):
        with pytest.raises(ValueError, match="reads 1 to 16 tokens"):
            effects(model, ids)
