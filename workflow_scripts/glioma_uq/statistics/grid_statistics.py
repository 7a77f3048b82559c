"""Statistics over the cells of a grid, for all resamples at once: the basis of the findings.

Each takes a `Grid` and returns [B]; it raises CannotJudge if cells that it needs are missing.
"""

import numpy as np
from scipy.stats import rankdata

from glioma_uq.statistics.selection import stabilised_at
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

SEGMENTATION = "segmentation"
REGION = "tumour"  # whose mean uncertainty stands for segmentation, as in Figure 2


class CannotJudge(Exception):
    """The study's grid lacks the cells that a claim is about; the text says what is missing."""


class Grid:
    """The replicates, or the jackknife, of all measures of one network, by cell of the grid.

    Args:
        results: list of `long_tables.BootstrapResult`.
        rate, passes: the selected cell.
        part: "replicates" or "jackknife".
    """

    def __init__(self, results, rate, passes, part="replicates"):
        self.rate, self.passes = rate, passes
        self.values = {}
        for result in results:
            cells = self.values.setdefault((result.task, result.measure), {})
            cells[result.cell[1:]] = getattr(result, part)
        self.n_of = {(r.task, r.measure): r.n for r in results if r.cell[1:] == (rate, passes)}

    def at(self, task, measure):
        """Return [B] of one measure at the selected cell."""
        return self._cells_of(task, measure)[self.rate, self.passes]

    def over_rates(self, task, measure):
        """Return (rates [R], values [R, B]) at the selected T. At least two rates are needed."""
        cells = self._cells_of(task, measure)
        rates = sorted(rate for rate, passes in cells if passes == self.passes)
        if len(rates) < 2:
            raise CannotJudge("the study has one dropout rate only")
        return np.array(rates), np.array([cells[rate, self.passes] for rate in rates])

    def over_passes(self, task, measure):
        """Return (passes [K], values [K, B]) at the selected rate."""
        cells = self._cells_of(task, measure)
        passes = sorted(passes for rate, passes in cells if rate == self.rate)
        return np.array(passes), np.array([cells[self.rate, t] for t in passes])

    def _cells_of(self, task, measure):
        """Return {(rate, passes): [B]} of one measure, which the selected cell must have."""
        if not any(task == of for of, _ in self.n_of):
            raise CannotJudge(f"the study has no {task}")
        if (task, measure) not in self.n_of:
            raise CannotJudge(f"the study has no {measure} of {task} at this cell")
        return self.values[task, measure]


def uncertainty(task, part):
    """Return the name of a task's mean uncertainty among the measures."""
    return f"{part}_{REGION}" if task == SEGMENTATION else part


def slope(grid, task, measure):
    """Return the least-squares slope of a measure over the dropout rates."""
    rates, values = grid.over_rates(task, measure)
    x = rates - rates.mean()
    return x @ values / (x @ x)


def rate_of_extreme(grid, task, measure, wanted, sign):
    """Return the rate with the lowest (sign 1) or highest (-1) value; ties go to the lower rate."""
    rates, values = grid.over_rates(task, measure)
    require_rates(rates, wanted)
    return _rate_of_least(rates, sign * values)


def best_rate(grid, wanted):
    """Return the rate with the lowest mean rank of the ECE over the classification tasks."""
    found = [grid.over_rates(task, "ece") for task in TASKS]
    rates = found[0][0]
    require_rates(rates, wanted)
    known = [values for _, values in found if not np.isnan(values[:, 0]).all()]
    ranks = [rankdata(np.nan_to_num(v, nan=np.inf), axis=0) for v in known]
    return _rate_of_least(rates, np.mean(ranks, axis=0))


def require_rates(rates, wanted):
    """Raise CannotJudge if one of the `wanted` rates was not studied."""
    missing = [f"{rate:.2f}" for rate in wanted if rate not in rates]
    if missing:
        raise CannotJudge(f"the study has no dropout rate {', '.join(missing)}")


def _rate_of_least(rates, values):
    """Return the rate with the lowest value of each column [B], NaN if a rate has no value."""
    least = rates[np.argmin(np.nan_to_num(values, nan=np.inf), axis=0)]
    return np.where(np.isnan(values).any(axis=0), np.nan, least)


def settled(grid, task, tolerance):
    """Return the T from which all three mean uncertainties of a task have settled."""
    found = [grid.over_passes(task, uncertainty(task, part)) for part in UNCERTAINTY_COMPONENTS]
    passes = found[0][0]
    if not ((passes >= 20) & (passes <= 30)).any() or passes.max() <= 30:
        raise CannotJudge("the study has no T between 20 and 30, or none beyond")
    settled_from = [
        [float(stabilised_at(passes, curve, tolerance)) for curve in values.T]
        for _, values in found
    ]
    return np.max(settled_from, axis=0)


def dominance(grid, task, greater, smaller):
    """Return one mean uncertainty minus another at the selected cell; needs at least two passes."""
    one, other = (grid.at(task, uncertainty(task, part)) for part in (greater, smaller))
    if grid.passes == 1:
        raise CannotJudge("one pass does not separate epistemic from aleatoric uncertainty")
    return one - other


def range_excess(grid, task):
    """Return the range of the predictive uncertainty over rates minus that over passes."""
    measure = uncertainty(task, "predictive")
    _, over_rates = grid.over_rates(task, measure)
    passes, over_passes = grid.over_passes(task, measure)
    if len(passes) < 2:
        raise CannotJudge("the study has one number of passes only")
    return np.ptp(over_rates, axis=0) - np.ptp(over_passes, axis=0)


def dice_at_high_rate(grid):
    """Return the mean Dice at .6 minus the mean Dice at .2, .25 and .3."""
    rates, values = grid.over_rates(SEGMENTATION, "dice")
    require_rates(rates, (0.2, 0.25, 0.3, 0.6))
    moderate = np.isin(rates, (0.2, 0.25, 0.3))
    return values[rates == 0.6][0] - values[moderate].mean(axis=0)


def rho_difference(grid):
    """Return rho of the predicted tumour minus rho of the brain at the selected cell."""
    return grid.at(SEGMENTATION, "rho_tumour") - grid.at(SEGMENTATION, "rho_brain")
