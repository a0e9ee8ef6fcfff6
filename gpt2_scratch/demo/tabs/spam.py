"""Spam: a verdict on one message as it is typed, and on a file of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api, Row
from gpt2_scratch.demo.boundary import on_model, on_page
from gpt2_scratch.demo.csv_files import MESSAGE_COLUMNS, read_messages, write_verdicts
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.theme import notice, notice_update, panel

SPAM = [
    "WINNER!! You have been selected to receive a £900 prize reward! To claim call 09061701461.",
    "URGENT! Your account will be closed today. Verify your details at http://bit.ly/x9k2 now",
    "Free entry in 2 a wkly comp to win FA Cup final tkts! Text FA to 87121 to receive entry",
]
HAM = [
    "Hey, are we still on for lunch tomorrow? I can pick you up at noon.",
    "Sorry, I'll call later. In a meeting",
    "Congratulations on the new job! Call me tonight and tell me everything",
]
# Waits for a pause in typing: a promise that a later key stroke replaces is never kept, and then
# gradio sends nothing.
DEBOUNCED = """(text) => new Promise((resolve) => {
    clearTimeout(window.spamPause);
    window.spamPause = setTimeout(resolve, 250, [text]);
})"""
METHOD = f"""Leave-one-out: each word is left out in turn and the classifier is asked again, about
all versions of the message in one batch. The stronger a word's colour, the further its presence
moves the log-odds of spam; the number behind a word is that move. A message of more than
{limits.INFLUENCE_SPANS} words is taken in runs of words. Of two words that say the same, neither
looks important: the other is still there."""


def build(demo: gr.Blocks, api: Api) -> gr.Textbox:
    """The tab: its components and its events."""
    with gr.Tab("Spam", id="spam") as tab:
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=1, min_width=280, elem_classes="given"):
                message = gr.Textbox(
                    SPAM[0],
                    label="Message",
                    info="The verdict follows as you type. The model has learned from English SMS.",
                    lines=4,
                    max_lines=12,
                    max_length=limits.MESSAGE_CHARS,
                    elem_id="message",
                )
                with gr.Column(elem_classes="examples"):
                    for kind, messages in (("Spam", SPAM), ("Ordinary messages", HAM)):
                        gr.Examples(messages, message, label=f"{kind} to try", cache_examples=False)
            with gr.Column(scale=1, min_width=280):
                painted = first_paint(api.registry, "spam")
                shown = gr.State(SPAM[0] if painted else None)  # the message of the verdict
                card = panel(
                    "spam.js",
                    painted,
                    style="spam.css",
                    elem_id="verdict",
                )
                with gr.Accordion("How the words get their colours", open=False):
                    gr.Markdown(METHOD)

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
                    column_widths=["50%", "27%", "23%"],
                    label="Verdicts",
                    elem_id="verdicts",
                )
        with gr.Accordion("How often is it right?", open=False, elem_id="spam-figures"):
            figures = gr.Markdown()

    def explain(message: str) -> tuple[dict[str, Any], str]:
        try:
            return {"verdict": api.word_influence(message)}, message
        except ValueError as error:  # said in place: this runs at every pause in typing
            return {"message": str(error)}, message

    def opened(message: str, shown: str | None) -> tuple[Any, ...]:
        return (gr.skip(), gr.skip()) if message == shown else explain(message)

    def classify_file(
        path: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio finds it
    ) -> Iterator[tuple[Any, str, Any]]:
        messages = read_messages(path)
        verdicts: list[Row] = []
        progress((0, len(messages)), unit="messages")
        for part in api.classify_slices(messages):
            verdicts += part
            progress((len(verdicts), len(messages)), unit="messages")
        rows = [
            [message, verdict["label"] or verdict["problem"], _percent(verdict["spam_probability"])]
            for message, verdict in zip(messages, verdicts, strict=True)
        ]
        # gradio copies the file into its own cache, which it empties by itself, while this
        # generator waits at its yield; ours is gone right after.
        with TemporaryDirectory() as folder:
            result = Path(folder) / "verdicts.csv"
            write_verdicts(result, messages, verdicts)
            yield rows, _counts(verdicts), gr.update(value=str(result), visible=True)

    on_model(
        message.change,
        explain,
        message,
        [card, shown],
        show_progress="hidden",
        trigger_mode="always_last",  # what is typed while a verdict is on its way is not lost
        js=DEBOUNCED,
    )
    on_model(tab.select, opened, [message, shown], [card, shown], show_progress="hidden")
    on_model(file.upload, classify_file, file, [table, counts, download], show_progress_on=[table])
    on_page(demo.load, lambda: notice_update(api.registry.problem("spam")), None, unavailable)
    on_page(demo.load, lambda: figures_text(read_manifest().get("spam", {})), None, figures)
    return message


def _counts(verdicts: list[Row]) -> str:
    labels = [verdict["label"] for verdict in verdicts]
    spam, ham, without = labels.count("spam"), labels.count("ham"), labels.count(None)
    told = f"{spam} spam, {ham} ham" + (f", {without} without a verdict" if without else "")
    return f"**{len(labels)} messages: {told}.**"


def _percent(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.1%}"


# --- the shipped model's figures ------------------------------------------------------------------

RATES = {
    "accuracy": ("Accuracy", "the share of verdicts that are right"),
    "precision": ("Precision", "of what it calls spam, the share that is spam"),
    "recall": ("Recall", "of the spam, the share that it finds"),
    "f1": ("F1", "the harmonic mean of precision and recall"),
    "roc_auc": ("ROC-AUC", "how often a random spam gets a higher probability than a random ham"),
}
TEST_SETS = {
    "full_dedup": "SMS Spam Collection, test part without duplicates",
    "book": "SMS Spam Collection, balanced test part of the book's split",
}


def figures_text(entry: Mapping[str, Any]) -> str:
    """Markdown of a manifest entry: per test set a confusion matrix and the usual rates."""
    sections = [
        _section(TEST_SETS.get(name, name), figures)
        for name, figures in entry.get("metrics", {}).items()
        if {"tn", "fp", "fn", "tp"} <= set(figures)
    ]
    return "\n\n".join(sections) or (
        "No figures are recorded for these weights: run `python -m train.evaluate spam`."
    )


def _section(title: str, figures: Mapping[str, float]) -> str:
    tn, fp, fn, tp = (round(figures[cell]) for cell in ("tn", "fp", "fn", "tp"))
    rates = [
        f"- **{name} {figures[key]:.3f}**: {meaning}"
        for key, (name, meaning) in RATES.items()
        if key in figures
    ]
    return "\n".join(
        [
            f"**{title}: {tn + fp + fn + tp:,} messages that no training has seen.**",
            "",
            "| | taken for ham | taken for spam |",
            "|---|--:|--:|",
            f"| **is ham** | {tn:,} | {fp:,} |",
            f"| **is spam** | {fn:,} | {tp:,} |",
            "",
            *rates,
        ]
    )
