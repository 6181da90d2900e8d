"""The encode job: images and texts through a model into collections (torch)."""
