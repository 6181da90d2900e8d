"""A ladder's record, report and pictures."""
