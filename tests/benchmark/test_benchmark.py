"""The benchmark measures what it says: small models, real clients, figures that add up."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import gguf
import pytest
import torch
from conftest import App

from gpt2_scratch.benchmark import __main__ as benchmark
from gpt2_scratch.benchmark import contestants, llama
from gpt2_scratch.benchmark.contestants import (
    GREEDY,
    OURS,
    PEERS,
    Contestant,
    contestant,
    names,
)
from gpt2_scratch.benchmark.load import (
    KINDS,
    Answer,
    all_of_them,
    ask,
    at_share,
    filling,
    summary,
    until,
)
from gpt2_scratch.benchmark.race import in_processes, interleaved, machine
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.demo import limits
from gpt2_scratch.engine.native import choose_mode, is_available
from gpt2_scratch.engine.quantization import MODES, stored_bytes
from gpt2_scratch.generation import TokenStep, generate_tokens
from gpt2_scratch.model import GPT2
from train import benchmark as train_benchmark

TINY = GPT2Config(vocab_size=300, block_size=80, n_layer=2, n_head=2, n_embd=32)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> GPT2:
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    return benchmark.random_or_trained("tiny")


def options(*arguments: str) -> argparse.Namespace:
    return benchmark.parse([*arguments, "--model", "tiny", "--rounds", "2", "--tokens", "6"])


@pytest.fixture
def in_this_process(tiny: GPT2, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contestants without their processes."""

    @contextmanager
    def here(arguments: argparse.Namespace) -> Iterator[list[Contestant]]:
        yield [contestant(name, tiny, 1) for name in names(with_peers=False)]

    monkeypatch.setattr(benchmark, "entrants", here)


def test_every_contestant_writes_as_many_tokens_as_asked_for(tiny: GPT2) -> None:
    contestants = [contestant(name, tiny, 1) for name in names(with_peers=False)]
    assert contestants[0].weight_bytes == stored_bytes(tiny, "fp32")
    for each in contestants:
        steps = each.generate([1, 2, 3], 7)
        assert isinstance(steps, list) and len(steps) == 7
        assert all(isinstance(step, TokenStep) for step in steps)


def test_rounds_are_interleaved_and_the_first_does_not_count() -> None:
    calls: list[str] = []

    def racer(name: str) -> Contestant:
        return Contestant(name, 1, lambda ids, new: calls.append(name))

    times = interleaved([racer("a"), racer("b")], [1], 1, rounds=3)
    assert calls == ["a", "b"] * 4
    assert [len(taken) for taken in times.values()] == [3, 3]


def test_each_has_a_process_of_its_own() -> None:
    with in_processes(["model.py, fp32"] * 2, "nano", threads=1) as contestants:
        times = interleaved(contestants, [1, 2], 2, rounds=1)
        processes = {process.pid for process in multiprocessing.active_children()}
    assert len(processes) == 2 and os.getpid() not in processes
    assert all(taken > 0 for taken in times["model.py, fp32"])


def test_the_machine_is_named() -> None:
    assert re.fullmatch(r".+ \(.+\), 2 threads", machine(2))


def test_decode_relates_speed_to_bytes(tiny: GPT2, in_this_process: None) -> None:
    for row in benchmark.decode(options("decode"))[:-1]:
        kind = row[""].split(", ")[1]
        read = row["tokens/s"] * stored_bytes(tiny, kind) / 1e9
        assert row["GB/s"] == pytest.approx(read)
        slowest, fastest = map(int, row["range"].split(" to "))
        assert slowest - 1 <= row["tokens/s"] <= fastest + 1


def test_prefill_reads_all_of_a_prompt_that_fits(in_this_process: None) -> None:
    rows = benchmark.prefill(options("prefill"))
    assert {row["prompt"] for row in rows} == {79}
    assert all(row["tokens/s"] == pytest.approx(79_000 / row["ms"]) for row in rows)


def test_serve_runs_one_stream_and_many(tiny: GPT2) -> None:
    rows = benchmark.serve(options("serve"))
    assert [row["streams"] for row in rows] == [1, 2, 4, 8, 40]
    for row in rows:
        assert 0 < row["first token ms, p50"] <= row["p95"]
        assert row["x one stream"] == pytest.approx(row["tokens/s"] / rows[0]["tokens/s"])


def test_a_conversation_is_measured_with_and_without_memory(tiny: GPT2) -> None:
    (row,) = benchmark.turns(options("turns"))
    assert (row["turn"], row["tokens"]) == (1, benchmark.TURN_TOKENS)
    assert row["x"] == pytest.approx(row["reading all, ms"] / row["remembering, ms"])


