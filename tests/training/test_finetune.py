"""`python -m train.finetune_spam` and `python -m train.finetune_chat` on a tiny base model."""

from __future__ import annotations

import json
import math
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conftest import make_weights
from made_up_data import write_mirror

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.format import file_sha256, read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import SpamClassifier
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import finetune_chat, finetune_spam
from train.chat.instruction_data import Example, conversations, encode_tasks, pad_examples
from train.datasets import Instruction, Message, spam_split
from train.figures.metrics import best_threshold, fit_temperature
from train.finetune_chat import response_loss
from train.loop import loop
from train.loop.examples import EpochOrder
from train.loop.losses import language_model_loss
from train.spam.modern_messages import modern_messages, written_messages

STAGES = {"spam": finetune_spam, "chat": finetune_chat}
TASKS: dict[str, type[Any]] = {"spam": finetune_spam.SpamTask, "chat": finetune_chat.ChatTask}
SMALL = ["--batch-size", "8", "--dtype", "float32"]
# Little beside the made-up data: a few messages of today, and no corpus.
FEW = {
    "spam": ["--modern", "24"],
    "chat": ["--plain-text", "0", "--requests", "0", "--stories", "0"],
}
INSTRUCTIONS = [
    Instruction("Name a colour.", "", "Red.", ""),
    Instruction("Say it again, please.", "The cat sat on the mat.", "The cat sat on the mat.", ""),
    Instruction("What does the girl do?", "", "", ""),
]


def few_written_messages(split: str) -> list[Message]:
    return written_messages(split)[::10]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny random checkpoints to train on from."""
    return make_weights(tmp_path_factory.mktemp("start"))


@pytest.fixture
def folder(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A weights folder with a base model only, and data; one thread, so sums have one order.

    Of the messages of today only a few are held out.
    """
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("tokenizer.tiktoken", "base.safetensors"):
        shutil.copy(start / name, weights)
    write_mirror(tmp_path / "mirror", monkeypatch)
    monkeypatch.setattr(finetune_spam, "MODERN_VALIDATION", 20)
    monkeypatch.setattr(finetune_spam, "written_messages", few_written_messages)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield weights
    torch.set_num_threads(threads)


def run(stage: str, *options: str) -> None:
    assert STAGES[stage].main([*SMALL, *FEW[stage], *options]) == 0


def fault(capsys: pytest.CaptureFixture[str], stage: str, *options: str) -> str:
    """The sentence with which a run ends that cannot be; it is all that is printed."""
    with pytest.raises(SystemExit) as caught:
        run(stage, *options)
    assert caught.value.code == 1
    [sentence] = capsys.readouterr().err.strip().splitlines()
    return sentence


def read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def losses(path: Path) -> list[float]:
    return [line["loss"] for line in read_log(path) if "loss" in line]


def validations(path: Path) -> list[dict[str, float]]:
    return [line["validation"] for line in read_log(path) if "validation" in line]


def assert_described(folder: Path, stage: str, module: ModuleType) -> None:
    """The weight file, its log and the manifest tell the same story."""
    read = read_checkpoint(folder / f"{stage}.safetensors")
    entry = read_manifest(folder)[stage]
    assert (entry["file"], entry["kind"]) == (f"{stage}.safetensors", read.kind)
    assert entry["metrics"] == {}  # nothing has been measured yet
    [command] = json.loads(read.metadata["commands"])
    assert command.startswith(f"python -m {module.__name__} --batch-size 8 ")
    assert json.loads(read.metadata["base"]) == "base"
    first, *lines = read_log(folder / f"{stage}.log.jsonl")
    assert first["commands"] == [command]
    assert first["config"] == read.config.to_dict()
    assert first["settings"]["dtype"] == "float32"
    counted = [line["tokens"] for line in lines]
    assert counted == sorted(counted)
    assert json.loads(read.metadata["tokens"]) == counted[-1] >= first["settings"]["tokens"]


# --- the command lines -------------------------------------------------------------------------


