"""Recipes: YAML files that declare what is trained, encoded, indexed and expected."""
