"""What the base model writes, unpicked, and how much it repeats itself.

    python -m train.samples                     # writes weights/SAMPLES.md
    python -m train.samples --diversity 100     # and prints the figures of 100 continuations

`python -m train.evaluate base` records those figures at several temperatures.

Prompts are openings of held-out texts, one per document, in order; sample i has seed i. Distinct-n
(Li et al. 2016) is the part of different n-grams among all n-grams of the continuations;
`repeated_4` the part of a continuation's 4-grams that stood in it before. The authors' own
continuations, cut to the same number of tokens, say what is natural.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import cast

from tqdm import tqdm

from gpt2_scratch.checkpoints.models import find_checkpoint, load_model
from gpt2_scratch.engine.native import NativeGPT2, is_available
from gpt2_scratch.generation import generate
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.openings import EXPOSITION, STORIES, WORDS, openings

PAGE = SamplingSettings()  # what the page begins with
TEMPERATURES = (0.5, PAGE.temperature, 1.0, 1.3)
CONTINUATION_TOKENS = 120
FILE = "SAMPLES.md"

Pair = tuple[str, str]  # a prompt and its continuation


def continuations(
    model: GPT2,
    tokenizer: Tokenizer,
    prompts: Iterable[str],
    settings: SamplingSettings = PAGE,
    max_new_tokens: int = CONTINUATION_TOKENS,
    desc: str | None = None,
) -> list[str]:
    """What the model writes after each prompt, without it; the i-th (from 0) has seed i.

    By the compiled kernels in float32, where there are any: the same, in less time.
    """
    writer = cast(GPT2, NativeGPT2(model)) if is_available() else model
    return [
        generate(
            writer,
            tokenizer,
            prompt,
            max_new_tokens=max_new_tokens,
            **asdict(replace(settings, seed=seed)),
        )
        for seed, prompt in enumerate(tqdm(prompts, desc=desc or "writing", leave=False))
    ]


def diversity(texts: Sequence[Sequence[int]]) -> dict[str, float]:
    """Distinct-1, -2, -3 over all texts, and the mean of each text's `repeated_4`: in [0, 1]."""
    figures = {}
    for n in (1, 2, 3):
        grams = [gram for text in texts for gram in ngrams(text, n)]
        figures[f"distinct_{n}"] = round(len(set(grams)) / max(1, len(grams)), 4)
    repeated = [1 - len(set(ngrams(text, 4))) / max(1, len(ngrams(text, 4))) for text in texts]
    figures["repeated_4"] = round(sum(repeated) / max(1, len(repeated)), 4)
    return figures


def diversity_by_temperature(
    model: GPT2,
    tokenizer: Tokenizer,
    count: int,
    temperatures: Sequence[float] = TEMPERATURES,
    max_new_tokens: int = CONTINUATION_TOKENS,
) -> dict[str, dict[str, float]]:
    """`diversity` of the authors' own continuations ("authors") and of the model's at each
    temperature ("0.8"), of up to `count` stories; without an opening there is none."""
    measured = openings(STORIES, count)
    if not measured:
        return {}
    theirs = [tokenizer.encode(opening.rest)[:max_new_tokens] for opening in measured]
    figures = {"authors": diversity(theirs)}
    for temperature in temperatures:
        texts = continuations(
            model,
            tokenizer,
            [opening.prompt for opening in measured],
            replace(PAGE, temperature=temperature),
            max_new_tokens,
            f"writing at {temperature}",
        )
        figures[str(temperature)] = diversity([tokenizer.encode(text) for text in texts])
    return figures


def ngrams(ids: Sequence[int], n: int) -> list[tuple[int, ...]]:
    return list(zip(*(islice(ids, start, None) for start in range(n)), strict=False))


def markdown(command: str, sections: Mapping[str, Sequence[Pair]], tokens: int) -> str:
    """A document with the pairs under each heading, numbered from 0."""
    lines = [
        "# What the base model writes",
        "",
        f"Continuations of at most {tokens} tokens, none picked or left out, made by `{command}`:",
        f"openings of held-out texts, {WORDS} words each, temperature {PAGE.temperature:g}, top-k "
        f"{PAGE.top_k}; the",
        "number is the seed. The model's words begin at the arrow.",
    ]
    for title, pairs in sections.items():
        lines += ["", f"## {title}"]
        for seed, (prompt, text) in enumerate(pairs):
            # Indented lines are shown by Markdown as they stand.
            shown = [f"    {line}".rstrip() for line in f"{prompt}⟶{text}".splitlines()]
            lines += ["", f"### {seed}", "", *shown]
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write unpicked continuations of stories and of plain prose beside the weights."""
    parser = argparse.ArgumentParser(prog="python -m train.samples", description=main.__doc__)
    parser.add_argument("--model", default="base")
    parser.add_argument("--stories", type=int, default=20)
    parser.add_argument("--expository", type=int, default=10)
    parser.add_argument("--max-new-tokens", type=int, default=CONTINUATION_TOKENS)
    parser.add_argument("--diversity", type=int, default=0, metavar="N", help="measure N texts")
    arguments = parser.parse_args(argv)
    tokens = arguments.max_new_tokens
    try:
        model, tokenizer = load_model(arguments.model)
        sections = {}
        for title, sources, count in (
            ("Stories", STORIES, arguments.stories),
            ("Plain prose", EXPOSITION, arguments.expository),
        ):
            prompts = [opening.prompt for opening in openings(sources, count)]
            texts = continuations(model, tokenizer, prompts, max_new_tokens=tokens)
            sections[title] = list(zip(prompts, texts, strict=True))
        path = find_checkpoint(arguments.model)[0].with_name(FILE)
        text = markdown("python -m train.samples", sections, tokens)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"Wrote {path}.")
        if arguments.diversity:
            figures = diversity_by_temperature(
                model, tokenizer, arguments.diversity, [PAGE.temperature], tokens
            )
            print(json.dumps(figures))
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
