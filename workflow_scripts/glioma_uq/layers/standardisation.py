"""Standardisation of features by running statistics."""

import torch
from torch import nn


class RunningStandardisation(nn.Module):
    """Bring features (B, F) to zero mean and unit variance by running statistics, always.

    Batch normalisation takes those of the batch while it trains: in a batch of two every
    feature becomes +1 or -1, and what the heads learn from is the order of two cases.

    Args:
        features: F.
        epsilon: added to the variance.
        bound: standardised features are clipped to +-bound, so that one that hardly varied in
            training cannot outweigh the others.
        momentum: weight of a batch in the running statistics.
    """

    def __init__(self, features, epsilon=1e-5, bound=10.0, momentum=0.1):
        super().__init__()
        self.epsilon, self.bound, self.momentum = epsilon, bound, momentum
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("mean_square", torch.zeros(features))
        self.register_buffer("weight", torch.zeros(()))  # of what was seen; the rest is zeros

    @torch.no_grad()
    def update(self, x):
        """Move the running statistics towards those of a batch."""
        x = x.float()
        self.mean.lerp_(x.mean(0), self.momentum)
        self.mean_square.lerp_(x.square().mean(0), self.momentum)
        self.weight.lerp_(torch.ones_like(self.weight), self.momentum)

    def forward(self, x):
        if self.training:
            self.update(x)
        weight = self.weight.clamp_min(1e-12)
        mean = self.mean / weight
        variance = (self.mean_square / weight - mean.square()).clamp_min(0)
        standardised = (x - mean) * (variance + self.epsilon).rsqrt()
        return standardised.clamp(-self.bound, self.bound)
