"""KVCache: whatever way a sequence comes in, the logits are those of the whole."""

from __future__ import annotations

import pytest
import torch
from conftest import assert_same_logits
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.kv_cache import KVCache
from gpt2_scratch.model import GPT2

CONFIG = GPT2Config(vocab_size=43, block_size=16, n_layer=3, n_head=2, n_embd=16)


def make_model() -> GPT2:
    generator = torch.Generator().manual_seed(0)
    model = GPT2(CONFIG).init_weights(generator).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return model


def make_ids(B: int, T: int, seed: int = 1) -> Tensor:
    return torch.randint(CONFIG.vocab_size, (B, T), generator=torch.Generator().manual_seed(seed))


MODEL = make_model()


def read_in_chunks(model: GPT2, idx: Tensor, lengths: list[int], cache: KVCache) -> Tensor:
    chunks = idx.split(lengths, dim=1)
    return torch.cat([model(chunk, cache, all_positions=True) for chunk in chunks], dim=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 3), st.booleans())
def test_any_chunks_equal_the_whole(lengths: list[int], B: int, fused: bool) -> None:
    while sum(lengths) > CONFIG.block_size:
        lengths = lengths[:-1]
    idx = make_ids(B, sum(lengths))
    MODEL.use_fused(fused)
    whole = MODEL(idx, all_positions=True)
    cache = KVCache(CONFIG, batch_size=B)
    chunked = read_in_chunks(MODEL, idx, lengths, cache)
    torch.testing.assert_close(chunked, whole, rtol=0, atol=1e-5)
    assert cache.length == idx.size(1)


def test_whole_chunked_and_token_by_token_leave_equal_caches() -> None:
    idx = make_ids(2, 12)
    caches = []
    for lengths in ([12], [5, 7], [1] * 12):
        cache = KVCache(CONFIG, batch_size=2)
        read_in_chunks(MODEL, idx, lengths, cache)
        caches.append(cache)
    for cache in caches[1:]:
        torch.testing.assert_close(cache.keys, caches[0].keys, rtol=0, atol=1e-5)
        torch.testing.assert_close(cache.values, caches[0].values, rtol=0, atol=1e-5)


def test_shapes_are_as_documented() -> None:
    cache = KVCache(CONFIG, batch_size=5, max_length=7, dtype=torch.float16)
    assert cache.keys.shape == cache.values.shape == (3, 5, 2, 7, 8)
    assert cache.keys.dtype == torch.float16
    assert (cache.length, cache.max_length) == (0, 7)
    assert KVCache(CONFIG).keys.shape == (3, 1, 2, 16, 8)


def test_update_returns_views_of_everything_so_far() -> None:
    cache = KVCache(CONFIG)
    generator = torch.Generator().manual_seed(1)
    k = torch.randn(1, 2, 3, 8, generator=generator)
    seen_k, seen_v = cache.update(1, k, -k)
    assert torch.equal(seen_k, k) and torch.equal(seen_v, -k)
    assert cache.length == 0  # until all layers have written
    cache.advance(3)
    later = torch.randn(1, 2, 1, 8, generator=generator)
    seen_k, seen_v = cache.update(1, later, later)
    assert torch.equal(seen_k, torch.cat([k, later], dim=2))
    assert torch.equal(seen_v, torch.cat([-k, later], dim=2))
    assert seen_k.data_ptr() == cache.keys[1].data_ptr()  # written in place, not copied


@pytest.mark.parametrize("max_length", [0, -1, 17])
def test_a_length_that_cannot_be_is_refused(max_length: int) -> None:
    with pytest.raises(ValueError, match=r"^max_length must be from 1 to the block size 16, not "):
        KVCache(CONFIG, max_length=max_length)


def test_overflow_of_a_short_cache_is_refused_and_does_no_harm() -> None:
    idx = make_ids(1, 9)
    cache = KVCache(CONFIG, max_length=8)
    MODEL(idx[:, :7], cache)
    with pytest.raises(ValueError, match=r"^The cache holds 8 positions; 9 were asked for.$"):
        MODEL(idx[:, 7:9], cache)
    assert cache.length == 7
    logits = MODEL(idx[:, 7:8], cache)
    torch.testing.assert_close(logits, MODEL(idx[:, :8]), rtol=0, atol=1e-5)


def test_overflow_of_the_context_window_is_refused() -> None:
    cache = KVCache(CONFIG)
    MODEL(make_ids(1, 16), cache)
    with pytest.raises(ValueError, match=r"^17 tokens do not fit into the context window of 16; "):
        MODEL(make_ids(1, 1), cache)
    assert cache.length == 16


def test_reset_forgets() -> None:
    cache = KVCache(CONFIG)
    MODEL(make_ids(1, 10, seed=5), cache)
    cache.reset()
    idx = make_ids(1, 6)
    torch.testing.assert_close(MODEL(idx, cache), MODEL(idx), rtol=0, atol=1e-5)
    assert cache.length == 6


def test_reorder_lets_a_sequence_continue_from_another() -> None:
    idx = make_ids(3, 8)
    cache = KVCache(CONFIG, batch_size=3)
    MODEL(idx[:, :7], cache)
    beams = torch.tensor([2, 0, 0])
    cache.reorder(beams)
    logits = MODEL(idx[:, 7:], cache)
    expected = MODEL(torch.cat([idx[beams, :7], idx[:, 7:]], dim=1))
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_without_a_cache_nothing_is_remembered() -> None:
    idx = make_ids(1, 5)
    first = MODEL(idx)
    MODEL(make_ids(1, 16, seed=8))
    assert_same_logits(MODEL(idx), first)
