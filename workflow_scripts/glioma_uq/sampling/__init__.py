"""How a trained network is sampled, and what is kept of the samples of each case."""
