"""How a network is trained: batches, loss, schedule, checkpoints, and the loop of its epochs."""
