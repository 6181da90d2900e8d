"""Where in a picture a token was seen (torch)."""
