"""Results on disk compared with the checksums that were written with them: what `lexlip check` does."""
