"""Leave-one-out influence of words: equal to asking the classifier by hand, for any message."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2_scratch.classifier import SpamClassifier
from gpt2_scratch.insight.word_influence import word_influence

MESSAGE = "  Win a prize,\n call now!  "


@pytest.fixture(scope="module")
def classifier(tiny_weights: Path) -> SpamClassifier:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
        return SpamClassifier.from_pretrained()


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_each_number_is_a_difference_of_two_verdicts(classifier: SpamClassifier) -> None:
    verdict, spans = word_influence(classifier, MESSAGE)
    assert verdict.spam_probability == pytest.approx(
        classifier.predict(MESSAGE).spam_probability, abs=1e-5
    )
    assert [span.text for span in spans] == ["  Win ", "a ", "prize,\n ", "call ", "now!  "]
    for span in spans:
        without = classifier.predict(MESSAGE.replace(span.text, "", 1)).spam_probability
        assert span.spam_probability_without == pytest.approx(without, abs=1e-5)
        expected = log_odds(verdict.spam_probability) - log_odds(without)
        assert span.influence == pytest.approx(expected, abs=1e-3)
    assert len({round(span.influence, 3) for span in spans}) == 5  # the words do differ


def test_the_sign_says_which_way_a_word_pushes(classifier: SpamClassifier) -> None:
    verdict, spans = word_influence(classifier, "see you at noon win a prize call now the cat sat")
    for span in spans:
        assert span.spam_probability_without is not None
        lower = span.spam_probability_without < verdict.spam_probability
        assert (span.influence > 0) == lower


def test_all_versions_are_one_batch(
    classifier: SpamClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    predict_batch = SpamClassifier.predict_batch

    def counted(self: SpamClassifier, messages: list[str]) -> list:
        batches.append(len(messages))
        return predict_batch(self, messages)

    monkeypatch.setattr(SpamClassifier, "predict_batch", counted)
    word_influence(classifier, MESSAGE)
    assert batches == [6]


def test_a_single_word_has_nothing_to_be_compared_with(classifier: SpamClassifier) -> None:
    for message in ("Win", " Win\n", "\u200bWin"):
        verdict, (span,) = word_influence(classifier, message)
        assert 0 < verdict.spam_probability < 1
        assert (span.text, span.spam_probability_without, span.influence) == (message, None, 0.0)


def test_a_long_message_is_cut_into_runs_of_words(classifier: SpamClassifier) -> None:
    words = [f"w{number} " for number in range(21)]
    _, spans = word_influence(classifier, "".join(words), max_spans=10)
    assert len(spans) == 7
    assert [span.text for span in spans[:2]] == ["w0 w1 w2 ", "w3 w4 w5 "]
    assert "".join(span.text for span in spans) == "".join(words)


@settings(deadline=None, max_examples=25)
@given(st.text(st.sampled_from("ab \n\u200b\u202e\u3000é🙂<>{}$"), max_size=40))
def test_any_message_is_covered_or_refused_in_a_sentence(
    classifier: SpamClassifier, message: str
) -> None:
    try:
        verdict, spans = word_influence(classifier, message)
    except ValueError as error:
        assert str(error).startswith("The message is empty")
    else:
        assert "".join(span.text for span in spans) == message
        assert all(math.isfinite(span.influence) for span in spans)
        assert 0 <= verdict.spam_probability <= 1


@pytest.mark.parametrize("message", ["", " \n", "\u200b", None, 7])
def test_no_text_no_words(classifier: SpamClassifier, message: object) -> None:
    with pytest.raises(ValueError, match=r"message is empty|must be text"):
        word_influence(classifier, message)  # type: ignore[arg-type]
