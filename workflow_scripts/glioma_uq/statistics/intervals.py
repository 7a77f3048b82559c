"""From the replicates of a bootstrap to an interval, or to the reason why there is none.

`replicates` is [1 + B]: a measure's plain value, then its value in each resample. Undefined ones
(one class only, no spread) are left out; if they are more than 5 %, there is no interval.
Replicates of two cells under the same resamples may be subtracted: the difference is paired.
"""

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

MOST_UNDEFINED = 0.05  # share of undefined resamples beyond which there is no interval
KINDS = ("percentile", "basic", "bca", "expanded")
CORRECTED = ("bca", "expanded")  # kinds that need the jackknife


def interval(replicates, level=0.95, kind="percentile", jackknife=None, n=None):
    """Return (value, low, high, reason); low = high = NaN if `reason` is not empty.

    `percentile` takes the quantiles (1 -/+ level) / 2 of the resamples (linear between order
    statistics), `basic` mirrors them around the value, `bca` corrects for bias and skewness
    (Efron 1987) and needs `jackknife` [N], the measure without each case in turn. `expanded`
    is bca at a level that is raised for a small number of cases `n`, see `expanded_tails`.
    """
    if kind not in KINDS:
        raise ValueError(f"expected interval among {KINDS}, found {kind}; correct statistics")
    value, resampled = float(replicates[0]), replicates[1:]
    undefined = int(np.isnan(resampled).sum())
    if np.isnan(value) or undefined > MOST_UNDEFINED * len(resampled):
        text = f"undefined in {undefined} of {len(resampled)} resamples"
        return value, np.nan, np.nan, f"{text}: a class or spread is missing"
    resampled = resampled[~np.isnan(resampled)]
    tails = expanded_tails(level, n) if kind == "expanded" else np.array([1 - level, 1 + level]) / 2
    if kind in CORRECTED:
        tails, reason = bca_tails(value, resampled, jackknife, tails)
        if reason:
            return value, np.nan, np.nan, reason
    low, high = np.quantile(resampled, tails).tolist()
    if kind == "basic":
        return value, 2 * value - high, 2 * value - low, ""
    return value, low, high, ""


def expanded_tails(level, n):
    """Return the two tails Phi(-/+ sqrt(n / (n - 1)) t), t Student's quantile of n - 1 degrees.

    A bootstrap of n cases is too narrow by sqrt((n - 1) / n) and treats the variance as known;
    this corrects both (Hesterberg 2015). Fewer than 2 cases count as 2.
    """
    n = max(n, 2)
    return ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, np.array([1 - level, 1 + level]) / 2))


def bca_tails(value, resampled, jackknife, tails):
    """Return (tails, reason): the quantiles that correct `tails` for bias and skewness.

    z0 = Phi^-1(share of resamples below the value, ties half), a = sum d^3 / (6 (sum d^2)^1.5)
    with d = mean(jackknife) - jackknife, tail = Phi(z0 + (z0 + z) / (1 - a (z0 + z))).
    Undefined if all resamples lie on one side of the value or the jackknife is undefined.
    """
    if jackknife is None:
        raise ValueError("expected the jackknife of the measure for bca, found none; pass it")
    if (resampled == value).all():
        return tails, ""
    share = (np.mean(resampled < value) + np.mean(resampled <= value)) / 2
    if share in (0, 1):
        return tails, "bca is undefined: all resamples lie on one side of the value"
    if np.isnan(jackknife).any():
        return tails, "bca is undefined: without one of the cases, the measure is undefined"
    deviations = np.mean(jackknife) - jackknife
    spread = (deviations**2).sum() ** 1.5
    skew = (deviations**3).sum() / (6 * spread) if spread else 0.0
    z = ndtri(share) + ndtri(tails)
    return ndtr(ndtri(share) + z / (1 - skew * z)), ""
