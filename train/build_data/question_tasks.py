"""Questions with answers, and texts from facts: trivia, word problems, countries, elements."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import any_of, rewritten
from train.build_data.readers import csv_rows, json_lines
from train.build_data.sentence_tasks import FUNCTION_WORDS, Sentences
from train.build_data.tasks import LISTS, Task, fill, fill_some, is_clean, make, sample, sentence
from train.chat.english import capitalise


def open_trivia(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Blocks "#Q question / ^ answer / A-D choices", a file per category.

    With the choices where the question makes no sense without, else one in three.
    """
    for category in LISTS["trivia_categories"]:
        blocks = re.split(r"\n\s*\n", archives[0].text(f"categories/{category}"))
        left = {"multiple_choice": 110, "trivia": 190}
        for block in sample(rng, blocks, len(blocks)):
            match = re.match(r"#Q (.*?)\n\^ (.*?)\n(.*)", block.strip(), re.DOTALL)
            if match is None or not is_clean(block) or "\ufffd" in block:
                continue
            question, answer = " ".join(match[1].split()), match[2].strip()
            choices = re.findall(r"(?m)^[A-D] (.*)$", match[3])
            if len(choices) != 4 or answer not in choices or len(answer) > 60:
                continue
            if len(question) > 140 or not question.endswith("?") or question.startswith('"'):
                continue
            is_yes_or_no = answer in ("True", "False", "Yes", "No")
            needs_choices = any_of("trivia: needs choices").search(question) or is_yes_or_no
            with_choices = needs_choices or (left["multiple_choice"] > 0 and rng.random() < 0.35)
            kind = "multiple_choice" if with_choices else "trivia"
            if left[kind] == 0 or (with_choices and is_yes_or_no):
                continue
            left[kind] -= 1
            given = "Choices: " + "; ".join(choices) if with_choices else ""
            answer = answer if with_choices else sentence(answer)
            yield make(f"OpenTriviaQA:{kind}", question, given, answer)


# --- word problems ------------------------------------------------------------------------------


