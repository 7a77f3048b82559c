"""Uncertainty of T stochastic passes, in nats: total, of the data and of the model.

Arrays of probabilities have the passes on the first axis and the classes on the last:
[T, C] for one case, [T, N, C] for many, [T, X, Y, Z, C] for the voxels of a volume.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import entr

UNCERTAINTY_COMPONENTS = ("predictive", "aleatoric", "epistemic")  # total = data + model
ROUNDING = 1e-6  # nats by which rounding alone may push the epistemic part below zero


class Uncertainty(NamedTuple):
    """Predictive, aleatoric and epistemic uncertainty, in nats, and how many epistemic
    values rounding had pushed below zero (`clipped`; they are 0 here)."""

    predictive: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray
    clipped: int


def entropy(probabilities):
    """Return -sum_c p_c ln p_c over the last axis, in nats, with 0 ln 0 = 0.

    >>> float(entropy([0.5, 0.5]))
    0.6931471805599453
    """
    return entr(np.asarray(probabilities, dtype=np.float64)).sum(axis=-1)


def decompose(probabilities):
    """Split the doubt of all T passes of `probabilities` [T, ..., C]; returns [...] arrays.

    predictive = H(mean_t p_t), aleatoric = mean_t H(p_t), epistemic = their difference
    (Depeweg et al. 2018; Smith and Gal 2018).
    """
    probabilities = np.asarray(probabilities)
    total = probabilities.sum(axis=0, dtype=np.float64)
    return decompose_sums(total, entropy(probabilities).sum(axis=0), len(probabilities))


def decompose_prefixes(probabilities, passes):
    """Split the doubt of the first T passes, for each T in `passes`; returns [len(passes), ...].

    The cells of a study are prefixes of one sequence of samples: one walk over
    `probabilities` [T_max, ..., C] with float64 running sums gives them all.
    Raises ValueError when `passes` does not rise or asks for more than there are.
    """
    probabilities = np.asarray(probabilities)
    steps = [0, *passes]
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError(f"expected rising numbers of passes from 1 on, found {list(passes)}")
    if steps[-1] > len(probabilities):
        raise ValueError(
            f"expected at most {len(probabilities)} passes, found {steps[-1]}; sample more"
        )
    total, doubt, parts = 0.0, 0.0, []
    for before, after in pairwise(steps):
        block = probabilities[before:after]
        total = total + block.sum(axis=0, dtype=np.float64)
        doubt = doubt + entropy(block).sum(axis=0)
        parts.append(decompose_sums(total, doubt, after))
    predictive, aleatoric, epistemic, clipped = zip(*parts, strict=True)
    return Uncertainty(*map(np.stack, (predictive, aleatoric, epistemic)), sum(clipped))


def decompose_members(probabilities, members):
    """Split the epistemic doubt of T passes that `members` networks took in turns.

    within_member = mean_m H(mean_{t in m} p_t) - aleatoric: what the members' own samples
    disagree about; between_member = predictive - mean_m H(mean_{t in m} p_t): what the members
    disagree about. With the aleatoric part they add up to the predictive.

    Args:
        probabilities: [T, ..., C]; pass t is of member t mod `members`, from 0 on.
        members: their number M; T is a multiple of it.

    Returns:
        (within_member, between_member), each [...], not below 0.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if len(probabilities) % members:
        raise ValueError(
            f"expected a multiple of {members} passes, found {len(probabilities)}: "
            "let each member have as many"
        )
    of_members = probabilities.reshape(-1, members, *probabilities.shape[1:]).mean(axis=0)
    each = entropy(of_members).mean(axis=0)
    whole = decompose(probabilities)
    return np.maximum(each - whole.aleatoric, 0.0), np.maximum(whole.predictive - each, 0.0)


def decompose_sums(probability_sum, entropy_sum, passes):
    """Split the doubt from running sums: sum_t p_t [..., C] and sum_t H(p_t) [...].

    What a sampler needs that never holds all passes of a volume at once.
    Raises ValueError where aleatoric exceeds predictive by more than rounding,
    which no set of probabilities can do.
    """
    predictive = entropy(np.asarray(probability_sum, dtype=np.float64) / passes)
    aleatoric = np.asarray(entropy_sum, dtype=np.float64) / passes
    epistemic = np.asarray(predictive - aleatoric)
    if epistemic.size and not epistemic.min() >= -ROUNDING:
        raise ValueError(
            f"expected predictive >= aleatoric, found a difference of {epistemic.min():.3g} nats; "
            "check that both sums are over the same passes and hold no NaN"
        )
    clipped = int((epistemic < 0).sum())
    return Uncertainty(predictive, aleatoric, np.maximum(epistemic, 0.0), clipped)
