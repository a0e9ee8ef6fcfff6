"""Benchmarks against scores computed by hand, with a model simple enough for that.

The model knows a letter's likely successor and nothing else: it gives it 1/2, and all 256 other
tokens 1/512 each. A letter without a successor is followed by anything, with 1/257.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import evaluate
from train.figures import public_tests
from train.figures.public_tests import detokenise, hellaswag_texts, rolling_log_likelihood, score

VOCABULARY = 257
LIKELY, OTHER, ANY = math.log(1 / 2), math.log(1 / 512), math.log(1 / 257)


class Successors(nn.Module):
    """The model of the docstring above, with the parts of a GPT2 that scoring uses."""

    def __init__(self, pairs: str, window: int = 200) -> None:
        super().__init__()
        table = torch.full((VOCABULARY, VOCABULARY), ANY)
        for letter, successor in pairs.split("|"):
            table[ord(letter)] = OTHER
            table[ord(letter), ord(successor)] = LIKELY
        self.table = table
        self.wte = SimpleNamespace(weight=torch.eye(VOCABULARY))
        self.config = SimpleNamespace(block_size=window)

    def hidden_states(self, idx: Tensor) -> Tensor:
        assert idx.size(1) <= self.config.block_size
        return self.table[idx]  # (B, T) -> (B, T, V)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A token per byte."""
    return Tokenizer({bytes([byte]): byte for byte in range(256)}, "bytes")


