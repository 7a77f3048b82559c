"""SegResNet: the residual encoder-decoder that won BraTS 2018, without its autoencoder.

Source: Myronenko, 3D MRI brain tumor segmentation using autoencoder regularization, 2018,
through MONAI. With four inputs, `width=32` and three outputs it has 18,798,627 parameters.
"""

from monai.networks import nets

from glioma_uq.layers.dropout import add_dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import crop, pad


class SegResNet(nets.SegResNet):
    """Map volumes (B, modalities, X, Y, Z) to {"segmentation": logits (B, classes, X, Y, Z)}.

    Axes are padded to multiples of 8.

    Args:
        modalities: number of input volumes.
        width: channels of the full resolution, a multiple of 8 (groups of a normalisation),
            doubled at each of the three levels below.
        rate: probability of dropping a channel after the bottom and each level of the decoder.
        classes: outputs of the segmentation; the original has one for each of three regions.
        tasks: subtyping heads, of which it has none.
    """

    def __init__(self, modalities=4, width=32, rate=0.0, classes=3, tasks=()):
        check_outlines_only("segresnet", tasks, width, 8)
        super().__init__(init_filters=width, in_channels=modalities, out_channels=classes)
        add_dropout([self.down_layers[-1], *self.up_layers], rate)

    def forward(self, images):
        logits = super().forward(pad(images, 8))
        return {"segmentation": crop(logits, images.shape[2:])}


NETWORK = SegResNet
