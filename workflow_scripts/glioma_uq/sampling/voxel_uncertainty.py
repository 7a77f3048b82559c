"""Running sums over the passes of one case: voxel maps for every T, in constant memory."""

import torch

from glioma_uq.subregions import TUMOUR
from glioma_uq.uncertainty import CORRECTED, UNCERTAINTY_COMPONENTS, check_difference


def voxel_entropy(probability):
    """Return the entropy in nats of probabilities (classes, X, Y, Z), with 0 ln 0 = 0.

    In float64, class by class, to save memory.
    """
    return sum(torch.special.entr(of_class.double()) for of_class in probability)


def is_tumour(probability):
    """Return where the most probable of (classes, X, Y, Z) is one of `TUMOUR`, (X, Y, Z) bool.

    Equal to in_region(argmax(0), "wt"), which takes longer on the CPU than a pass of a narrow
    network.
    """
    found = (probability[TUMOUR] > probability[:1]).any(0)
    for other in probability[TUMOUR.stop :]:  # the cavity, where networks tell it apart
        found &= (probability[TUMOUR] >= other).any(0)
    return found


class VoxelUncertainty:
    """Sums in float64, updated in place, from which the first T passes can be read.

    Args:
        members: number of networks that take turns.
        independent: whether passes are independent draws, so that the bias of few is corrected.

    Attributes:
        passes: how many passes are in the sums.
        probability: (members, classes, X, Y, Z), sum of the probabilities of each member.
        entropy: (X, Y, Z), sum of the entropies.
        votes: (X, Y, Z) int32, in how many passes a voxel's most probable class is tumour.
        half: (classes, X, Y, Z), sum of the probabilities of every second pass, if independent. In
            the precision of the passes: an error moves the other half the other way, and
            `corrected` hardly.
    """

    def __init__(self, members=1, independent=False):
        self.members, self.independent, self.passes = members, independent, 0
        self.probability = self.entropy = self.votes = self.half = None

    @property
    def names(self):
        """Names of the sums."""
        return ("probability", "entropy", "votes", *(("half",) if self.independent else ()))

    def add(self, probability):
        """Add one pass, (classes, X, Y, Z), of the next member."""
        voted = is_tumour(probability)
        if self.passes == 0:
            shape = (self.members, *probability.shape)
            self.probability = torch.zeros(shape, dtype=torch.float64, device=voted.device)
            self.entropy = torch.zeros_like(self.probability[0, 0])
            self.votes = torch.zeros_like(voted, dtype=torch.int32)
            if self.independent:
                self.half = torch.zeros_like(probability)
        self.probability[self.passes % self.members] += probability
        self.entropy += voxel_entropy(probability)
        self.votes += voted
        if self.independent and self.passes % 2:
            self.half += probability
        self.passes += 1

    def state(self):
        """Return the sums as a dict of tensors on the CPU."""
        return {name: getattr(self, name).cpu() for name in self.names}

    def restore(self, state, passes, device):
        """Restore the sums of `passes` passes from a dict that `state` returned."""
        self.passes = passes
        for name, values in state.items():
            setattr(self, name, values.to(device))

    def mean(self):
        """Return the mean probabilities, (classes, X, Y, Z)."""
        total = self.probability[0] if self.members == 1 else self.probability.sum(0)
        return total / self.passes

    def maps(self):
        """Return the maps by kind, each (X, Y, Z), >= 0, in nats, and how many voxels were clipped.

        Predictive H(mean_t p_t), aleatoric mean_t H(p_t), epistemic their difference. With
        several members (M, and T a multiple of M) epistemic is the sum of two: within_member
        mean_m H(mean_t in m p_t) - aleatoric, between_member predictive - mean_m H(mean_t in m
        p_t).

        Raises:
            ValueError: aleatoric exceeds predictive by more than rounding.
        """
        predictive, aleatoric = voxel_entropy(self.mean()), self.entropy / self.passes
        epistemic = predictive - aleatoric
        check_difference(epistemic)
        parts = (predictive, aleatoric, epistemic.clamp_min(0))
        maps = dict(zip(UNCERTAINTY_COMPONENTS, parts, strict=True))
        if self.members > 1:
            each = sum(voxel_entropy(p * self.members / self.passes) for p in self.probability)
            each = each / self.members
            maps["within_member"] = (each - aleatoric).clamp_min(0)
            maps["between_member"] = (predictive - each).clamp_min(0)
        return maps, int((epistemic < 0).sum())

    def corrected(self, maps):
        """Return the predictive and epistemic of `maps` without the bias of few passes, by kind.

        The jackknife of two groups of n and m = T - n passes, every second pass and the others:
        2 H(mean) - (n H(mean of n) + m H(mean of m)) / T, which leaves a bias in 1 / T^2
        (Quenouille 1949). That of single passes, `uncertainty.corrected_prefixes`, would need
        every pass again. Not below the plain values, and not clipped from above. NaN for one
        pass; empty if passes are not independent.
        """
        if not self.independent:
            return {}
        half = self.half.double()
        other = (self.probability[0] - half).clamp_min(0)
        groups = (half, self.passes // 2), (other, self.passes - self.passes // 2)
        # For one pass that is 0 / 0.
        each = sum(n * voxel_entropy(total / n) for total, n in groups) / self.passes
        predictive = 2 * maps["predictive"] - each
        return dict(zip(CORRECTED, (predictive, predictive - maps["aleatoric"]), strict=True))

    def pairwise_dice(self):
        """Return the Dice between samples, sum 2|A ∩ B| / sum (|A| + |B|).

        Pooled over all pairs of passes, it depends only on the votes n of each voxel,
        sum n (n - 1) / ((T - 1) sum n), so no sample has to be kept. It is the mean of the
        pairs' Dice weighted by |A| + |B|. NaN for one pass; 1 if no pass has a tumour.
        """
        votes = self.votes.long()
        total = int(votes.sum())
        if self.passes == 1:
            return float("nan")
        return 1.0 if total == 0 else int((votes * (votes - 1)).sum()) / ((self.passes - 1) * total)
