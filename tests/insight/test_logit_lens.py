"""The logit lens against the model itself, and on a model whose every layer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.insight.logit_lens import logit_lens
from gpt2_scratch.model import GPT2


@pytest.fixture
def model() -> GPT2:
    config = GPT2Config(vocab_size=50, block_size=16, n_layer=3, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(20)  # far from uniform guesses
    return model


IDS = [3, 14, 15, 9, 26]


def test_the_last_depth_is_the_models_own_answer(model: GPT2) -> None:
    lens = logit_lens(model, IDS, k=4)
    assert lens.token_ids.shape == lens.probabilities.shape == (4, 5, 4)
    assert lens.token_ids.dtype == np.int64 and lens.probabilities.dtype == np.float32
    with torch.no_grad():
        own = torch.softmax(model(torch.tensor([IDS]), all_positions=True)[0], dim=-1).topk(4)
    np.testing.assert_array_equal(lens.token_ids[-1], own.indices)
    np.testing.assert_allclose(lens.probabilities[-1], own.values, rtol=1e-4)


def test_each_depth_is_the_answer_of_a_model_cut_there(model: GPT2) -> None:
    lens = logit_lens(model, IDS, k=3)
    for depth in range(3):
        config = GPT2Config(vocab_size=50, block_size=16, n_layer=max(depth, 1), n_head=2, n_embd=8)
        cut = GPT2(config)
        cut.load_state_dict(model.state_dict(), strict=False)
        cut.h = cut.h[:depth]
        with torch.no_grad():
            own = torch.softmax(cut.eval()(torch.tensor([IDS]), all_positions=True)[0], -1).topk(3)
        np.testing.assert_array_equal(lens.token_ids[depth], own.indices)
        np.testing.assert_allclose(lens.probabilities[depth], own.values, rtol=1e-4)


def test_a_stream_that_no_layer_changes_is_read_as_it_is() -> None:
    """Vectors along the axes, and blocks that add nothing: each token predicts itself."""
    model = GPT2(GPT2Config(vocab_size=4, block_size=4, n_layer=2, n_head=1, n_embd=4)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.wte.weight.copy_(torch.eye(4))
        model.ln_f.weight.fill_(1)
    lens = logit_lens(model, [2, 0], k=4)
    assert lens.token_ids[:, :, 0].tolist() == [[2, 0]] * 3
    # One 1 and three 0 become, with mean 0 and variance 1, sqrt(3) and -1 / sqrt(3).
    scores = np.exp([3**0.5, *[-(3**-0.5)] * 3])
    expected = np.broadcast_to(scores / scores.sum(), (3, 2, 4))
    np.testing.assert_allclose(lens.probabilities, expected, atol=1e-4)


def test_what_the_lens_refuses(model: GPT2) -> None:
    for ids in ([], [1] * 17):
        with pytest.raises(ValueError, match=f"reads 1 to 16 tokens, not {len(ids)}"):
            logit_lens(model, ids)
    with pytest.raises(ValueError, match="k must be"):
        logit_lens(model, IDS, k=51)
