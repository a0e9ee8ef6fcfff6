"""Spam: a verdict on one message, or on a file of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from gpt2_scratch import limits
from gpt2_scratch.demo.api import Api, Classified
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.csv_files import MESSAGE_COLUMNS, read_messages, write_verdicts
from gpt2_scratch.demo.theme import notice, notice_update

MESSAGES = [
    "WINNER!! You have been selected to receive a £900 prize reward! To claim call 09061701461.",
    "Hey, are we still on for lunch tomorrow? I can pick you up at noon.",
    "URGENT! Your account will be closed today. Verify your details at http://bit.ly/x9k2 now",
    "Sorry, I'll call later. In a meeting",
]


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab: its components and its events."""
    with gr.Tab("Spam", id="spam"):
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                message = gr.Textbox(
                    MESSAGES[0],
                    label="Message",
                    info="The model has learned from English text messages (SMS).",
                    lines=4,
                    max_lines=12,
                    max_length=limits.MESSAGE_CHARS,
                    elem_id="message",
                )
                run = gr.Button("Is it spam?", variant="primary", elem_id="classify")
                gr.Examples(MESSAGES, message, label="Messages to try", cache_examples=False)
            with gr.Column(scale=2, min_width=280):
                label = gr.Label(label="Verdict", elem_id="verdict")
                remark = gr.Markdown(elem_id="verdict-remark", elem_classes="statistics")

        gr.Markdown("**Many messages at once**", elem_classes="heading")
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                file = gr.File(
                    label="A .csv or .txt file",
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
                counts = gr.Markdown(elem_id="counts")
                download = gr.DownloadButton("Download as CSV", visible=False, elem_id="download")
            with gr.Column(scale=3, min_width=280):
                table = gr.Dataframe(
                    headers=["message", "verdict", "spam"],
                    datatype="str",
                    interactive=False,
                    wrap=True,
                    max_height=360,
                    column_widths=["60%", "20%", "20%"],
                    label="Verdicts",
                    elem_id="verdicts",
                )

    def classify(message: str) -> tuple[dict[str, float], str]:
        verdict = api.classify(message)
        spam = verdict["spam_probability"]
        return {"spam": spam, "ham": 1 - spam}, _remark(verdict)

    def classify_file(
        path: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio finds it
    ) -> Iterator[tuple[Any, str, Any]]:
        messages = read_messages(path)
        verdicts: list[Classified] = []
        progress((0, len(messages)), unit="messages")
        for part in api.classify_slices(limits.check_batch(messages)):
            verdicts += part
            progress((len(verdicts), len(messages)), unit="messages")
        rows = [
            [message, verdict["label"], f"{verdict['spam_probability']:.1%}"]
            for message, verdict in zip(messages, verdicts, strict=True)
        ]
        # gradio copies the file into its own cache, which it empties by itself, while this
        # generator waits at its yield; ours is gone right after.
        with TemporaryDirectory() as folder:
            result = Path(folder) / "verdicts.csv"
            write_verdicts(result, messages, verdicts)
            yield rows, _counts(verdicts), gr.update(value=str(result), visible=True)

    for asked in (run.click, message.submit):
        on_model(asked, classify, message, [label, remark], show_progress="minimal")
    on_model(file.upload, classify_file, file, [table, counts, download], show_progress_on=[table])
    on_page(demo.load, lambda: notice_update(api.registry.problem("spam")), None, unavailable)


def _remark(verdict: Classified) -> str:
    sure = max(verdict["spam_probability"], 1 - verdict["spam_probability"])
    words = f"The model says **{verdict['label']}** and is {sure:.1%} sure."
    if verdict["truncated"]:
        words += " It has read the beginning of the message only: the rest does not fit."
    return words


def _counts(verdicts: list[Classified]) -> str:
    spam = sum(verdict["label"] == "spam" for verdict in verdicts)
    return f"**{len(verdicts)} messages: {spam} spam, {len(verdicts) - spam} ham.**"
