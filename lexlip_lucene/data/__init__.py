"""Reading captions, images and topics: everything that comes in."""
