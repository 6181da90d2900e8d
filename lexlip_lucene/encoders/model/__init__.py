"""The LexLIP model (torch): towers, heads, and the folder that it is kept in."""
