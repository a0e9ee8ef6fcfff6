"""Tasks on what people write to assistants, banks and shops: small talk, topics, sentiment."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.tasks import Task, capitalise, is_clean, make, sample


def personality_chat(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Microsoft's small talk: many phrasings of a question ("# ?" and a list), one answer each."""
    path = "packages/qnamaker/docs/qnaFormat/english/qna_chitchat_friendly.qna"
    unfit = re.compile(
        r"editorial|\b(date me|marry|love me|kiss|hot|hate you|dumb|boring|wtf|stfu|af|lmao)\b",
        re.IGNORECASE,
    )
    for block in re.split(r"(?m)^# \? ", archives[0].text(path))[1:]:
        answer = re.search(r"```markdown\n(.*?)\n```", block, re.DOTALL)
        if answer is None:
            continue
        listed = re.findall(r"(?m)^- (.+)$", block.split("**Filters")[0])
        questions = [
            question
            for question in dict.fromkeys([block.split("\n")[0], *listed])
            if is_clean(question) and not unfit.search(question) and len(question) < 90
        ]
        if len(questions) >= 8:
            for question in sample(rng, questions, 70):
                answer_text = " ".join(answer[1].split())
                yield make("ms-personality-chat:chitchat", question, "", answer_text)


def chatterbot(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Question and answer pairs in YAML."""
    import yaml  # comes with huggingface_hub

    unfit = re.compile(r"comedian|Antartica|Do you know|We talk|What is chem|very dumb")
    for topic in ("greetings", "humor", "trivia", "computers"):
        text = archives[0].text(f"chatterbot_corpus/data/english/{topic}.yml")
        for turns in yaml.safe_load(text)["conversations"]:
            turns = [str(turn) for turn in turns]
            whole = " ".join(turns)
            if len(turns) == 2 and is_clean(whole) and not unfit.search(whole):
                question, answer = map(capitalise, turns)
                yield make(f"chatterbot-corpus:{topic}", question, "", answer)


_TOPICS = {  # CLINC150's domains; "utility" is no topic that a reader could tell
    "banking": "banking", "credit cards": "banking", "kitchen and dining": "food", "home": "home",
    "auto and commute": "cars and commuting", "travel": "travel", "work": "work",
    "small talk": "small talk", "meta": "small talk",
}  # fmt: skip
_INTENTS = frozenset(  # those whose name says what they are
    """translate transfer timer definition calculator spelling todo_list alarm weather exchange_rate
    restaurant_reservation book_flight play_music calendar meeting_schedule recipe traffic
    directions reminder joke bill_balance lost_luggage car_rental oil_change_how pto_request
    credit_score pay_bill book_hotel order_status shopping_list text make_call flight_status
    vaccines income nutrition_info tire_pressure thank_you greeting goodbye tell_joke
    measurement_conversion date time""".split()  # noqa: SIM905
)


def clinc150(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """What a request to an assistant is about, and what it wants."""
    domains = json.loads(archives[0].text("data/domains.json"))
    domain_of = {
        intent: domain.replace("_", " ")
        for domain, intents in domains.items()
        for intent in intents
    }
    requests = [
        (text, intent)
        for text, intent in json.loads(archives[0].text("data/data_full.json"))["train"]
        if is_clean(text)
    ]
    known = [(text, i) for text, i in requests if domain_of.get(i) in _TOPICS]
    for text, intent in sample(rng, known, 2_300):
        topics = "banking, food, home, cars and commuting, travel, work or small talk"
        instruction = rng.choice(
            (f"Classify the request as {topics}.", f"What is this message about: {topics}?")
        )
        yield make("clinc150:topic", instruction, text, capitalise(_TOPICS[domain_of[intent]]))
    plain = [(text, intent) for text, intent in requests if intent in _INTENTS]
    for text, intent in sample(rng, plain, 1_300):
        instruction = rng.choice(
            (
                "What does the user want to do? Answer with a short label.",
                "Label the intent of this message.",
            )
        )
        yield make("clinc150:intent", instruction, text, intent.replace("_", " "))


def banking77(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """The topics of questions to a bank."""
    rows = csv.DictReader(io.StringIO(archives[0].text("banking_data/train.csv")))
    for row in sample(rng, [row for row in rows if len(row["text"]) < 180], 900):
        instruction = rng.choice(
            (
                "Label the banking question with a short topic.",
                "What is the topic of this bank customer message?",
            )
        )
        label = row["category"].replace("_", " ").lower()
        yield make("banking77:intent", instruction, row["text"], label)


def sentiment(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Sentences of reviews, each "text<TAB>1" (positive) or 0."""
    source = "uci-sentiment:sentiment"
    for path, subject in (
        ("amazon_cells_labelled.txt", "product"),
        ("Datasets/imdb_labelled.txt", "movie"),
        ("Datasets/yelp_labelled.txt", "restaurant"),
    ):
        for line in archives[0].text(path).split("\n"):
            text, _, label = (part.strip() for part in line.rpartition("\t"))
            if label not in ("0", "1") or not is_clean(text) or not 3 <= len(text.split()) <= 45:
                continue
            liked, kind = label == "1", rng.random()
            word = "positive" if liked else "negative"
            if kind < 0.6:
                instruction = rng.choice(
                    (
                        "Classify the sentiment of the sentence as positive or negative.",
                        "Is this review positive or negative?",
                        f"Is this {subject} review positive or negative?",
                        "What is the sentiment of this text?",
                        "Decide whether the sentence is positive or negative.",
                    )
                )
                yield make(source, instruction, text, capitalise(word))
            elif kind < 0.8:
                instruction = f"Does the writer like the {subject}? Answer yes or no."
                yield make(source, instruction, text, "Yes" if liked else "No")
            else:
                instruction = rng.choice(
                    ("What is the sentiment of the review?", "Identify the sentiment.")
                )
                yield make(source, instruction, text, f"The sentiment is {word}.")


def disfl_qa(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Questions as spoken, with hesitations, and as meant."""
    for part in ("train", "dev"):
        pairs = json.loads(archives[0].text(f"{part}.json"))
        for pair in list(pairs.values())[:2_600]:
            if is_clean(pair["original"], pair["disfluent"]):
                instruction = rng.choice(
                    (
                        "Rewrite the question so that it is clear and fluent.",
                        "The speaker corrects himself. Write the question he means.",
                        "Remove the hesitations and corrections from this question.",
                    )
                )
                yield make("disfl-qa:fluency", instruction, pair["disfluent"], pair["original"])
