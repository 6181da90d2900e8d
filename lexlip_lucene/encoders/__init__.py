"""The LexLIP model (torch): towers, heads, pooling, and encoding images and texts with them."""