def test_spam_run_learns_and_leaves_weights_log_and_manifest(folder: Path) -> None:
    run("spam", "--epochs", "6", "--learning-rate", "1e-3", "--modern", "0", "--no-perturb")
    assert_described(folder, "spam", finetune_spam)
    metadata = read_checkpoint(folder / "spam.safetensors").metadata
    assert json.loads(metadata["data"]) == ["sms-spam"]
    assert json.loads(metadata["protocol"]) == "full_dedup"

    log = folder / "spam.log.jsonl"
    assert losses(log)[-1] < 0.6 * losses(log)[0]
    figures = validations(log)
    assert figures[-1].keys() == {"accuracy", "f1", "roc_auc", "loss"}
    assert figures[6]["loss"] < figures[0]["loss"]  # each epoch of ten batches, and the end
    assert figures[-1]["loss"] == min(figure["loss"] for figure in figures)  # the best is kept

    classifier = SpamClassifier.from_pretrained("spam")
    held_out = spam_split("full_dedup")["test"]
    verdicts = classifier.predict_batch([message.text for message in held_out])
    hits = [v.label == m.label for v, m in zip(verdicts, held_out, strict=True)]
    assert sum(hits) >= 0.9 * len(hits)  # always saying ham would reach two thirds
    base = load_model("base")[0].state_dict()
    trunk = classifier.model.trunk.state_dict()
    assert all(not torch.equal(trunk[name], base[name]) for name in base)  # the whole trunk learns


def test_chat_run_learns_and_leaves_weights_log_and_manifest(folder: Path) -> None:
    run("chat", "--epochs", "10", "--evaluate-every", "30")
    assert_described(folder, "chat", finetune_chat)
    metadata = read_checkpoint(folder / "chat.safetensors").metadata
    assert json.loads(metadata["data"]) == ["sft", "instruction-data"]

    log = folder / "chat.log.jsonl"
    assert losses(log)[-1] < 0.6 * losses(log)[0]
    responses = [figures["response_loss"] for figures in validations(log)]
    assert responses[-1] < 0.9 * responses[0]
    samples = read_log(log)[-1]["samples"]
    for (instruction, _), sample in zip(finetune_chat.SAMPLE_INSTRUCTIONS, samples, strict=True):
        assert sample.startswith(instruction) and " -> " in sample

    answer = Assistant.from_pretrained("chat").respond("Say what the cat 105 does.")
    assert answer.startswith("The ") and answer.endswith(" sat.")


