"""Text to token ids and back: BPE from scratch, tiktoken behind it, what people type."""
