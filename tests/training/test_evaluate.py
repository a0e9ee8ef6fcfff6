"""`python -m train.evaluate` on tiny random models and made-up data."""

from __future__ import annotations

import hashlib
import json
import lzma
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up_data import SFT_VALIDATION_LINES, write_mirror

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.format import read_checkpoint, save_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest, update_manifest
from gpt2_scratch.classifier import SpamClassifier
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import evaluate, fluency, packing
from train.chat.free_check import free_check
from train.chat.skills import skills_check
from train.datasets import Instruction, Message, spam_split
from train.evaluate import format_table
from train.figures import blimp, openings

SPAM_KEYS = {"n", "accuracy", "precision", "recall", "f1", "roc_auc", "tn", "fp", "fn", "tp"} | {
    *("threshold", "ece", "log_loss", "reliability", "thresholds")
}
QUESTIONS = 3  # of each check: random models do not stop early
CHAT_KEYS = {"n", "response_loss", "exact_match", "contains_match", "rouge_l"}
BASE_KEYS = {"loss", "perplexity", "bits_per_byte", "tokens"}


def made_up_documents(name: str) -> Iterator[str]:
    for number in range(400):
        yield f"The {name} cat {number} sat near the forest, and the girl was tired of it. " * 3


@pytest.fixture(scope="module")
def cache(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with every source packed, from made-up documents and tasks."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        write_mirror(tmp_path_factory.mktemp("mirror"), patch)
        patch.setattr(packing, "fetch", lambda name: None)
        patch.setattr(packing, "documents", made_up_documents)
        tokenizer = Tokenizer.from_file(tiny_weights / "tokenizer.tiktoken")
        packing.pack(tokenizer, folder=folder / "tokens")
    return folder


@pytest.fixture
def weights(
    tiny_weights: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the tiny weights that a test may write into, with everything else in place."""
    shutil.copytree(tiny_weights, tmp_path / "weights")
    write_mirror(tmp_path / "mirror", monkeypatch)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(cache))
    story = "Once upon a time the cat sat near the forest and slept. " * 60
    monkeypatch.setattr(openings, "corpus_documents", lambda name, split: iter([story]))
    monkeypatch.setattr(evaluate, "everyday_prompts", lambda: ["Once upon a", "Hello", "Why"])
    monkeypatch.setattr(fluency, "is_installed", lambda: False)
    monkeypatch.setattr(evaluate, "skills_check", lambda: skills_check()[:QUESTIONS])
    monkeypatch.setattr(evaluate, "free_check", lambda: free_check()[9 : 9 + QUESTIONS])
    return tmp_path / "weights"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What the command prints on its standard output, which must be one JSON object."""
    assert evaluate.main([*arguments, "--json"]) == 0

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    result = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert isinstance(result, dict)
    return result


# --- the command line --------------------------------------------------------------------------


@pytest.mark.slow
def test_all_figures_as_json_beside_the_weights_and_in_the_manifest(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_manifest(weights)
    results = run_json(capsys, "all")
    assert list(results) == ["base", "spam", "chat"]
    manifest = read_manifest(weights)
    for name, figures in results.items():
        assert json.loads((weights / f"{name}.metrics.json").read_text()) == figures
        assert manifest[name] == before[name] | {"metrics": figures}

    base = results["base"]
    assert base.keys() == {*packing.MIXTURE, "mixture", "old_mixture", "template"}
    assert base.pop("template") == {"n": 3, "leaks": 0, "share": 0.0}
    diversity = base["mixture"].pop("diversity")
    assert diversity.keys() == {"authors", "0.5", "0.8", "1.0", "1.3"}
    assert len({figures["distinct_2"] for figures in diversity.values()}) == 5
    assert diversity["authors"]["repeated_4"] > 0.5  # the made-up author writes one sentence
    for figures in base.values():
        assert figures.keys() == BASE_KEYS
        assert figures["bits_per_byte"] > 0 and figures["tokens"] > 0
    assert base["mixture"]["tokens"] == sum(base[name]["tokens"] for name in packing.MIXTURE)
    lowest, *_, highest = sorted(base[name]["bits_per_byte"] for name in packing.OLD_MIXTURE)
    assert lowest < base["old_mixture"]["bits_per_byte"] < highest

    classifier = SpamClassifier.from_pretrained()
    test = spam_split("full_dedup")["test"]
    labels = [(message.label, classifier.predict(message.text).label) for message in test]
    assert list(results["spam"]) == ["full_dedup", "modern_check", "independent_check"]
    assert results["spam"]["modern_check"]["n"] == 100
    spam = results["spam"]["full_dedup"]
    assert spam.keys() == SPAM_KEYS
    assert (spam["n"], spam["tp"]) == (len(test), labels.count(("spam", "spam")))
    assert spam["fp"] == labels.count(("ham", "spam"))
    assert sum(row["n"] for row in spam["reliability"]) == len(test)
    right = sum(truth == label for truth, label in labels)
    assert spam["accuracy"] == pytest.approx(right / len(test), abs=1e-4)

    chat = results["chat"]
    assert {part: figures["n"] for part, figures in chat.items()} == {
        "sft": SFT_VALIDATION_LINES,
        "book": 2,  # a tenth of twenty tasks
        "skills": QUESTIONS,
        "skills_turn_seven": QUESTIONS,
        "free": QUESTIONS,
        "free_turn_seven": QUESTIONS,
        "sft_before": SFT_VALIDATION_LINES,
        "book_before": 2,
        "skills_before": QUESTIONS,
        "free_before": QUESTIONS,
    }
    assert chat["free_turn_seven"]["kinds"].keys() == {"small talk", "identity"}
    assert set(chat["skills"]["kinds"]["small talk"]) == {"n", "contains_match"}
    for part in ("sft", "book", "sft_before", "book_before"):
        figures = chat[part]
        assert figures.keys() == CHAT_KEYS
        assert figures["response_loss"] > 0
        assert figures["exact_match"] == figures["contains_match"] == 0  # the model is random


def test_grammar_and_fluency_are_measured_where_they_can_be(
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = {"uid": "a", "field": "syntax", "term": "binding", "good": "It is.", "bad": "It are."}
    data = lzma.compress((json.dumps(pair) + "\n").encode() * 3)
    dataset = replace(blimp.BLIMP, sha256=hashlib.sha256(data).hexdigest())
    path = tmp_path / "mirror" / dataset.filename
    path.parent.mkdir()
    path.write_bytes(data)
    monkeypatch.setattr(blimp, "BLIMP", dataset)
    monkeypatch.setattr(fluency, "is_installed", lambda: True)
    monkeypatch.setattr(fluency, "public_judge", lambda: "judge")
    figures = {"stories": {"n": 9, "bits_per_byte": 1.23456}}
    monkeypatch.setattr(fluency, "fluency", lambda judge, model, tokenizer: figures)
    base = run_json(capsys, "base")["base"]
    assert base["blimp"]["n"] == base["blimp"]["terms"]["binding"]["n"] == 3
    assert base["blimp"]["accuracy"] in (0, 1)  # three times the same pair
    assert base["mixture"]["fluency"] == {"stories": {"n": 9, "bits_per_byte": 1.2346}}
    assert evaluate.main(["base", "--no-record"]) == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["stories", "9", "1.2346"] in table
    assert ["mixture,", "fluency", "n", "bits_per_byte"] in table


def test_no_record_leaves_the_folder_as_it_is(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(weights)
    results = run_json(capsys, "spam", "--no-record")
    assert results["spam"]["full_dedup"].keys() == SPAM_KEYS
    assert contents(weights) == before


def test_one_stage_records_itself_alone(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(weights)
    results = run_json(capsys, "spam")
    changed = {name for name, data in contents(weights).items() if before.get(name) != data}
    assert changed == {"spam.metrics.json", "manifest.json"}
    assert list(results) == ["spam"]
    assert SpamClassifier.from_pretrained()  # the manifest still has the hash of the file


def test_the_table_shows_the_same_figures(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = run_json(capsys, "spam")["spam"]
    bins = {part: figures.pop("reliability") for part, figures in metrics.items()}
    for figures in metrics.values():
        assert figures.pop("thresholds")[0]["fn"] == 0  # from 0 on everything is spam
    assert evaluate.main(["spam", "--no-record"]) == 0
    header, *lines = capsys.readouterr().out.strip().splitlines()
    assert header.split() == ["spam", *metrics["full_dedup"]]
    for row, (part, figures) in zip(lines, metrics.items(), strict=False):
        assert row.split() == [part, *(f"{value:,}" for value in figures.values())]
    for part, rows in bins.items():
        start = lines.index(next(line for line in lines if line.startswith(f"{part}, reliab")))
        assert lines[start].split()[2:] == ["n", "score", "positive"]
        assert [float(line.split()[1]) for line in lines[start + 1 : start + 1 + len(rows)]] == [
            row["n"] for row in rows
        ]


def test_the_book_is_measured_with_and_without_its_repeats(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_checkpoint(weights / "spam.safetensors")
    save_checkpoint(
        weights / "spam.safetensors", read.tensors, read.config, kind=read.kind,
        tokenizer=read.tokenizer, metadata={"protocol": '"book"'},
    )  # fmt: skip
    update_manifest(weights / "spam.safetensors")
    split = {
        "train": [Message("ham", "See you  at noon", 0), Message("spam", "Win a prize", 1)],
        "test": [
            Message("ham", "see you at NOON", 2),
            Message("ham", "See you at two", 3),
            Message("spam", "Win two prizes", 4),
        ],
    }
    monkeypatch.setattr(evaluate, "spam_split", lambda protocol: split)
    metrics = run_json(capsys, "spam")["spam"]
    assert {part: figures["n"] for part, figures in metrics.items()} == {
        "book": 3,
        "book_without_repeats": 2,
        "modern_check": 100,
        "independent_check": 200,
    }


def test_a_table_has_one_row_per_part() -> None:
    table = format_table("base", {"a": {"loss": 1.5, "n": 12345}, "b": {"loss": 2.0, "n": 1}})
    lines = table.splitlines()
    assert [line.split() for line in lines] == [
        ["base", "loss", "n"],
        ["a", "1.5", "12,345"],
        ["b", "2.0", "1"],
    ]
    assert len({len(line) for line in lines}) == 1  # columns are aligned


def test_an_assistant_that_is_right_gets_all_points(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the tasks name what is asked for; the answer to those is right."""

    def respond(
        self: Assistant, instruction: str, input: str = "", max_new_tokens: int = 128
    ) -> str:
        name = (instruction.split() + 4 * ["it"])[3]
        return f"the {name} SAT" if input else f"I think that the {name} sat, yes."

    monkeypatch.setattr(Assistant, "respond", respond)
    chat = evaluate.evaluate_chat()
    for figures in (chat["sft"], chat["book"]):
        assert (figures["exact_match"], figures["contains_match"]) == (0.5, 1.0)


def test_kinds_with_enough_answers_get_a_row(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [Instruction("Say it.", "", "one", kind) for kind in 7 * ["a"] + 5 * ["b"] + 4 * ["c"]]
    monkeypatch.setattr(evaluate, "load_instructions", lambda name, split: tasks)
    given = iter(7 * ["one"] + ["one", "one", "no", "no", "no"] + 4 * ["one"])
    monkeypatch.setattr(Assistant, "respond", lambda *_, **__: next(given))
    monkeypatch.setattr(evaluate, "_rounded", lambda figures: figures)
    assistant = Assistant.from_pretrained("chat")
    kinds = evaluate._answer(assistant, tasks, "sft")["kinds"]
    assert {kind: row["exact_match"] for kind, row in kinds.items()} == {"a": 1.0, "b": 0.4}
    table = format_table("chat", {"sft": {"n": 16, "kinds": kinds}}).splitlines()
    assert table[-2].split()[:2] == ["a", "7"]


def test_a_judge_scores_the_answers_to_the_book(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def scores(target: str, tasks: list[Any], answers: list[str], **_: Any) -> dict[str, float]:
        asked.append((target, len(answers)))
        return {"judge": 12.5, "judged": len(tasks)}

    monkeypatch.setattr(evaluate, "judge", scores)
    assert evaluate.main(["chat", "--judge", "http://127.0.0.1:1", "--no-record"]) == 0
    assert asked == [("http://127.0.0.1:1", 2)] * 2  # after tuning and before
    header, *rows = capsys.readouterr().out.strip().splitlines()
    assert header.split()[-2:] == ["judge", "judged"]
    judged = {row.split()[0] for row in rows if row.split()[-2:] == ["12.5", "2"]}
    assert judged == {"book", "book_before"}


@pytest.mark.parametrize("stage", ["base", "spam", "chat"])
def test_missing_weights_are_one_sentence(
    weights: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (weights / f"{stage}.safetensors").unlink()
    before = contents(weights)
    with pytest.raises(SystemExit) as caught:
        evaluate.main([stage])
    assert caught.value.code == 1
    output = capsys.readouterr()
    assert output.out == ""
    [sentence] = output.err.strip().splitlines()
    assert f"{stage}.safetensors does not exist; make it with" in sentence
    assert contents(weights) == before
