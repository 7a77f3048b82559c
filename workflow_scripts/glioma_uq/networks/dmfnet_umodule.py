"""DMFNet that also learns to reconstruct its early feature maps from the smaller ones after them.

Source: Ngo et al., Multi-task learning for small brain tumor segmentation from MRI, Applied
Sciences 10(21), 2020, after the U-Module of Zhang et al., ICIP 2019. With DMFNet's defaults it
has 3,983,986 parameters in training and 3,875,890 at inference, where its logits are DMFNet's.
"""

import torch
from torch import nn

from glioma_uq.errors import BadInput
from glioma_uq.layers.multifiber import MultiFiber
from glioma_uq.layers.options import check_choice
from glioma_uq.networks.dmfnet import DMFNet, initialise

PLACES = (2, 3, 4)  # axes of x, y, z


def relative_error(found, target):
    """Return MSE / variance of the target for each case, (B,).

    The variance is that about each channel's own mean: 1 is as good as knowing these means.
    """
    found, target = found.float(), target.float()
    variance = (target - target.mean(PLACES, keepdim=True)).square().flatten(1).mean(1)
    return (found - target).square().flatten(1).mean(1) / variance.clamp_min(1e-12)


class DMFNetUModule(DMFNet):
    """DMFNet with an auxiliary reconstruction of its feature maps x1 and x2.

    A U-Module is a pair: φ, three units of DMFNet's own encoder that halve a feature map, and
    ρ, new layers that bring it back, ρ1(x2) to x1 and ρ2(x3) to x2: trilinear upsampling and a
    multi-fiber unit to the target's channels. In training mode the network also returns
    `auxiliary`, a dict of scalars: `reconstruction_1` and `reconstruction_2`, which are to be
    optimised, and each of them `_relative` to the variance of its target, which tells whether
    the loss falls because the reconstruction became better or because the features shrank.

    Args, besides those of `DMFNet`:
        levels: the U-Modules, of 1 and 2.
        reduction: of the squared errors, `mean` over all elements, or `sum` over those of a
            case and mean over cases.
        detach_target: whether the target counts as a constant. Where it does not, the loss
            also falls when the encoder shrinks its features, and it does learn that:
            watch the `_relative` terms.
    """

    ONLY_IN_TRAINING = "reconstructions."

    def __init__(
        self,
        modalities=4,
        rate=0.0,
        classes=4,
        tasks=(),
        width=32,
        dilated=True,
        init="kaiming",
        levels=(1, 2),
        reduction="mean",
        detach_target=True,
    ):
        super().__init__(modalities, rate, classes, tasks, width, dilated, init)
        check_choice("dmfnet-umodule", "reduction", reduction, ("mean", "sum"))
        if not levels or not set(levels) <= {1, 2}:
            raise BadInput(
                "expected 1, 2 or both for the option levels of dmfnet-umodule, found "
                f"{levels}: correct network_options."
            )
        self.reduction, self.detach_target = reduction, detach_target
        n, c = self.width, self.channels
        channels = {1: (c, n), 2: (2 * c, c)}
        self.reconstructions = nn.ModuleDict()
        for level in sorted(set(levels)):
            unit = MultiFiber(*channels[level], self.groups)
            upsampling = nn.Upsample(scale_factor=2, mode="trilinear")
            self.reconstructions[str(level)] = nn.Sequential(upsampling, unit)
        initialise(self.reconstructions, official=False)

    def reconstruct(self, maps):
        """Return pairs (reconstruction, target) by level, of the encoder's feature maps."""
        return {
            level: (layers(maps[int(level)]), maps[int(level) - 1])
            for level, layers in self.reconstructions.items()
        }

    def squared_error(self, found, target):
        """Return the loss of a reconstruction, a scalar."""
        target = target.detach() if self.detach_target else target
        errors = (found.float() - target.float()).square().flatten(1)
        return (errors.mean(1) if self.reduction == "mean" else errors.sum(1)).mean()

    def auxiliary_terms(self, maps):
        """Return the dict of scalars that training adds, see the class."""
        terms = {}
        for level, (found, target) in self.reconstruct(maps).items():
            terms[f"reconstruction_{level}"] = self.squared_error(found, target)
            relative = relative_error(found.detach(), target.detach()).mean()
            terms[f"reconstruction_{level}_relative"] = relative
        return terms

    def forward(self, images):
        maps = self.encode(images)
        logits = self.logits_of(maps, images.shape[2:])
        return {**logits, "auxiliary": self.auxiliary_terms(maps)} if self.training else logits

    @torch.no_grad()
    def reconstruction_error(self, images):
        """Return the mean over levels of MSE / variance of the target for each case, (B,).

        Raises:
            BadInput: the network is in training mode, where the cases of a batch would share
                their normalisation.
        """
        if self.training:
            raise BadInput(
                "expected a network in evaluation mode for its reconstruction error, found it in "
                "training mode: call eval()."
            )
        pairs = self.reconstruct(self.encode(images)).values()
        return torch.stack([relative_error(found, target) for found, target in pairs]).mean(0)


NETWORK = DMFNetUModule
