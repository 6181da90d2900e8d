"""Explanations: the places of a picture at which a token was seen (torch)."""
