"""The command `lexlip`: one module a verb."""
