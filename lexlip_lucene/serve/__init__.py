"""The search page and its API over HTTP, which `lexlip serve` runs: Lucene and the model meet here."""
