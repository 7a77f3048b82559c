"""Predictive, aleatoric and epistemic uncertainty of T stochastic passes, in nats.

Arrays of probabilities have the passes on the first axis and the classes on the last:
[T, C] for one case, [T, N, C] for many, [T, X, Y, Z, C] for the voxels of a volume.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import entr

UNCERTAINTY_COMPONENTS = ("predictive", "aleatoric", "epistemic")  # total = data + model
AS_GIVEN = "as given"  # {task}_unit of another model's uncertainties, which need not be in nats
CORRECTED = ("predictive_corrected", "epistemic_corrected")  # without the bias of few passes
ROUNDING = 1e-6  # nats by which rounding alone may make the epistemic part negative


def corrected_name(measure):
    """Return the name of a mean uncertainty without the bias of few passes.

    >>> corrected_name("epistemic"), corrected_name("epistemic_tumour")
    ('epistemic_corrected', 'epistemic_corrected_tumour')
    """
    part, *region = measure.split("_", 1)
    return "_".join([part, "corrected", *region])


class Uncertainty(NamedTuple):
    """Predictive, aleatoric and epistemic uncertainty, in nats and not below 0."""

    predictive: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray


def entropy(probabilities):
    """Return -sum_c p_c ln p_c over the last axis, in nats, with 0 ln 0 = 0.

    >>> float(entropy([0.5, 0.5]))
    0.6931471805599453
    """
    return entr(np.asarray(probabilities, dtype=np.float64)).sum(axis=-1)


def check_difference(epistemic):
    """Raise ValueError if aleatoric exceeds predictive by more than rounding, or for a NaN."""
    if not (epistemic >= -ROUNDING).all():
        raise ValueError(
            f"expected predictive >= aleatoric, found a difference of {epistemic.min():.3g} nats; "
            "check that the network's logits hold no NaN"
        )


def decompose(probabilities):
    """Decompose the uncertainty of T passes, `probabilities` [T, ..., C], into [...] arrays.

    predictive = H(mean_t p_t), aleatoric = mean_t H(p_t), epistemic = their difference
    (Depeweg et al. 2018; Smith and Gal 2018).
    """
    prefixes = decompose_prefixes(probabilities, [len(probabilities)])
    return Uncertainty(*(component[0] for component in prefixes))


def decompose_prefixes(probabilities, passes):
    """Decompose the uncertainty of the first T passes, T in `passes`: [len(passes), ...] arrays.

    The cells of a study are prefixes of one sequence of samples, so float64 running sums over
    `probabilities` [T_max, ..., C] give all of them.
    Raises ValueError if `passes` does not increase or exceeds T_max.
    """
    probabilities = np.asarray(probabilities)
    steps = [0, *passes]
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError(f"expected increasing numbers of passes from 1 on, found {list(passes)}")
    if steps[-1] > len(probabilities):
        raise ValueError(
            f"expected at most {len(probabilities)} passes, found {steps[-1]}; sample more"
        )
    total, entropies, predictive, aleatoric = 0.0, 0.0, [], []
    for before, after in pairwise(steps):
        block = probabilities[before:after]
        total = total + block.sum(axis=0, dtype=np.float64)
        entropies = entropies + entropy(block).sum(axis=0)
        predictive.append(entropy(total / after))
        aleatoric.append(entropies / after)
    predictive, aleatoric = np.stack(predictive), np.stack(aleatoric)
    check_difference(predictive - aleatoric)
    return Uncertainty(predictive, aleatoric, np.maximum(predictive - aleatoric, 0.0))


def corrected_prefixes(probabilities, passes):
    """Return the predictive and epistemic uncertainty of prefixes without the bias of few passes.

    The entropy of a mean of T passes is too low by about half the variance of a pass over T, and
    the epistemic part with it: some 1 / T of it. The jackknife over passes removes that,
    T H(mean) - (T - 1) mean_t H(mean without pass t), up to terms in 1 / T^2 (Quenouille 1956;
    Miller 1974). Passes must be independent. The aleatoric part, a mean over passes, has no bias
    and is subtracted for the epistemic one. Both may leave the range of an entropy, and are not
    clipped, since that would be a bias again.

    Args:
        probabilities: [T_max, ..., C].
        passes: as for `decompose_prefixes`.

    Returns:
        (predictive, epistemic), each [len(passes), ...]; NaN for one pass.
    """
    plain, corrected = decompose_prefixes(probabilities, passes), []
    probabilities = np.asarray(probabilities, dtype=np.float64)
    for predictive, t in zip(plain.predictive, passes, strict=True):
        samples = probabilities[:t]
        if t == 1:
            corrected.append(np.full_like(predictive, np.nan))
            continue
        without = (samples.sum(axis=0) - samples).clip(min=0) / (t - 1)
        corrected.append(t * predictive - (t - 1) * entropy(without).mean(axis=0))
    return np.stack(corrected), np.stack(corrected) - plain.aleatoric


def decompose_members(probabilities, members):
    """Decompose the epistemic uncertainty of T passes that `members` networks took in turn.

    within_member = mean_m H(mean_{t in m} p_t) - aleatoric: disagreement of each member's
    samples; between_member = predictive - mean_m H(mean_{t in m} p_t): disagreement between
    members. Together with the aleatoric part they add up to the predictive.

    Args:
        probabilities: [T, ..., C]; pass t is of member t mod `members`, both from 0.
        members: their number M; T is a multiple of it.

    Returns:
        (within_member, between_member), each [...], not below 0.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if len(probabilities) % members:
        raise ValueError(
            f"expected a multiple of {members} passes, found {len(probabilities)}: "
            "take equally many of each member"
        )
    of_members = probabilities.reshape(-1, members, *probabilities.shape[1:]).mean(axis=0)
    each = entropy(of_members).mean(axis=0)
    whole = decompose(probabilities)
    return np.maximum(each - whole.aleatoric, 0.0), np.maximum(whole.predictive - each, 0.0)
