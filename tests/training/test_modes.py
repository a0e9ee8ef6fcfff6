"""What a mode costs is measured on the models as that mode rounds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2_scratch.classifier import SpamClassifier, Verdict
from gpt2_scratch.engine.quantization import MODES
from train.modes import changed, verdicts

MESSAGES = ["Win a prize now, call to claim it", "See you at noon", "a " * 100, "?"]


def test_the_exact_mode_gives_the_classifier_s_own_verdicts_and_others_close_ones(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    classifier = SpamClassifier.from_pretrained("spam")
    exact = classifier.predict_batch(MESSAGES)
    found = verdicts(classifier, MESSAGES)
    assert list(found) == list(MODES)
    assert found["fp32"] == exact
    for mode in MODES:
        for before, after in zip(exact, found[mode], strict=True):
            assert after.spam_probability == pytest.approx(before.spam_probability, abs=0.1)
    assert found["int8"] != exact


def test_a_verdict_counts_as_changed_unless_it_hung_on_a_hair() -> None:
    def verdict(probability: float) -> Verdict:
        return Verdict("spam" if probability >= 0.5 else "ham", probability, False)

    before = [verdict(p) for p in (0.1, 0.495, 0.505, 0.52, 0.4)]
    after = [verdict(p) for p in (0.2, 0.51, 0.49, 0.48, 0.6)]
    assert changed(before, after, 0.5) == [3, 4]
    assert changed(before, before, 0.5) == []
