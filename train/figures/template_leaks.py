"""Does the base model speak in the chat template? Sampled continuations of short prompts.

A base model has read the template together with its answers, if anything. What a visitor types is
short and often the beginning of nothing in particular; it should be continued as plain text, and
never with "### Response:". `python -m train.evaluate base` counts.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from gpt2_scratch.chat import format_prompt
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.figures.openings import EXPOSITION, STORIES, openings
from train.samples import PAGE, continuations

PROMPTS = 400
TOKENS = 60  # of a continuation: the template comes at once, if it comes
LONGEST_OPENING = 8  # words

# What people type first: beginnings, single words, questions, requests, greetings, notes.
TYPED: list[str] = json.loads(
    Path(__file__).with_name("typed_prompts.json").read_text(encoding="utf-8")
)


def template_words() -> re.Pattern[str]:
    """What tells the template from other text: its mark, and its headings at the start of a line.

    Taken from `chat.format_prompt`: "###", and "Instruction:", "Input:" and "Response:".
    """
    lines = format_prompt("instruction", "input").splitlines()
    mark = lines[0].split()[0]
    headings = [line.removeprefix(mark).strip() for line in lines if line.startswith(mark)]
    words = "|".join(map(re.escape, headings))
    return re.compile(rf"{re.escape(mark)}|^\s*(?:{words})", re.MULTILINE)


def everyday_prompts(count: int = PROMPTS) -> list[str]:
    """Half of them typed, in turn, the others openings of held-out texts, one to eight words."""
    rng = random.Random(0)
    found = openings((*STORIES, *EXPOSITION), count // 2)
    cut = [" ".join(o.prompt.split()[: rng.randint(1, LONGEST_OPENING)]) for o in found]
    return [*cut, *islice(cycle(TYPED), count - len(cut))]


def template_leaks(
    model: GPT2,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    max_new_tokens: int = TOKENS,
) -> dict[str, float]:
    """{"n", "leaks", "share"}: how many continuations hold words of the template.

    A prompt that comes twice is continued with two seeds.
    """
    texts = continuations(model, tokenizer, prompts, PAGE, max_new_tokens, "looking for leaks")
    words = template_words()
    leaks = sum(bool(words.search(text)) for text in texts)
    return {"n": len(texts), "leaks": leaks, "share": leaks / max(1, len(texts))}
