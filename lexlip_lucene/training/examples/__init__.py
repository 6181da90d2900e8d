"""What a training step sees: captioned images, their pixels or states, and the draws of a step (torch)."""
