"""Public tests of a language model, by the protocols of the figures published for GPT-2.

    python -m train.evaluate lambada --model gpt2

LAMBADA (Paperno et al. 2016): the last word of a passage that needs all of it. HellaSwag (Zellers
et al. 2019): which of four endings goes on from a text. WikiText-103 (Merity et al. 2016): the
perplexity of Wikipedia articles. The files are the ones that OpenAI and EleutherAI's
lm-evaluation-harness ("the harness") read, pinned by hash. `mmlu.py` and `blimp.py` have two more.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from lzma import LZMAError
from pathlib import Path

from tqdm import tqdm

from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.data.catalogue import BENCHMARKS
from train.datasets import fetch
from train.figures.blimp import blimp, blimp_file
from train.figures.mmlu import mmlu
from train.figures.scoring import score

_FIGURES = tomllib.loads(Path(__file__).with_name("published.toml").read_text(encoding="utf-8"))
# Benchmark -> model -> its figures, and benchmark -> others with their accuracy.
PUBLISHED: dict[str, dict[str, dict[str, float]]] = _FIGURES["models"]
OTHERS: dict[str, dict[str, float]] = _FIGURES["others"]


def lambada(model: GPT2, tokenizer: Tokenizer, path: Path, limit: int | None) -> dict[str, float]:
    """One passage per line, {"text"}. The word behind the last space is to be found.

    accuracy             all tokens of the last word are the most probable ones: the harness's
    last_token_accuracy  the last token is, given all before it, be they half of the word: the
                         protocol that OpenAI's published figures answer to
    perplexity           exp of the mean loss per last word
    """
    scores = []
    for record in _records(path, limit):
        text = tokenizer.fold(record["text"])
        context = tokenizer.encode(text.rsplit(" ", 1)[0])
        scores += score(model, [tokenizer.encode(text)], [len(context)])
    n = len(scores)
    return {
        "n": n,
        "accuracy": sum(bool(found.greedy.all()) for found in scores) / n,
        "last_token_accuracy": sum(bool(found.greedy[-1]) for found in scores) / n,
        "perplexity": math.exp(-sum(found.total for found in scores) / n),
    }


def hellaswag(model: GPT2, tokenizer: Tokenizer, path: Path, limit: int | None) -> dict[str, float]:
    """One task per line, {"activity_label", "ctx_a", "ctx_b", "endings": 4 texts, "label"}.

    accuracy             the right ending is the most probable
    normalised_accuracy  it is so per character, which takes the advantage from short endings
    """
    right, right_normalised, n = 0, 0, 0
    for record in _records(path, limit):
        context, endings = hellaswag_texts(record)
        context = tokenizer.fold(context)
        before = tokenizer.encode(context)
        texts = [tokenizer.encode(f"{context} {tokenizer.fold(e)}") for e in endings]
        totals = [s.total for s in score(model, texts, [len(before)] * len(texts))]
        per_character = [t / len(e) for t, e in zip(totals, endings, strict=True)]
        label = int(record["label"])
        right += totals.index(max(totals)) == label
        right_normalised += per_character.index(max(per_character)) == label
        n += 1
    return {"n": n, "accuracy": right / n, "normalised_accuracy": right_normalised / n}


def hellaswag_texts(record: dict) -> tuple[str, list[str]]:
    """The context and the endings as the harness writes them, without WikiHow's marks."""
    context = f"{record['ctx_a']} {record['ctx_b'].capitalize()}"
    tidied = _without_marks(f"{record['activity_label']}: {context}")
    return tidied, [_without_marks(ending) for ending in record["endings"]]


def _without_marks(text: str) -> str:
    text = text.strip().replace(" [title]", ". ")
    return re.sub(r"\[.*?\]", "", text).replace("  ", " ")


def wikitext(model: GPT2, tokenizer: Tokenizer, path: Path, limit: int | None) -> dict[str, float]:
    """Articles in one file. The text was cut into words with a space around each, "@-@" for "-";
    that is undone before the model reads it, and its loss is then shared out over those words, so
    that models with different vocabularies compare (Radford et al. 2019, section 3.1).

    word_perplexity  exp of the loss per word;  bits_per_byte  of the original file
    """
    nats, words, size, n = 0.0, 0, 0, 0
    articles = list(split_articles(path.read_text(encoding="utf-8")))[:limit]
    for article in tqdm(articles, desc="articles", leave=False):
        text = tokenizer.fold(detokenise(article))
        nats -= rolling_log_likelihood(model, [tokenizer.eot_id, *tokenizer.encode(text)])
        words += len(re.split(r"\s+", article))
        size += len(article.encode("utf-8"))
        n += 1
    return {
        "n": n,
        "word_perplexity": math.exp(nats / words),
        "bits_per_byte": nats / math.log(2) / size,
    }


