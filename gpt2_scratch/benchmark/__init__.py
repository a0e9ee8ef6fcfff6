"""How fast this package decodes, reads prompts and serves: `python -m gpt2_scratch.benchmark`."""
