"""Messages in, verdicts out: the two file formats of the spam tab.

What comes in is anyone's file, so nothing here trusts it: not its encoding, its length, or that a
cell is only text. What goes out opens in a spreadsheet, which *runs* cells that look like formulas.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api_types import Row

# The column to read, by its header, in any case; "v2" is what Kaggle's copy of the SMS set has.
MESSAGE_COLUMNS = ("message", "text", "sms", "content", "body", "v2")
DELIMITERS = (",", ";", "\t")
# How a spreadsheet recognises a formula (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def read_messages(path: str | Path) -> list[str]:
    """The messages of an uploaded file: a line each of a .txt, a row each of a .csv.

    A .csv has a header that names the column (see MESSAGE_COLUMNS), or one column only. See
    `decoded` for the encodings. Rows without a message are left out.

    Raises:
        ValueError: the file is of another kind, too large, has no such column, or has no messages
            or too many of them.
    """
    path = limits.check_upload(path)
    text = decoded(path.read_bytes())
    rows = text.splitlines() if path.suffix.lower() == ".txt" else _message_column(text)
    messages = [row for row in rows if row.strip()]
    limits.check_rows(len(messages))
    return messages


def decoded(data: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark or plain by its zeros, or as Windows writes Latin-1.

    What is no character in the encoding becomes U+FFFD.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    for name, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if 2 * zeros.count(0) > len(zeros) > 0:  # western letters have a zero byte each
            return data.decode(name, errors="replace")
    text = data.decode("utf-8-sig", errors="replace")
    wrong = text.count("\ufffd")
    beyond_ascii = sum(character > "\x7f" for character in text)
    # A damaged file in UTF-8 has more characters that are right than wrong; Latin-1 has none.
    return data.decode("cp1252", errors="replace") if 2 * wrong > beyond_ascii else text


def _message_column(text: str) -> list[str]:
    for delimiter in DELIMITERS:
        rows = _csv_rows(text, delimiter)
        header = [cell.strip().lower() for cell in rows[0]] if rows else []
        for name in MESSAGE_COLUMNS:
            if name in header:
                column = header.index(name)
                return [row[column] for row in rows[1:] if len(row) > column]
    rows = _csv_rows(text, DELIMITERS[0])
    if any(len(row) > 1 for row in rows):
        raise ValueError(
            "Which column holds the messages? Give it one of these names in the first row: "
            f"{', '.join(MESSAGE_COLUMNS)}."
        )
    return [row[0] for row in rows]


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    """All rows that are not empty; quotes and line breaks inside cells are understood."""
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except csv.Error as error:
        raise ValueError(f"The file cannot be read as CSV: {error}.") from error


def write_verdicts(path: str | Path, messages: Sequence[str], verdicts: Sequence[Row]) -> None:
    """A CSV of messages and verdicts, UTF-8 with a byte order mark, as spreadsheets expect it."""
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "label", "spam_probability", "truncated", "problem"])
        for message, verdict in zip(messages, verdicts, strict=True):
            probability = verdict["spam_probability"]
            writer.writerow(
                [
                    neutralised(message),
                    verdict["label"] or "",
                    "" if probability is None else f"{probability:.6f}",
                    str(verdict["truncated"]).lower(),
                    verdict["problem"] or "",
                ]
            )


def neutralised(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: such a start gets a `'` in front of it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
