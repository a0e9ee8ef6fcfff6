"""Tasks of other instruction sets: instruction induction, Self-Instruct's seeds, parts of T0."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from train.build_data.archives import Archive
from train.build_data.cleaning import rewritten
from train.build_data.readers import json_lines
from train.build_data.tasks import LISTS, Task, fill, is_clean, make, sample, sentence

# --- instruction induction ----------------------------------------------------------------------


def instruction_induction(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Inputs and outputs, whose instructions are our own: up to 400 (sums: 150) of each of the two
    files per task."""
    for name in LISTS["induction"]:
        for _, text in archives[0].texts(rf"data/raw/(?:execute|induce)/{name}\.json"):
            left = 150 if name in ("diff", "sum") else 400
            for example in json.loads(text)["examples"].values():
                given, reply = _induction_pair(name, example, rng)
                if left and given and reply and is_clean(given, reply):
                    left -= 1
                    yield fill(rng, f"instruction-induction:{name}", given=given, reply=reply)


def _induction_pair(name: str, example: dict[str, Any], rng: random.Random) -> tuple[str, str]:
    if name == "cause_and_effect":
        pair = sample(rng, (example["cause"], example["effect"]), 2)
        return " / ".join(pair), example["cause"]
    answer = example["output"]
    return str(example["input"]), str(answer[0] if isinstance(answer, list) else answer)


# --- Self-Instruct's seeds ----------------------------------------------------------------------


def self_instruct(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """The hand-written seed tasks, and parts of T0's mixture that the same repository has."""
    for seed in json_lines(archives[0].text("data/seed_tasks.jsonl")):
        if is_clean(json.dumps(seed)):
            for instance in seed["instances"][:2]:
                texts = (seed["instruction"], instance["input"], instance["output"])
                yield make("self-instruct-seed:seed", *texts)
    for kind, names in LISTS["t0_templates"].items():
        for name in names:
            path = f"data/finetuning/t0_train_50k/data_per_template/{name}.jsonl"
            for row in json_lines(archives[0].text(path)):
                prompt = row["prompt"].strip()
                answer = row["completion"].replace("<|endoftext|>", "").strip()
                if not is_clean(prompt, answer):
                    continue
                if task := _READERS[kind](name, prompt, answer, rng):
                    yield task


def _common_gen(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """A sentence with some concepts. Its words are tokenised."""
    kind = "t0:common_gen:write_sentence"
    if not answer:
        return None
    text = sentence(re.sub(r"\s+([.,!?])", r"\1", answer.strip()))
    if name.endswith("topic_to_sentence"):
        topic = re.search(r"topic (.+?)\?", prompt)
        return fill(rng, f"{kind}/about", topic=topic[1], text=text) if topic else None
    concepts = re.search(
        r"(?:concepts|concept|words|together|ideas)[^:\n]*:\s*([a-z ,\n-]+?)(?:;|\n|$)", prompt
    )
    if concepts is None:
        return None
    words = ", ".join(w.strip() for w in re.split(r"[,\n]", concepts[1]) if w.strip())
    return fill(rng, kind, words=words, text=text)


def _first_line_is_the_task(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """What stands in the first line, or the first sentence, asks; the rest is the input."""
    prompt = re.sub(r"\n{2,}", "\n", prompt)
    if "\n" in prompt:
        instruction, given = prompt.split("\n", 1)
        given = re.sub(r"\s*\n\s*", "\n", given)
    elif match := re.match(r"(.*?[.?:]) (.*)$", prompt, re.DOTALL):
        instruction, given = match[1], match[2]
    else:
        return None
    source = "commonsense_qa" if name.startswith("commonsense") else name.split("_")[0]
    return make(f"t0:{source}:t0", instruction, given, answer)


def _reading(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """A question about a text, whichever of the two the template puts first."""
    prompt = re.sub(r"\n{2,}", "\n", prompt)
    question = re.search(
        r'Question:\s*"?(.*?\?)"?\s*(?:Context|$)', prompt, re.DOTALL
    ) or re.search(r'question:?\s*"?([^\n]*\?)', prompt)
    text = re.search(
        r'Context:\s*"?(.*?)"?\s*(?:Answer:|Question:|$)', prompt, re.DOTALL
    ) or re.search(r'passage:?\s*"(.*?)",?\s*\n?answer', prompt, re.DOTALL)
    if question is None or text is None:
        return None
    words = {"text": text[1].strip(), "question": question[1].strip(), "reply": answer}
    return fill(rng, "t0:adversarial_qa:reading", **words)


def _paraphrase(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """PAWS: "Paraphrase the sentence: ..."; quotes that were tokenised cannot be mended."""
    if "''" in prompt or "``" in prompt:
        return None
    given = rewritten(prompt.partition(":")[2].strip(), "detokenised")
    reply = rewritten(answer, "detokenised")
    return make("t0:paws:paraphrase", "Paraphrase the sentence.", given, reply)


# How the templates of each kind are read.
_READERS: dict[str, Callable[[str, str, str, random.Random], Task | None]] = {
    "common_gen": _common_gen,
    "first_line_is_the_task": _first_line_is_the_task,
    "reading": _reading,
    "paraphrase": _paraphrase,
}
