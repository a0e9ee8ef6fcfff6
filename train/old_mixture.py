"""The mixture that the first `base` learned, by whose held-out text it was measured: 1.398 bits per
byte. Later models are measured on it as well, so that they compare. See `train/packing.py`."""

OLD_MIXTURE: dict[str, float] = {
    "gutenberg_children": 0.24,
    "wikipedia": 0.14,
    "openstax": 0.13,
    "instruct": 0.10,
    "fairytales": 0.09,
    "topicalchat": 0.08,
    "gutenberg_fiction": 0.06,
    "classic_books": 0.06,
    "pratham_storybook": 0.03,
    "sgd": 0.025,
    "african_storybook": 0.015,
    "openstax_biology": 0.01,
    "factbook": 0.01,
    "docs": 0.005,
    "speeches": 0.005,
}