def rolling_log_likelihood(model: GPT2, ids: Sequence[int]) -> float:
    """Sum over ids[1:]. Windows follow each other; the last one reaches back to be full."""
    window, total = model.config.block_size, 0.0
    for start in range(1, len(ids), window):
        end = min(start + window, len(ids))
        begin = max(0, end - window - 1)
        [found] = score(model, [ids[begin:end]], [start - begin])
        total += found.total
    return total


def split_articles(text: str) -> Iterator[str]:
    """Articles begin with a line " = Title = "; more signs mean a section within."""
    lines: list[str] = []
    for line in text.split("\n"):
        if re.fullmatch(r"= [^=].*[^=] =|= [^=] =", line.strip()) and "".join(lines).strip():
            yield "\n".join(lines)
            lines = []
        lines.append(line)
    if "".join(lines).strip():
        yield "\n".join(lines)


# The rules of Megatron-LM and the harness, in their order; another order gives other text.
_JOINED: tuple[tuple[str, str], ...] = (
    (r"s '", "s'"),
    (r"/' [0-9]/", "/'[0-9]/"),  # never found, as it was meant to be a pattern; kept as it is
    (r" @-@ ", "-"),
    (r" @,@ ", ","),
    (r" @\.@ ", "."),
    *((rf" {re.escape(mark)} ", f"{mark} ") for mark in ":;.!?,"),
    (r"\(\s*([^)]*?)\s*\)", r"(\1)"),
    (r"\[\s*([^\]]*?)\s*\]", r"[\1]"),
    (r"{\s*([^}]*?)\s*}", r"{\1}"),
    (r'"\s*([^"]*?)\s*"', r'"\1"'),
    (r"'\s*([^']*?)\s*'", r"'\1'"),
    (r"= = = =", "===="),
    (r"= = =", "==="),
    (r"= =", "=="),
    (r" ° ", "°"),
    (r" \n", "\n"),
    (r"\n ", "\n"),
    (r" N ", " 1 "),
    (r" 's", "'s"),
)


def detokenise(text: str) -> str:
    """WikiText's words as ordinary text again."""
    for pattern, replacement in _JOINED:
        text = re.sub(pattern, replacement, text)
    return text


def _records(path: Path, limit: int | None) -> Iterator[dict]:
    lines = path.read_text(encoding="utf-8").splitlines()[:limit]
    for line in tqdm(lines, desc=path.stem, leave=False):
        yield json.loads(line)


Benchmark = Callable[[GPT2, Tokenizer, Path, int | None], dict[str, float]]
TESTS: dict[str, tuple[Callable[[], Path] | None, Benchmark]] = {
    "lambada": (partial(fetch, BENCHMARKS["lambada"]), lambada),
    "hellaswag": (partial(fetch, BENCHMARKS["hellaswag"]), hellaswag),
    "wikitext": (partial(fetch, BENCHMARKS["wikitext"]), wikitext),
    "mmlu": (None, mmlu),  # 57 files in an archive: --data says which
    "blimp": (blimp_file, blimp),
}


def run(
    name: str, model: GPT2, tokenizer: Tokenizer, data: Path | None = None, limit: int | None = None
) -> dict[str, float]:
    """The figures of one benchmark, "n" first.

    data   its file; by default the pinned one, downloaded when missing
    limit  only so many passages, tasks or articles, from the start; of BLiMP's pairs, drawn

    Raises ValueError: unknown name, no file, or one of another format.
    """
    find, measure = TESTS[name]
    path = data or (find() if find else None)
    if path is None:
        raise ValueError(f"Say with --data which file, or folder of files, of {name} to read.")
    try:
        return measure(model, tokenizer, path, limit)
    except (KeyError, ZeroDivisionError, json.JSONDecodeError, OSError, LZMAError) as error:
        raise ValueError(
            f"{path} is not in the format of {name} ({type(error).__name__}: {error})."
        ) from error


def format_comparison(name: str, model: str, measured: dict[str, float]) -> str:
    """A line per figure: measured, and published for this model where it was; then the others."""
    published = PUBLISHED.get(name, {}).get(model, {})
    lines = [f"{name + ' ' + model:32}{'measured':>12}{'published':>12}"]
    for figure, value in measured.items():
        expected = f"{published[figure]:,}" if figure in published else "-"
        lines.append(f"  {figure:30}{round(value, 4):>12,}{expected:>12}")
    for other, accuracy in OTHERS.get(name, {}).items():
        lines.append(f"  {'accuracy of ' + other:42}{accuracy:>12}")
    return "\n".join(lines)
