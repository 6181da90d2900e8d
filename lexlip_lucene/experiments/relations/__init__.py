"""Measurements of relations and batches of neighbours: arms of a recipe, trained with several seeds."""
