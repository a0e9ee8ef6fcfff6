"""The mode of the weights is chosen by facts of the processor, the same at each start."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.engine import native
from gpt2_scratch.engine import processor as facts
from gpt2_scratch.engine.native import choose_mode
from gpt2_scratch.engine.processor import core_cache
from gpt2_scratch.engine.quantization import stored_bytes
from gpt2_scratch.model import GPT2

MODEL = GPT2(GPT2Config(64, 16, n_layer=1, n_head=1, n_embd=32)).requires_grad_(False)
SIZE = stored_bytes(MODEL, "fp32")


@pytest.mark.parametrize(
    ("cache", "ours", "others"), [(SIZE, "fp32", "fp32"), (SIZE - 1, "int8", "fp16")]
)
def test_what_fits_into_the_cache_stays_exact(
    cache: int, ours: str, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "core_cache", lambda: cache)
    assert choose_mode(MODEL) == ours
    assert choose_mode(MODEL, ("fp16", "fp32")) == others


def test_no_clock_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine, on which the modes are slow in turns, chooses as an idle one does."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks) ** 2 % 97))
    assert len({choose_mode(MODEL) for _ in range(8)}) == 1
    assert next(ticks) == 0  # nobody has asked


def test_this_machine_tells_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert core_cache() == core_cache() > 0
    for index, (level, size) in enumerate([("1", "32K"), ("2", "2048K"), ("3", "odd")]):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        (folder / "level").write_text(f"{level}\n")
        (folder / "size").write_text(f"{size}\n")
    monkeypatch.setattr(facts, "CACHES", tmp_path)
    assert core_cache() == 2**21
    monkeypatch.setattr(facts, "CACHES", tmp_path / "none")
    assert core_cache() == facts.USUAL_CACHE


def test_the_line_of_instruction_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text("model name: x\nflags\t\t: sse avx512f\nflags: other\n")
    monkeypatch.setattr(facts, "CPUINFO", tmp_path / "cpuinfo")
    assert facts.instruction_line() == "flags\t\t: sse avx512f"
    monkeypatch.setattr(facts, "CPUINFO", tmp_path / "none")
    assert isinstance(facts.instruction_line(), str)
