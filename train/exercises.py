"""Short exercises written by rule: opposites, verb forms, plurals, sums, spelling, sentences.

A model of a few million parameters has no room for the world's facts, but it can learn a few
hundred short, regular ones that visitors try first. The instruction sets ask for each of them once
or twice in one wording; here each is asked in several wordings, so that what is learnt is the fact
and not the sentence around it. The lists were written for this project. A task that also stands in
a held-out part is left out by `finetune_chat`, so the held-out figures stay honest.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from train.datasets import Instruction

SOURCE = "exercise"  # the sources are "exercise:opposite", "exercise:past_tense", ...
WORDINGS_PER_FACT = 3
SENTENCES = ("negation", "sentence_past", "question", "future")  # many alike: one wording each

# --- the facts ---------------------------------------------------------------------------------

# Both directions are asked, so a word stands on each side once.
_OPPOSITES = """
hot cold, big small, large tiny, tall short, long brief, fast slow, quick sluggish, high low, deep
shallow, wide narrow, thick thin, heavy light, dark bright, old young, new ancient, hard soft,
rough smooth, wet dry, full empty, open closed, clean dirty, rich poor, strong weak, happy sad,
good bad, kind cruel, brave cowardly, polite rude, honest dishonest, safe dangerous, easy
difficult, simple complicated, right wrong, true false, early late, first last, near far, above
below, up down, in out, on off, left right, front back, top bottom, inside outside, begin end,
start stop, come go, give take, buy sell, win lose, push pull, laugh cry, love hate, remember
forget, arrive depart, rise fall, lend borrow, build destroy, accept refuse, agree disagree,
appear disappear, enter leave, ask answer, teach learn, work rest, wake sleep, always never, often
rarely, everything nothing, everyone nobody, many few, more less, most least, day night, summer
winter, north south, east west, man woman, boy girl, king queen, friend enemy, success failure,
victory defeat, war peace, life death, hope despair, joy sorrow, beautiful ugly, loud quiet, noisy
silent, calm excited, lazy hardworking, generous selfish, careful careless, patient impatient,
possible impossible, lucky unlucky, fair unfair, visible invisible, legal illegal, regular
irregular, expensive cheap, public private, modern traditional, natural artificial, guilty
innocent, healthy sick, awake asleep, alive dead, tight loose, sharp blunt, sweet bitter, fresh
stale, raw cooked, full-time part-time, major minor, maximum minimum, increase decrease, expand
shrink, attack defend, praise criticize, reward punish, import export, combine separate, permanent
temporary, optimistic pessimistic, positive negative, active passive, arrogant humble, famous
unknown, crowded deserted, ordinary unusual, wise foolish, smart stupid, gentle harsh, cheerful
gloomy, bold timid, courage fear, wealth poverty, majority minority, past future, heaven hell,
present absent, include exclude
"""

_SYNONYMS = """
big large, small little, happy glad, sad unhappy, fast quick, smart clever, angry furious, begin
start, end finish, help assist, buy purchase, difficult hard, easy simple, rich wealthy, brave
courageous, beautiful lovely, ugly hideous, old ancient, quiet silent, tired exhausted, strange
odd, funny amusing, scared afraid, loud noisy, cold chilly, hot scorching, tiny minuscule, huge
enormous, hungry starving, important significant, correct right, wrong incorrect, rude impolite,
kind gentle, friend companion, house home, child kid, job occupation, gift present, road street,
answer reply, ask inquire, choose select, look gaze, run sprint, jump leap, shout yell, cry weep,
laugh giggle, walk stroll, talk speak, hide conceal, build construct, repair fix, show display,
get obtain, keep retain, need require, like enjoy, hate detest, love adore, try attempt, use
employ, think ponder, understand comprehend, teach instruct, famous renowned, calm peaceful,
bright brilliant, clean spotless, dirty filthy, empty vacant, wet damp, weak feeble, strong
powerful, lucky fortunate, honest truthful, delicious tasty, boring dull, interesting fascinating,
nice pleasant, bad awful, good great, sick ill, error mistake, idea thought, trip journey, story
tale, war conflict
"""

_VERBS = """
be was been, become became become, begin began begun, bite bit bitten, blow blew blown, break
broke broken, bring brought brought, build built built, buy bought bought, catch caught caught,
choose chose chosen, come came come, cost cost cost, cut cut cut, do did done, draw drew drawn,
drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed fed, feel felt
felt, fight fought fought, find found found, fly flew flown, forget forgot forgotten, forgive
forgave forgiven, freeze froze frozen, get got got, give gave given, go went gone, grow grew
grown, have had had, hear heard heard, hide hid hidden, hit hit hit, hold held held, keep kept
kept, know knew known, lead led led, leave left left, lend lent lent, let let let, lose lost lost,
make made made, mean meant meant, meet met met, pay paid paid, put put put, read read read, ride
rode ridden, ring rang rung, rise rose risen, run ran run, say said said, see saw seen, sell sold
sold, send sent sent, shake shook shaken, shine shone shone, shoot shot shot, shut shut shut, sing
sang sung, sit sat sat, sleep slept slept, speak spoke spoken, spend spent spent, stand stood
stood, steal stole stolen, swim swam swum, take took taken, teach taught taught, tear tore torn,
tell told told, think thought thought, throw threw thrown, understand understood understood, wake
woke woken, wear wore worn, win won won, write wrote written
"""
_REGULAR_VERBS = """
walk talk jump play help call ask answer work look open close clean cook wash watch listen laugh
smile dance paint plant visit travel arrive move live love like hate want need use start finish
study carry cry try hurry worry stop plan drop shop clap hug rob beg jog bake smoke dream climb
kick pull push pick pack learn turn rain snow wait shout whisper explain invite decide
"""

_IRREGULAR_PLURALS = """
child children, man men, woman women, foot feet, tooth teeth, goose geese, mouse mice, ox oxen,
person people, sheep sheep, deer deer, fish fish, leaf leaves, knife knives, wife wives, wolf
wolves, life lives, shelf shelves, loaf loaves, half halves, thief thieves, calf calves, potato
potatoes, tomato tomatoes, hero heroes, echo echoes, cactus cacti, crisis crises, analysis
analyses, phenomenon phenomena, criterion criteria, medium media, quiz quizzes, piano pianos,
photo photos
"""
_NOUNS = """
cat dog house tree car book bird boat river song door chair table apple banana friend teacher
student doctor window garden bus box fox dish wish church bench glass class kiss watch brush
city baby lady party story country family cherry berry puppy boy toy day key monkey valley flower
pencil school letter number picture bridge horse cow pig lion shoe shirt spoon cup plate bottle
"""

_MISSPELLINGS = """
recieve receive, beleive believe, freind friend, wierd weird, seperate separate, definately
definitely, occured occurred, untill until, tommorow tomorrow, begining beginning, goverment
government, enviroment environment, neccessary necessary, accomodate accommodate, adress address,
arguement argument, calender calendar, collegue colleague, concious conscious, embarass embarrass,
existance existence, foriegn foreign, fourty forty, grammer grammar, happend happened, harrass
harass, immediatly immediately, independant independent, intresting interesting, knowlege
knowledge, libary library, lenght length, lisence license, maintainance maintenance, mispell
misspell, neice niece, ocassion occasion, persistant persistent, posession possession, prefered
preferred, publically publicly, realy really, recomend recommend, refered referred, relevent
relevant, religous religious, rember remember, restarant restaurant, rythm rhythm, sieze seize,
sincerly sincerely, speach speech, strenght strength, succesful successful, suprise surprise,
tendancy tendency, thier their, truely truly, unfortunatly unfortunately, usefull useful, vaccum
vacuum, wich which, writting writing, acheive achieve, beautifull beautiful, buisness business,
commitee committee, completly completely, dissapear disappear, exellent excellent, experiance
experience, familar familiar, finaly finally, garantee guarantee, gaurd guard, hieght height,
humourous humorous, jewelery jewelry, mischievious mischievous, noticable noticeable, paralel
parallel, peice piece, pronounciation pronunciation, questionaire questionnaire, scedule schedule,
sugest suggest, temperture temperature, tounge tongue, vegtable vegetable, wether whether,
wonderfull wonderful
"""

# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

# Small talk: what people say first, and what this assistant can honestly answer.
_SMALL_TALK = (
    (("Hello", "Hello!", "Hi", "Hi!", "hi", "hello", "Hey", "Hey there", "Hi there", "Hello there!",
      "Greetings", "Good day", "hey!", "Hiya", "Howdy"), "Hello! How can I help you?"),
    (("Good morning", "Good morning!", "good morning"), "Good morning! How can I help you?"),
    (("Good afternoon", "Good afternoon!"), "Good afternoon! How can I help you?"),
    (("Good evening", "Good evening!"), "Good evening! How can I help you?"),
    (("Good night", "Good night!", "Sleep well"), "Good night! Sleep well."),
    (("How are you?", "How are you doing?", "how are you", "How's it going?", "How do you feel?",
      "How are things?", "Are you well?", "How is your day?", "What's up?", "How are you today?"),
     "I am doing well, thank you. How can I help you?"),
    (("Thanks", "Thank you", "Thank you!", "Thanks a lot", "Thank you very much", "thanks!",
      "Thanks for your help", "Many thanks", "That was helpful"), "You are welcome!"),
    (("Bye", "Goodbye", "Goodbye!", "See you later", "bye bye", "See you", "I have to go now",
      "See you tomorrow", "Farewell"), "Goodbye! Have a nice day."),
    (("Who are you?", "What are you?", "Tell me about yourself", "Are you a robot?",
      "Are you a human?", "Are you a person?", "Introduce yourself.", "What is your name?",
      "Do you have a name?", "What kind of model are you?"),
     "I am a small language model that was trained from scratch."),
    (("What can you do?", "How can you help me?", "What can I ask you?", "Can you help me?",
      "I need help", "Help", "What are you good at?"),
     "I can rewrite sentences, name opposites and plurals, and answer short questions."),
    (("Nice to meet you", "Nice to meet you!", "Pleased to meet you"), "Nice to meet you, too!"),
    (("I am happy", "I feel great today", "I had a good day", "I passed my exam!"),
     "That is good to hear!"),
    (("I am sad", "I feel lonely", "I had a bad day", "I am tired", "I feel sick"),
     "I am sorry to hear that. I hope you feel better soon."),
    (("Sorry", "I am sorry", "My mistake"), "That is all right."),
    (("You are great", "You are smart", "Good job", "Well done", "I like you"), "Thank you!"),
    (("You are stupid", "You are wrong", "That is wrong", "That makes no sense"),
     "I am sorry. I am a small model and I make mistakes."),
    (("What is the weather today?", "What time is it?", "What day is it today?", "Where am I?",
      "What is the news today?", "What is my name?", "How old am I?", "What is the date today?"),
     "I do not know that: I have no access to it."),
    (("Ok", "Okay", "I see", "Alright", "Cool", "Great"), "Is there anything else I can do?"),
)  # fmt: skip

# Simple sentences: who, does what (third person, base form, past), to what.
_SUBJECTS = """
I, You, We, They, He, She, It, My brother, The teacher, Anna, The children, My parents, Tom,
The dog, Our neighbors, The girl, Sam and Mia, The doctor
"""
_PLURAL_SUBJECTS = ("I", "You", "We", "They", "The children", "My parents", "Our neighbors",
                    "Sam and Mia")  # fmt: skip
_NAMES_AND_I = ("I", "Anna", "Tom", "Sam and Mia")  # written with a capital letter everywhere
_PREDICATES = """
likes like liked apples, eats eat ate breakfast at home, drinks drink drank tea in the morning,
plays play played football, walks walk walked to school, goes go went to the park,
reads read read a book, writes write wrote a letter, works work worked in the garden,
lives live lived in a small house, helps help helped the old man, knows know knew the answer,
sees see saw a bird, runs run ran very fast, sings sing sang a song, wants want wanted a new bike,
needs need needed more time, buys buy bought fresh bread, makes make made a cake,
watches watch watched the film, speaks speak spoke French, sleeps sleep slept on the sofa,
finds find found the key, takes take took the bus, opens open opened the window,
cleans clean cleaned the kitchen, loves love loved the sea, visits visit visited the museum,
comes come came home late, drives drive drove to work, teaches teach taught music,
has have had a red car, feels feel felt tired, tells tell told the truth,
carries carry carried the box, studies study studied every day, swims swim swam in the lake,
"""

# --- the wordings ------------------------------------------------------------------------------

# (instruction, input, output): "{a}" is what is asked about, "{b}" the answer, "{B}" the answer
# with a capital letter. Which wording is answered with a word and which with a sentence is fixed.
Wording = tuple[str, str, str]

_OPPOSITE_SENTENCE = "The opposite of '{a}' is '{b}'."
_OPPOSITE: Sequence[Wording] = (
    ("What is the opposite of '{a}'?", "", _OPPOSITE_SENTENCE),
    ('What is the opposite of "{a}"?', "", _OPPOSITE_SENTENCE),
    ("What is the opposite of {a}?", "", _OPPOSITE_SENTENCE),
    ("Name the opposite of '{a}'.", "", _OPPOSITE_SENTENCE),
    ("What is the opposite of the word {a}?", "", _OPPOSITE_SENTENCE),
    ("Opposite of {a}", "", _OPPOSITE_SENTENCE),
    ("Opposite of {a}?", "", _OPPOSITE_SENTENCE),
    ("What is an antonym of '{a}'?", "", "An antonym of '{a}' is '{b}'."),
    ("Name an antonym for '{a}'.", "", "An antonym for '{a}' is '{b}'."),
    ("Provide an antonym for the word '{a}'.", "", "An antonym for '{a}' is '{b}'."),
    ("Give the opposite of the word.", "{a}", "{B}"),
    ("Write the opposite of this word.", "{a}", "{B}"),
)
_SYNONYM: Sequence[Wording] = (
    ("What is a synonym for '{a}'?", "", "A synonym for '{a}' is '{b}'."),
    ("Name a synonym for '{a}'.", "", "A synonym for '{a}' is '{b}'."),
    ("Provide a synonym for '{a}'.", "", "A synonym for '{a}' is '{b}'."),
    ("What is another word for {a}?", "", "Another word for {a} is {b}."),
    ("Give a word that means the same as '{a}'.", "", "{B}."),
    ("Find a synonym for the word.", "{a}", "{B}"),
)
_PAST: Sequence[Wording] = (
    ("Past tense of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("What is the past tense of '{a}'?", "", "The past tense of '{a}' is '{b}'."),
    ('What is the past tense of "{a}"?', "", "The past tense of '{a}' is '{b}'."),
    ("What is the past tense of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("Provide the past tense of the verb 'to {a}'.", "", "The past tense of '{a}' is '{b}'."),
    ("Past tense of {a}", "", "The past tense of '{a}' is '{b}'."),
    ("Write the past tense of this verb.", "{a}", "{b}"),
    ("Change the verb to its past tense.", "{a}", "{b}"),
)
_PARTICIPLE: Sequence[Wording] = (
    ("What is the past participle of '{a}'?", "", "The past participle of '{a}' is '{b}'."),
    ("Give the past participle of the verb.", "{a}", "{b}"),
)
_PLURAL: Sequence[Wording] = (
    ("What is the plural of '{a}'?", "", "The plural of '{a}' is '{b}'."),
    ("What is the plural form of '{a}'?", "", "The plural form of '{a}' is '{b}'."),
    ("What is the plural of {a}?", "", "The plural of '{a}' is '{b}'."),
    ("Provide the plural form of '{a}'.", "", "The plural form of '{a}' is '{b}'."),
    ("Write the plural of this noun.", "{a}", "{b}"),
    ("Turn the word into its plural.", "{a}", "{b}"),
)
_SINGULAR: Sequence[Wording] = (
    ("What is the singular of '{a}'?", "", "The singular of '{a}' is '{b}'."),
    ("Write the singular of this noun.", "{a}", "{b}"),
)
_SPELLING: Sequence[Wording] = (
    ("Correct the spelling.", "{a}", "{b}"),
    ("Correct the spelling of the word '{a}'.", "", "The correct spelling is '{b}'."),
    ("What is the correct spelling of '{a}'?", "", "The correct spelling is '{b}'."),
    (
        "Identify the correct spelling of the following word.",
        "{a}",
        "The correct spelling is '{b}'.",
    ),
    ("Fix the spelling mistake in this word.", "{a}", "{b}"),
)
_NUMBER_IN_WORDS: Sequence[Wording] = (
    ("Write {a} in words.", "", "{B}."),
    ("Write the number {a} in words.", "", "{B}."),
    ("Spell out the number {a}.", "", "{B}."),
    ("Write the number in words.", "{a}", "{b}"),
)
_NUMBER_IN_DIGITS: Sequence[Wording] = (
    ("Write '{a}' in digits.", "", "{b}"),
    ("Write this number in digits.", "{a}", "{b}"),
)
_NEGATION: Sequence[Wording] = (
    ("Rewrite the sentence in the negative form.", "{a}", "{b}"),
    ("Make the sentence negative.", "{a}", "{b}"),
    ("Turn this sentence into a negative one.", "{a}", "{b}"),
    ("Convert the sentence into a negative statement.", "{a}", "{b}"),
    ("Negate this sentence: {a}", "", "{b}"),
)
_SENTENCE_PAST: Sequence[Wording] = (
    ("Rewrite the sentence in the past tense.", "{a}", "{b}"),
    ("Change the sentence to past tense.", "{a}", "{b}"),
    ("Put this sentence into the past tense.", "{a}", "{b}"),
    ("Convert the sentence to the past: {a}", "", "{b}"),
)
_QUESTION: Sequence[Wording] = (
    ("Turn the sentence into a question.", "{a}", "{b}"),
    ("Rewrite the sentence as a question.", "{a}", "{b}"),
    ("Change this sentence into a question.", "{a}", "{b}"),
)
_FUTURE: Sequence[Wording] = (
    ("Rewrite the sentence in the future tense.", "{a}", "{b}"),
    ("Change the sentence to the future tense.", "{a}", "{b}"),
)
_RESULT: Sequence[Wording] = (
    ("What is {a}?", "", "{a} = {b}."),
    ("Calculate {a}.", "", "{a} = {b}."),
    ("{a}", "", "{a} = {b}."),
    ("{a} =", "", "{a} = {b}."),
    ("{a} = ?", "", "{a} = {b}."),
    ("Compute the result.", "{a}", "{b}"),
)
_SPOKEN: dict[str, Sequence[Wording]] = {
    "+": (
        ("What is {x} plus {y}?", "", "{x} + {y} = {b}."),
        ("Add {x} and {y}.", "", "{x} + {y} = {b}."),
        ("What is the sum of {x} and {y}?", "", "{x} + {y} = {b}."),
    ),
    "-": (
        ("What is {x} minus {y}?", "", "{x} - {y} = {b}."),
        ("Subtract {y} from {x}.", "", "{x} - {y} = {b}."),
    ),
    "*": (
        ("What is {x} times {y}?", "", "{x} * {y} = {b}."),
        ("Multiply {x} by {y}.", "", "{x} * {y} = {b}."),
    ),
    "/": (
        ("What is {x} divided by {y}?", "", "{x} / {y} = {b}."),
        ("Divide {x} by {y}.", "", "{x} / {y} = {b}."),
    ),
}


def exercises(seed: int) -> list[Instruction]:
    """All facts, each in a few wordings drawn with `seed`; small talk in all of its wordings."""
    rng = random.Random(f"exercises {seed}")
    tasks = [
        _task(kind, wording, values)
        for kind, wordings, values in _facts()
        for wording in rng.sample(wordings, _wordings_of(kind, wordings))
    ]
    tasks += [
        Instruction(said, "", answer, f"{SOURCE}:small_talk")
        for ways, answer in _SMALL_TALK
        for said in ways
    ]
    return tasks


def _wordings_of(kind: str, wordings: Sequence[Wording]) -> int:
    return 1 if kind in SENTENCES else min(WORDINGS_PER_FACT, len(wordings))


def _task(kind: str, wording: Wording, values: dict[str, str]) -> Instruction:
    instruction, input, output = (part.format(**values) for part in wording)
    return Instruction(instruction, input, output, f"{SOURCE}:{kind}")


def _facts() -> Iterator[tuple[str, Sequence[Wording], dict[str, str]]]:
    """(kind, the wordings to choose from, the values of their slots) of each fact."""
    for a, b in _rows(_OPPOSITES):
        yield "opposite", _OPPOSITE, _answer(a, b)
        yield "opposite", _OPPOSITE, _answer(b, a)
    for a, b in _rows(_SYNONYMS):
        yield "synonym", _SYNONYM, _answer(a, b)
    regular = [[verb, past_of(verb), past_of(verb)] for verb in _REGULAR_VERBS.split()]
    for verb, past, participle in [*_rows(_VERBS), *regular]:
        yield "past_tense", _PAST, _answer(verb, past)
        yield "past_tense", _PARTICIPLE, _answer(verb, participle)
    for one, several in [*_rows(_IRREGULAR_PLURALS), *([n, plural_of(n)] for n in _NOUNS.split())]:
        yield "plural", _PLURAL, _answer(one, several)
        yield "plural", _SINGULAR, _answer(several, one)
    for wrong, correct in _rows(_MISSPELLINGS):
        yield "spelling", _SPELLING, _answer(wrong, correct)
    for number in range(101):
        yield "number_words", _NUMBER_IN_WORDS, _answer(str(number), in_words(number))
        yield "number_words", _NUMBER_IN_DIGITS, _answer(in_words(number), str(number))
    for sentence in _sentences():
        for kind, wordings, rewritten in (
            ("negation", _NEGATION, sentence.negative),
            ("sentence_past", _SENTENCE_PAST, sentence.past),
            ("question", _QUESTION, sentence.question),
            ("future", _FUTURE, sentence.future),
        ):
            yield kind, wordings, _answer(sentence.present, rewritten)
    for x, sign, y, result in _sums():
        slots = _answer(f"{x} {sign} {y}", str(result)) | {"x": str(x), "y": str(y)}
        yield "arithmetic", (*_RESULT, *_SPOKEN[sign]), slots


@dataclass(frozen=True)
class _Sentence:
    """A sentence in the present tense, and what the tasks make of it."""

    present: str
    past: str
    negative: str
    question: str
    future: str


def _sentences() -> Iterator[_Sentence]:
    """Each predicate with each subject."""
    subjects = [" ".join(words) for words in _rows(_SUBJECTS)]
    for third, base, past, *words in _rows(_PREDICATES):
        rest = " ".join(words)
        for subject in subjects:
            plural = subject in _PLURAL_SUBJECTS
            verb, do = (base, "do") if plural else (third, "does")
            within = subject if subject in _NAMES_AND_I else subject[0].lower() + subject[1:]
            yield _Sentence(
                present=f"{subject} {verb} {rest}.",
                past=f"{subject} {past} {rest}.",
                negative=f"{subject} {do} not {base} {rest}.",
                question=f"{do.capitalize()} {within} {base} {rest}?",
                future=f"{subject} will {base} {rest}.",
            )


def _sums() -> Iterator[tuple[int, str, int, int]]:
    """(x, sign, y, result): sums and differences up to 20, the table of ten and its reverse."""
    for x in range(21):
        for y in range(21 - x):
            yield x, "+", y, x + y
            yield x + y, "-", y, x
    for x in range(1, 11):
        for y in range(1, 11):
            yield x, "*", y, x * y
            yield x * y, "/", y, x


def _rows(text: str) -> list[list[str]]:
    """The comma-separated rows of a list, each split into its words."""
    return [row.split() for row in text.split(",") if row.strip()]


def _answer(a: str, b: str) -> dict[str, str]:
    return {"a": a, "b": b, "B": b[:1].upper() + b[1:]}


def past_of(verb: str) -> str:
    """The past of a regular English verb: walked, baked, studied, stopped."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    # In a word of one syllable, a consonant behind a single vowel doubles: stopped, planned.
    if (
        sum(letter in "aeiou" for letter in verb) == 1
        and verb[-2] in "aeiou"
        and verb[-1] in "bgnp"
    ):
        return verb + verb[-1] + "ed"
    return verb + "ed"


def plural_of(noun: str) -> str:
    """The plural of a regular English noun: cats, boxes, cities."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def in_words(number: int) -> str:
    """A number from 0 to 100 in words: forty-two."""
    if number == 100:
        return "one hundred"
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
