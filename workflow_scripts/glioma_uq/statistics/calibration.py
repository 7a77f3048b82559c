"""How well the probabilities of a classifier are calibrated.

`probabilities` is [N, C], `labels` [N] the index of each true class, `weights` [B, N] how
often each row counts in each resample (a row of ones: the plain value). All return [B].

The calibration error compares, bin by bin, the mean confidence in the predicted class (top
label; a tie goes to the first class) with the accuracy. `binning` is
`equal-width`: bins (lo, hi] of [0, 1], a confidence of 0 in the first; or `equal-mass`: (lo, hi]
between quantiles of the confidences of all rows, with the same edges in every resample and equal
confidences in one bin. `norm` 1 is sum_b n_b / N |gap_b| (Guo et al. 2017), 2 the root of
sum_b n_b / N gap_b^2, inf the largest |gap_b|.
"""

import numpy as np
import pandas as pd

from glioma_uq.statistics.bootstrap import in_blocks, ratio

BINNINGS = ("equal-width", "equal-mass")


def ece(probabilities, labels, weights, bins=15, binning="equal-width", norm=1, seeds=None):
    """Return the expected calibration error, gap_b = accuracy_b - confidence_b.

    Rows of different `seeds` [N] share no bin: the mean over networks of the error of each.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    in_bin = bin_members(confidence, bins, binning, seeds)
    return binned_error(right - confidence, in_bin, weights, norm)


@in_blocks
def ece_debiased(
    probabilities, labels, weights, bins=15, binning="equal-width", norm=1, seeds=None,
    patients=None,
):  # fmt: skip
    """Return the calibration error without the part that chance alone adds; `norm` 1 or 2.

    Norm 2 is the root of sum_b n_b / N of the mean of gap_i gap_j over pairs i, j of different
    `patients` [N] (None: a row each) in the bin, an unbiased estimate of gap_b^2 (clipped at 0;
    Kumar et al. 2019). Norm 1 is sum_i gap_i sign(sum of the other patients' gaps in its bin) / N.
    Its mean is 0 for a calibrated classifier and never above that of the ECE. A patient alone in a
    bin counts 0 there. So copies of a row in a resample are not compared with one another. `seeds`
    as for `ece`.
    """
    if norm not in (1, 2):
        raise ValueError(
            f"expected norm 1 or 2 of a debiased ECE, found {norm}; correct statistics"
        )
    confidence = probabilities.max(axis=1)
    gaps = weights * ((probabilities.argmax(axis=1) == labels) - confidence)
    in_bin, n = bin_members(confidence, bins, binning, seeds), weights.sum(axis=1)
    sums, counts = gaps @ in_bin, weights @ in_bin
    group = case_numbers(patients, len(labels)) * in_bin.shape[1] + in_bin.argmax(axis=1)
    own_gaps, own_weights = (sums_within(values, group) for values in (gaps, weights))
    if norm == 1:
        others = (sums @ in_bin.T - own_gaps) * (counts @ in_bin.T > own_weights)
        return ratio((gaps * np.sign(others)).sum(axis=1), n)
    pairs = counts**2 - weights * own_weights @ in_bin
    squares = ratio(sums**2 - gaps * own_gaps @ in_bin, pairs)
    return np.sqrt(np.maximum(ratio((counts * np.nan_to_num(squares)).sum(axis=1), n), 0))


def sums_within(values, group):
    """Return, for each row, the sum of the `values` [B, N] over the rows of its `group` [N]."""
    if not len(group):
        return values
    _, group, size = np.unique(group, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    ordered = values[:, np.argsort(group, kind="stable")]
    return np.add.reduceat(ordered, starts, axis=1)[:, group]


def case_numbers(cases, n):
    """Return the number of each row's case, patient or seed [N], in order; None: one each."""
    return np.arange(n) if cases is None else pd.factorize(np.asarray(cases, dtype=str))[0]


def ece_if_perfect(
    probabilities, resamples, rng, bins=15, binning="equal-width", norm=1, cases=None, seeds=None
):
    """Return [1 + resamples] ECEs if these probabilities were the true ones, their mean first.

    Each is the ECE against labels drawn from the probabilities themselves: the ECE of a
    perfectly calibrated model at finite n (Bröcker and Smith 2007). It is not 0. Rows of one
    patient (`cases` [N], where several `seeds` predict it, or it has several scans) are right
    together, as far as their confidences allow, since they share a label.
    """
    confidence = probabilities.max(axis=1)
    order, right = right_by_chance(confidence, resamples, rng, cases)
    in_bin = bin_members(confidence, bins, binning, seeds)[order]
    n = np.full(resamples, max(len(confidence), 1))
    errors = _norm((right - confidence[order]) @ in_bin, in_bin.sum(axis=0)[None], n, norm)
    return np.concatenate([[errors.mean()], errors])


def right_by_chance(confidence, resamples, rng, cases=None):
    """Return (order [N], right [resamples, N]) of predictions that are right so often as they say.

    `right` is in the order of rising confidence, so that the order of rows does not matter.
    """
    order = np.argsort(confidence, kind="stable")
    if cases is not None:
        cases = np.asarray(cases, dtype=str)
        order = np.lexsort((cases, confidence))
        cases = cases[order]
    case_of = case_numbers(cases, len(order))
    chance = rng.random((resamples, case_of.max(initial=-1) + 1))[:, case_of]
    return order, chance < confidence[order]


def true_ece_limits(
    probabilities, labels, cases, rng, level=0.95, resamples=1000, bins=15, binning="equal-width",
    norm=1, seeds=None,
):  # fmt: skip
    """Return (value, low, high) of the ECE of infinitely many cases, by inversion of tests.

    low, high: the least and the largest true ECE at which an ECE as large, and as small, as this is
    not rarer than (1 - level) / 2, over several `shapes` of miscalibration. low is also at most the
    ECE minus the upper limit of the null band, since the ECE of noisy gaps is at most the true one
    plus that of the noise; predictions that are surer than right have more noise than that band.
    value: the ECE minus the mean of the null band. All are at least 0; NaN without rows.

    Rows of one patient (`cases` [N], of several `seeds`, as for `ece`) share a label: both limits
    are the wider ones of independent rows and of rows that are right together.
    """
    if not len(labels):
        return np.nan, np.nan, np.nan
    confidence, tail = probabilities.max(axis=1), (1 - level) / 2
    in_bin, n = bin_members(confidence, bins, binning, seeds), np.full(resamples, len(labels))
    counts = in_bin.sum(axis=0)[None]
    found = ece(probabilities, labels, np.ones((1, len(labels))), bins, binning, norm, seeds)[0]
    case_of = case_numbers(cases, len(labels))
    chances = [rng.random((resamples, len(labels)))]
    if case_of.max() + 1 < len(labels):
        chances.append(rng.random((resamples, case_of.max() + 1))[:, case_of])

    def drawn(chance, accuracy):
        return _norm(((chance < accuracy) - confidence) @ in_bin, counts, n, norm)

    def farthest(chance, shape, is_low):
        """Return the least or largest true ECE of gaps of this shape that `found` allows."""
        low, high = 0.0, 1.0
        while high - low > 1e-3:
            middle = (low + high) / 2
            errors = drawn(chance, (confidence + middle * shape).clip(0, 1))
            rare = (errors >= found if is_low else errors <= found).mean() <= tail
            low, high = (low, middle) if rare != is_low else (middle, high)
        accuracy = (confidence + (low if is_low else high) * shape).clip(0, 1)
        return _norm(((accuracy - confidence) @ in_bin)[None], counts, n[:1], norm)[0]

    # Of gaps with one true ECE, those in proportion to their noise give the smallest ECEs, and
    # those of the same size in all bins nearly so; gaps upwards have less noise.
    size = np.sqrt(confidence * (1 - confidence) / (in_bin @ counts[0]))
    signs = 1.0 - 2.0 * (bin_index(confidence, bins, binning) % 2)
    shapes = [sign * by for sign in (-1, 1, signs, -signs) for by in (1, size / (size.mean() or 1))]
    null = [drawn(chance, confidence) for chance in chances]
    value = max(found - min(errors.mean() for errors in null), 0.0)
    low, high = (
        end(farthest(chance, shape, is_low) for chance in chances for shape in shapes)
        for end, is_low in ((min, True), (max, False))
    )
    above_null = found - max(np.quantile(errors, 1 - tail) for errors in null)
    return value, min(low, max(above_null, 0.0), value), max(high, value)


def binned_error(gap, in_bin, weights, norm=1):
    """Return the `norm` over bins [B] of the mean of `gap` [N] in each; `in_bin` is [N, bins]."""
    counts = None if norm == 1 else weights @ in_bin
    return _norm(weights @ (gap[:, None] * in_bin), counts, weights.sum(axis=1), norm)


def _norm(sums, counts, n, norm):
    """Return the norm [B] of bins with `sums` of gaps and `counts` [B, bins] of `n` [B] rows."""
    if norm == 1:
        return ratio(np.abs(sums).sum(axis=1), n)
    gaps = np.divide(np.abs(sums), counts, out=np.zeros_like(sums), where=counts > 0)
    if norm == 2:
        return np.sqrt(ratio((counts * gaps**2).sum(axis=1), n))
    if norm == np.inf:
        return np.where(n > 0, gaps.max(axis=1), np.nan)
    raise ValueError(f"expected norm 1, 2 or inf of the ECE, found {norm}; correct statistics")


def bin_index(confidence, bins, binning="equal-width"):
    """Return the bin 0 .. bins - 1 of each confidence [N]."""
    return np.searchsorted(bin_edges(confidence, bins, binning)[1:-1], confidence, side="left")


def bin_members(confidence, bins, binning="equal-width", seeds=None):
    """Return float [N, bins]: 1 where the row lies in the bin.

    With `seeds` [N] each of S seeds has bins of its own, with the same edges: [N, S bins].
    """
    seed = case_numbers(np.zeros(len(confidence)) if seeds is None else seeds, len(confidence))
    index = seed * bins + bin_index(confidence, bins, binning)
    members = index[:, None] == np.arange(bins * (seed.max(initial=0) + 1))
    return members.astype(float)


def bin_edges(confidence, bins, binning="equal-width"):
    """Return the bins + 1 edges: of [0, 1], or the quantiles of the confidences [N]."""
    if binning not in BINNINGS:
        raise ValueError(f"expected binning among {BINNINGS}, found {binning}; correct statistics")
    if binning == "equal-width" or not len(confidence):
        return np.linspace(0, 1, bins + 1)
    upper = -(-len(confidence) * np.arange(1, bins + 1) // bins) - 1  # ceil(n k / bins), from 0
    return np.sort(confidence)[np.append(0, upper)]


def reliability(
    probabilities, labels, rng, bins=15, binning="equal-width", resamples=1000, level=0.95,
    cases=None,
):  # fmt: skip
    """Return the table of a reliability diagram, one row for each non-empty bin.

    Columns: low and high edge, n, confidence, accuracy, and null_low and null_high, between
    which the accuracy lies with probability `level` if the probabilities are the true ones. Rows
    of one patient (`cases` [N]) are then right together.
    """
    confidence = probabilities.max(axis=1)
    in_bin = bin_members(confidence, bins, binning)
    n = in_bin.sum(axis=0)
    order, chance = right_by_chance(confidence, resamples, rng, cases)
    chance = chance @ in_bin[order]
    edges, held = bin_edges(confidence, bins, binning), n > 0
    right = (probabilities.argmax(axis=1) == labels) @ in_bin
    null = np.quantile(chance, [(1 - level) / 2, (1 + level) / 2], axis=0)
    columns = {"low": edges[:-1], "high": edges[1:], "n": n.astype(int)}
    sums = {"confidence": confidence @ in_bin, "accuracy": right,
            "null_low": null[0], "null_high": null[1]}  # fmt: skip
    columns |= {name: ratio(values, n) for name, values in sums.items()}
    return pd.DataFrame(columns)[held].reset_index(drop=True)
