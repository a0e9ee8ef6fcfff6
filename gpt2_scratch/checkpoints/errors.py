"""What goes wrong with weights, in one sentence, and which command makes what is missing."""

from __future__ import annotations

# What a missing weight file's reader should run.
COMMANDS = {
    "base": "python -m train.pretrain --preset nano",
    "spam": "python -m train.finetune_spam",
    "chat": "python -m train.finetune_chat",
}


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message is one sentence that says what to do."""
