"""The training run: the loop, its state, its log, and the model that it ends with (torch)."""
