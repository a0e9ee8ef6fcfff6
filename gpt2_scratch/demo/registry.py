"""The models of one running app: each loaded once, on first use, and shared by all requests."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from gpt2_scratch.chat import Assistant
from gpt2_scratch.checkpoints.errors import COMMANDS
from gpt2_scratch.checkpoints.format import expected_shapes
from gpt2_scratch.checkpoints.hub import REPOSITORY
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import SpamClassifier
from gpt2_scratch.config import PRESETS
from gpt2_scratch.demo.limits import FETCHED_PARAMETERS, check_choice
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer, weights_dir

T = TypeVar("T")

MODELS = tuple(COMMANDS)  # base, spam, chat: what the training stages make
GPT2_VOCABULARY = "gpt2"  # OpenAI's: the file is beside our weights
OPENAI = tuple(name for name in PRESETS if name.startswith("gpt2"))  # on the Hugging Face Hub
VOCABULARY = "the vocabulary of gpt2"  # among what is loaded
WRITERS = ("base", "chat", *OPENAI)  # what continues a text


class Registry:
    """Loads models and remembers them.

    A model that cannot be loaded is tried again at the next request, so that weights which are
    trained or pulled while the app runs are found without a restart.

    Args:
        base: what stands behind the name "base": that checkpoint, or any other name or path that
            `load_model` knows.
    """

    def __init__(self, base: str = "base") -> None:
        self.sources = {name: name for name in (*MODELS, *OPENAI)} | {"base": base}
        self._loaded: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._fetching = threading.Lock()  # a download must not hold up who needs a model of ours

    def language_model(self, name: str) -> tuple[GPT2, Tokenizer]:
        """A model that gives logits, with its tokenizer. ValueError if there is none."""
        check_choice(name, "model", (*MODELS, *OPENAI))
        if name in OPENAI:
            if name not in self._loaded:
                raise ValueError(
                    f"{name} is not here yet: choose it under Model on the page, which fetches it, "
                    "and ask again when it has arrived."
                )
            return cast(tuple[GPT2, Tokenizer], self._loaded[name])
        if name == "chat":
            return self.assistant().model, self.assistant().tokenizer
        if name == "spam":
            return self.classifier().model.trunk, self.classifier().tokenizer
        return self._load("base", lambda: load_model(self.sources["base"]))

    def tokenizer(self, name: str) -> Tokenizer:
        """A model's tokenizer. ValueError if it is not here; of gpt2 it is without the weights."""
        if name != GPT2_VOCABULARY:
            return self.language_model(name)[1]
        with self._lock:
            if VOCABULARY not in self._loaded:
                try:
                    self._loaded[VOCABULARY] = Tokenizer.load(GPT2_VOCABULARY)
                except ValueError as error:
                    raise ValueError(
                        "GPT-2's vocabulary is missing: `git checkout weights/gpt2.tiktoken`."
                    ) from error
            return cast(Tokenizer, self._loaded[VOCABULARY])

    def is_here(self, name: str) -> bool:
        """Whether a model need not be fetched first."""
        return name not in OPENAI or name in self._loaded

    def fetch(self, name: str, progress: Callable[[int, int], None]) -> None:
        """Load one of OpenAI's models, from the cache of the Hugging Face Hub or from the Hub.

        progress is called with (bytes done, bytes in all), maybe from another thread. ValueError,
        in one sentence, if there is no network, or no room beside the models fetched already.
        """
        check_choice(name, "model", OPENAI)
        with self._fetching:
            held = [other for other in OPENAI if other in self._loaded]
            if name in held:
                return
            if sum(map(parameters, [*held, name])) > FETCHED_PARAMETERS:
                raise ValueError(
                    f"This server has no room for {name} beside {', '.join(held)}: choose one of "
                    "those, or run the app on a machine of your own."
                )
            try:
                self._loaded[name] = load_model(name, progress)
            except (ValueError, OSError) as error:
                raise ValueError(self._unavailable(name, error)) from error

    def assistant(self) -> Assistant:
        """The chat model. ValueError if its weights are missing."""
        return self._load("chat", lambda: Assistant.from_pretrained(self.sources["chat"]))

    def classifier(self) -> SpamClassifier:
        """The spam classifier. ValueError if its weights are missing."""
        return self._load("spam", lambda: SpamClassifier.from_pretrained(self.sources["spam"]))

    def source(self, name: str) -> str:
        """What stands behind a name, for display: of a path its last part only.

        A repository of the Hub, owner/name, is public and no path: it is shown whole.
        """
        source = self.sources[name]
        path = Path(source)
        is_path = path.suffix == ".safetensors" or path.is_dir()
        return source if REPOSITORY.fullmatch(source) and not is_path else path.name

    def problem(self, name: str) -> str | None:
        """Why a model cannot be used, in the words its endpoint answers with; None if it can.

        Asking loads the model, because only that proves that it can be.
        """
        try:
            self.language_model(name)
        except ValueError as error:
            return str(error)
        return None

    def _load(self, name: str, load: Callable[[], T]) -> T:
        with self._lock:  # two first visitors load one model, not two
            if name not in self._loaded:
                try:
                    self._loaded[name] = load()
                except (ValueError, OSError) as error:
                    raise ValueError(self._unavailable(name, error)) from error
            return cast(T, self._loaded[name])

    def _unavailable(self, name: str, error: Exception) -> str:
        # Visitors need not know where on the server the files are.
        reason = str(error).replace(str(weights_dir()), "weights")
        reason = reason.replace(self.sources[name], self.source(name))
        if self.sources[name] == name in COMMANDS and COMMANDS[name] not in reason:
            reason += f" To make it anew: `{COMMANDS[name]}`."
        return f"The model {self.source(name)!r} is not available. {reason}"


def parameters(preset: str) -> int:
    """How many trained numbers a GPT-2 of this size has."""
    return sum(math.prod(shape) for shape in expected_shapes(PRESETS[preset], "gpt2").values())
