"""Questions with answers, and texts from facts: trivia, word problems, countries, elements."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.sentence_tasks import FUNCTION_WORDS, Sentences
from train.build_data.tasks import (
    Task,
    capitalise,
    is_clean,
    make,
    sample,
    sentence,
    with_article,
)

_TRIVIA = (
    "animals", "for-kids", "general", "geography", "history", "science-technology", "humanities",
    "literature", "hobbies", "world", "religion-faith", "sports", "people",
)  # fmt: skip
_NEEDS_CHOICES = re.compile(
    r"\b(these|following|which one|not one|except|not|picture|image|shown|all of)\b", re.IGNORECASE
)


def open_trivia(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Blocks "#Q question / ^ answer / A-D choices", a file per category.

    With the choices where the question makes no sense without, else one in three.
    """
    for category in _TRIVIA:
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
            needs_choices = _NEEDS_CHOICES.search(question) or is_yes_or_no
            with_choices = needs_choices or (left["multiple_choice"] > 0 and rng.random() < 0.35)
            kind = "multiple_choice" if with_choices else "trivia"
            if left[kind] == 0 or (with_choices and is_yes_or_no):
                continue
            left[kind] -= 1
            if with_choices:
                given = "Choices: " + "; ".join(choices)
                yield make(f"OpenTriviaQA:{kind}", question, given, answer)
            else:
                yield make(f"OpenTriviaQA:{kind}", question, "", sentence(answer))


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
    lines = archives[0].text("grade_school_math/data/train.jsonl").split("\n")
    for line in sample(rng, [line for line in lines if line], 3_800):
        problem = json.loads(line)
        steps, _, result = re.sub(r"<<.*?>>", "", problem["answer"]).partition("\n#### ")
        stripped = [step.strip() for step in steps.split("\n") if step.strip()]
        solution = " ".join(step if step[-1] in ".!?:" else f"{step}." for step in stripped)
        question = problem["question"]
        if len(solution) < 190 and len(question) < 230 and is_clean(question):
            answer = f"{solution} The answer is {result}."
            yield make("gsm8k:word_problem", question, "", answer)


# --- sentences ----------------------------------------------------------------------------------


def detokenised(text: str) -> str:
    """ "It 's here ." -> "It's here."."""
    text = re.sub(r" ([,.;:!?%)])", r"\1", text)
    text = re.sub(r"\( ", "(", text)
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    return re.sub(r" ' (\w)", r" '\1", text)


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
            whole = detokenised(long).replace(" - ", "-")
            halves = " ".join(detokenised(half).replace(" - ", "-") for half in pair)
            if made % 3:
                instruction = rng.choice(
                    (
                        "Split the sentence into two shorter sentences.",
                        "Rewrite this long sentence as two sentences.",
                        "Break this sentence into two simpler sentences.",
                    )
                )
                yield make("wikisplit:split", instruction, whole, halves)
            else:
                instruction = rng.choice(
                    (
                        "Combine the two sentences into one.",
                        "Join these sentences into a single sentence.",
                    )
                )
                yield make("wikisplit:merge", instruction, halves, whole)


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
    rows = csv.DictReader(io.StringIO(archives[0].text("devset.csv")))
    fitting = [
        row
        for row in rows
        if row["ref"].rstrip().endswith(".")
        and "family friendly" not in row["mr"].lower()
        and len(row["ref"]) < 230
    ]
    for row in sample(rng, fitting, 900):
        facts = ", ".join(
            re.sub("([A-Z])", r" \1", key).lower() + ": " + value
            for key, value in re.findall(r"(\w+)\[(.*?)\]", row["mr"])
        )
        instruction = rng.choice(
            (
                "Write a sentence about the restaurant with these facts.",
                "Describe the place using this information.",
                "Turn the data into a short description.",
            )
        )
        yield make("e2e-nlg:data_to_text", instruction, facts, row["ref"])


