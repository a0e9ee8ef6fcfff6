"""What people write to assistants, banks and shops: questions about itself, small talk, topics."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from train.build_data.archives import Archive
from train.build_data.cleaning import any_of, words_of
from train.build_data.readers import csv_rows
from train.build_data.tasks import LISTS, Task, fill, is_clean, make, sample
from train.chat.english import capitalise


def written(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Written by hand: each question with an answer; some facts are asked for in a second way."""
    path = Path(__file__).with_name("written_tasks.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    for group in content["answers"]:
        for question in group["questions"]:
            kind = f"project-written:{group['task']}"
            yield make(kind, question, "", rng.choice(group["answers"]))
    for question, answer in content["facts"]:
        yield make("project-written:fact", question, "", answer)
        thing = re.fullmatch(r"What is (.*)\?", question)
        if thing and rng.random() < 0.4:
            yield make("project-written:fact", f"Can you tell me what {thing[1]} is?", "", answer)


def personality_chat(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Microsoft's small talk: many phrasings of a question ("# ?" and a list), one answer each."""
    path = "packages/qnamaker/docs/qnaFormat/english/qna_chitchat_friendly.qna"
    unfit = any_of("personality chat: unfit")
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
                flat = " ".join(answer[1].split())
                yield make("ms-personality-chat:chitchat", question, "", flat)


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


def clinc150(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """What a request to an assistant is about, and what it wants.

    Its domain "utility" is no topic that a reader could tell.
    """
    domains = json.loads(archives[0].text("data/domains.json"))
    topics = LISTS["clinc150_topics"]
    topic_of = {intent: topic for name, topic in topics.items() for intent in domains.get(name, ())}
    requests = json.loads(archives[0].text("data/data_full.json"))["train"]
    requests = [(text, intent) for text, intent in requests if is_clean(text)]
    about_a_topic = [request for request in requests if request[1] in topic_of]
    for text, intent in sample(rng, about_a_topic, 2_300):
        yield fill(rng, "clinc150:topic", text=text, topic=topic_of[intent])
    clear = set(words_of("clinc150: clear intents"))  # whose names say what they are
    for text, intent in sample(rng, [r for r in requests if r[1] in clear], 1_300):
        yield fill(rng, "clinc150:intent", text=text, label=intent.replace("_", " "))


def banking77(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """The topics of questions to a bank."""
    rows = csv_rows(archives[0].text("banking_data/train.csv"))
    for row in sample(rng, [row for row in rows if len(row["text"]) < 180], 900):
        label = row["category"].replace("_", " ").lower()
        yield fill(rng, "banking77:intent", text=row["text"], label=label)


def sentiment(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Sentences of reviews, each "text<TAB>1" (positive) or 0."""
    feelings = {"1": ("positive", "Yes"), "0": ("negative", "No")}
    for path, subject in (
        ("amazon_cells_labelled.txt", "product"),
        ("Datasets/imdb_labelled.txt", "movie"),
        ("Datasets/yelp_labelled.txt", "restaurant"),
    ):
        for line in archives[0].text(path).split("\n"):
            text, _, label = (part.strip() for part in line.rpartition("\t"))
            if label in feelings and is_clean(text) and 3 <= len(text.split()) <= 45:
                feeling, likes = feelings[label]
                words = {"text": text, "subject": subject, "feeling": feeling, "likes": likes}
                yield fill(rng, "uci-sentiment:sentiment", **words)


def disfl_qa(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Questions as spoken, with hesitations, and as meant."""
    for part in ("train", "dev"):
        pairs = json.loads(archives[0].text(f"{part}.json"))
        for pair in list(pairs.values())[:2_600]:
            spoken, meant = pair["disfluent"], pair["original"]
            if is_clean(meant, spoken):
                yield fill(rng, "disfl-qa:fluency", spoken=spoken, meant=meant)
