"""Visual words: codes of what the places of a picture look like, as terms beside those of the lexicon."""
