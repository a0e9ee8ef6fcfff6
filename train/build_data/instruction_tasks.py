"""Tasks of other instruction sets: instruction induction, Self-Instruct's seeds, parts of T0."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from train.build_data.archives import Archive
from train.build_data.question_tasks import detokenised
from train.build_data.tasks import Task, is_clean, make, sample, sentence

# --- instruction induction ----------------------------------------------------------------------

_INDUCTION = {
    "active_to_passive": (
        "Rewrite the sentence in the passive voice.",
        "Change the active sentence to passive voice.",
    ),
    "antonyms": ("Write a word that means the opposite.", "Give an antonym."),
    "singular_to_plural": (
        "Write the plural form of the word.",
        "Convert the noun to its plural.",
    ),
    "num_to_verbal": ("Write the number in words.", "Spell out this number."),
    "larger_animal": ("Which animal is larger?", "Write the larger of the two animals."),
    "informal_to_formal": (
        "Rewrite the text in a formal style.",
        "Make this sentence more formal.",
    ),
    "synonyms": ("Write a word with a similar meaning.",),
    "first_word_letter": ("Write the first letter of the word.",),
    "second_word_letter": ("Write the second letter of the word.",),
    "letters_list": (
        "Separate the letters of the word with spaces.",
        "Spell the word letter by letter.",
    ),
    "negation": ("Negate the sentence.",),
    "taxonomy_animal": ("Write all the animals that appear in the list.",),
    "diff": ("Subtract the second number from the first.",),
    "sum": ("Add the two numbers.",),
    "orthography_starts_with": ("Extract the words that begin with the given letter.",),
    "cause_and_effect": ("Which of the two sentences is the cause?",),
}


def instruction_induction(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Inputs and outputs without their instructions, which are given here: up to 400 (sums: 150)
    from each of two files per task."""
    for name, instructions in _INDUCTION.items():
        for path in archives[0].paths(rf"data/raw/(?:execute|induce)/{name}\.json"):
            left = 150 if name in ("diff", "sum") else 400
            for example in json.loads(archives[0].text(path))["examples"].values():
                given, answer = _induction_pair(name, example, rng)
                if left and given and answer and is_clean(given, answer):
                    left -= 1
                    yield make(
                        f"instruction-induction:{name}", rng.choice(instructions), given, answer
                    )


def _induction_pair(name: str, example: dict[str, Any], rng: random.Random) -> tuple[str, str]:
    if name == "cause_and_effect":
        pair = sample(rng, (example["cause"], example["effect"]), 2)
        return " / ".join(pair), example["cause"]
    answer = example["output"]
    return str(example["input"]), str(answer[0] if isinstance(answer, list) else answer)


# --- Self-Instruct's seeds ----------------------------------------------------------------------


def self_instruct(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """The hand-written seed tasks, and parts of T0's mixture that the same repository has."""
    for seed in _json_lines(archives[0], "data/seed_tasks.jsonl"):
        for instance in seed["instances"][:2]:
            if is_clean(json.dumps(seed)):
                yield make(
                    "self-instruct-seed:seed",
                    seed["instruction"],
                    instance["input"],
                    instance["output"],
                )
    for name in _COMMON_GEN:
        for prompt, answer in _t0(archives[0], f"common_gen_{name}"):
            if task := _common_gen(name, prompt, answer, rng):
                yield task
    for name, reader in _T0.items():
        for prompt, answer in _t0(archives[0], name):
            if is_clean(prompt, answer) and (task := reader(name, prompt, answer, rng)):
                yield task


def _json_lines(archive: Archive, path: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in archive.text(path).split("\n") if line)


def _t0(archive: Archive, name: str) -> Iterator[tuple[str, str]]:
    """(prompt, completion) of one template."""
    path = f"data/finetuning/t0_train_50k/data_per_template/{name}.jsonl"
    for row in _json_lines(archive, path):
        yield row["prompt"].strip(), row["completion"].replace("<|endoftext|>", "").strip()


_COMMON_GEN = (
    "Given_concepts_type_1", "Given_concepts_type_2", "Put_together", "Example_prompt",
    "random_task_template_prompt", "topic_to_sentence",
)  # fmt: skip


def _common_gen(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """A sentence with some concepts. Its words are tokenised."""
    source = "t0:common_gen:write_sentence"
    if not answer or not is_clean(prompt, answer):
        return None
    answer = sentence(re.sub(r"\s+([.,!?])", r"\1", answer.strip()))
    if name == "topic_to_sentence":
        topic = re.search(r"topic (.+?)\?", prompt)
        return make(source, f"Write a sentence about {topic[1]}.", "", answer) if topic else None
    concepts = re.search(
        r"(?:concepts|concept|words|together|ideas)[^:\n]*:\s*([a-z ,\n-]+?)(?:;|\n|$)", prompt
    )
    if concepts is None:
        return None
    words = ", ".join(w.strip() for w in re.split(r"[,\n]", concepts[1]) if w.strip())
    instruction = rng.choice(
        (
            "Write a sentence with these words.",
            "Make a sentence using these concepts.",
            "Put these ideas together in a sentence.",
        )
    )
    return make(source, instruction, words, answer)


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
    instruction = rng.choice(
        ("Answer the question using the text.", "Read the text and answer the question.")
    )
    given = f"Text: {text[1].strip()}\nQuestion: {question[1].strip()}"
    return make("t0:adversarial_qa:reading", instruction, given, answer)


def _paraphrase(name: str, prompt: str, answer: str, rng: random.Random) -> Task | None:
    """PAWS: "Paraphrase the sentence: ..."; quotes that were tokenised cannot be mended."""
    if "''" in prompt or "``" in prompt:
        return None
    given = detokenised(prompt.partition(":")[2].strip())
    return make("t0:paws:paraphrase", "Paraphrase the sentence.", given, detokenised(answer))


_T0: dict[str, Callable[[str, str, str, random.Random], Task | None]] = {
    **dict.fromkeys(
        (
            "quartz_answer_question_below", "quartz_use_info_from_question_paragraph",
            "quartz_given_the_fact_answer_the_q", "qasc_qa_with_combined_facts_1",
            "qasc_qa_with_separated_facts_1", "quarel_choose_between", "quarel_heres_a_story",
            "quarel_logic_test", "commonsense_qa_most_suitable_answer",
            "commonsense_qa_question_answering",
        ),
        _first_line_is_the_task,
    ),
    **dict.fromkeys(
        (
            "adversarial_qa_dbert_answer_the_following_q",
            "adversarial_qa_dbidaf_answer_the_following_q",
            "adversarial_qa_droberta_answer_the_following_q",
            "adversarial_qa_dbert_question_context_answer",
            "adversarial_qa_dbidaf_question_context_answer",
            "adversarial_qa_droberta_question_context_answer",
        ),
        _reading,
    ),
    "paws_labeled_final_paraphrase_task": _paraphrase,
}  # fmt: skip
