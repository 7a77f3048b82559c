"""Initial weights that several networks' public code draws."""

from torch import nn


def draw_he_fan_out(network):
    """Draw the kernels of all convolutions from N(0, 2 / (k³ · output channels)).

    Source: He et al., ICCV 2015, with the number of outputs (`fan_out`) in place of inputs.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv3d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
