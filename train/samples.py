"""What the base model writes, unpicked, and how much it repeats itself.

    python -m train.samples                     # writes weights/SAMPLES.md
    python -m train.samples --diversity 100     # and prints the figures of 100 continuations

`python -m train.evaluate base` records those figures at several temperatures.

Prompts are the openings of held-out stories, one per document, in order; sample i has seed i.
Distinct-n (Li et al. 2016) is the part of different n-grams among all n-grams of the
continuations; `repeated_4` the part of a continuation's 4-grams that stood in it before. The
authors' own continuations, cut to the same number of tokens, say what is natural.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice

from tqdm import tqdm

from gpt2_scratch.checkpoint import find_checkpoint, load_model
from gpt2_scratch.generation import generate
from gpt2_scratch.model import GPT2
from gpt2_scratch.tokenizer import Tokenizer
from train.datasets import corpus_documents

SOURCE = "gutenberg_children"
PROMPT_TOKENS = 16
TEMPERATURE, TOP_K = 0.8, 50
TEMPERATURES = (0.5, TEMPERATURE, 1.0, 1.3)
CONTINUATION_TOKENS = 200
FILE = "SAMPLES.md"


def openings(
    tokenizer: Tokenizer, count: int, continuation_tokens: int
) -> list[tuple[str, list[int]]]:
    """(prompt, the author's next tokens) of the first `count` held-out documents long enough."""
    found = []
    for document in corpus_documents(SOURCE, "validation"):
        ids = tokenizer.encode(document[:8000].strip())
        if len(ids) >= PROMPT_TOKENS + continuation_tokens:
            prompt = tokenizer.decode(ids[:PROMPT_TOKENS])
            found.append((prompt, ids[PROMPT_TOKENS : PROMPT_TOKENS + continuation_tokens]))
        if len(found) == count:
            break
    return found


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
    temperature ("0.8"), of up to `count` openings; without an opening there is none."""
    measured = openings(tokenizer, count, max_new_tokens)
    if not measured:
        return {}
    figures = {"authors": diversity([theirs for _, theirs in measured])}
    for temperature in temperatures:
        texts = [
            _continuation(model, tokenizer, prompt, max_new_tokens, temperature, seed)
            for seed, (prompt, _) in enumerate(tqdm(measured, desc=f"writing at {temperature}"))
        ]
        figures[str(temperature)] = diversity([tokenizer.encode(text) for text in texts])
    return figures


def _continuation(
    model: GPT2, tokenizer: Tokenizer, prompt: str, tokens: int, temperature: float, seed: int
) -> str:
    return generate(
        model,
        tokenizer,
        prompt,
        max_new_tokens=tokens,
        temperature=temperature,
        top_k=TOP_K,
        seed=seed,
    )


def ngrams(ids: Sequence[int], n: int) -> list[tuple[int, ...]]:
    return list(zip(*(islice(ids, start, None) for start in range(n)), strict=False))


def markdown(command: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A document with each prompt in bold and what the model wrote after it."""
    head = (
        "# What the base model writes\n\n"
        f"Twenty continuations, none picked or left out, made by `{command}`: openings of\n"
        f"held-out stories, {PROMPT_TOKENS} tokens each, temperature {TEMPERATURE}, "
        f"top-k {TOP_K}; the number is the seed.\n"
    )
    blocks = [
        f"## {seed}\n\n" + _quoted(prompt + "⟶" + text) for seed, (prompt, text) in enumerate(pairs)
    ]
    return "\n".join([head, *blocks])


def _quoted(text: str) -> str:
    """A block that Markdown shows as it stands."""
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines()) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write twenty unpicked continuations beside the weights."""
    parser = argparse.ArgumentParser(prog="python -m train.samples", description=main.__doc__)
    parser.add_argument("--model", default="base")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--max-new-tokens", type=int, default=CONTINUATION_TOKENS)
    parser.add_argument("--diversity", type=int, default=0, metavar="N", help="measure N texts")
    arguments = parser.parse_args(argv)
    tokens = arguments.max_new_tokens
    try:
        model, tokenizer = load_model(arguments.model)
        prompts = [prompt for prompt, _ in openings(tokenizer, arguments.samples, 0)]
        pairs = [
            (prompt, _continuation(model, tokenizer, prompt, tokens, TEMPERATURE, seed))
            for seed, prompt in enumerate(tqdm(prompts))
        ]
        path = find_checkpoint(arguments.model)[0].with_name(FILE)
        path.write_text(markdown("python -m train.samples", pairs), encoding="utf-8", newline="\n")
        print(f"Wrote {path}.")
        if arguments.diversity:
            figures = diversity_by_temperature(
                model, tokenizer, arguments.diversity, [TEMPERATURE], tokens
            )
            print(json.dumps(figures))
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
