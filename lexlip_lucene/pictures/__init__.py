"""Explanations, drawn: word clouds and patch maps, with one colour for a token wherever it appears."""
