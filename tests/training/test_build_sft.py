"""Rebuilding the instruction set: each converter on files in its source's format, and the whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import archive_server
import pytest
from archive_server import zip_of

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import datasets
from train.build_data import exercises, sft
from train.build_data.__main__ import main
from train.build_data.archives import archive_path
from train.build_data.pipeline import Converter, Record, read_records, run_converters
from train.build_data.sources import TASK_SOURCES
from train.build_data.tasks import LISTS, Task, is_clean, make, with_article
from train.chat.english import in_words
from train.data.catalogue import DATASETS, SFT
from train.data.data_manifest import read_data_manifest
from train.datasets import DatasetError

TATOEBA = "Hoangduc212001/hoang"
WORDNET = "globalwordnet/english-wordnet"
BOOK = [{"instruction": "What is 2 + 3?", "input": "", "output": "5"}]


# --- small repositories ---------------------------------------------------------------------------


def tatoeba() -> bytes:
    """spa-eng.zip: English, a tab, Spanish; the English side has repeats."""
    people = ("Tom", "Mary", "He", "She", "I", "We", "They", "The teacher")
    english = ["Tom is a teacher."] * 2
    for who in people:
        verb = "was" if who in ("Tom", "Mary", "He", "She", "I", "The teacher") else "were"
        english += [
            f"{who} {verb} in the garden.",
            f"{who} will open the green window.",
            f"{who} can swim across the river.",
            f"{who} didn't want the large apple.",
            f"{who} bought {len(who) + 10} books.",
            f"Where did {who} sleep yesterday?",
            "Give the teacher an apple.",
            f"Read {who} the large book now.",
            f"Kill {who} now.",
        ]
    text = "\n".join(f"{line}\tlinea" for line in english)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("spa-eng/spa.txt", text)
    return buffer.getvalue()


ENTRIES = """
teacher:
  n:
    sense:
    - id: teacher%1
      synset: 1-n
apple:
  n:
    sense:
    - id: apple%1
      synset: 2-n
large:
  a:
    sense:
    - id: large%1
      synset: 3-a
      antonym: [green%1]
big:
  a:
    sense:
    - id: big%1
      synset: 3-a
green:
  a:
    sense:
    - id: green%1
      synset: 4-a
"""
NOUNS = """
1-n: {definition: [a person who helps others to learn], hypernym: [9-n], members: [teacher]}
2-n: {definition: [(botany) a round fruit; also its tree], members: [apple],
      example: [he ate the red apple]}
9-n: {definition: [somebody], members: [books]}
"""
ADJECTIVES = """
3-a: {definition: [of more than usual size], members: [large, window]}
4-a: {definition: [having the color of grass], members: [green]}
"""
CHAT = """# ? How are you
- How do you do
- Are you well
- Are you fine
- Are you good
- How goes it
- All well with you
- How is it going
- You are an idiot, right

**Filters:**
- editorial = chitchat
```markdown
I'm fine,  thanks.
```
"""
TRIVIA = """#Q What is the largest planet?
^ Jupiter
A Mars
B Jupiter
C Venus
D Saturn

#Q Which of these is a metal?
^ Iron
A Iron
B Wood
C Glass
D Bone

