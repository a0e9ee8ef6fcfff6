"""What a model looks at, and what it would say: attention, logit lens, influence of words."""
