"""The lexicon pool: vocabulary head, max pooling, log(1 + relu) and top-k (torch)."""
