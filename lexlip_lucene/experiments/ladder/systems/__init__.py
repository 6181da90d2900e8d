"""The systems that a ladder sets side by side."""
