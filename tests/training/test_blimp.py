"""BLiMP: reading, drawing and comparing pairs, with a model whose sums can be done by hand."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from archive_server import serve
from test_public_tests import Successors, write_lines

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import datasets, evaluate
from train.data.download import DatasetError
from train.figures import blimp, public_tests, scoring
from train.figures.blimp import BLIMP, Pair, blimp_accuracy, blimp_file, read_pairs, some_of
from train.figures.scoring import log_likelihoods, score


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A token per byte."""
    return Tokenizer({bytes([byte]): byte for byte in range(256)}, "bytes")


def pair(good: str, bad: str, paradigm: str = "p", term: str = "t") -> Pair:
    return Pair(paradigm, "syntax", term, good, bad)


def test_the_more_probable_sentence_is_taken(tokenizer: Tokenizer) -> None:
    model: Any = Successors("ca|at")  # "cat" has two likely steps, "cta" and "tac" have one less
    figures = blimp_accuracy(
        model,
        tokenizer,
        [
            pair("cat", "cta"),
            pair("cta", "cat", term="u"),
            pair("cat", "cat", term="u"),  # no more probable: not right
            Pair("p", "morphology", "u", "at", "ta"),
        ],
    )
    assert figures == {
        "n": 4,
        "accuracy": 0.5,
        "fields": {
            "morphology": {"n": 1, "accuracy": 1.0},
            "syntax": {"n": 3, "accuracy": pytest.approx(1 / 3)},
        },
        "terms": {
            "t": {"n": 1, "accuracy": 1.0},
            "u": {"n": 3, "accuracy": pytest.approx(1 / 3)},
        },
    }
    with pytest.raises(ValueError, match="no pair"):
        blimp_accuracy(model, tokenizer, [])


def test_sentences_are_scored_from_their_first_token_on() -> None:
    """A batch of texts of all lengths is worth what each text is alone."""
    config = GPT2Config(vocab_size=30, block_size=12, n_layer=2, n_head=2, n_embd=8)
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(20)
    generator = torch.Generator().manual_seed(1)
    texts = [
        [29, *torch.randint(29, (length,), generator=generator).tolist()]
        for length in (3, 12, 1, 5, 7, 1, 12)
    ]
    expected = [score(model, [ids], [1])[0].total for ids in texts]
    for size in (1, 20, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring, "BATCH_TOKENS", size)
            assert log_likelihoods(model, texts) == pytest.approx(expected, abs=1e-4)
    for ids in ([29], [29] * 14):
        with pytest.raises(ValueError, match="2 to 13 tokens"):
            log_likelihoods(model, [*texts, ids])


def test_a_part_is_drawn_from_all_paradigms_alike() -> None:
    pairs = [pair(f"good {n}", f"bad {n}", paradigm=f"p{n % 5}") for n in range(100)]
    part = some_of(pairs, 15)
    assert Counter(chosen.paradigm for chosen in part) == {f"p{n}": 3 for n in range(5)}
    assert set(part) < set(pairs) and len(set(part)) == 15
    assert some_of(pairs, 15) == part
    assert part[:5] == some_of(pairs, 5)  # a larger part holds the smaller one
    assert some_of(pairs, None) == pairs


# --- the file -------------------------------------------------------------------------------------

PUBLIC = {
    "data/b.jsonl": [
        {"UID": "b", "field": "syntax/semantics", "linguistics_term": "s-selection"}
        | {"sentence_good": "Ann ran.", "sentence_bad": "Ran ran.", "pairID": "0"},
        {"UID": "b", "field": "syntax/semantics", "linguistics_term": "s-selection"}
        | {"sentence_good": "Bob ran.", "sentence_bad": "Mud ran.", "pairID": "1"},
    ],
    "data/c.jsonl": [
        {"UID": "a", "field": "morphology", "linguistics_term": "binding"}
        | {"sentence_good": "It is.", "sentence_bad": "It are.", "pairID": "0"},
    ],
}
PREPARED = [
    {"uid": "a", "field": "morphology", "term": "binding", "good": "It is.", "bad": "It are."},
    {"uid": "b", "field": "syntax/semantics", "term": "s-selection"}
    | {"good": "Ann ran.", "bad": "Ran ran."},
    {"uid": "b", "field": "syntax/semantics", "term": "s-selection"}
    | {"good": "Bob ran.", "bad": "Mud ran."},
]
PAIRS = [
    Pair("a", "morphology", "binding", "It is.", "It are."),
    Pair("b", "syntax_semantics", "argument_structure", "Ann ran.", "Ran ran."),
    Pair("b", "syntax_semantics", "argument_structure", "Bob ran.", "Mud ran."),
]


def lines_of(records: list[dict[str, str]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_the_file_is_made_from_the_authors_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.delenv(datasets.REPOSITORY_VARIABLE, raising=False)
    with serve(monkeypatch) as server:
        server.add(BLIMP.origin[0], {name: lines_of(rows) for name, rows in PUBLIC.items()})
        with pytest.raises(DatasetError, match="not those this project was made with"):
            blimp_file()  # they are made up
        text = lines_of(PREPARED).encode()
        monkeypatch.setattr(blimp, "TEXT_SHA256", hashlib.sha256(text).hexdigest())
        path = blimp_file()
        assert lzma.decompress(path.read_bytes()) == text
        assert read_pairs(path) == PAIRS
        requests = list(server.requests)
        assert blimp_file() == path and server.requests == requests  # it is kept


def test_the_command_shows_the_published_figures(
    tiny_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    path = write_lines(tmp_path / "pairs.jsonl", *PREPARED)
    command = ["blimp", "--model", "base", "--data", str(path)]
    assert evaluate.main([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["blimp"]
    assert result["base"].keys() == {
        *("n", "accuracy", "morphology", "syntax_semantics", "binding", "argument_structure")
    }
    assert result["others"] == public_tests.OTHERS["blimp"]
    assert evaluate.main([*command, "--limit", "2"]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[1].split() == ["n", "2", "-"]
    for other, accuracy in public_tests.OTHERS["blimp"].items():
        assert f"accuracy of {other} {accuracy}" in " ".join(table.split())


def test_another_file_is_refused(
    tiny_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    path = write_lines(tmp_path / "pairs.jsonl.xz", *PREPARED)  # not packed, as its name says
    with pytest.raises(SystemExit):
        evaluate.main(["blimp", "--model", "base", "--data", str(path)])
    assert "is not in the format of blimp" in capsys.readouterr().err
