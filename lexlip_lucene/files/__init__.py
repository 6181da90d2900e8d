"""Files: lines, compression, checksums, and results that appear under their name whole or not at all."""
