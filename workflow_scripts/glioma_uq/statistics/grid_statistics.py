"""Statistics over the cells of a grid, for all resamples at once: the basis of the findings.

Each takes a `Grid` and returns [B], or [K, B] for K contrasts of which a claim says something about
the least or the greatest. It raises CannotJudge if cells that it needs are missing.

The extreme of noisy values is biased, and so is the place where it lies. Therefore a claim about an
extreme is about contrasts, each of which is unbiased: the wanted rate against each other rate.
"""

import numpy as np

from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS, corrected_name

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
        self.values, self.limits = {}, {}
        for result in results:
            cells = self.values.setdefault((result.task, result.measure), {})
            cells[result.cell[1:]] = getattr(result, part)
        self.strata_of = {result.task: result.strata for result in results}
        self.n_of = {(r.task, r.measure): r.n for r in results if r.cell[1:] == (rate, passes)}
        self.used = set()  # (task, measure) that a statistic has read

    def has(self, task):
        """Return whether a task has a known label in some case of the selected cell."""
        return any(task == of and n for (of, _), n in self.n_of.items())

    def at(self, task, measure):
        """Return [B] of one measure at the selected cell."""
        return self._cells_of(task, measure)[self.rate, self.passes]

    def limits_at(self, task, measure):
        """Return (value, low, high) of a measure whose limits are not those of resamples."""
        if np.isnan(self.limits.get((task, measure), (np.nan,))[0]):
            raise CannotJudge(f"the study has no {task} at this cell")
        return self.limits[task, measure]

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
        if not self.has(task):
            raise CannotJudge(f"the study has no {task}")
        if (task, measure) not in self.n_of:
            raise CannotJudge(f"the study has no {measure} of {task} at this cell")
        self.used.add((task, measure))
        return self.values[task, measure]

    def n_used(self):
        """Return the number of cases of what a statistic has read: of several measures the least.

        Forgets what was read.
        """
        n = min((self.n_of[name] for name in self.used), default=0)
        self.used = set()
        return n


def uncertainty(task, part):
    """Return the name of a task's mean uncertainty among the measures."""
    return f"{part}_{REGION}" if task == SEGMENTATION else part


def unbiased(grid, task, part):
    """Return the name of the same without the bias of few passes, where the grid has it."""
    plain = uncertainty(task, part)
    corrected = corrected_name(plain)
    return corrected if (task, corrected) in grid.n_of else plain


def slope(grid, task, measure):
    """Return the least-squares slope of a measure over the dropout rates."""
    rates, values = grid.over_rates(task, measure)
    x = rates - rates.mean()
    return x @ values / (x @ x)


def margins(grid, measure, wanted, sign, tasks):
    """Return [rates - 1, B]: how far each other rate lies beyond the wanted one; all are above 0
    where the mean of `measure` over `tasks` is lowest (sign 1) or highest (-1) there.
    """
    rates, values = _mean_over_tasks(grid, measure, tasks)
    require_rates(rates, (wanted,))
    return sign * (values[rates != wanted] - values[rates == wanted])


def best_rates(grid, measure, sign, tasks):
    """Return {rate: share of the resamples in which it has the lowest (sign 1) or highest mean}.

    Ties go to the lower rate; resamples with an undefined value do not count.
    """
    rates, values = _mean_over_tasks(grid, measure, tasks)
    drawn = sign * values[:, 1:]
    best = drawn[:, ~np.isnan(drawn).any(axis=0)].argmin(axis=0)
    return dict(
        zip(rates, np.bincount(best, minlength=len(rates)) / max(len(best), 1), strict=True)
    )


def share_best(grid, wanted, **where):
    """Return the share of the resamples in which the wanted rate is best, see `best_rates`."""
    shares = best_rates(grid, **where)
    require_rates(shares, (wanted,))
    return shares[wanted]


def _mean_over_tasks(grid, measure, tasks):
    """Return (rates [R], the mean [R, B] of a measure over the tasks whose labels are known)."""
    known = [task for task in tasks if grid.has(task)] or tasks
    found = [grid.over_rates(task, measure) for task in known]
    return found[0][0], np.mean([values for _, values in found], axis=0)


def require_rates(rates, wanted):
    """Raise CannotJudge if one of the `wanted` rates was not studied."""
    missing = [f"{rate:.2f}" for rate in wanted if rate not in rates]
    if missing:
        raise CannotJudge(f"the study has no dropout rate {', '.join(missing)}")


def changes_after(grid, task):
    """Return [2 K, B]: relative changes of mean uncertainties up to the largest T, both signs.

    (U_T - U_Tmax) / U_Tmax for each T from the last one in 20-30 on, and each uncertainty, without
    the bias of few passes where it is known. The greatest is the largest change.
    """
    changes = []
    for part in UNCERTAINTY_COMPONENTS:
        passes, values = grid.over_passes(task, unbiased(grid, task, part))
        early = passes[(passes >= 20) & (passes <= 30)]
        if not early.size or passes[-1] <= 30:
            raise CannotJudge("the study has no T between 20 and 30, or none beyond")
        later, last = values[(passes >= early[-1]) & (passes < passes[-1])], values[-1]
        changes.append(
            np.divide(later - last, last, out=np.full_like(later, np.nan), where=last != 0)
        )
    changes = np.concatenate(changes)
    return np.concatenate([changes, -changes])


def dominance(grid, task, greater, smaller):
    """Return one mean uncertainty minus another at the selected cell; needs at least two passes."""
    if grid.passes == 1 and grid.has(task):
        raise CannotJudge("one pass does not separate epistemic from aleatoric uncertainty")
    one, other = (grid.at(task, uncertainty(task, part)) for part in (greater, smaller))
    return one - other


def rise_beyond_passes(grid, task):
    """Return [2, B]: rise of the predictive uncertainty over the rates, minus and plus that over T.

    From the lowest to the highest rate and from the smallest to the largest T. The lesser is the
    rise over the rates minus the change, up or down, over T.
    """
    measure = uncertainty(task, "predictive")
    _, over_rates = grid.over_rates(task, measure)
    passes, over_passes = grid.over_passes(task, measure)
    if len(passes) < 2:
        raise CannotJudge("the study has one number of passes only")
    rise, change = (values[-1] - values[0] for values in (over_rates, over_passes))
    return np.stack([rise - change, rise + change])


def dice_at_high_rate(grid):
    """Return the mean Dice at .6 minus the mean Dice at .2, .25 and .3."""
    rates, values = grid.over_rates(SEGMENTATION, "dice")
    require_rates(rates, (0.2, 0.25, 0.3, 0.6))
    moderate = np.isin(rates, (0.2, 0.25, 0.3))
    return values[rates == 0.6][0] - values[moderate].mean(axis=0)


def rho_difference(grid):
    """Return rho of the predicted tumour minus rho of the brain at the selected cell."""
    return grid.at(SEGMENTATION, "rho_tumour") - grid.at(SEGMENTATION, "rho_brain")
