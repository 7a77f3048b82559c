"""SegResNet with its variational autoencoder, which has to rebuild the images in training.

Source: Myronenko, 3D MRI brain tumor segmentation using autoencoder regularization, 2018
(NVDLMED), through MONAI. With four inputs, `width=32`, three outputs and volumes of 128³ it
has 25,214,743 parameters; without the autoencoder, so at inference, 18,798,627.
"""

from monai.networks import nets
from torch import nn

from glioma_uq.errors import BadInput
from glioma_uq.layers.dropout import add_dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import crop, pad

DIVISOR = 16  # the autoencoder halves the bottom, at an eighth, once more


class SegResNetVAE(nets.SegResNetVAE):
    """Map volumes (B, modalities, X, Y, Z) to {"segmentation": logits (B, classes, X, Y, Z)}.

    In training mode the dict has `auxiliary` too, {"vae": squared error of the rebuilt images
    + divergence of the code from a standard normal}. Axes are padded to multiples of 16. The
    dense layers of the autoencoder have the size of the training volumes; without it, in
    evaluation mode, volumes may have any size.

    Args:
        modalities: number of input volumes.
        width: channels of the full resolution, a multiple of 8 (groups of a normalisation),
            doubled at each of the three levels below.
        rate: probability of dropping a channel after the bottom and each level of the decoder
            (that of the autoencoder included, which is the same).
        classes: outputs of the segmentation; the original has one for each of three regions.
        tasks: subtyping heads, of which it has none.
        image_size: X, Y, Z of the volumes that it is trained on.
    """

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

    def inference_parameters(self):
        """Return the number of parameters that logits need."""
        named = self.named_parameters()
        return sum(p.numel() for name, p in named if not name.startswith("vae_"))

    def check_size(self, images):
        """Refuse to train on volumes that are not of the size that the autoencoder has."""
        found = tuple(images.shape[2:])
        if self.training and found != self.image_size:
            raise BadInput(
                f"expected volumes of {self.image_size} voxels to train segresnet-vae, found "
                f"{found}: set its option image_size to the size of the training volumes."
            )

    def forward(self, images):
        self.check_size(images)
        logits, vae = super().forward(pad(images, DIVISOR))
        outputs = {"segmentation": crop(logits, images.shape[2:])}
        return outputs | {"auxiliary": {"vae": vae}} if self.training else outputs


NETWORK = SegResNetVAE
