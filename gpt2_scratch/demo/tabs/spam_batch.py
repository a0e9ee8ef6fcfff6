"""Many messages at once, pasted as lines or in a file: a table of verdicts, and a CSV of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from gpt2_scratch.checks import check_number
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.api_types import Row
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.csv_files import MESSAGE_COLUMNS, read_messages, write_verdicts
from gpt2_scratch.demo.settings import after_a_pause

COLUMNS = ["message", "verdict", "spam", "note"]
CUT = "only its beginning was read"
# Over the page's own ground, so that the text keeps its contrast in light and dark.
COLOURS = {
    "spam": "background-color: rgb(234 88 12 / 0.28)",
    "ham": "background-color: rgb(37 99 235 / 0.16)",
}


def build(api: Api, threshold: gr.Slider) -> None:
    """Its components and events; the table follows the threshold."""
    gr.Markdown("**Many messages at once**", elem_classes="heading")
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            lines = gr.Textbox(
                label="Messages, one in a line",
                placeholder="Paste several messages here",
                lines=4,
                max_lines=10,
                max_length=limits.UPLOAD_BYTES,
                elem_id="messages-lines",
            )
            judge = gr.Button("Judge these lines", size="sm", elem_id="judge-lines")
            file = gr.File(
                label="or a .csv or .txt file",
                file_types=[".csv", ".txt"],
                height=140,
                elem_id="messages-file",
            )
            gr.Markdown(
                f"A .txt has one message per line; a .csv has a column named "
                f"{', '.join(MESSAGE_COLUMNS[:-1])} or {MESSAGE_COLUMNS[-1]}. At most "
                f"{limits.BATCH_ROWS} messages and {limits.UPLOAD_BYTES // 1_000_000} MB.",
                elem_classes="statistics",
            )
        with gr.Column(scale=3, min_width=280):
            counts = gr.Markdown(elem_id="counts")
            table = gr.Dataframe(
                headers=COLUMNS,
                datatype=["str", "str", "number", "str"],
                type="array",
                interactive=False,
                wrap=True,
                max_height=420,
                column_widths=["36%", "24%", "18%", "22%"],
                label="Verdicts; click a column's name, then ⋮, to sort by it",
                elem_id="verdicts",
            )
            download = gr.DownloadButton("Download as CSV", visible=False, elem_id="download")

    def judged(messages: list[str], limit: float, progress: gr.Progress) -> Iterator[Any]:
        limit = limits.check_threshold(limit)
        verdicts: list[Row] = []
        progress((0, len(messages)), unit="messages")
        for part in api.classify_slices(messages):
            verdicts += [_from(row, limit) for row in part]
            progress((len(verdicts), len(messages)), unit="messages")
        yield from _shown(messages, verdicts)

    # What was shown goes first: it does not belong to what is judged now, also when that fails.
    def judge_file(
        path: str,
        limit: float,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio finds it
    ) -> Iterator[Any]:
        yield _nothing()
        yield from judged(read_messages(path), limit, progress)

    def judge_lines(
        text: str,
        limit: float,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[Any]:
        yield _nothing()
        text = limits.check_text(text, "text", limits.UPLOAD_BYTES)
        messages = [line for line in text.splitlines() if line.strip()]
        limits.check_rows(len(messages))
        yield from judged(messages, limit, progress)

    def judge_again(table: list[list[Any]], limit: float) -> Iterator[Any]:
        """The same probabilities at another threshold; the table holds all that is needed."""
        limit = limits.check_threshold(limit)
        messages, verdicts = in_table(table)
        if not messages:
            yield gr.skip(), gr.skip(), gr.skip()
        else:
            yield from _shown(messages, [_from(row, limit) for row in verdicts])

    outputs = [table, counts, download]
    for asked, judging, given in (
        (file.upload, judge_file, file),
        (judge.click, judge_lines, lines),
        (lines.submit, judge_lines, lines),
    ):
        on_model(asked, judging, [given, threshold], outputs, show_progress_on=[table])
    on_page(file.clear, _nothing, None, outputs)
    on_page(
        threshold.change,
        judge_again,
        [table, threshold],
        outputs,
        show_progress="hidden",
        js=after_a_pause("table"),
    )


def _nothing() -> tuple[Any, ...]:
    return gr.update(value=None), "", gr.update(visible=False)


def _shown(messages: list[str], verdicts: list[Row]) -> Iterator[tuple[Any, ...]]:
    """Table, counts and file.

    gradio copies the file into its own cache, which it empties by itself, while this generator
    waits at its yield; ours is gone right after.
    """
    with TemporaryDirectory() as folder:
        result = Path(folder) / "verdicts.csv"
        write_verdicts(result, messages, verdicts)
        counted = counts_text(row["label"] for row in verdicts)
        yield _styled(messages, verdicts), counted, gr.update(value=str(result), visible=True)


def _styled(messages: list[str], verdicts: list[Row]) -> Any:
    """A data frame whose verdicts have a colour, and whose numbers sort as numbers."""
    import pandas as pd  # gradio has it, and nothing before the first batch needs it

    rows = [
        [
            message,
            row["label"] or "none",
            row["spam_probability"],
            row["problem"] or (CUT if row["truncated"] else ""),
        ]
        for message, row in zip(messages, verdicts, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["spam"] = frame["spam"].astype(float)  # a batch of problems alone has no number
    coloured = frame.style.map(lambda label: COLOURS.get(label, ""), subset=["verdict"])
    return coloured.format({"spam": "{:.1%}"}, na_rep="")


def in_table(table: list[list[Any]]) -> tuple[list[str], list[Row]]:
    """Messages and verdicts of the table. ValueError for a table that is none of ours: it comes
    from the browser, and anyone can send one."""
    filled = [row for row in table if any(cell not in ("", None) for cell in row)]
    if any(len(row) != len(COLUMNS) for row in filled) or len(filled) > limits.BATCH_ROWS:
        raise ValueError("This table cannot be judged again: send the messages anew.")
    verdicts = [_row(str(label), probability, str(note)) for _, label, probability, note in filled]
    return [str(row[0]) for row in filled], verdicts


def _row(label: str, probability: float | None, note: str) -> Row:
    """A row of the table as a verdict again."""
    known = label in COLOURS
    if known:
        probability = check_number("A spam probability", probability, 0.0, 1.0)
    return Row(
        label=label if known else None,
        spam_probability=probability if known else None,
        threshold=0.0,
        truncated=note == CUT,
        problem=None if known else note,
    )


def _from(row: Row, threshold: float) -> Row:
    """A verdict at another threshold."""
    probability = row["spam_probability"]
    if probability is None:
        return {**row, "threshold": threshold}
    label = "spam" if probability >= threshold else "ham"
    return {**row, "threshold": threshold, "label": label}


def counts_text(given: Iterable[str | None]) -> str:
    """How many of which verdict."""
    labels = list(given)
    spam, ham, without = labels.count("spam"), labels.count("ham"), labels.count(None)
    told = f"{spam} spam, {ham} ham" + (f", {without} without a verdict" if without else "")
    return f"**{len(labels)} messages: {told}.**"
