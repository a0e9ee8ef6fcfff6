"""How the exercises ask: the wordings of each kind of fact."""

from __future__ import annotations

from collections.abc import Sequence

# (instruction, input, output): "{a}" is what is asked about, "{b}" the answer, "{B}" the answer
# with a capital letter. Which wording is answered with a word and which with a sentence is fixed.
Wording = tuple[str, str, str]

OPPOSITE_SENTENCE = "The opposite of '{a}' is '{b}'."
OPPOSITE: Sequence[Wording] = (
    ("What is the opposite of '{a}'?", "", OPPOSITE_SENTENCE),
    ('What is the opposite of "{a}"?', "", OPPOSITE_SENTENCE),
    ("What is the opposite of {a}?", "", OPPOSITE_SENTENCE),
    ("Name the opposite of '{a}'.", "", OPPOSITE_SENTENCE),
    ("What is the opposite of the word {a}?", "", OPPOSITE_SENTENCE),
    ("Opposite of {a}", "", OPPOSITE_SENTENCE),
    ("Opposite of {a}?", "", OPPOSITE_SENTENCE),
    ("What's the opposite of {a}?", "", OPPOSITE_SENTENCE),
    ("Tell me the opposite of {a}.", "", OPPOSITE_SENTENCE),
    ("what is the opposite of {a}", "", OPPOSITE_SENTENCE),
    ("Which word is the opposite of '{a}'?", "", OPPOSITE_SENTENCE),
    ("{A} is the opposite of what?", "", OPPOSITE_SENTENCE),
    ("What is the antonym of {a}?", "", "An antonym of '{a}' is '{b}'."),
    ("antonym of {a}", "", "An antonym of '{a}' is '{b}'."),
    ("What word means the opposite?", "{a}", "{B}"),
    ("What is an antonym of '{a}'?", "", "An antonym of '{a}' is '{b}'."),
    ("Name an antonym for '{a}'.", "", "An antonym for '{a}' is '{b}'."),
    ("Provide an antonym for the word '{a}'.", "", "An antonym for '{a}' is '{b}'."),
    ("Give the opposite of the word.", "{a}", "{B}"),
    ("Write the opposite of this word.", "{a}", "{B}"),
)
SYNONYM: Sequence[Wording] = (
    ("What is a synonym for '{a}'?", "", "A synonym for '{a}' is '{b}'."),
    ("Name a synonym for '{a}'.", "", "A synonym for '{a}' is '{b}'."),
    ("Provide a synonym for '{a}'.", "", "A synonym for '{a}' is '{b}'."),
    ("What is another word for {a}?", "", "Another word for {a} is {b}."),
    ("Give a word that means the same as '{a}'.", "", "{B}."),
    ("Find a synonym for the word.", "{a}", "{B}"),
)
PAST: Sequence[Wording] = (
    ("What's the past tense of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("Tell me the past tense of {a}.", "", "The past tense of '{a}' is '{b}'."),
    ("what is the past tense of {a}", "", "The past tense of '{a}' is '{b}'."),
    ("What is the simple past of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("Give me the past tense of '{a}'.", "", "The past tense of '{a}' is '{b}'."),
    ("{A} in the past tense", "", "{B}."),
    ("Put the verb into the past.", "{a}", "{b}"),
    ("Past tense of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("What is the past tense of '{a}'?", "", "The past tense of '{a}' is '{b}'."),
    ('What is the past tense of "{a}"?', "", "The past tense of '{a}' is '{b}'."),
    ("What is the past tense of {a}?", "", "The past tense of '{a}' is '{b}'."),
    ("Provide the past tense of the verb 'to {a}'.", "", "The past tense of '{a}' is '{b}'."),
    ("Past tense of {a}", "", "The past tense of '{a}' is '{b}'."),
    ("Write the past tense of this verb.", "{a}", "{b}"),
    ("Change the verb to its past tense.", "{a}", "{b}"),
)
PARTICIPLE: Sequence[Wording] = (
    ("What is the past participle of '{a}'?", "", "The past participle of '{a}' is '{b}'."),
    ("Give the past participle of the verb.", "{a}", "{b}"),
)
PLURAL: Sequence[Wording] = (
    ("What is the plural of '{a}'?", "", "The plural of '{a}' is '{b}'."),
    ("What is the plural form of '{a}'?", "", "The plural form of '{a}' is '{b}'."),
    ("What is the plural of {a}?", "", "The plural of '{a}' is '{b}'."),
    ("What's the plural of {a}?", "", "The plural of '{a}' is '{b}'."),
    ("Plural of {a}?", "", "The plural of '{a}' is '{b}'."),
    ("plural of {a}", "", "The plural of '{a}' is '{b}'."),
    ("Tell me the plural of {a}.", "", "The plural of '{a}' is '{b}'."),
    ("What do you call more than one {a}?", "", "The plural of '{a}' is '{b}'."),
    ("One {a}, two what?", "", "One {a}, two {b}."),
    ("Make this word plural.", "{a}", "{b}"),
    ("Provide the plural form of '{a}'.", "", "The plural form of '{a}' is '{b}'."),
    ("Write the plural of this noun.", "{a}", "{b}"),
    ("Turn the word into its plural.", "{a}", "{b}"),
)
SINGULAR: Sequence[Wording] = (
    ("What is the singular of '{a}'?", "", "The singular of '{a}' is '{b}'."),
    ("Write the singular of this noun.", "{a}", "{b}"),
)
SPELLING: Sequence[Wording] = (
    ("Correct the spelling.", "{a}", "{b}"),
    ("Correct the spelling of the word '{a}'.", "", "The correct spelling is '{b}'."),
    ("What is the correct spelling of '{a}'?", "", "The correct spelling is '{b}'."),
    (
        "Identify the correct spelling of the following word.",
        "{a}",
        "The correct spelling is '{b}'.",
    ),
    ("Fix the spelling mistake in this word.", "{a}", "{b}"),
    ("How do you spell {a}?", "", "The correct spelling is '{b}'."),
    ("How is '{a}' spelled correctly?", "", "The correct spelling is '{b}'."),
    ("Correct the spelling: {a}", "", "{b}"),
    ("Spell {a} correctly.", "", "{b}"),
    ("Fix the spelling of {a}", "", "{b}"),
    ("Correct: {a}", "", "{b}"),
    ("Is '{a}' the correct spelling?", "", "No. The correct spelling is '{b}'."),
)
NUMBER_IN_WORDS: Sequence[Wording] = (
    ("Write {a} in words.", "", "{B}."),
    ("Write the number {a} in words.", "", "{B}."),
    ("Spell out the number {a}.", "", "{B}."),
    ("Write the number in words.", "{a}", "{b}"),
    ("How do you write {a}?", "", "{B}."),
    ("How is {a} written in words?", "", "{B}."),
    ("What is {a} in words?", "", "{B}."),
    ("{a} in words", "", "{B}."),
    ("Write out the number {a}.", "", "{B}."),
    ("Say {a} in words.", "", "{B}."),
)
NUMBER_IN_DIGITS: Sequence[Wording] = (
    ("Write '{a}' in digits.", "", "{b}"),
    ("Write this number in digits.", "{a}", "{b}"),
    ("Write {a} as a number.", "", "{b}"),
    ("{a} in digits", "", "{b}"),
    ("Which number is {a}?", "", "{b}"),
)
NEGATION: Sequence[Wording] = (
    ("Rewrite the sentence in the negative form.", "{a}", "{b}"),
    ("Make the sentence negative.", "{a}", "{b}"),
    ("Turn this sentence into a negative one.", "{a}", "{b}"),
    ("Convert the sentence into a negative statement.", "{a}", "{b}"),
    ("Negate this sentence: {a}", "", "{b}"),
    ("Negate: {a}", "", "{b}"),
    ("Negate the sentence.", "{a}", "{b}"),
    ("Make this negative: {a}", "", "{b}"),
    ("What is the negative of this sentence?", "{a}", "{b}"),
)
SENTENCE_PAST: Sequence[Wording] = (
    ("Rewrite the sentence in the past tense.", "{a}", "{b}"),
    ("Change the sentence to past tense.", "{a}", "{b}"),
    ("Put this sentence into the past tense.", "{a}", "{b}"),
    ("Convert the sentence to the past: {a}", "", "{b}"),
)
QUESTION: Sequence[Wording] = (
    ("Turn the sentence into a question.", "{a}", "{b}"),
    ("Rewrite the sentence as a question.", "{a}", "{b}"),
    ("Change this sentence into a question.", "{a}", "{b}"),
)
FUTURE: Sequence[Wording] = (
    ("Rewrite the sentence in the future tense.", "{a}", "{b}"),
    ("Change the sentence to the future tense.", "{a}", "{b}"),
)
RESULT: Sequence[Wording] = (
    ("What is {a}?", "", "{a} = {b}."),
    ("Calculate {a}.", "", "{a} = {b}."),
    ("{a}", "", "{a} = {b}."),
    ("{a} =", "", "{a} = {b}."),
    ("{a} = ?", "", "{a} = {b}."),
    ("Compute the result.", "{a}", "{b}"),
    ("What's {a}?", "", "{a} = {b}."),
    ("what is {a}", "", "{a} = {b}."),
    ("Tell me what {a} is.", "", "{a} = {b}."),
    ("Solve: {a}", "", "{a} = {b}."),
    ("What does {a} equal?", "", "{a} = {b}."),
)
SPOKEN: dict[str, Sequence[Wording]] = {
    "+": (
        ("What is {x} plus {y}?", "", "{x} + {y} = {b}."),
        ("What's {x} plus {y}?", "", "{x} + {y} = {b}."),
        ("How much is {x} plus {y}?", "", "{x} + {y} = {b}."),
        ("{x} plus {y}", "", "{x} + {y} = {b}."),
        ("How much is {a}?", "", "{x} + {y} = {b}."),
        ("Add {x} and {y}.", "", "{x} + {y} = {b}."),
        ("What is the sum of {x} and {y}?", "", "{x} + {y} = {b}."),
    ),
    "-": (
        ("What is {x} minus {y}?", "", "{x} - {y} = {b}."),
        ("What's {x} minus {y}?", "", "{x} - {y} = {b}."),
        ("How much is {x} minus {y}?", "", "{x} - {y} = {b}."),
        ("{x} minus {y}", "", "{x} - {y} = {b}."),
        ("How much is {a}?", "", "{x} - {y} = {b}."),
        ("Subtract {y} from {x}.", "", "{x} - {y} = {b}."),
    ),
    "*": (
        ("What is {x} times {y}?", "", "{x} * {y} = {b}."),
        ("What's {x} times {y}?", "", "{x} * {y} = {b}."),
        ("How much is {x} times {y}?", "", "{x} * {y} = {b}."),
        ("{x} times {y}", "", "{x} * {y} = {b}."),
        ("How much is {a}?", "", "{x} * {y} = {b}."),
        ("Multiply {x} by {y}.", "", "{x} * {y} = {b}."),
    ),
    "/": (
        ("What is {x} divided by {y}?", "", "{x} / {y} = {b}."),
        ("What's {x} divided by {y}?", "", "{x} / {y} = {b}."),
        ("How much is {x} divided by {y}?", "", "{x} / {y} = {b}."),
        ("{x} divided by {y}", "", "{x} / {y} = {b}."),
        ("How much is {a}?", "", "{x} / {y} = {b}."),
        ("Divide {x} by {y}.", "", "{x} / {y} = {b}."),
    ),
}
CAPITAL: Sequence[Wording] = (
    ("What is the capital of {a}?", "", "The capital of {a} is {b}."),
    ("What's the capital of {a}?", "", "The capital of {a} is {b}."),
    ("Capital of {a}", "", "The capital of {a} is {b}."),
    ("Tell me the capital city of {a}.", "", "The capital of {a} is {b}."),
    ("Which city is the capital of {a}?", "", "The capital of {a} is {b}."),
    ("what is the capital of {a}", "", "The capital of {a} is {b}."),
    ("Name the capital of {a}.", "", "The capital of {a} is {b}."),
    ("Do you know the capital of {a}?", "", "The capital of {a} is {b}."),
    ("Name the capital city.", "{a}", "{b}"),
)
SENTIMENT: Sequence[Wording] = (
    ("Is this positive or negative?", "{a}", "{B}"),
    ("Is this review positive or negative?", "{a}", "{B}"),
    ("Is this sentence positive or negative: {a}", "", "{B}"),
    ("Positive or negative: {a}", "", "{B}"),
    ("Classify the sentiment of the sentence as positive or negative.", "{a}", "{B}"),
    ("What is the sentiment of this sentence?", "{a}", "The sentiment is {b}."),
    ("What is the sentiment of the review?", "{a}", "The sentiment is {b}."),
    ("Identify the sentiment.", "{a}", "The sentiment is {b}."),
    ("Sentiment: {a}", "", "The sentiment is {b}."),
)
SENTENCE_TYPE: Sequence[Wording] = (
    ("Identify the type of sentence.", "{a}", "The type of sentence is {b}."),
    ("What type of sentence is it?", "{a}", "The type of sentence is {b}."),
    ("Classify the sentence type.", "{a}", "The type of sentence is {b}."),
    ("What kind of sentence is this: {a}", "", "The type of sentence is {b}."),
    ("What is the sentence type?", "{a}", "The type of sentence is {b}."),
    ("Is it declarative, interrogative, imperative or exclamatory?", "{a}", "{B}"),
    ("Declarative, interrogative, imperative or exclamatory?", "{a}", "{B}"),
)
