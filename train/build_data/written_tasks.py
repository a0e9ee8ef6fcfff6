"""Tasks written by hand: who the assistant is, what it cannot know, greetings, plain facts."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from train.build_data.archives import Archive
from train.build_data.tasks import Task, make

SOURCE = "project-written"


def written(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Each question with one of its answers; some facts are asked for in a second way."""
    content = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    for group in content["answers"]:
        for question in group["questions"]:
            yield make(f"{SOURCE}:{group['task']}", question, "", rng.choice(group["answers"]))
    for question, answer in content["facts"]:
        yield make(f"{SOURCE}:fact", question, "", answer)
        thing = re.fullmatch(r"What is (.*)\?", question)
        if thing and rng.random() < 0.4:
            yield make(f"{SOURCE}:fact", f"Can you tell me what {thing[1]} is?", "", answer)
