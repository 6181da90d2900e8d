"""The learning of visual words: pictures in, a code of their places out; no caption is read."""
