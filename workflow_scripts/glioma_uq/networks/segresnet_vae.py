"""SegResNet with its variational autoencoder, which has to rebuild the images in training.

Source: Myronenko, 3D MRI brain tumor segmentation using autoencoder regularization, 2018
(NVDLMED), through MONAI. With four inputs, `width=32`, three outputs and volumes of 128³ it
has 25,214,743 parameters; without the autoencoder, so at inference, 18,798,627.
"""

from monai.networks import nets
from torch import nn

from glioma_uq.errors import BadInput
from glioma_uq.layers.blocks import add_dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import crop, pad

DIVISOR = 16  # the autoencoder halves the bottom, at an eighth, once more


class SegResNetVAE(nets.SegResNetVAE):
    """Map volumes to logits and, in training mode, to the term `vae` of `auxiliary`.

    This is the mean squared error of the rebuilt images plus the divergence of the code from a
    standard normal. The paper weighs both by 0.1 beside the Dice loss, in all epochs; in a config
    `training.auxiliary.by_network` says so, since the general weights are those of U-Modules.

    MONAI's autoencoder is not quite the paper's: it shares the upsampling layers and residual
    blocks of the segmentation's decoder, where the paper's has a decoder of its own, so that
    rebuilding the images trains the segmentation's decoder too; and its divergence is a mean over
    the code, where the paper divides the sum by the number of voxels.

    The dense layers of the autoencoder have the size of the training volumes; without it, in
    evaluation mode, volumes may have any size. The autoencoder has dropout at the bottom too,
    which is the same.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, a multiple of 8 (groups of a normalisation),
            doubled at each of the three levels below.
        image_size: X, Y, Z of the volumes that it is trained on.
    """

    ONLY_IN_TRAINING = "vae_"

    def __init__(
        self, modalities=4, width=32, rate=0.0, classes=3, tasks=(), image_size=(128, 128, 128)
    ):
        check_outlines_only("segresnet-vae", tasks, width, 8)
        self.image_size = tuple(image_size)
        super().__init__(
            input_image_size=[size + -size % DIVISOR for size in image_size],
            vae_estimate_std=True,
            init_filters=width,
            in_channels=modalities,
            out_channels=classes,
        )
        add_dropout([self.down_layers[-1], *self.up_layers], rate)
        self.vae_down.append(nn.Flatten())  # MONAI's view refuses channels last

    def forward(self, images):
        shape = tuple(images.shape[2:])
        if self.training and shape != self.image_size:
            raise BadInput(
                f"expected volumes of {self.image_size} voxels to train segresnet-vae, found "
                f"{shape}: set its option image_size to the size of the training volumes."
            )
        logits, vae = super().forward(pad(images, DIVISOR))
        outputs = {"segmentation": crop(logits, shape)}
        return outputs | {"auxiliary": {"vae": vae}} if self.training else outputs


NETWORK = SegResNetVAE
