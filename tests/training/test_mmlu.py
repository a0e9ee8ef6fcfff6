"""MMLU by likelihood, on twenty questions of our own in its format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import evaluate
from train.figures import mmlu
from train.figures.mmlu import LETTERS, Question, best_letter, best_text, prompt, read_questions

SAMPLE = Path(__file__).with_name("everyday_knowledge_test.csv")


@pytest.fixture
def model(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[GPT2, Tokenizer]:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return load_model("base")


def by_hand(model: GPT2, tokenizer: Tokenizer, before: str, answers: list[str]) -> list[float]:
    """Log-probability of each answer behind `before`, one position after the other."""
    totals = []
    for answer in answers:
        ids = tokenizer.encode(before)
        total = 0.0
        for token in tokenizer.encode(answer):
            window = torch.tensor([ids[-model.config.block_size :]])
            total += float(model(window)[0, -1].log_softmax(-1)[token])
            ids.append(token)
        totals.append(total)
    return totals


def test_questions_are_read_with_their_quotes() -> None:
    questions = list(read_questions(SAMPLE))
    assert len(questions) == 20
    assert {question.subject for question in questions} == {"everyday knowledge"}
    assert questions[3].text == 'Which word means the same as "big"?'
    assert questions[3].answers[questions[3].right] == "Large"
    assert {question.right for question in questions} == {0, 1, 2, 3}


def test_the_prompt_is_the_authors() -> None:
    question = Question("college biology", "What is it?", ["one", "two", "three", "four"], 2)
    assert prompt(question) == (
        "The following are multiple choice questions (with answers) about college biology.\n\n"
        "What is it?\nA. one\nB. two\nC. three\nD. four\nAnswer:"
    )


def test_answers_are_the_likeliest(model: tuple[GPT2, Tokenizer]) -> None:
    network, tokenizer = model
    for question in list(read_questions(SAMPLE))[:4]:
        letters = by_hand(network, tokenizer, prompt(question), [f" {c}" for c in LETTERS])
        assert best_letter(network, tokenizer, question) == letters.index(max(letters))
        answers = [f" {answer}" for answer in question.answers]
        before = f"Question: {question.text}\nAnswer:"
        totals = by_hand(network, tokenizer, before, answers)
        per_character = [t / len(a) for t, a in zip(totals, answers, strict=True)]
        assert best_text(network, tokenizer, question) == per_character.index(max(per_character))


def test_a_model_that_knows_gets_all_points(
    model: tuple[GPT2, Tokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmlu, "best_letter", lambda m, t, question: question.right)
    monkeypatch.setattr(mmlu, "best_text", lambda m, t, question: (question.right + 1) % 4)
    figures = mmlu.mmlu(*model, SAMPLE, None)
    assert figures == {"n": 20, "accuracy": 1.0, "text_accuracy": 0.0}


def test_the_command_takes_files_and_folders(
    model: tuple[GPT2, Tokenizer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in (1, 2):
        (tmp_path / f"subject_{number}_test.csv").write_text("".join(lines[:3]), encoding="utf-8")
    command = ["mmlu", "--model", "base", "--json", "--data"]
    assert evaluate.main([*command, str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["mmlu"]["base"]["n"] == 6
    assert evaluate.main([*command, str(SAMPLE), "--limit", "5"]) == 0
    figures = json.loads(capsys.readouterr().out)["mmlu"]["base"]
    assert figures["n"] == 5
    assert figures["accuracy"] * 5 in range(6)


def test_what_is_no_question_says_where(
    model: tuple[GPT2, Tokenizer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd_test.csv"
    for row in ("a,b,c\n", "q,1,2,3,4,E\n"):
        path.write_text("q,1,2,3,4,A\n" + row, encoding="utf-8")
        with pytest.raises(SystemExit):
            evaluate.main(["mmlu", "--model", "base", "--data", str(path)])
        assert f"Row 2 of {path} is not a question" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        evaluate.main(["mmlu", "--model", "base"])
    assert "Say with --data which file" in capsys.readouterr().err
