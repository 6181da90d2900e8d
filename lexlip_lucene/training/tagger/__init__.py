"""The training of the entity tagger."""