#Q Is it true?
^ True
A True
B False
C Maybe
D Never
"""
T0 = "data/finetuning/t0_train_50k/data_per_template/"


def t0(prompt: str, completion: str) -> str:
    return json.dumps({"prompt": prompt, "completion": completion + "<|endoftext|>"}) + "\n"


def self_instruct() -> dict[str, str]:
    files = {T0 + f"{name}.jsonl": "" for names in LISTS["t0_templates"].values() for name in names}
    files["data/seed_tasks.jsonl"] = json.dumps(
        {"instruction": "Name a bird.", "instances": [{"input": "", "output": "A crow."}]}
    )
    files[T0 + "common_gen_Put_together.jsonl"] = t0(
        "Put the concepts together: dog, run", "the dog runs ."
    )
    files[T0 + "quarel_choose_between.jsonl"] = t0("Choose.\n\nA or\nB", "A")
    files[T0 + "adversarial_qa_dbert_question_context_answer.jsonl"] = t0(
        'Question: "Who came?"\n\nContext: "Tom came."\n\nAnswer:', "Tom"
    )
    files[T0 + "paws_labeled_final_paraphrase_task.jsonl"] = t0(
        "Paraphrase the sentence: It 's here .", "Here it is ."
    )
    return files


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


REPOSITORIES: dict[str, dict[str, str | bytes]] = {
    TATOEBA: {"spa-eng.zip": tatoeba()},
    WORDNET: {
        "src/yaml/entries-a.yaml": ENTRIES,
        "src/yaml/noun.person.yaml": NOUNS,
        "src/yaml/adj.all.yaml": ADJECTIVES,
        "src/yaml/frames.yaml": "via: x\n",
    },
    "codespell-project/codespell": {
        "codespell_lib/data/dictionary.txt": rows(
            "gardn->garden", "windwo->window", "windoww->window", "aple->apple, able", "xx yy->zz"
        )
    },
    "annexare/Countries": {
        "dist/countries.csv": rows(
            "Name,Capital,Continent,Phone",
            '"United States","Washington D.C.","North America",1',
            "Peru,Lima,South America,51",
            "Antarctica,,Antarctica,672",
            "Singapore,Singapore,Asia,65",
        )
    },
    "Bowserinator/Periodic-Table-JSON": {
        "PeriodicTableCSV.csv": rows(
            "name,symbol,number,category,phase,summary",
            'Iron,Fe,26,transition metal,Solid,"Iron is a metal. It rusts."',
            'Oganesson,Og,118,"unknown, probably noble gas",Solid,"Is rare."',
        )
    },
    "orhonovich/instruction-induction": {
        "data/raw/induce/antonyms.json": json.dumps(
            {"examples": {"1": {"input": "up", "output": ["down", "low"]}}}
        ),
        "data/raw/execute/cause_and_effect.json": json.dumps(
            {"examples": {"1": {"cause": "It rained.", "effect": "It is wet."}}}
        ),
    },
    "microsoft/botframework-cli": {
        "packages/qnamaker/docs/qnaFormat/english/qna_chitchat_friendly.qna": "> x\n" + CHAT
    },
    "uberspot/OpenTriviaQA": {
        f"categories/{name}": TRIVIA.replace("largest", f"largest {name}")
        for name in LISTS["trivia_categories"]
    },
    "clinc/oos-eval": {
        "data/domains.json": json.dumps({"banking": ["pay_bill"], "utility": ["alarm"]}),
        "data/data_full.json": json.dumps(
            {"train": [["pay my bill please", "pay_bill"], ["wake me at six", "alarm"]]}
        ),
    },
    "Nanofication/TWC-Naive-Bayes": {
        "amazon_cells_labelled.txt": rows("It works very well.\t1", "Bad.\t0", "No label here now"),
        "Datasets/imdb_labelled.txt": rows("A bad and boring film.\t0"),
        "Datasets/yelp_labelled.txt": rows("We liked the fish here.\t1"),
    },
    "google-research-datasets/Disfl-QA": {
        "train.json": json.dumps(
            {"1": {"original": "Who came first?", "disfluent": "Who left no came first?"}}
        ),
        "dev.json": "{}",
    },
    "yizhongw/self-instruct": dict(self_instruct()),
    "google-research-datasets/wiki-split": {
        "validation.tsv": rows(
            "The old church was built in 1900 and it stands near the green river .\tThe old church "
            "was built in 1900 . <::::> The old church stands near the green river .",
            "The old church was built in 1900 and it stands here .\tThe old church was built in "
            "1901 . <::::> The old church stands here now .",
        ),
        "tune.tsv": "",
        "test.tsv": "",
    },
    "openai/grade-school-math": {
        "grade_school_math/data/train.jsonl": json.dumps(
            {
                "question": "Ann has 2 pens and buys 3. How many?",
                "answer": "2+3=<<2+3=5>>5 pens\n#### 5",
            }
        )
    },
    "PolyAI-LDN/task-specific-datasets": {
        "banking_data/train.csv": rows("text,category", "Where is my card?,card_arrival")
    },
    "arkilpatel/SVAMP": {
        "SVAMP.json": json.dumps(
            [
                {"Body": "there were 8 birds", "Question": "How many flew?",
                 "Equation": "( 8.0 - 5.0 )", "Answer": 3.0},
                {"Body": "x", "Question": "y?", "Equation": "( 1 + ( 2 - 3 ) )", "Answer": 0.0},
            ]
        )
    },
    "tuetschek/e2e-dataset": {
        "devset.csv": rows("mr,ref", '"name[Aromi], eatType[pub]",Aromi is a pub.')
    },
    "gunthercox/chatterbot-corpus": {
        f"chatterbot_corpus/data/english/{topic}.yml": "conversations:\n- - hello there\n  - hi\n"
        for topic in ("greetings", "humor", "trivia", "computers")
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Task]]:
    """Name of a source -> what its converter makes of the small repositories."""
    folder = tmp_path_factory.mktemp("archives")
    for repository, files in REPOSITORIES.items():
        (folder / repository.replace("/", "+")).write_bytes(zip_of(files))

    def convert(name: str) -> list[Task]:
        [source] = [source for source in TASK_SOURCES if source.name == name]
        paths = [folder / r.replace("/", "+") for r in source.repositories]
        return [Task(**record) for record in sft.records(source, paths)]

    return convert


def of_kind(tasks: list[Task], kind: str) -> list[Task]:
    return [task for task in tasks if task.source.endswith(f":{kind}")]


# --- converters -----------------------------------------------------------------------------------


def test_sources_agree_with_the_catalogue(made: Callable[[str], list[Task]]) -> None:
    used = {origin for source in TASK_SOURCES for origin in source.origins()}
    assert used == set(SFT.origin)
    assert {r for source in TASK_SOURCES for r in source.repositories} == REPOSITORIES.keys()
    assert sum(source.tasks for source in TASK_SOURCES) == 75_879
    for name in ("tatoeba", "OpenTriviaQA"):
        assert made(name) == made(name)  # the same tasks each time


def test_sentences_are_rewritten(made: Callable[[str], list[Task]]) -> None:
    tasks = made("tatoeba")
    kinds = Counter(task.source.split(":")[1] for task in tasks)
    assert kinds.keys() == {
        *("punctuation", "grammar", "grammar_check", "negation", "question_form", "contraction"),
        *("sentence_type", "write_sentence", "reorder", "count_words", "first_word", "last_word"),
        *("upper", "lower", "extract_name", "extract_number"),
    }
    assert not any("Kill" in task.input + task.output for task in tasks)
    for task in of_kind(tasks, "punctuation"):
        assert re.sub("[.?!,]", "", task.output).lower() == re.sub("[.?!,]", "", task.input).lower()
    for task in of_kind(tasks, "grammar"):
        assert task.input != task.output
    for task in of_kind(tasks, "contraction"):
        assert ("n't" in task.input) != ("n't" in task.output)
    for task in of_kind(tasks, "reorder"):
        words = sorted(word.lower() for word in task.input.split(" / "))
        assert words == sorted(task.output.rstrip(".").lower().split())
    for task in of_kind(tasks, "extract_number"):
        assert task.output in task.input and task.output.isdigit()
    for task in of_kind(tasks, "sentence_type"):
        assert task.output == "Question" or "Where did" not in task.input
    negated = [t for t in of_kind(tasks, "negation") if "positive" not in t.instruction
               and "affirmative" not in t.instruction]  # fmt: skip
    assert negated and all(re.search(r"\b(not|cannot)\b", task.output) for task in negated)
    for task in of_kind(tasks, "question_form"):
        assert task.output.endswith("?")
        assert task.output.split()[0] in ("Is", "Was", "Were", "Will", "Can")


def test_spelling(made: Callable[[str], list[Task]]) -> None:
    tasks = made("codespell")
    wrong = {"gardn": "garden", "windwo": "window", "windoww": "window"}
    texts = " ".join(f"{t.instruction} {t.input} {t.output}" for t in tasks)
    assert "aple" not in texts  # what was meant is not known
    sentences = of_kind(tasks, "spelling_sentence")
    for task in sentences:
        [misspelled] = set(re.findall(r"\w+", task.input)) & wrong.keys()
        assert task.input.replace(misspelled, wrong[misspelled], 1) == task.output
    assert sentences and len(of_kind(tasks, "spelling")) == 2  # one for each right word


def test_wordnet(made: Callable[[str], list[Task]]) -> None:
    tasks = made("open-english-wordnet")
    assert {t.source.split(":")[0] for t in tasks} == {"open-english-wordnet"}
    shown = " ".join(f"{t.instruction} {t.input} {t.output}" for t in tasks)
    for words in ("person who helps others", "round fruit", "the red apple", "'?large'?"):
        assert re.search(words, shown), words
    assert "botany" not in shown and "its tree" not in shown  # remarks are cut off
    [opposite] = of_kind(tasks, "antonym")
    assert "green" in opposite.output.lower()
    [kind] = of_kind(tasks, "hypernym")
    assert kind.output == "A teacher is a kind of books."


def test_countries_and_elements(made: Callable[[str], list[Task]]) -> None:
    tasks = made("annexare-countries")
    answers = {task.output for task in tasks}
    assert "Lima is the capital of Peru." in answers
    assert (
        "Peru is in South America. Its capital is Lima. The international phone code is +51."
        in (answers)
    )
    assert not any("Antarctica" in answer or ".." in answer for answer in answers)
    assert not any("Singapore is the capital" in answer for answer in answers)
    elements = made("periodic-table")
    assert "Fe is the symbol for iron." in {task.output for task in elements}
    assert not any("Oganesson" in task.output for task in elements)


@pytest.mark.parametrize(
    ("source", "given", "output"),
    [
        ("ms-personality-chat", "", "I'm fine, thanks."),
        ("clinc150", "pay my bill please", "Banking"),
        ("clinc150", "wake me at six", "alarm"),
        ("banking77", "Where is my card?", "card arrival"),
        ("disfl-qa", "Who left no came first?", "Who came first?"),
        ("self-instruct", "", "A crow."),
        ("self-instruct", "dog, run", "The dog runs."),
        ("self-instruct", "A or\nB", "A"),
        ("self-instruct", "Text: Tom came.\nQuestion: Who came?", "Tom"),
        ("self-instruct", "It's here.", "Here it is."),
        ("gsm8k", "", "2+3=5 pens. The answer is 5."),
        ("svamp", "", "8 - 5 = 3. The answer is 3."),
        ("e2e-nlg", "name: Aromi, eat type: pub", "Aromi is a pub."),
        ("chatterbot-corpus", "", "Hi"),
        ("instruction-induction", "up", "down"),
        ("uci-sentiment", "It works very well.", ""),
    ],
)
def test_tasks_of_other_sets(
    made: Callable[[str], list[Task]], source: str, given: str, output: str
) -> None:
    fitting = [task for task in made(source) if task.input == given]
    assert fitting and all(task.instruction for task in fitting)
    assert any(output in task.output for task in fitting)


def test_what_other_sets_leave_out(made: Callable[[str], list[Task]]) -> None:
    assert len(made("svamp")) == 1  # of one step only
    assert len(made("uci-sentiment")) == 3
    assert not any("idiot" in task.instruction for task in made("ms-personality-chat"))
    [pair] = made("wikisplit")  # the other one has another year
    assert "1900. The old church stands" in (pair.input if "merge" in pair.source else pair.output)
    trivia = made("OpenTriviaQA")
    assert {t.output for t in trivia if "these" in t.instruction} == {"Iron"}
    assert all(t.input.startswith("Choices: ") for t in trivia if "these" in t.instruction)
    assert not any("true" in task.instruction for task in trivia)
    [effect] = of_kind(made("instruction-induction"), "cause_and_effect")
    assert effect.output == "It rained." and "It is wet." in effect.input


def test_written_tasks(made: Callable[[str], list[Task]]) -> None:
    tasks = made("project-written")
    assert ("Bye", "Goodbye! Have a nice day.") in {(t.instruction, t.output) for t in tasks} or (
        "Bye",
        "Bye! It was nice talking to you.",
    ) in {(t.instruction, t.output) for t in tasks}
    assert len({task.instruction for task in tasks}) == len(tasks) >= 200


# --- exercises made by program --------------------------------------------------------------------


def test_sums_are_right() -> None:
    tasks = list(exercises.made_by_program(["garden", "window", "apple"], random.Random(1)))
    checked = 0
    for _, question, _, answer in tasks:
        if match := re.match(r"(\d+) ([-+x/]) (\d+) = (\d+)", answer):
            a, sign, b, result = int(match[1]), match[2], int(match[3]), int(match[4])
            checks = {"+": a + b == result, "-": a - b == result, "x": a * b == result}
            assert checks.get(sign, a == b * result), question
            checked += 1
    assert checked > 1_000
    for task in of_kind(tasks, "sort_numbers"):
        assert sorted(map(int, task.input.split(", "))) in (
            list(map(int, task.output.split(", "))),
            list(map(int, reversed(task.output.split(", ")))),
        )
    answers = {task.instruction: task.output for task in of_kind(tasks, "calendar")}
    assert answers["If today is Friday, what day will it be in 3 days?"] == "It will be Monday."
    assert answers["How many days are there in February?"].startswith("February has 28 days (29")
    assert any("1 hour is 60 minutes." in task.output for task in of_kind(tasks, "conversion"))


@pytest.mark.parametrize(
    ("number", "words", "numeral"),
    [
        (4, "four", "IV"),
        (99, "ninety-nine", "XCIX"),
        (120, "one hundred and twenty", "CXX"),
        (1_005, "one thousand and five", "MV"),
        (2_340, "two thousand three hundred and forty", "MMCCCXL"),
    ],
)
def test_numerals(number: int, words: str, numeral: str) -> None:
    assert (in_words(number), exercises.roman(number)) == (words, numeral)


def test_tenses_and_voices() -> None:
    verb = ("carry", "carried", "carried")
    active, passive = exercises.sentences_in_all_tenses(verb, "the students", "bag")
    assert active["perfect"] == "The students have carried the bag."
    assert passive["perfect"] == "The bag has been carried by the students."
    active, passive = exercises.sentences_in_all_tenses(verb, "my brother", "birds")
    assert active["present"] == "My brother carries the birds."
    assert passive["continuous"] == "The birds are being carried by my brother."


def test_exercises_about_words() -> None:
    words = ["garden", "window", "apple", "river", "teacher"]
    tasks = list(exercises.made_by_program(words, random.Random(1)))
    for source, question, given, answer in tasks:
        kind = source.split(":")[1]
        if kind == "alphabetical" and given:
            assert sorted(given.split(", ")) == answer.split(", ")
        elif question == "Write the word backwards.":
            assert given[::-1] == answer
        elif kind == "odd_one_out":
            assert answer.split(".")[0].lower() in [word.lower() for word in given.split(", ")]
        elif kind == "extract_category":
            assert set(answer.split(", ")) <= set(given.split(", "))
        elif kind == "story":
            assert answer.count(".") >= 3
        assert "{" not in question + given + answer
    kinds = Counter(task.source.split(":")[1] for task in tasks)
    assert kinds["passive"] > 900 and kinds["plural"] > 300 and kinds["message"] == 200


# --- what is kept ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load("gpt2")


@pytest.mark.parametrize(
    ("task", "good"),
    [
        (Task("tatoeba:grammar", "Correct it.", "He are here.", "He is here."), True),
        (Task("tatoeba:grammar", "", "x", "y"), False),
        (Task("tatoeba:grammar", "Correct it.", "x", "?"), False),
        (Task("svamp:word_problem", "What?", "", "word " * 81), False),
        (Task("svamp:word_problem", "Qué será? Ñandú!", "", "ñ"), False),
        (Task("svamp:word_problem", "Who murdered him?", "", "She."), False),
        (Task("project-written:safety", "Who murdered him?", "", "I cannot tell."), True),
        (Task("tatoeba:grammar", "Correct it.", "He is here.", "he is here"), False),
        (Task("tatoeba:upper", "In capitals.", "He is.", "HE IS."), True),
        (Task("project-synthetic:arithmetic", "What is 9 times 6?", "", "54"), False),
    ],
)
def test_good_tasks(task: Task, good: bool, tokenizer: Tokenizer) -> None:
    assert sft.is_good(task, tokenizer) == good


def test_selection(tokenizer: Tokenizer) -> None:
    tasks = [
        Task("clinc150:topic", "Who are you?", "", "Nobody."),
        Task("project-written:identity", "who are you", "", "A small model."),
        Task("svamp:word_problem", "what is 2 + 3", "", "5"),
        *(
            Task("instruction-induction:second_word_letter", "Letter?", f"word{n}", "o")
            for n in range(200)
        ),
    ]
    kept = sft.select(tasks, sft.held_out(BOOK), tokenizer)
    assert Task("project-written:identity", "who are you", "", "A small model.") in kept
    assert len(kept) == 151  # the question once, the book's not at all, 150 letters


def test_helpers() -> None:
    words = ["dog", "hour", "unit", "apple", "one-way street"]
    articles = [with_article(word).split()[0] for word in words]
    assert articles == ["a", "an", "a", "an", "a"]
    assert make("a:b", "It’s  “so”", "", 5) == Task("a:b", 'It\'s "so"', "", "5")
    assert is_clean("a classic") and not is_clean("fine", "What the hell")


# --- the command ----------------------------------------------------------------------------------


def test_the_command_builds_the_instruction_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "mirror"))
    book = tmp_path / "mirror" / DATASETS["instruction-data"].filename
    book.parent.mkdir(parents=True)
    book.write_text(json.dumps(BOOK))
    digest = hashlib.sha256(book.read_bytes()).hexdigest()
    changed = replace(DATASETS["instruction-data"], sha256=digest)
    monkeypatch.setitem(DATASETS, "instruction-data", changed)
    quick = tuple(source for source in TASK_SOURCES if source.name != "project-synthetic")
    monkeypatch.setattr(sft, "TASK_SOURCES", quick)  # 17,000 exercises take their time
    monkeypatch.setattr(datasets, "SFT_VALIDATION_LINES", 50)
    with archive_server.serve(monkeypatch) as server:
        for origin in SFT.origin:
            server.add(origin, REPOSITORIES[origin.split("@")[0]])
        assert main(["sft", "--jobs", "1", "--quiet"]) == 0
        assert len(server.requests) == len(SFT.origin)  # each repository once
        shown = capsys.readouterr().out
        assert "gsm8k: 1 tasks (900 in the published file)" in shown
        assert main(["sft", "--jobs", "1", "--quiet"]) == 0
        assert "there already" in capsys.readouterr().out
        assert len(server.requests) == len(SFT.origin)
    training = datasets.load_instructions("sft", "train")
    tasks = training + datasets.load_instructions("sft", "validation")
    assert len(tasks) == read_data_manifest(tmp_path / "cache" / "data")["sft"]["documents"]
    assert len(tasks) > 300
    assert not any(task.instruction == "What is 2 + 3?" for task in tasks)
    credits = (tmp_path / "cache/data/instruct/credits/sft.tsv").read_text()
    assert "globalwordnet/english-wordnet@" in credits and "CC BY-SA 4.0" in credits


def end_this_process(paths: Sequence[Path]) -> Iterator[Record]:
    yield {"a": 1}
    os._exit(1)  # as the system ends a process that takes too much memory


def test_a_source_that_is_not_finished_has_no_file(tmp_path: Path) -> None:
    [svamp] = [source for source in TASK_SOURCES if source.name == "svamp"]
    path = archive_path(tmp_path / "archives", svamp.origins()[0])
    path.parent.mkdir()
    path.write_bytes(zip_of({"README.md": "no problems"}))
    work = tmp_path / "sft"
    for converter, message in (
        (sft.converter(svamp), r"has no file SVAMP\.json"),
        (Converter("ended", (), end_this_process), "fewer --jobs"),
    ):
        with pytest.raises(DatasetError, match=message):
            run_converters([converter], work, jobs=1, progress=False)
    assert list(work.glob("*.jsonl")) == []
    path.write_bytes(zip_of(REPOSITORIES["arkilpatel/SVAMP"]))
    run_converters([sft.converter(svamp)], work, jobs=1, progress=False)
    assert len(list(read_records(work, "svamp"))) == 1
