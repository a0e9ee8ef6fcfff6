"""The picture in the README: what the model would write next, after each of its layers.

    python -m train.picture           # writes weights/picture.svg, drawn from the weights

Each column is a token that the model reads, each row a depth. In a cell stands the likeliest next
token if the model had ended there, the stronger its colour the surer (the logit lens,
nostalgebraist 2020). The row at the top is the model's own answer.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.insight.logit_lens import logit_lens
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer, weights_dir

TEXT = "Once upon a time, there was a little girl named"
CELL, ROW, LEFT, TOP = 78, 30, 92, 46  # pixels
INK, QUIET = "#1e293b", "#64748b"
PALE, STRONG = (238, 242, 255), (67, 56, 202)  # the colours of a guess and of certainty


def picture(model: GPT2, tokenizer: Tokenizer, text: str = TEXT) -> str:
    """The lens over a short text as an SVG document."""
    ids = tokenizer.encode_typed(text)
    lens = logit_lens(model, ids, k=1)
    depths, width = len(lens.token_ids), LEFT + CELL * len(ids) + 12
    height = TOP + ROW * (depths + 1) + 30
    svg = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        attrib={"font-family": "system-ui, sans-serif", "font-size": "13"},
    )
    SubElement(svg, "title").text = "What the model would write next, after each layer"
    SubElement(svg, "rect", width=str(width), height=str(height), rx="10", fill="#f8fafc")
    _text(svg, 14, 27, "What would come next, layer by layer", fill=INK, weight="600", size="15")
    for depth in range(depths):
        y = TOP + ROW * (depths - 1 - depth)  # the embedding at the bottom
        name = "tokens only" if depth == 0 else f"layer {depth}"
        _text(svg, LEFT - 10, y + 19, name, fill=QUIET, anchor="end", size="12")
        for column in range(len(ids)):
            sure = float(lens.probabilities[depth, column, 0])
            guess = tokenizer.token_text(int(lens.token_ids[depth, column, 0]))
            x = LEFT + CELL * column
            mixed = (round(a + (b - a) * sure) for a, b in zip(PALE, STRONG, strict=True))
            colour = f"rgb({','.join(map(str, mixed))})"
            SubElement(svg, "rect", x=str(x + 1), y=str(y + 1), width=str(CELL - 2),
                       height=str(ROW - 2), rx="4", fill=colour)  # fmt: skip
            ink = "#ffffff" if sure > 0.65 else INK
            _text(svg, x + CELL // 2, y + 19, _short(guess), fill=ink, anchor="middle")
    y = TOP + ROW * depths + 22
    _text(svg, LEFT - 10, y, "it reads", fill=QUIET, anchor="end", size="12")
    for column, token_id in enumerate(ids):
        token = _short(tokenizer.token_text(token_id))
        _text(
            svg, LEFT + CELL * column + CELL // 2, y, token, fill=INK, anchor="middle", weight="600"
        )
    _text(
        svg, LEFT, y + 26, "pale: a guess; strong: sure of it; · is a space", fill=QUIET, size="12"
    )
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


def _short(token: str) -> str:
    shown = token.replace(" ", "·").replace("\n", "⏎")
    return shown if len(shown) <= 9 else f"{shown[:8]}…"


def _text(
    parent: Element,
    x: float,
    y: float,
    text: str,
    *,
    fill: str,
    anchor: str = "start",
    weight: str = "400",
    size: str = "13",
) -> None:
    look = {"text-anchor": anchor, "font-weight": weight, "font-size": size}
    SubElement(parent, "text", look, x=str(x), y=str(y), fill=fill).text = text


def main(argv: list[str] | None = None) -> int:
    """Draw what the model would write next after each layer, as an SVG file."""
    parser = argparse.ArgumentParser(prog="python -m train.picture", description=main.__doc__)
    parser.add_argument("--model", default="base")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--out", type=Path, help="default: picture.svg beside the weights")
    arguments = parser.parse_args(argv)
    out = arguments.out or weights_dir() / "picture.svg"
    try:
        out.write_text(picture(*load_model(arguments.model), arguments.text), encoding="utf-8")
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    print(f"Wrote {out}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
