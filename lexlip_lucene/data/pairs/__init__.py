"""Pairs of an image and a caption: what is known of how well they match."""
