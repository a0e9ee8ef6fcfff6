"""Measuring: held-out text, benchmarks, what the figures mean."""