def svamp(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Problems of one step; the answer shows the sum."""
    for problem in json.loads(archives[0].text("SVAMP.json")):
        equation = re.sub(r"(\d+)\.0\b", r"\1", problem["Equation"])
        equation = re.sub(r"^\( (.*) \)$", r"\1", equation)
        if "(" in equation:
            continue
        question = f"{problem['Body'].strip().rstrip('.')}. {problem['Question'].strip()}"
        value = float(problem["Answer"])
        number = str(int(value)) if value.is_integer() else str(value)
        answer = f"{equation} = {number}. The answer is {number}."
        yield make("svamp:word_problem", capitalise(question), "", answer)


def gsm8k(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Grade-school problems with short solutions, without the marks for a calculator."""
    problems = list(json_lines(archives[0].text("grade_school_math/data/train.jsonl")))
    for problem in sample(rng, problems, 3_800):
        steps, _, result = re.sub(r"<<.*?>>", "", problem["answer"]).partition("\n#### ")
        stripped = [step.strip() for step in steps.split("\n") if step.strip()]
        solution = " ".join(step if step[-1] in ".!?:" else f"{step}." for step in stripped)
        question = problem["question"]
        if len(solution) < 190 and len(question) < 230 and is_clean(question):
            answer = f"{solution} The answer is {result}."
            yield make("gsm8k:word_problem", question, "", answer)


# --- sentences ----------------------------------------------------------------------------------


def wikisplit(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """One sentence <-> the same in two; of every three pairs one is to be merged."""
    made = 0
    for part in ("validation", "tune", "test"):
        for line in archives[0].text(f"{part}.tsv").split("\n"):
            long, _, short = line.partition("\t")
            pair = [half.strip() for half in short.split("<::::>")]
            if made >= 3_000 or not is_clean(line) or not _says_the_same(line, long, short, pair):
                continue
            made += 1
            whole = rewritten(long, "detokenised").replace(" - ", "-")
            halves = " ".join(rewritten(half, "detokenised").replace(" - ", "-") for half in pair)
            kind = "wikisplit:split" if made % 3 else "wikisplit:merge"
            yield fill(rng, kind, whole=whole, halves=halves)


def _says_the_same(line: str, long: str, short: str, pair: list[str]) -> bool:
    """Plain ASCII, two whole sentences, the same numbers, and nearly the same words."""
    if line.count("\t") != 1 or re.search(r"''|[(\"*;]|--|(^| )' |[^\x00-\x7f]", line):
        return False
    if len(pair) != 2 or " ." in long[:-3] or len(long.split()) > 38:
        return False
    for half in pair:
        if not half.endswith(" .") or not half[0].isupper() or len(half.split()) < 5:
            return False
    if set(re.findall(r"\d+", long)) != set(re.findall(r"\d+", short)):
        return False
    if re.search(r"\b(IN|AND|THE|OF)\b", short):
        return False
    before, after = _content_words(long), _content_words(short)
    return len(before & after) >= 0.94 * max(len(before), len(after))


def _content_words(text: str) -> set[str]:
    words = re.findall("[a-z]+", text.lower())
    return {word for word in words if len(word) > 2 and word not in FUNCTION_WORDS}


def restaurants(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """E2E: "name[Aromi], eatType[pub]" and a sentence that says it."""
    fitting = [
        row
        for row in csv_rows(archives[0].text("devset.csv"))
        if row["ref"].rstrip().endswith(".")
        and "family friendly" not in row["mr"].lower()
        and len(row["ref"]) < 230
    ]
    for row in sample(rng, fitting, 900):
        facts = ", ".join(
            re.sub("([A-Z])", r" \1", key).lower() + ": " + value
            for key, value in re.findall(r"(\w+)\[(.*?)\]", row["mr"])
        )
        yield fill(rng, "e2e-nlg:data_to_text", facts=facts, text=row["ref"])


# --- tables of facts ----------------------------------------------------------------------------


def countries(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Capitals, continents and phone codes of countries that Tatoeba speaks of, or short ones."""
    sentences = Sentences(archives[1])
    for row in csv_rows(archives[0].text("dist/countries.csv")):
        name, capital, continent = row["Name"], row["Capital"], row["Continent"]
        is_known = sentences.frequency[name.split()[0].lower()] or len(name) <= 14
        if continent == "Antarctica" or not is_known:
            continue
        code = row["Phone"].split(",")[0]
        facts = {
            "country": f"the {name}" if any_of("countries: with an article").match(name) else name,
            "continent": continent,
            "capital": capital,
            "end": capital if capital.endswith(".") else f"{capital}.",
            "phone": f" The international phone code is +{code}." if code else "",
        }
        has_capital = capital and capital != name
        if has_capital:
            yield from fill_some(rng, "annexare-countries:capital", 2, **facts)
            yield fill(rng, "annexare-countries:capital_of", **facts)
        yield fill(rng, "annexare-countries:continent", **facts)
        if has_capital:
            yield fill(rng, "annexare-countries:about", **facts)


def elements(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Symbols, numbers, kinds and states of the chemical elements up to 103."""
    for row in csv_rows(archives[0].text("PeriodicTableCSV.csv")):
        number, kind = int(row["number"]), row["category"]
        summary = row["summary"].split(". ")[0].rstrip(".") + "."
        if number > 103:
            continue
        facts = {"name": row["name"].lower(), "symbol": row["symbol"], "number": number}
        facts |= {"kind": kind, "phase": row["phase"].lower(), "summary": summary}
        asked = ["symbol", "of_symbol", "number"]
        if "unknown" not in kind:
            asked.append("metal" if "metal" in kind and "metalloid" not in kind else "kind")
        asked.append("phase")
        if len(summary) < 190 and number <= 94:
            asked.append("about")
        for fact in asked:
            yield fill(rng, f"periodic-table:element/{fact}", **facts)
