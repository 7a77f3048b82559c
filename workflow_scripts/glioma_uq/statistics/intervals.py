"""From the replicates of a bootstrap to an interval, or to the reason why there is none.

`replicates` is [1 + B]: a measure's plain value, then its value in each resample. Undefined ones
(one class only, no spread) are left out; if they are more than 5 %, there is no interval.
Replicates of two cells under the same resamples may be subtracted: the difference is paired.
"""

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from glioma_uq.plurals import counted
from glioma_uq.statistics.patients import number_of_patients

MOST_UNDEFINED = 0.05  # share of undefined resamples beyond which there is no interval
FEWEST = 5  # resamples beyond a limit; a farther tail follows from a nearer one
FEW = 2  # cases, whose number alone says why a measure is undefined
KINDS = ("percentile", "basic", "bca", "expanded")
CORRECTED = ("bca", "expanded")  # kinds that need the jackknife
FARTHEST = 8.0  # normal quantile beyond which a tail of one or two cases rounds to 0 or 1
POLE = 1e-9  # 1 - a z is 0 or less where skewness moves a tail to its end


def interval(replicates, level=0.95, kind="percentile", jackknife=None, n=None, *, strata=None,
             bounds=(-np.inf, np.inf), is_inflated=False):  # fmt: skip
    """Return (value, low, high, reason); low = high = NaN if `reason` is not empty.

    `percentile` takes the quantiles (1 -/+ level) / 2 of the resamples (linear between order
    statistics), `basic` mirrors them around the value, `bca` corrects for bias and skewness
    (Efron 1987) and needs `jackknife`, the measure without each patient in turn. `expanded` is bca
    at a level that is raised for a small number of patients, see `expanded_tails`, and wider for a
    small number of networks, see `with_networks`.

    The interval is then extended to the value, which bias may have left outside, and cut at
    `bounds`, between which the measure lies. A share of 0 or 1 in all resamples has the exact
    limits of Clopper and Pearson (1934) on that side. Where fewer than 5 resamples would lie beyond
    a limit of `expanded`, its distance is that at 5, times the ratio of Student's quantiles.

    Args:
        jackknife: [N], or [N + M] with the measure without each of M networks.
        n: number of cases: a `Count`, or a number if there is one case of each patient.
        strata: [N + M], 0 for a patient, else the stratum of the network; None if all are patients.
        is_inflated: resampling inflates the measure, so that no resample may lie below the value;
            bca cannot correct this, and bca and expanded mirror the quantiles as basic does.
    """
    if kind not in KINDS:
        raise ValueError(f"expected interval among {KINDS}, found {kind}; correct statistics")
    value, resampled = float(replicates[0]), replicates[1:]
    undefined = int(np.isnan(resampled).sum())
    if np.isnan(value) or undefined > MOST_UNDEFINED * len(resampled):
        return value, np.nan, np.nan, why_undefined(undefined, len(resampled), n)
    n = number_of_patients(n)
    if n is not None and n < 2:
        return value, np.nan, np.nan, "of a single patient, whom no resample varies"
    resampled = resampled[~np.isnan(resampled)]
    if kind in CORRECTED and jackknife is None:
        raise ValueError(f"expected the jackknife of the measure for {kind}, found none; pass it")
    near = min(level, 1 - 2 * FEWEST / len(resampled)) if len(resampled) >= 20 * FEWEST else level
    tails = expanded_tails(near, n) if kind == "expanded" else np.array([1 - level, 1 + level]) / 2
    is_mirrored = kind == "basic" or (is_inflated and kind in CORRECTED)
    strata = np.zeros(np.size(jackknife), dtype=int) if strata is None else strata
    if kind in CORRECTED and not is_mirrored:
        tails, reason = bca_tails(value, resampled, jackknife[strata == 0], tails)
        if reason:
            return value, np.nan, np.nan, reason
    low, high = np.quantile(resampled, tails).tolist()
    if is_mirrored:
        low, high = 2 * value - high, 2 * value - low
    low, high = min(low, value), max(high, value)
    if kind == "expanded" and near < level:
        t = stdtrit(max(n, 2) - 1, (1 + np.array([level, near])) / 2)
        low, high = value - (value - low) * t[0] / t[1], value + (high - value) * t[0] / t[1]
    if (resampled == value).all() and value in bounds and bounds == (0, 1) and n:
        tail = ((1 - level) / 2) ** (1 / n)
        low, high = (low, 1 - tail) if value == 0 else (tail, high)
    if kind == "expanded" and strata.any():
        low, high, reason = with_networks(value, low, high, level, jackknife, strata, n)
        if reason:
            return value, np.nan, np.nan, reason
    low, high = np.clip([low, high], *bounds).tolist()
    return value, min(low, value), max(high, value), ""


