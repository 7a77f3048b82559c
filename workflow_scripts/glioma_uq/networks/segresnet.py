"""SegResNet: the residual encoder-decoder that won BraTS 2018, without its autoencoder.

Source: Myronenko, 3D MRI brain tumor segmentation using autoencoder regularization, 2018,
through MONAI. With four inputs, `width=32` and three outputs it has 18,798,627 parameters.
"""

from monai.networks import nets

from glioma_uq.layers.blocks import add_dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded


class SegResNet(nets.SegResNet):
    """Map volumes to logits of three regions, as the original, or of `classes`.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, a multiple of 8 (groups of a normalisation),
            doubled at each of the three levels below.
    """

    def __init__(self, modalities=4, width=32, rate=0.0, classes=3, tasks=()):
        check_outlines_only("segresnet", tasks, width, 8)
        super().__init__(init_filters=width, in_channels=modalities, out_channels=classes)
        add_dropout([self.down_layers[-1], *self.up_layers], rate)

    @padded(8)
    def forward(self, images):
        return super().forward(images)


NETWORK = SegResNet