@pytest.mark.slow
def test_training_races_the_other_loop_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PRESETS, "nano", TINY)
    command = ["--no-compile", "--rows", "2", "--window", "20", "--steps", "3", "--rounds", "1"]
    train_benchmark.main(command)
    _, _, *rows = capsys.readouterr().out.splitlines()
    found = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert {row[0] for row in found} == {"ours: Muon", "nanoGPT's loop"}
    rates = {row[0]: float(row[1].replace(",", "")) for row in found}
    ours = next(row for row in found if row[0] == "ours: Muon")
    assert float(ours[3]) == pytest.approx(rates["ours: Muon"] / rates["nanoGPT's loop"], abs=0.02)
    slowest, fastest = (float(rate.replace(",", "")) for rate in ours[4].split(" to "))
    assert slowest <= rates["ours: Muon"] <= fastest


def fixed_seconds(names: list[str], *arguments: object) -> dict[str, list[float]]:
    """Steps of a tenth of a second for each contestant."""
    return {name: [0.1, 0.1] for name in names}


def test_the_arithmetic_of_a_training_step() -> None:
    """GPT-2 124M: 6 x 124M parameters, without positions and norms, and the attention over 1,024
    tokens; nanoGPT and PaLM's appendix B count the same."""
    counted = train_benchmark.flops_per_token(PRESETS["gpt2"], 1024)
    matrices = sum(p.numel() for p in GPT2(PRESETS["gpt2"]).parameters() if p.dim() == 2)
    positions = 1024 * 768
    assert counted == 6 * (matrices - positions) + 12 * 12 * 768 * 1024


def test_a_card_that_is_known_gets_its_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PRESETS, "nano", TINY)
    monkeypatch.setattr(train_benchmark, "peak_of_this_card", lambda: 1e12)
    monkeypatch.setattr(train_benchmark, "race", fixed_seconds)
    train_benchmark.main(["--no-compile", "--rows", "2000", "--window", "20"])
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert header.endswith("of the card's arithmetic |")
    for row in rows:
        rate, used = (row.strip("|").split("|")[k].strip() for k in (1, 5))
        share = float(rate.replace(",", "")) * train_benchmark.flops_per_token(TINY, 20) / 1e12
        assert float(used.rstrip("%")) == pytest.approx(100 * share, abs=0.06)


@pytest.mark.parametrize("name", ["ours: Muon", "nanoGPT's loop"])
def test_each_step_counts_once(name: str) -> None:
    taken = train_benchmark.seconds_of(name, TINY, (2, 20), 4)
    assert len(taken) == 4 and min(taken) > 0


def test_the_other_loop_learns() -> None:
    model = GPT2(TINY).init_weights(torch.Generator().manual_seed(0))
    step = train_benchmark.nanogpt_step(model, compiled=False)
    x = torch.arange(60).view(2, 30)
    losses = [step(x, x + 1) for _ in range(6)]
    assert losses[-1] < losses[0]


