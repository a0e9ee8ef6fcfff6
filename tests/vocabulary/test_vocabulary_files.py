"""Vocabulary files: the same tokens as transformers' tokenizer, and back to the same ranks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_openai_gpt2 import write_vocabulary
from transformers import GPT2TokenizerFast

from gpt2_scratch.vocabulary.files import LETTERS, read_tokenizer
from gpt2_scratch.vocabulary.tokenizer import END_OF_TEXT, Tokenizer

NASTY = " The cat's  \n\t naïve 猫 🐈‍⬛ can't<|endoftext|>\x00\x7f\u00ad 1234 ...\n\n\nx "


@pytest.fixture(params=["tokenizer", "gpt2"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.load(request.param)


def test_letters_are_256_different_printable_ones() -> None:
    assert len(set(LETTERS.values())) == 256
    assert all(letter.isprintable() for letter in LETTERS.values())
    assert LETTERS[ord(" ")] == "Ġ" and LETTERS[ord("a")] == "a"


def test_there_and_back_again(tokenizer: Tokenizer, tmp_path: Path) -> None:
    write_vocabulary(tmp_path, tokenizer)
    reference = GPT2TokenizerFast(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    text = NASTY.replace(END_OF_TEXT, "")
    assert reference.encode(text) == tokenizer.encode(text)
    read = read_tokenizer(tmp_path)
    assert read is not None
    assert read.name == tokenizer.name
    assert read.encode(NASTY) == tokenizer.encode(NASTY)


def test_tokenizer_json_alone(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load("tokenizer")
    write_vocabulary(tmp_path, tokenizer)
    reference = GPT2TokenizerFast(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    reference.save_pretrained(tmp_path / "saved")
    (tmp_path / "saved" / "vocab.json").unlink(missing_ok=True)
    read = read_tokenizer(tmp_path / "saved")
    assert read is not None and read.name == "tokenizer"


def test_no_vocabulary(tmp_path: Path) -> None:
    assert read_tokenizer(tmp_path) is None


def changed(folder: Path, change: dict[str, int]) -> str:
    """What is said of our vocabulary with some ids changed."""
    write_vocabulary(folder, Tokenizer.load("tokenizer"))
    path = folder / "vocab.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError) as caught:
        read_tokenizer(folder)
    return str(caught.value)


def test_what_ranks_cannot_express(tmp_path: Path) -> None:
    assert "does not number its tokens" in changed(tmp_path, {END_OF_TEXT: 0})
    assert "does not number its tokens" in changed(tmp_path, {"Ġt": 300})
    assert "does not number its tokens" in changed(tmp_path, {"zzzzzz": 9000})
    assert "stands for no byte" in changed(tmp_path, {"[PAD] ": 9000})


@pytest.mark.parametrize("content", ["{", "[]", '{"model": {"type": "Unigram"}}', "{}"])
def test_damaged_files(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=r"tokenizer\.json is no"):
        read_tokenizer(tmp_path)
