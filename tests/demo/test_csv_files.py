"""Uploaded messages and downloaded verdicts: formats, encodings, hostile cells."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api_types import Row
from gpt2_scratch.demo.csv_files import neutralised, read_messages, write_verdicts


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "messages"),
    [
        ("a.txt", "one\ntwo\r\n\n  \nthree, with comma", ["one", "two", "three, with comma"]),
        ("a.csv", "message\none\ntwo\n", ["one", "two"]),
        ("a.csv", "one\ntwo\n", ["one", "two"]),  # one column needs no header
        ("a.CSV", "id,Text\n1,one\n2,two\n", ["one", "two"]),
        ("a.csv", 'label;sms\nham;"a; b"\nspam;c\n', ["a; b", "c"]),
        ("a.csv", "label\tmessage\nham\tone, two\n", ["one, two"]),
        ("a.csv", 'message,label\n"two\nlines, ""quoted""",ham\n', ['two\nlines, "quoted"']),
        ("a.csv", "label,message\nham\nham,\nham,one\n", ["one"]),  # short and blank rows
        ("a.csv", "\ufeffmessage\nGrüße 👋\n", ["Grüße 👋"]),
        ("a.txt", "Grüße\n".encode("utf-16"), ["Grüße"]),
        ("a.txt", "Grüße\n".encode("utf-16-le"), ["Grüße"]),  # without a mark
        ("a.txt", "Grüße\n".encode("utf-16-be"), ["Grüße"]),
        ("a.txt", b"caf\xe9 \x80 5\n", ["café € 5"]),  # Latin-1, as Windows writes it
        ("a.txt", "Grüße über alles".encode()[:-1] + b"\xc3\n", ["Grüße über alle\ufffd"]),
        ("a.txt", "one\x00two", ["one\x00two"]),
    ],
)
def test_messages_are_found(tmp_path: Path, name: str, content, messages: list[str]) -> None:
    assert read_messages(written(tmp_path, name, content)) == messages


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "a,b\nc,d\n", "Which column holds the messages"),
        ("a.csv", "", "no messages"),
        ("a.csv", "message\n", "no messages"),
        ("a.txt", "\n \n", "no messages"),
        ("a.csv", '"' + "x" * 200_000, "cannot be read as CSV"),
        ("a.txt", "x\n" * 100_000, "100,000 messages; at most 500"),
        ("a.txt", b"x" * 5_000_000, "5,000,000 bytes; at most 1,048,576"),
        ("a.xlsx", "message\nx\n", r"Only \.csv and \.txt"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, content, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_messages(written(tmp_path, name, content))


def test_random_bytes_never_raise_anything_but_a_sentence(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    for name in ("a.csv", "a.txt"):
        try:
            messages = read_messages(written(tmp_path, name, data))
        except ValueError as error:
            assert str(error)
        else:
            assert all(isinstance(message, str) for message in messages)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_is_neutralised(start: str) -> None:
    assert neutralised(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["", "1+1", "a=b", "'=1", "£900"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert neutralised(cell) == cell


def row(
    label: str | None,
    probability: float | None,
    truncated: bool = False,
    problem: str | None = None,
) -> Row:
    return Row(
        label=label,
        spam_probability=probability,
        threshold=0.5,
        truncated=truncated,
        problem=problem,
    )


def test_verdicts_are_written_in_order_and_can_be_read_back(tmp_path: Path) -> None:
    messages = ['=HYPERLINK("http://x")', "two\nlines", "Grüße", "@home"]
    verdicts = [
        row("spam", 0.75),
        row("ham", 0.25),
        row("ham", 0.0, truncated=True),
        row(None, None, problem="The message in row 4 is empty."),
    ]
    path = tmp_path / "verdicts.csv"
    write_verdicts(path, messages, verdicts)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["message", "label", "spam_probability", "truncated", "problem"]
    assert rows == [
        ['\'=HYPERLINK("http://x")', "spam", "0.750000", "false", ""],
        ["two\nlines", "ham", "0.250000", "false", ""],
        ["Grüße", "ham", "0.000000", "true", ""],
        ["'@home", "", "", "false", "The message in row 4 is empty."],
    ]
    assert len(read_messages(path)) == len(messages) <= limits.BATCH_ROWS