@pytest.mark.parametrize(("stage", "tokens"), [("spam", "4k"), ("chat", "8k")])
def test_resume_ends_where_an_unbroken_run_does(
    folder: Path,
    stage: str,
    tokens: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    budget = ["--tokens", tokens, "--evaluate-every", "10"]  # two epochs, about
    place = ["--out", str(folder / "straight.safetensors"), "--run", str(folder / "run1")]
    run(stage, *budget, *place)

    real_batch = TASKS[stage].batch

    def interrupting(self: Any, index: int, rank: int, world_size: int) -> loop.Batch:
        if index == 12:
            signal.raise_signal(signal.SIGINT)
        return real_batch(self, index, rank, world_size)

    out = folder / "parts.safetensors"
    place = ["--out", str(out), "--run", str(folder / "run2")]
    with monkeypatch.context() as patch:
        patch.setattr(TASKS[stage], "batch", interrupting)
        run(stage, *budget, *place)
    assert "Stopped at step 13, saved" in "".join(capsys.readouterr())
    assert not out.exists()  # a weight file means a finished run
    assert "parts" not in read_manifest(folder)

    run(stage, *budget, *place, "--resume")
    straight, parts = (read_checkpoint(folder / f"{n}.safetensors") for n in ("straight", "parts"))
    for name, tensor in straight.tensors.items():
        assert torch.equal(parts.tensors[name], tensor), name
    assert "--resume" not in parts.metadata["commands"]
    assert parts.metadata["tokens"] == straight.metadata["tokens"]
    logs = [folder / f"{name}.log.jsonl" for name in ("straight", "parts")]
    assert losses(logs[0]) == losses(logs[1])
    assert validations(logs[0]) == validations(logs[1])
    assert read_log(logs[0])[-1]["step"] > 13


@pytest.mark.parametrize("stage", STAGES)
def test_what_cannot_be_run_says_why(
    folder: Path, stage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "examples do not fill one batch of 999" in fault(capsys, stage, "--batch-size", "999")
    assert "at least 1, not 0" in fault(capsys, stage, "--batch-size", "0")
    assert "nothing to resume" in fault(capsys, stage, "--resume")
    assert "A budget must be above zero" in fault(capsys, stage, "--epochs", "0")
    with monkeypatch.context() as patch:
        patch.setenv("GPT2_SCRATCH_DATA", str(folder / "nowhere"))
        patch.setattr("train.datasets._download", _no_network)
        fault(capsys, stage)
    (folder / "base.safetensors").unlink()
    sentence = fault(capsys, stage)
    assert "base.safetensors does not exist" in sentence
    assert "python -m train.pretrain" in sentence
    assert not (folder / f"{stage}.safetensors").exists()


def _no_network(*_: object) -> None:
    raise ValueError("There is no network.")


def test_new_weights_drop_the_figures_of_old_ones(folder: Path) -> None:
    old = {"spam": {"sha256": "0", "metrics": {"accuracy": 1.0}}, "chat": {"sha256": "0"}}
    (folder / "manifest.json").write_text(json.dumps(old))
    for name in ("spam", "chat"):
        (folder / f"{name}.metrics.json").write_text("{}")
    run("spam", "--tokens", "1", "--evaluate-every", "5", "--modern", "0")
    assert read_manifest(folder)["spam"]["metrics"] == {}
    assert not (folder / "spam.metrics.json").exists()
    assert (folder / "chat.metrics.json").exists()
    assert read_manifest(folder)["chat"] == old["chat"]


def test_evaluations_come_as_often_as_asked(folder: Path) -> None:
    run("spam", "--tokens", "1k", "--evaluate-every", "2")
    lines = read_log(folder / "spam.log.jsonl")
    assert [line["step"] for line in lines if "validation" in line][:2] == [2, 4]


def test_accumulated_batches_are_one_update(folder: Path) -> None:
    """Two micro-batches of 8 read in one step what two steps read one after the other."""
    run("spam", "--epochs", "1", "--accumulation", "2", "--modern", "0")
    end = read_log(folder / "spam.log.jsonl")[-1]
    run("spam", "--epochs", "1", "--modern", "0")
    one_by_one = read_log(folder / "spam.log.jsonl")[-1]
    assert end["step"] == math.ceil(one_by_one["step"] / 2)


# --- the spam filter's choices -----------------------------------------------------------------


def trained_parameters(folder: Path) -> set[str]:
    """Names of the trunk's parameters that a spam run has changed."""
    base = load_model("base")[0].state_dict()
    trunk = SpamClassifier.from_pretrained("spam").model.trunk.state_dict()
    return {name for name in base if not torch.equal(trunk[name], base[name])}


def test_what_is_frozen_stays_as_it_was(folder: Path) -> None:
    budget = ["--tokens", "1k", "--evaluate-every", "9"]
    run("spam", *budget, "--freeze", "trunk")
    assert trained_parameters(folder) == set()
    run("spam", *budget, "--freeze", "last-block")
    changed = trained_parameters(folder)
    assert {name.split(".")[0] for name in changed} == {"h", "ln_f"}
    assert {name.split(".")[1] for name in changed if name.startswith("h.")} == {"1"}
    assert SpamClassifier.from_pretrained("spam").model.score.weight.any()  # the head always learns


def test_temperature_and_threshold_come_from_validation_messages(folder: Path) -> None:
    run("spam", "--epochs", "2", "--learning-rate", "1e-3")
    metadata = read_checkpoint(folder / "spam.safetensors").metadata
    threshold, temperature = (json.loads(metadata[k]) for k in ("threshold", "temperature"))
    classifier = SpamClassifier.from_pretrained("spam")
    assert classifier.threshold == threshold
    assert 0.2 <= threshold <= 0.8

    messages = [
        *spam_split("full_dedup")["validation"],
        *modern_messages("validation", finetune_spam.MODERN_VALIDATION),
        *few_written_messages("validation"),
    ]
    verdicts = classifier.predict_batch([message.text for message in messages])
    truth = [message.label == "spam" for message in messages]
    scores = [verdict.spam_probability for verdict in verdicts]
    assert best_threshold(truth, scores) == pytest.approx(threshold, abs=0.02)
    # The temperature is in the head already (its file has half precision): nothing is left to do,
    # unless it stopped at the end of its range.
    assert temperature in (0.25, 4.0) or fit_temperature(truth, scores) == pytest.approx(1, abs=0.1)


def test_each_reading_of_a_message_varies_it(folder: Path) -> None:
    tokenizer = Tokenizer.load("tokenizer")
    messages = [Message("spam", "WIN £500 now, call 08001234567 or go to www.prizes.com/x", 0)] * 4
    order = EpochOrder([30] * 4, 2, seed=5)
    plain = finetune_spam.SpamTask(messages, order, [], [], tokenizer, 256)
    varied = finetune_spam.SpamTask(messages, order, [], [], tokenizer, 256, perturbed=True)
    rows = {tuple(row) for n in range(6) for row in plain.batch(n, 0, 1)[0].tolist()}
    assert len(rows) == 1
    batches = [varied.batch(n, 0, 1)[0] for n in range(6)]
    assert len({tuple(row) for batch in batches for row in batch.tolist()}) > 6
    for number, batch in enumerate(batches):  # the same number, the same batch
        assert torch.equal(varied.batch(number, 0, 1)[0], batch)


def test_an_assistant_can_be_trained_further(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("chat", "--tokens", "1k", "--evaluate-every", "9")
    first = read_checkpoint(folder / "chat.safetensors")
    run("chat", "--tokens", "9k", "--evaluate-every", "9", "--base", "chat")
    second = read_checkpoint(folder / "chat.safetensors")
    one, *more = json.loads(second.metadata["commands"])
    assert [one] == json.loads(first.metadata["commands"])
    assert len(more) == 1 and "--base chat" in more[0]
    assert json.loads(second.metadata["base"]) == "base"
    tokens = [int(checkpoint.metadata["tokens"]) for checkpoint in (first, second)]
    assert tokens[1] >= tokens[0] + 1000
    assert any(not torch.equal(second.tensors[n], first.tensors[n]) for n in first.tensors)


def test_a_blend_lies_between_before_and_after(folder: Path) -> None:
    before = load_model("base")[0].state_dict()
    run("chat", "--tokens", "1k", "--evaluate-every", "9")
    after = load_model("chat")[0].state_dict()
    run("chat", "--tokens", "1k", "--evaluate-every", "9", "--blend", "0.25")
    between = load_model("chat")[0].state_dict()
    for name, tensor in between.items():  # files have half precision
        assert torch.allclose(tensor, 0.75 * before[name] + 0.25 * after[name], atol=2e-3), name
    assert any(not torch.equal(between[name], before[name]) for name in before)


def test_seeds_are_trained_one_by_one_and_the_best_is_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    budget = ["--tokens", "3k", "--evaluate-every", "9", "--run", str(folder / "run")]
    run("spam", *budget, "--seeds", "3", "4")
    header, *rows, kept = capsys.readouterr().out.strip().splitlines()[-6:]
    assert header.split() == [
        *("validation", "loss", "test", "accuracy", "test", "f1", "test", "roc_auc"),
        *("modern", "check", "independent", "check"),
    ]
    assert [row.split()[0] for row in rows] == ["seed", "seed", "mean", "deviation"]
    table = {row[:12].strip(): [float(value) for value in row[12:].split()] for row in rows}
    for one, other, middle in zip(table["seed 3"], table["seed 4"], table["mean"], strict=True):
        assert middle == pytest.approx((one + other) / 2, abs=1e-4)
    best = 3 if table["seed 3"][0] < table["seed 4"][0] else 4
    assert kept == f"Kept seed {best} as {folder / 'spam.safetensors'}."
    source = folder / "run" / f"seed-{best}" / "spam.safetensors"
    assert (folder / "spam.safetensors").read_bytes() == source.read_bytes()
    assert read_manifest(folder)["spam"]["sha256"] == file_sha256(source)
    assert read_log(folder / "spam.log.jsonl")[0]["settings"]["seed"] == best


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--label-smoothing", "1"], "--label-smoothing must be from 0"),
        (["--modern", "-1"], "--modern not below 0"),
    ],
)
def test_options_out_of_range_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert sentence in fault(capsys, "spam", *options)


# --- low-rank adapters -------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_adapters_change_the_matrices_of_the_blocks_alone(folder: Path, stage: str) -> None:
    run(stage, "--tokens", "2k", "--evaluate-every", "20", "--lora-rank", "2")
    stored = read_checkpoint(folder / f"{stage}.safetensors")
    assert json.loads(stored.metadata["lora_rank"]) == 2
    merged, base = stored.tensors, load_model("base")[0].state_dict()
    changed = {name for name, tensor in merged.items() if name in base
               and not torch.equal(tensor.half(), base[name].half())}  # fmt: skip
    assert changed == {n for n in base if n.startswith("h.") and ".ln_" not in n and "weight" in n}


def test_adapters_freeze_by_themselves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = fault(capsys, "spam", "--lora-rank", "2", "--freeze", "last-block")
    assert "leave --freeze out" in sentence
    assert "must not be below 0" in fault(capsys, "chat", "--lora-rank", "-1")


# --- the assistant's loss ----------------------------------------------------------------------


def test_response_loss_is_the_mean_over_response_tokens(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, tokenizer = load_model("base")
    single = encode_tasks(tokenizer, INSTRUCTIONS, 256)
    examples = [*single, *conversations(single, 1.0, 256, random.Random(0))]
    nats: list[float] = []
    for example in examples:
        with torch.no_grad():
            logits = model(torch.tensor([example.ids[:-1]]), all_positions=True)[0]  # (T, V)
        for place, counts in enumerate(example.counted):
            if counts:
                target = torch.tensor(example.ids[place])
                nats.append(float(F.cross_entropy(logits[place - 1], target)))
    expected = sum(nats) / len(nats)
    for batch_size in (1, 2, 32):
        assert response_loss(model, examples, batch_size) == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="No held-out example fits into the window"):
        response_loss(model, [])


def test_the_loss_without_uncounted_logits_is_the_same(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    model, tokenizer = load_model("base")
    model.requires_grad_(True)
    x, y, _ = pad_examples(encode_tasks(tokenizer, INSTRUCTIONS, 256))
    gradients = []
    for loss in (finetune_chat.counted_loss, language_model_loss):
        model.zero_grad()
        loss(model, x, y).backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_plain_text_is_mixed_in_by_its_share_of_tokens(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer.load("tokenizer")
    rows: list[int] = []

    def made_up(tokenizer: Tokenizer, count: int, window: int, seed: int) -> list[Example]:
        rows.append(count)
        return [Example([1] * window, [False] + [True] * (window - 1))] * count

    monkeypatch.setattr(finetune_chat, "plain_text", made_up)
    examples = finetune_chat.training_examples(tokenizer, 256, 0.2, 0.25, 0, 1)
    plain = [e for e in examples if e.ids == [1] * 128]
    assert len(plain) == rows[0] > 0
    share = sum(len(e.ids) for e in plain) / sum(len(e.ids) for e in examples)
    assert share == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("option", ["--multi-turn", "--plain-text", "--reword"])
def test_shares_are_checked(folder: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert f"{option} must be from 0 to below 1, not 1.0" in fault(capsys, "chat", option, "1")
