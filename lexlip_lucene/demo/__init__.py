"""The embedded default: captioned scenes, drawn here, and the whole job on them."""
