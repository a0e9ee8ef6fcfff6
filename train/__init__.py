"""Training: `python -m train.<stage>` makes the files in weights/ from public data.

The arrows point one way: train imports gpt2_scratch, and gpt2_scratch never imports train.
"""
