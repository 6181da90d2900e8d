"""The expander: the further words that a photo deserves, learned from captions only (torch)."""
