"""The expander: which further words a photo deserves, learned from captions only (torch)."""
