"""Noisy pairs: captions shuffled among images, how well they are found, and what a training makes of them (torch)."""
