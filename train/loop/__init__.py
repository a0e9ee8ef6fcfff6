"""The one training loop, its optimiser and what every stage has around it."""
