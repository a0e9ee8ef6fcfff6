"""Tasks by rule: every answer that can be computed is computed here once more."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest

from train.chat.drills import DRILLS, example_sentences, things
from train.chat.english import capitalise, in_words
from train.chat.wordings import Task
from train.chat.written_files import lists


def drawn(kind: str, seed: int = 0) -> list[Task]:
    return list(DRILLS[kind](random.Random(seed)))


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


@pytest.mark.parametrize("kind", DRILLS)
def test_the_next_epoch_draws_others(kind: str) -> None:
    tasks = drawn(kind)
    assert tasks == drawn(kind)
    assert len(set(tasks) & set(drawn(kind, 1))) < 0.7 * len(tasks)


def test_problems_have_their_answers() -> None:
    for text, sign, answer in lists("drills")["problems"]:
        found = {"name": "Tom", "other": "Anna", "things": "books", "a": 12, "b": 4, "c": 48}
        asked, answered = (set(numbers(part.format(**found))) for part in (text, answer))
        result = 12 if sign == "/" else 48
        assert result in answered and result not in asked, text
        given = {48, 4} if sign == "/" else {4} if sign[:-1] else {12, 4}
        assert given <= asked, text
    for asked, _, answer in drawn("problems"):
        # Whatever the sign: the three numbers of a sum or of a product.
        said = sorted(dict.fromkeys(numbers(asked) + numbers(answer)))
        assert any(x + y == z or x * y == z for z in said for x in said for y in said), asked


def test_units_are_converted() -> None:
    factors = {(large, small): factor for small, large, factor in lists("drills")["units"]}
    for _, _, answer in drawn("units"):
        x, of, y, into = re.fullmatch(r"(\d+) (\w+) (?:is|are) (\d+) (\w+)\.", answer).groups()
        one, other = of.removesuffix("s"), into.removesuffix("s")
        factor = factors.get((one, other))
        if factor:
            assert int(x) * factor == int(y)
        else:
            assert int(x) == int(y) * factors[other, one]


def test_what_comes_before_and_after() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    days, months = lists("requests")["days"], lists("requests")["months"]
    rows = [[*letters], [*days, days[0]], [*months, months[0]]]
    rows += [[str(n) for n in range(102)], [in_words(n).lower() for n in range(102)]]
    follows = {pair for row in rows for pair in pairwise(row)}
    seen = set()
    for asked, _, answer in drawn("neighbours"):
        said, word, x = re.fullmatch(r"(.+) comes (after|before) (.+)\.", answer).groups()
        said = said if said in letters or said in days + months else said.lower()
        assert ((x, said) if word == "after" else (said, x)) in follows, answer
        assert x.lower() in asked.lower() and said not in asked.split()
        seen.add(word)
    assert seen == {"after", "before"}


def test_even_and_odd_numbers() -> None:
    words = {in_words(number): number for number in range(101)}
    for asked, _, answer in drawn("even_or_odd"):
        said, x, what = re.fullmatch(r"(Yes, |No, )?(.+) is an (\w+) number\.", answer).groups()
        number = int(x) if x.isdecimal() else words[x.lower()]
        assert what == ("odd" if number % 2 else "even")
        assert (said is None) == (" or " in asked)
        if said:
            assert (what in asked) == (said == "Yes, "), asked


def test_numbers_in_order() -> None:
    for asked, _, answer in drawn("ordered"):
        given, said = numbers(asked), numbers(answer)
        if found := re.fullmatch(r"The (\w+) number is (\d+)\.", answer):
            if found[1] == "next":
                assert said == [2 * given[-1] - given[-2]]
            else:
                largest = found[1] in ("largest", "biggest", "highest")
                assert said == [max(given) if largest else min(given)]
        elif len(given) == 2 and [*given] == [said[0], said[-1]]:
            step = 1 if said[0] < said[-1] else -1
            assert said == list(range(given[0], given[1] + step, step))
        else:
            assert sorted(given) == sorted(said)
            assert said in (sorted(said), sorted(said, reverse=True))


def test_as_many_of_a_kind_as_are_asked_for() -> None:
    words = {in_words(number): number for number in range(2, 6)}
    counted = set()
    for asked, _, answer in drawn("kinds"):
        many = [kind for kind in lists("drills")["kinds"] if f" {kind['many']}" in f" {asked}"]
        of_a_kind = {capitalise(thing): thing for kind in many for thing in kind["things"]}
        named = re.split(", | and ", answer.removesuffix("."))
        if not many or named[0] not in of_a_kind:
            continue
        found = re.findall(r"\w+", asked.lower())
        said = [words.get(word) or int(word) for word in found if word in words or word.isdecimal()]
        assert all(number == len(named) == len(set(named)) for number in said), (asked, answer)
        counted.add(len(named))
    assert counted == {2, 3, 4, 5}


def test_what_a_thing_is_holds_both_ways() -> None:
    kinds = {thing.name: {thing.kind, thing.within} for thing in things()}
    questions = 0
    for asked, input, answer in drawn("kinds"):
        if found := re.match(r"(Yes|No), ([^.]+?) is (?:not )?(an? [\w ]+)\.", answer):
            verdict, name, kind = found.groups()
            assert (kind in kinds[name]) == (verdict == "Yes"), answer
            questions += 1
        if found := re.fullmatch(r"The odd one out is (.+), because it is not (.+)\.", answer):
            odd, kind = found.groups()
            named = [name for name in kinds if name.endswith(odd) or name.endswith(odd.lower())]
            assert any(kind not in kinds[name] for name in named), answer
            assert odd.lower() in f"{asked} {input}".lower()
    assert questions > 100


def test_of_two_kinds_the_right_one_is_said() -> None:
    kinds = {thing.name: thing.kind for thing in things()}
    for asked, _, answer in drawn("alternatives"):
        [kind] = [k for n, k in kinds.items() if answer.lower() == f"{n} is {k}.".lower()]
        assert kind in asked.lower()


def test_sentences_are_joined_with_the_word_and_taken_apart_again() -> None:
    for asked, input, answer in drawn("joined"):
        text = f"{asked} {input}".lower()
        if answer.count(".") == 2:  # taken apart: nothing is lost but the joining word
            words = re.findall(r"[\w']+", answer.lower())
            assert all(word in text for word in words)
            continue
        first, second = re.fullmatch(r"(.+?),? (?:because|but|so|and) (.+)\.", answer).groups()
        assert first.lower() in text and second.lower() in text


def test_letters_and_words_are_counted() -> None:
    for asked, input, answer in drawn("letters"):
        if found := re.fullmatch(r"The word (\w+) has (.+) letters\.", answer):
            assert found[2] == in_words(len(found[1]))
        if found := re.fullmatch(r"A word that rhymes with (\w+) is (\w+)\.", answer):
            assert any({*found.groups()} <= {*row} for row in lists("drills")["rhymes"])
        if found := re.fullmatch(r"There are (.+) words\.", answer):
            text = f"{asked}\n{input}"
            sentence = max((s for s in example_sentences() if s.rstrip(".") in text), key=len)
            assert found[1] == in_words(len(sentence.split()))
        if ", " in answer:
            assert answer.split(", ") == sorted(answer.split(", "))


def test_the_larger_thing_wins() -> None:
    for _, _, answer in drawn("compared"):
        said = re.fullmatch(r"(?:Yes, |No, )?(.+) is (\w+) than (.+)\.", answer)
        winner, word, loser = said.groups()
        winner = winner[0].lower() + winner[1:]
        [scale] = [s for s in lists("drills")["scales"] if any(word in pair for pair in s["words"])]
        places = {thing: place for place, tier in enumerate(scale["things"]) for thing in tier}
        is_more = word in [up for up, _ in scale["words"]]
        assert (places[winner] > places[loser]) == is_more, answer


def test_example_sentences_have_the_words_asked_for() -> None:
    for asked, input, answer in drawn("drills"):
        if answer in example_sentences():
            words = set(re.findall(r"[a-z]+", f"{asked} {input}"))
            assert words & set(re.findall(r"[a-z]+", answer))
