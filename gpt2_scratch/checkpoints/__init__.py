"""Weights on disk: ours, OpenAI's, the Hub's."""