# --- tables of facts ----------------------------------------------------------------------------

_THE = re.compile(
    r"(United|Netherlands|Philippines|Bahamas|Maldives|Czech Rep|Dominican Rep|Central African)"
)


def countries(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Capitals, continents and phone codes of countries that Tatoeba speaks of, or short ones."""
    sentences = Sentences(archives[1])
    source = "annexare-countries"
    for row in csv.DictReader(io.StringIO(archives[0].text("dist/countries.csv"))):
        name, capital, continent = row["Name"], row["Capital"], row["Continent"]
        if continent == "Antarctica":
            continue
        if sentences.frequency[name.split()[0].lower()] < 1 and len(name) > 14:
            continue
        country = f"the {name}" if _THE.match(name) else name
        lies = f"{capitalise(country)} is in {continent}."
        has_capital = capital and capital != name
        if has_capital:
            questions = (
                f"What is the capital of {country}?",
                f"What is the capital city of {country}?",
                f"Which city is the capital of {country}?",
                f"Name the capital of {country}.",
            )
            for question in sample(rng, questions, 2):
                answer = rng.choice((f"The capital of {country} is {capital}", capital))
                yield make(f"{source}:capital", question, "", sentence(answer))
            question = rng.choice(
                (
                    f"{capital} is the capital of which country?",
                    f"Which country has {capital} as its capital?",
                )
            )
            answer = f"{capital} is the capital of {country}."
            yield make(f"{source}:capital_of", question, "", answer)
        question = rng.choice(
            (
                f"On which continent is {country}?",
                f"Which continent is {country} in?",
                f"Where is {country}?",
            )
        )
        yield make(f"{source}:continent", question, "", lies)
        if has_capital:
            question = rng.choice(
                (
                    f"Tell me about {country}.",
                    f"What do you know about {country}?",
                    f"Give me some facts about {country}.",
                )
            )
            code = row["Phone"].split(",")[0]
            phone = f" The international phone code is +{code}." if code else ""
            answer = sentence(f"{lies} Its capital is {capital}") + phone
            yield make(f"{source}:about", question, "", answer)


def elements(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Symbols, numbers, kinds and states of the chemical elements up to 103."""
    source = "periodic-table:element"
    for row in csv.DictReader(io.StringIO(archives[0].text("PeriodicTableCSV.csv"))):
        number, name, symbol = int(row["number"]), row["name"].lower(), row["symbol"]
        if number > 103:
            continue
        question = rng.choice(
            (f"What is the chemical symbol for {name}?", f"What is the symbol of {name}?")
        )
        answer = rng.choice((f"The chemical symbol for {name} is {symbol}.", f"{symbol}."))
        yield make(source, question, "", answer)
        question = rng.choice(
            (
                f"Which element has the symbol {symbol}?",
                f"What element does the symbol {symbol} stand for?",
            )
        )
        yield make(source, question, "", f"{symbol} is the symbol for {name}.")
        answer = f"The atomic number of {name} is {number}."
        yield make(source, f"What is the atomic number of {name}?", "", answer)
        kind = row["category"]
        if "unknown" not in kind:
            is_metal_or_not = "metal" in kind and "metalloid" not in kind
            question = rng.choice(
                (
                    f"What type of element is {name}?",
                    f"Is {name} a metal or a nonmetal?"
                    if is_metal_or_not
                    else f"What kind of element is {name}?",
                )
            )
            yield make(source, question, "", f"{row['name']} is {with_article(kind)}.")
        question = f"Is {name} a solid, a liquid or a gas at room temperature?"
        answer = f"{row['name']} is a {row['phase'].lower()} at room temperature."
        yield make(source, question, "", answer)
        summary = row["summary"].split(". ")[0].rstrip(".") + "."
        if len(summary) < 190 and number <= 94:
            question = rng.choice((f"What is {name}?", f"Tell me about {name}."))
            yield make(source, question, "", summary)
