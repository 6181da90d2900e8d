"""The words that a person types: what counts, what is excluded, what no picture can have. Neither torch nor Java."""
