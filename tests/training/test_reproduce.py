"""The chain from data to manifest, printed and run on made-up data."""

from __future__ import annotations

import hashlib
import json
import lzma
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_up_data import NAMES, PLACES, write_mirror

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import SpamClassifier
from train import evaluate, reproduce
from train.build_data.archives import BASE_VARIABLE
from train.data.catalogue import CORPUS, DATASETS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for weights, with made-up messages, tasks and corpus where data come from."""
    write_mirror(tmp_path / "mirror", monkeypatch)
    for number, source in enumerate(CORPUS):
        pages = [
            f"Page {page} of book {number}. The {NAMES[page % len(NAMES)]} went to "
            f"{PLACES[(page + number) % len(PLACES)]} and stayed for {page * number} days. " * 3
            for page in range(60)
        ]
        data = lzma.compress("\n<|endoftext|>\n".join(pages).encode())
        path = tmp_path / "mirror" / source.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        changed = replace(source, sha256=hashlib.sha256(data).hexdigest())
        monkeypatch.setitem(DATASETS, source.name, changed)
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path / "unused"))  # restored at the end
    monkeypatch.setattr(evaluate, "everyday_prompts", lambda: ["Hello", "The"])
    return tmp_path / "weights"


def test_the_chain_is_printed_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce.main([]) == 0
    header, *lines = capsys.readouterr().out.strip().splitlines()
    assert header.split() == ["makes", "budget", "command"]
    commands = [line.split("python -m train.")[1].split()[0] for line in lines]
    assert commands == [
        *("build_data", "datasets", "tokenizer", "packing", "pretrain"),
        *("finetune_spam", "finetune_chat", "evaluate"),
    ]
    assert reproduce.main(["--from", "finetune_chat"]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


@pytest.mark.parametrize("budget", ["full", "tiny"])
def test_every_command_is_one_that_its_stage_understands(
    budget: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--help` behind the options: they are parsed up to there, and nothing is run."""
    for stage in reproduce.chain(budget):
        words = shlex.split(stage.command())
        assert words[:3] == ["python", "-m", f"train.{stage.module}"]
        with pytest.raises(SystemExit) as caught:
            stage.run([*stage.options, "--help"])
        assert caught.value.code == 0


@pytest.mark.slow
def test_the_tiny_chain_makes_everything(folder: Path) -> None:
    threads = torch.get_num_threads()
    assert reproduce.main(["--run", "--budget", "tiny", "--weights", str(folder)]) == 0
    torch.set_num_threads(threads)
    manifest = read_manifest(folder)
    assert manifest.keys() == {"base", "spam", "chat"}
    for name, entry in manifest.items():
        assert (folder / entry["file"]).stat().st_size == entry["bytes"]
        assert entry["metrics"] == json.loads((folder / f"{name}.metrics.json").read_text())
        assert entry["metrics"]
    assert load_model("base")[0].config.vocab_size == 300
    assert SpamClassifier.from_pretrained("spam").predict("Win a prize").label in ("ham", "spam")
    assert isinstance(Assistant.from_pretrained("chat").respond("Hello", max_new_tokens=5), str)


def test_a_chain_that_stops_says_where(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_DATA", str(folder / "nowhere"))
    monkeypatch.setenv(BASE_VARIABLE, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(SystemExit) as caught:
        reproduce.main(["--run", "--budget", "tiny", "--weights", str(folder)])
    assert caught.value.code == 1
    assert "The chain stopped at build_data; go on with" in capsys.readouterr().err


def test_toys_do_not_replace_the_weights(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        reproduce.main(["--run", "--budget", "tiny"])
    assert caught.value.code == 2
    assert "a folder of their own" in capsys.readouterr().err