def write_lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_lambada_by_hand(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model: Any = Successors("o |e | c|ca|at")
    path = write_lines(
        tmp_path / "l.jsonl",
        {"text": "go to cat"},  # o-space-c-a-t: all four likely
        {"text": "we sat"},  # e-space likely, space-s not, s-a anything, a-t likely
        {"text": "a dot"},  # a-space not, space-d not, d-o anything, o-t not
    )
    figures = public_tests.run("lambada", model, tokenizer, path)
    nats = -(4 * LIKELY + (LIKELY + OTHER + ANY + LIKELY) + (OTHER + OTHER + ANY + OTHER))
    assert figures == {
        "n": 3,
        "accuracy": pytest.approx(1 / 3),
        "last_token_accuracy": pytest.approx(2 / 3),
        "perplexity": pytest.approx(math.exp(nats / 3), rel=1e-4),
    }
    assert public_tests.run("lambada", model, tokenizer, path, limit=1)["accuracy"] == 1


def task(label: int, *endings: str) -> dict[str, Any]:
    return {
        "activity_label": "Cats",
        "ctx_a": "A cat sat.",
        "ctx_b": "it",
        "endings": endings,
        "label": label,
    }


def test_hellaswag_by_hand(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model: Any = Successors("t | c|ca|at")
    # Scored from the space before an ending on. "cat cat cat" costs more nats than "x", so "x" is
    # the more probable ending, but not per character.
    short, long = LIKELY + OTHER, LIKELY * 12
    assert short > long and long / 11 > short / 1
    path = write_lines(
        tmp_path / "h.jsonl",
        task(0, "cat cat cat", "x", "yyyyyyyy", "zzzzzzzz"),  # only per character
        task(1, "cat cat cat", "x", "yyyyyyyy", "zzzzzzzz"),  # only as it is
        task(2, "xyz", "zyx", "cat", "yxz"),  # both
    )
    assert public_tests.run("hellaswag", model, tokenizer, path) == {
        "n": 3,
        "accuracy": pytest.approx(2 / 3),
        "normalised_accuracy": pytest.approx(2 / 3),
    }


def test_hellaswag_texts_lose_the_marks_of_wikihow() -> None:
    record = task(0, "[step] walks [title] Home  now ")
    record |= {"ctx_a": "[header] How to sit [title] Be calm.", "ctx_b": "the CAT"}
    context, endings = hellaswag_texts(record)
    assert context == "Cats: How to sit. Be calm. The cat"
    assert endings == [" walks. Home now"]


ARTICLES = (
    " \n = One = \n \n a cat @-@ like cat . \n \n = = Part = = \n \n b\n = Two = \n \n at ( a ) \n"
)
READ = ("\n= One =\n\na cat-like cat.\n\n== Part ==\n\nb", " = Two =\n\nat (a)\n")


def test_wikitext_by_hand(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model: Any = Successors("at", window=16)
    path = tmp_path / "wiki.test.raw"
    path.write_text(ARTICLES)
    articles = list(public_tests.split_articles(ARTICLES))
    assert "\n".join(articles) == ARTICLES
    texts = [detokenise(article) for article in articles]
    nats = 0.0
    for text in texts:
        for before, letter in zip("\0" + text, text, strict=False):
            nats -= ANY if before != "a" else LIKELY if letter == "t" else OTHER
    words = 16 + 9  # what stands between white space; at an end, the harness counts an empty word
    figures = public_tests.run("wikitext", model, tokenizer, path)
    assert figures == {
        "n": 2,
        "word_perplexity": pytest.approx(math.exp(nats / words), rel=1e-4),
        "bits_per_byte": pytest.approx(nats / math.log(2) / len("".join(articles)), rel=1e-4),
    }
    assert texts == list(READ)


@pytest.mark.parametrize("window", [1, 2, 3, 7, 19, 20, 21, 100])
def test_every_token_counts_once_whatever_the_window(window: int, tokenizer: Tokenizer) -> None:
    model: Any = Successors("at|ca", window)
    ids = [256, *tokenizer.encode("the cat sat at a mat")]
    expected = sum(float(model.table[before, after]) for before, after in pairwise(ids))
    assert rolling_log_likelihood(model, ids) == pytest.approx(expected, rel=1e-5)


def test_scores_of_a_real_model() -> None:
    config = GPT2Config(vocab_size=30, block_size=10, n_layer=2, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(20)
    texts = [[1, 2, 3, 4, 5], [6, 7], list(range(11, 22))]  # the last fills the window
    starts = [2, 1, 4]
    for found, ids, start in zip(score(model, texts, starts), texts, starts, strict=True):
        with torch.inference_mode():
            logits = model(torch.tensor([ids[:-1]]), all_positions=True)[0, start - 1 :]
        expected = [
            float(row.log_softmax(-1)[t]) for row, t in zip(logits, ids[start:], strict=True)
        ]
        assert found.log_probabilities.tolist() == pytest.approx(expected, abs=1e-5)
        assert found.greedy.tolist() == [
            int(row.argmax()) == t for row, t in zip(logits, ids[start:], strict=True)
        ]
    longer = [0] * 30 + texts[2]
    cut = score(model, [longer], [len(longer) - 1])[0]
    assert torch.allclose(cut.log_probabilities, score(model, texts[2:], [10])[0].log_probabilities)
    with pytest.raises(ValueError, match="longer than the model's window of 10 tokens"):
        score(model, [longer], [5])


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def lambada_file(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return write_lines(
        tmp_path / "l.jsonl", {"text": "The cat sat on the mat"}, {"text": "Call now"}
    )


def test_the_command(lambada_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["lambada", "--model", "base", "--data", str(lambada_file)]
    assert evaluate.main([*command, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)["lambada"]["base"]
    assert measured["n"] == 2
    assert evaluate.main(command) == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert table[0] == ["lambada", "base", "measured", "published"]
    assert table[1:] == [[name, f"{value:,}", "-"] for name, value in measured.items()]


def test_published_figures_stand_beside(capsys: pytest.CaptureFixture[str]) -> None:
    for name, models in public_tests.PUBLISHED.items():
        for model, figures in models.items():
            table = public_tests.format_comparison(name, model, dict.fromkeys(figures, 0.5))
            for (figure, value), line in zip(figures.items(), table.splitlines()[1:], strict=True):
                assert line.split() == [figure, "0.5", f"{value:,}"]


def test_a_file_of_another_format(
    lambada_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    for data in (lambada_file, empty, tmp_path / "missing", Path(__file__)):
        with pytest.raises(SystemExit):
            evaluate.main(["hellaswag", "--model", "base", "--data", str(data)])
        assert "is not in the format of hellaswag" in capsys.readouterr().err
