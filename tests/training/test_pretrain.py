"""`python -m train.pretrain` itself, on a corpus of a few made-up pages."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import REPOSITORY

from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import PRESETS
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import packing, pretrain
from train.datasets import Instruction
from train.loop import snapshots

# The smallest thing that is still the nano model: its width and vocabulary, one layer, two windows
# of 32 tokens in each step.
SMALL = ["--preset", "nano", "--n-layer", "1", "--block-size", "32", "--batch-tokens", "64"]
SMALL += ["--dtype", "float32"]
STEP_TOKENS = 64


def made_up_documents(name: str) -> Iterator[str]:
    for number in range(40):
        yield f"Page {number} of {name}: the fox counts {number} stones, and then it sleeps. " * 3


def made_up_tasks(name: str, split: str) -> list[Instruction]:
    return [Instruction(f"Add {n} and {n}.", "", f"It is {2 * n}.", "") for n in range(30)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `tokens` holds every source, packed from made-up documents."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "fetch", lambda name: None)
        patch.setattr(packing, "documents", made_up_documents)
        patch.setattr(packing, "load_instructions", made_up_tasks)
        tokenizer = Tokenizer.from_file(REPOSITORY / "weights" / "simple.tiktoken")
        packing.pack(tokenizer, folder=cache / "tokens")
    return cache


@pytest.fixture
def folder(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty weights folder with our vocabulary; one thread, so that sums have one order."""
    shutil.copy(REPOSITORY / "weights" / "simple.tiktoken", tmp_path)
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(corpus))
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("GPT2_SCRATCH_DATA", raising=False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


def run(folder: Path, name: str, *options: str) -> Path:
    """Train to the end of the budget; the weight file."""
    out = folder / f"{name}.safetensors"
    arguments = ["--out", str(out), "--run", str(folder / name), *options]
    assert pretrain.main([*SMALL, *arguments]) == 0
    return out


def fault(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The sentence with which a run ends that cannot be."""
    with pytest.raises(SystemExit) as caught:
        pretrain.main([*SMALL, *options])
    assert caught.value.code == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def steps(count: int) -> list[str]:
    return ["--tokens", str(count * STEP_TOKENS)]


def test_a_run_leaves_weights_log_and_manifest(folder: Path) -> None:
    out = run(folder, "base", *steps(12))
    read = read_checkpoint(out)
    assert (read.kind, read.tokenizer) == ("gpt2", "simple")
    assert (read.config.n_layer, read.config.block_size) == (1, 32)
    assert read.config.n_embd == PRESETS["nano"].n_embd
    assert json.loads(read.metadata["tokens"]) == 12 * STEP_TOKENS
    assert json.loads(read.metadata["data"]) == packing.MIXTURE
    [command] = json.loads(read.metadata["commands"])
    assert command.startswith("python -m train.pretrain --preset nano --n-layer 1 ")
    assert command.endswith(" --tokens 768")

    assert read_manifest(folder)["base"]["file"] == "base.safetensors"
    model, tokenizer = load_model("base")
    assert model.num_parameters() == read_manifest(folder)["base"]["parameters"]
    assert tokenizer.vocab_size == 8192

    first, *lines = [json.loads(line) for line in (folder / "base.log.jsonl").open()]
    assert first["config"] == read.config.to_dict()
    assert first["commands"] == [command]
    last = next(line for line in reversed(lines) if "validation" in line)
    assert last["step"] == 12
    assert 0 < last["validation"]["bits_per_byte"] < 10
    assert [text.startswith("The city of") for text in last["samples"]] == [False, True, False]

    gathered = json.loads((folder / "base.snapshots.json").read_text())
    assert gathered["prompts"] == list(snapshots.PROMPTS)
    assert [s["tokens"] for s in gathered["snapshots"]] == [0, 12 * STEP_TOKENS]
    before, after = gathered["snapshots"]
    assert after["figures"] == last["validation"] != before["figures"]
    assert len(after["samples"]) == len(snapshots.PROMPTS) == 8
    for table in after["tables"]:
        chances = [probability for _, probability in table]
        assert len(table) == 10 and chances == sorted(chances, reverse=True)


@pytest.mark.slow
def test_ctrl_c_saves_and_resume_ends_where_an_unbroken_run_does(folder: Path) -> None:
    budget = [*steps(40), "--optimizer", "adamw"]
    straight = run(folder, "straight", *budget)

    out, log = folder / "parts.safetensors", folder / "parts" / "log.jsonl"
    options = [*SMALL, "--out", str(out), "--run", str(log.parent), *budget]
    process = subprocess.Popen(
        [sys.executable, "-m", "train.pretrain", *options],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while not log.exists() or '"loss"' not in log.read_text():  # written every ten steps
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, output
    assert "saved; --resume goes on from here" in output
    assert not out.exists()  # a weight file means a finished run
    unfinished = log.with_name("unfinished.safetensors")
    header = read_checkpoint(unfinished).metadata
    assert json.loads(header["unfinished"]) is True
    assert STEP_TOKENS <= json.loads(header["tokens"]) < 40 * STEP_TOKENS
    assert load_model(str(unfinished))[1].name == "simple"

    run(folder, "parts", *budget, "--resume")
    expected, found = read_checkpoint(straight), read_checkpoint(out)
    for name, tensor in expected.tensors.items():
        assert torch.equal(found.tensors[name], tensor), name
    assert "--resume" not in found.metadata["commands"]
    assert not unfinished.exists() and "unfinished" not in found.metadata

    def losses(path: Path) -> list[tuple[int, float]]:
        lines = [json.loads(line) for line in path.open()]
        return [(line["step"], line["loss"]) for line in lines if "loss" in line]

    assert [step for step, _ in losses(log)] == [10, 20, 30, 40]
    assert losses(log) == losses(folder / "straight" / "log.jsonl")


@pytest.mark.slow
def test_growing_a_shallow_model_into_a_deep_one(folder: Path) -> None:
    shallow = run(folder, "shallow", *steps(2))
    options = ["--n-layer", "2", "--block-size", "64", "--windows", "64", "32"]
    deep = run(folder, "deep", *options, *steps(3), "--init-from", str(shallow))
    read = read_checkpoint(deep)
    assert (read.config.n_layer, read.config.block_size) == (2, 64)
    first, second = json.loads(read.metadata["commands"])
    assert "shallow.safetensors" in first and "--init-from" in second
    assert json.loads(read.metadata["tokens"]) == 5 * STEP_TOKENS
    before = read_checkpoint(shallow).tensors
    for name in ("h.0.mlp.c_fc.weight", "h.1.mlp.c_fc.weight"):
        start = before["h.0.mlp.c_fc.weight"]  # it has moved by three steps, not by a new start
        assert 0 < (read.tensors[name] - start).norm() < 0.7 * start.norm()


def test_a_full_disk_ends_a_run_with_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit on the size of files is as good: the state does not fit, the log does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        place = ["--run", str(folder / "run"), "--out", str(folder / "base.safetensors")]
        said = fault(capsys, *place, *steps(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "state.safetensors cannot be written" in said and "make room" in said


def test_what_cannot_be_run_says_why(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ["--run", str(folder / "run")]
    assert "Give the run a budget" in fault(capsys, *place)
    assert "nothing to resume" in fault(capsys, *place, *steps(1), "--resume")
    assert "n_layer must be" in fault(capsys, *place, *steps(1), "--n-layer", "0")
    assert "is a folder: name a file" in fault(capsys, *place, *steps(1), "--out", str(folder))
    below = str(folder / "simple.tiktoken" / "base.safetensors")
    assert "choose another place" in fault(capsys, *place, *steps(1), "--out", below)
    assert not (folder / "run" / "log.jsonl").exists()  # it was said before any training
    state = folder / "run" / "state.safetensors"
    state.parent.mkdir(exist_ok=True)
    for damaged in (b"", b"\xff" * 100):  # a disk that was full, a machine that fell
        state.write_bytes(damaged)
        assert "start without --resume" in fault(capsys, *place, *steps(1), "--resume")
    state.unlink()
    missing = str(folder / "none.safetensors")
    assert "does not exist" in fault(capsys, *place, *steps(1), "--init-from", missing)
    assert "context window, 32" in fault(capsys, *place, *steps(1), "--windows", "64")
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(folder / "empty"))
    assert "GPT2_SCRATCH_DATA" in fault(capsys, *place, *steps(1))
    assert not (folder / "base.safetensors").exists()


def test_growing_needs_whole_copies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shallow = run(folder, "shallow", *steps(1))
    message = fault(
        capsys, *steps(1), "--run", str(folder / "run"), "--block-size", "48",
        "--init-from", str(shallow),
    )  # fmt: skip
    assert message.startswith("A model grows by whole copies of its 1 layers and 32 positions")


def test_an_unfinished_run_is_not_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "begun").mkdir()
    (folder / "begun" / "state.safetensors").write_bytes(b"hours of work")
    place = ("--run", str(folder / "begun"), "--out", str(folder / "new.safetensors"))
    assert "add --resume to go on with it, or delete it" in fault(capsys, *place, *steps(1))
    assert (folder / "begun" / "state.safetensors").read_bytes() == b"hours of work"
