"""Serving: streams of the app through engines, by compiled kernels or without."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

from gpt2_scratch.chat import Message
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import LANGUAGE_MODELS, Serving
from gpt2_scratch.engine import native
from gpt2_scratch.engine.quantization import MODES
from gpt2_scratch.sampling import SamplingSettings

SETTINGS = SamplingSettings(temperature=0.9, seed=3)
SAID: list[Message] = [{"role": "user", "content": "Name a colour."}]
COMPILED = [
    pytest.param(True, marks=pytest.mark.skipif(not native.is_available(), reason="no compiler")),
    False,
]


@pytest.fixture
def registry(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return Registry()


@pytest.fixture(params=COMPILED, ids=["compiled", "torch"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    if not request.param:
        monkeypatch.setenv("GPT2_SCRATCH_NATIVE", "0")
    native.library.cache_clear()
    yield request.param
    native.library.cache_clear()


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_says_the_same_with_and_without_a_compiler(
    registry: Registry, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    texts = []
    for value, is_compiled in (("1", True), ("0", False)):
        monkeypatch.setenv("GPT2_SCRATCH_NATIVE", value)
        native.library.cache_clear()
        serving = Serving(registry, mode)
        assert (serving.served("base").mode, serving.served("base").compiled) == (mode, is_compiled)
        written = "".join(s.text for s in serving.generate("base", "The cat", SETTINGS, 30))
        answered = "".join(s.text for s in serving.chat(SAID, SETTINGS, 30))
        texts.append((written, answered))
    native.library.cache_clear()
    assert texts[0] == texts[1] and all(texts[0])


def test_a_mode_is_chosen_and_told(registry: Registry, compiled: bool) -> None:
    serving = Serving(registry)
    for name in LANGUAGE_MODELS:
        served = serving.served(name)
        assert served is serving.served(name)  # set up once
        assert served.mode in (MODES if compiled else ("fp32",))
        assert re.search(rf"\b{name} with {served.mode} weights", serving.description())
    assert ("compiled" in serving.description()) == compiled
    with pytest.raises(ValueError, match="mode must be one of"):
        Serving(registry, "int3")


def test_a_closed_stream_gives_its_place_back(registry: Registry) -> None:
    api = Api(registry)
    engine = api.serving.served("base").engine
    results = api.generate("The cat", max_new_tokens=256, seed=1)
    next(results)
    results.close()  # type: ignore[attr-defined]
    give_up = time.monotonic() + 60
    while engine.load != (0, 0):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_without_weights_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
    serving = Serving(Registry())
    with pytest.raises(ValueError, match="not available"):
        serving.generate("base", "The cat", SETTINGS, 3)
    assert serving.description() == ""


def test_the_committed_models_are_served(compiled: bool) -> None:
    if not (REPOSITORY / "weights" / "base.safetensors").exists():
        pytest.skip("not trained yet")
    serving = Serving(Registry())
    assert serving.served("base").compiled == compiled
    text = "".join(s.text for s in serving.generate("base", "Once upon a time", SETTINGS, 20))
    assert len(text.split()) > 3
