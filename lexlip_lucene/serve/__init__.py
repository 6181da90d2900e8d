"""The search page and its API over HTTP: what `lexlip serve` runs. The images' words, Lucene and the model meet here."""
