"""The engines that the bench measures side by side: `registry.py` lists them, and each is one file."""
