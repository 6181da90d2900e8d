"""What relations and batches of neighbours are worth: arms of a recipe, trained with several seeds."""
