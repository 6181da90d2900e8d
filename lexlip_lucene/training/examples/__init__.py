"""Examples of a training step: captioned images, their pixels or states, and the draws of a step (torch)."""