def why_undefined(undefined, resamples, n):
    """Return the reason why `undefined` resamples of `n` cases (None: unknown) have no value."""
    text = f"undefined in {undefined} of {resamples} resamples"
    if n is not None:
        text += f" of {counted(n, 'case')}"
    return f"{text}: a class or spread is missing" if n is None or n > FEW else text


def expanded_tails(level, n):
    """Return the two tails Phi(-/+ sqrt(n / (n - 1)) t), t Student's quantile of n - 1 degrees.

    A bootstrap of n patients is too narrow by sqrt((n - 1) / n) and treats the variance as known;
    this corrects both (Hesterberg 2015). Fewer than 2 patients count as 2.
    """
    n = max(n, 2)
    return ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, np.array([1 - level, 1 + level]) / 2))


def bca_tails(value, resampled, jackknife, tails):
    """Return (tails, reason): the quantiles that correct `tails` for bias and skewness.

    z0 = Phi^-1(share of resamples below the value, ties half), a = sum d^3 / (6 (sum d^2)^1.5)
    with d = mean(jackknife) - jackknife, tail = Phi(z0 + (z0 + z) / (1 - a (z0 + z))).
    Undefined if all resamples lie on one side of the value or the jackknife is undefined.
    """
    if (resampled == value).all():
        return tails, ""
    share = (np.mean(resampled < value) + np.mean(resampled <= value)) / 2
    if share in (0, 1):
        return tails, "bca is undefined: all resamples lie on one side of the value"
    if np.isnan(jackknife).any():
        return tails, "bca is undefined: without one of the patients, the measure is undefined"
    deviations = np.mean(jackknife) - jackknife
    spread = (deviations**2).sum() ** 1.5
    skew = (deviations**3).sum() / (6 * spread) if spread else 0.0
    z = ndtri(share) + np.clip(ndtri(tails), -FARTHEST, FARTHEST)
    return ndtr(ndtri(share) + z / np.maximum(1 - skew * z, POLE)), ""


def with_networks(value, low, high, level, jackknife, strata, n):
    """Return (low, high, reason): limits of resamples of patients and networks, for few networks.

    V_0 is the variance of the patients, V_k that of the S networks of stratum k (`variance_parts`),
    V = V_0 + sum V_k. Where a limit was t_{n-1} sqrt(V) s from the value, which defines s, it is
    moved to t sqrt(V_0 s^2 + sum V_k), with Student's t of V^2 / (V_0^2 / (n - 1) + sum V_k^2 /
    (S - 1)) degrees of freedom (Satterthwaite 1946). So the part of the patients keeps its
    skewness, and that of the networks, of which few resamples differ, is the interval of a normal
    mean.
    """
    variances, freedoms = variance_parts(jackknife, strata)
    if np.isnan(variances).any():
        return np.nan, np.nan, "undefined without one of the networks: a class or spread is missing"
    freedoms[0] = max(n, 2) - 1
    of_networks, total = variances[1:].sum(), variances.sum()
    if of_networks == 0:
        return low, high, ""
    tail = (1 + level) / 2
    t = stdtrit(total**2 / (variances**2 / freedoms).sum(), tail)
    squares = (np.array([value - low, high - value]) * t / stdtrit(freedoms[0], tail)) ** 2
    below, above = np.sqrt(squares * variances[0] / total + t**2 * of_networks).tolist()
    return value - below, value + above, ""


def variance_parts(jackknife, strata):
    """Return the jackknife's variance of each stratum (0: the patients), and the sizes minus 1.

    (S - 1) / S sum (jackknife - mean)^2 over the S members (Efron and Stein 1981); for a mean it is
    s^2 / S.
    """
    size = np.bincount(strata)
    mean = np.bincount(strata, jackknife) / size
    squares = np.bincount(strata, (jackknife - mean[strata]) ** 2)
    return (size - 1) / size * squares, size - 1.0