def test_a_peer_that_is_missing_is_named(tiny: GPT2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(ValueError, match="transformers is not installed: `pip install"):
        contestant("transformers, fp32", tiny, 1)


@pytest.mark.parametrize("kind", llama.KINDS)
def test_llama_cpp_gets_our_weights(tiny: GPT2, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.gguf"
    size = llama.write_gguf(tiny, path, kind)
    read = gguf.GGUFReader(path)
    assert sum(tensor.n_bytes for tensor in read.tensors) == size
    stored = {tensor.name: tensor for tensor in read.tensors}
    assert len(stored) == len(tiny.state_dict())
    for name, weight in (
        ("token_embd.weight", tiny.wte.weight),
        ("blk.1.attn_output.weight", tiny.h[1].attn.c_proj.weight),
        ("blk.1.ffn_down.weight", tiny.h[1].mlp.c_proj.weight),
        ("blk.0.ffn_up.bias", tiny.h[0].mlp.c_fc.bias),
        ("output_norm.weight", tiny.ln_f.weight),
    ):
        theirs = gguf.quants.dequantize(stored[name].data, stored[name].tensor_type)
        step = weight.abs().max().item() / 127  # of q8_0, at most
        torch.testing.assert_close(torch.tensor(theirs), weight, rtol=0, atol=0.51 * step)


@pytest.mark.skipif(not find_spec("llama_cpp"), reason="llama-cpp-python takes minutes to build")
def test_llama_cpp_writes_the_same_text(tiny: GPT2, tmp_path: Path) -> None:
    llama.write_gguf(tiny, tmp_path / "model.gguf", "F32")
    theirs = llama.reader(tmp_path / "model.gguf", 1)
    ids = [5, 250, 17, 99]
    expected = [step.token_id for step in generate_tokens(tiny, ids, GREEDY, 20)]
    assert llama.greedy(theirs, ids, 20) == expected
    assert llama.greedy(theirs, ids, 20) == expected  # nothing is left of the text before


def test_llama_cpp_is_left_out_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = {*OURS, *PEERS}
    monkeypatch.setattr(contestants, "find_spec", lambda package: None)
    assert {name.split(",")[0] for name in everybody - set(names(True))} >= {"llama.cpp"}
    monkeypatch.setattr(contestants, "find_spec", lambda package: True)
    assert any(name.startswith("llama.cpp") for name in names(True))
    assert set(names(False)) <= set(OURS)


def test_it_prints_a_table_or_json(
    in_this_process: None, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["prefill", "--model", "tiny", "--rounds", "1"]
    benchmark.main(arguments)
    header, rule, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("|  | prompt | ms |")
    assert set(rule) == set("|- ") and len(rows) == len(names(with_peers=False))
    benchmark.main([*arguments, "--json"])
    assert [row["prompt"] for row in json.loads(capsys.readouterr().out)] == [79] * len(rows)


def test_the_probe_sets_a_clock_s_choice_beside_the_app_s(
    tiny: GPT2, capsys: pytest.CaptureFixture[str]
) -> None:
    if not is_available():
        pytest.skip("no C++ compiler here")
    benchmark.main(["probe", "--model", "tiny", "--rounds", "1", "--json"])
    rows = {row["mode"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(MODES)
    assert all(row["ms"] > 0 for row in rows.values())
    assert [mode for mode in MODES if rows[mode]["the app"]] == [choose_mode(tiny)]
    assert sum(bool(row["a clock"]) for row in rows.values()) == 1


def test_clients_of_the_app_are_answered_or_told(tiny_app: App) -> None:
    for endpoint, body in KINDS:
        answer = ask(tiny_app.url, endpoint, body)
        assert (answer.endpoint, answer.outcome) == (endpoint, "complete")
        assert 0 < answer.first <= answer.last
    assert ask(tiny_app.url, "classify", {"message": ""}).outcome == "error"
    assert ask("http://127.0.0.1:9", "classify", {}).outcome.startswith("URLError")


def test_before_memory_is_read_the_server_remembers_all_it_can(tiny_app: App) -> None:
    requests = filling()
    assert len(requests) >= limits.SESSIONS  # each call is a visitor to gradio
    places = limits.STREAMS + limits.REMEMBERED
    for endpoint, argument in (("generate", "prompt"), ("chat", "messages")):
        texts = [body[argument] for name, body in requests if name == endpoint]
        assert len({text[:32] for text in texts}) == places  # none starts from another's place
    one_of_each = {endpoint: (endpoint, body) for endpoint, body in requests}
    del one_of_each["chat"]  # the app of the tests has a window of 256
    answers = all_of_them(tiny_app.url, [one_of_each.values()] * 2)
    assert [answer.outcome for answer in answers] == ["complete"] * 4


def test_clients_ask_until_the_time_is_up() -> None:
    first, again, other = (list(islice(until(float("inf"), n), 20)) for n in (1, 1, 2))
    assert first == again != other  # each client has a sequence of its own, the same in each run
    assert list(until(time.monotonic() - 1, 1)) == []


def test_the_summary_counts_what_failed() -> None:
    answers = [Answer("generate", i / 100, i / 10, "complete") for i in range(1, 101)]
    answers += [Answer("chat", 0.0, 1.0, "error")]
    rows = {row["endpoint"]: row for row in summary(answers, 50.0, 1.0, 2.0)}
    assert (rows["generate"]["answered"], rows["generate"]["failed"]) == (100, 0)
    assert rows["generate"]["per second"] == 2.0
    assert rows["generate"]["end, p95"] == pytest.approx(9500)
    assert rows["generate"]["end, p99"] == pytest.approx(9900)
    assert (rows["chat"]["answered"], rows["chat"]["failed"]) == (0, 1)
    assert (rows["all"]["answered"], rows["all"]["failed"]) == (100, 1)
    assert (rows["all"]["MB before"], rows["all"]["MB after"]) == (1.0, 2.0)
    assert at_share([3.0], 0.5) == at_share([3.0], 1.0) == 3.0
