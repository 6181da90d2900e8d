"""The parts of the relation loss (HREM, CVPR 2023): fragments, graph, interaction, and the loss of triplets."""
