"""The cards of what is published."""
