"""Charts of the committed logs and figures, as SVG files.

    python -m train.plots charts

For each run: its losses against tokens and against time, and the learning rate; for each figure
that validation gave, its course. For the base model: temperature against diversity. For the spam
filter: the confusion matrix and the reliability diagram of each test set. Nothing is trained or
measured here; what a log does not hold is not drawn. Needs matplotlib, as nothing else here does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gpt2_scratch.insight.confusion import KINDS, Confusion
from gpt2_scratch.insight.training_log import TrainingLog, binned, read_logs, read_metrics
from gpt2_scratch.vocabulary.tokenizer import weights_dir

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 100  # of a training curve: single batches are noise
# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def charts(folder: Path) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of everything that a weights folder has the numbers for."""
    for log in read_logs(folder):
        if log.updates:
            yield f"{log.name}-loss-tokens", loss_chart(log, "tokens")
            yield f"{log.name}-loss-minutes", loss_chart(log, "minutes")
            yield f"{log.name}-learning-rate", learning_rate_chart(log)
        if any(not _is_loss(figure) for figure in log.figures):
            yield f"{log.name}-validation", validation_chart(log)
    metrics = read_metrics(folder)
    if diversity := metrics.get("base", {}).get("mixture", {}).get("diversity"):
        yield "base-diversity", diversity_chart(diversity)
    for title, figures in metrics.get("spam", {}).items():
        if confusion := Confusion.of(figures):
            yield f"spam-confusion-{title}", confusion_chart(title, confusion)
        if figures.get("reliability"):
            yield f"spam-reliability-{title}", reliability_chart(title, figures["reliability"])


def loss_chart(log: TrainingLog, against: str) -> Figure:
    """Training loss, and every loss measured on held-out text, against tokens or minutes."""
    figure, axes = _axes(f"{log.name}: loss", against, "nats")
    x, loss = log.column(against), log.column("loss")
    axes.plot(binned(x, POINTS), binned(loss, POINTS), color=COLOURS[0], lw=1, label="training")
    for figure_name, colour in zip(filter(_is_loss, log.figures), COLOURS[1:], strict=False):
        evaluations, values = log.held_out(figure_name)
        places = [evaluation[against] for evaluation in evaluations]
        axes.plot(places, values, "o-", color=colour, label=f"held-out {_words(figure_name)}")
    axes.legend(frameon=False)
    return figure


def learning_rate_chart(log: TrainingLog) -> Figure:
    """The schedule as it was followed."""
    figure, axes = _axes(f"{log.name}: learning rate", "tokens", "part of the peak")
    axes.plot(log.column("tokens"), log.column("learning_rate"), color=COLOURS[0])
    axes.set_ylim(0, 1.05)
    return figure


def validation_chart(log: TrainingLog) -> Figure:
    """The held-out figures that are no losses: accuracy, F1, bits per byte."""
    figure, axes = _axes(f"{log.name}: held-out figures", "tokens", "")
    names = [name for name in log.figures if not _is_loss(name)]
    for name, colour in zip(names, COLOURS, strict=False):
        evaluations, values = log.held_out(name)
        places = [evaluation["tokens"] for evaluation in evaluations]
        axes.plot(places, values, "o-", color=colour, label=_words(name))
    axes.legend(frameon=False)
    return figure


def diversity_chart(rows: Mapping[str, Mapping[str, float]]) -> Figure:
    """How varied sampled text is at each temperature; dashed: the authors' own."""
    figure, axes = _axes("base: temperature and diversity", "temperature", "part of the n-grams")
    temperatures = sorted(float(row) for row in rows if row != "authors")
    for name, colour in zip(("distinct_2", "distinct_3", "repeated_4"), COLOURS, strict=False):
        values = [rows[str(temperature)][name] for temperature in temperatures]
        axes.plot(temperatures, values, "o-", color=colour, label=_words(name))
        axes.axhline(rows["authors"][name], ls="--", lw=1, color=colour)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False)
    return figure


def confusion_chart(title: str, confusion: Confusion) -> Figure:
    """Counts of the four outcomes, coloured by their share of the row."""
    figure, axes = _axes(f"spam filter: {_words(title)}", "verdict", "message")
    counts = np.array(confusion.rows)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="magma_r", vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        ink = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=ink)
    axes.set_xticks([0, 1], KINDS)
    axes.set_yticks([0, 1], KINDS)
    return figure


def reliability_chart(title: str, rows: list[Mapping[str, float]]) -> Figure:
    """Of the messages given 80%, are 80% spam? A calibrated classifier is on the diagonal."""
    name = f"spam filter: {_words(title)}, reliability"
    figure, axes = _axes(name, "given probability", "part that is spam")
    axes.plot([0, 1], [0, 1], "--", color="#888888", lw=1)
    most = max(row["n"] for row in rows)
    axes.scatter(
        [row["score"] for row in rows],
        [row["positive"] for row in rows],
        s=[20 + 180 * row["n"] / most for row in rows],
        color=COLOURS[0],
        alpha=0.7,
    )
    axes.set_aspect("equal")
    return figure


def _axes(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # without pyplot: no window, no global state
    from matplotlib.ticker import EngFormatter

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if x == "tokens":
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))  # 2M, not 2000000
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _is_loss(name: str) -> bool:
    return "loss" in name


def _words(name: str) -> str:
    return name.replace("_", " ")


def main(argv: list[str] | None = None) -> int:
    """Draw what the logs and figures beside the weights hold, one SVG file per chart."""
    parser = argparse.ArgumentParser(prog="python -m train.plots", description=main.__doc__)
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--weights", type=Path, default=weights_dir(), help="where the logs are")
    arguments = parser.parse_args(argv)
    try:
        import matplotlib
    except ImportError:
        parser.exit(1, "Charts are drawn with matplotlib: run `pip install matplotlib`.\n")
    # The same numbers give the same file, letter by letter, and its words stay words.
    matplotlib.rcParams |= {"svg.hashsalt": "gpt2_scratch", "svg.fonttype": "none"}
    count = 0
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for name, figure in charts(arguments.weights):
            figure.savefig(arguments.out / f"{name}.svg", metadata={"Date": None})
            count += 1
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    if not count:
        parser.exit(1, f"There are no logs in {arguments.weights}: train something first.\n")
    print(f"Wrote {count} charts to {arguments.out}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
