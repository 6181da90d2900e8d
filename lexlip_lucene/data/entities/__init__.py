"""Entities of texts as they are written down: tagged posts, and what a tagger found."""
