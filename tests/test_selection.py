"""The rules of selection on small tables."""

import pandas as pd
import pytest

from glioma_uq.errors import BadInput
from glioma_uq.statistics.selection import choose, mean_ranks, stabilised_at


def long(rows):
    return pd.DataFrame(rows, columns=["rate", "passes", "task", "measure", "value"])


def uncertainties(rate, values, passes=(10, 20, 30, 40)):
    return [(rate, t, "idh", "predictive", v) for t, v in zip(passes, values, strict=True)]


NLL = [
    (0.2, 40, "idh", "nll", 0.5), (0.4, 40, "idh", "nll", 0.4), (0.6, 40, "idh", "nll", 0.6),
    (0.2, 40, "grade", "nll", 0.9), (0.4, 40, "grade", "nll", 0.8), (0.6, 40, "grade", "nll", 0.7),
]  # fmt: skip
SETTLING = [row for rate in (0.2, 0.4, 0.6) for row in uncertainties(rate, [0.9, 1.005, 0.995, 1])]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 1, 1, 1], 10),
        ([0.9, 1.005, 0.995, 1], 20),
        ([1.0, 0.9, 1, 1], 30),
        ([1.0, 1, 0.5, 1], 40),
        ([0.99, 1, 1, 1], 20),
        ([0.0, 0, 0, 0], 10),
        ([0.1, 0, 0, 0], 20),
        ([-1.0, -1, -1, -1], 10),
    ],
)
def test_settled_is_near_the_last_and_stays(values, expected):
    assert stabilised_at(pd.Index([10, 20, 30, 40]), pd.Series(values).to_numpy()) == expected


def chosen_passes(rows):
    """Return (T, settled) of a study of one rate, selected by an NLL at its largest T."""
    most = max(t for _, t, *_ in rows)
    return choose(long([*rows, (0.2, most, "idh", "nll", 0.5)]), "nll")[1:3]


def test_the_slowest_uncertainty_decides():
    fast, slow = uncertainties(0.2, [1, 1, 1, 1]), uncertainties(0.2, [0.5, 0.8, 1, 1])
    slow = [(*row[:3], "epistemic_tumour", row[4]) for row in slow]
    assert chosen_passes(fast) == (10, True)
    assert chosen_passes(fast + slow) == (30, True)


def test_what_has_no_bias_of_few_passes_decides_where_it_is_known():
    """The plain part grows by 1 / T and has not settled at 30 of 40; the corrected one is flat."""
    plain = [1 - 1 / t for t in (10, 20, 30, 40)]
    parts = {"epistemic": plain, "epistemic_corrected": [1, 1, 1, 1]}
    rows = [
        (0.2, t, "idh", part, v)
        for part, values in parts.items()
        for t, v in zip((10, 20, 30, 40), values, strict=True)
    ]
    assert chosen_passes(rows[:4]) == (30, True)
    assert chosen_passes(rows) == (10, True)
    of_tumour = [(*row[:2], "segmentation", f"{row[3]}_tumour", row[4]) for row in rows]
    assert chosen_passes(rows + of_tumour[:4]) == (30, True)
    assert chosen_passes(rows + of_tumour) == (10, True)
    of_brain = [(*row[:3], "epistemic_brain", row[4]) for row in of_tumour[:4]]
    assert chosen_passes(rows + of_tumour + of_brain) == (30, True)


def test_an_uncertainty_that_never_settles_takes_the_largest_number_of_passes():
    assert chosen_passes(uncertainties(0.2, [1, 2, 3, 4])) == (40, False)
    assert chosen_passes(uncertainties(0.2, [1], passes=[7])) == (7, False)


def test_the_lowest_mean_rank_wins():
    *cell, ranks = choose(long(NLL + SETTLING), "nll")
    assert cell == [0.4, 20, True]
    assert ranks.to_dict() == {0.2: 2.5, 0.4: 1.5, 0.6: 2.0}


def test_only_the_largest_number_of_passes_is_asked_for_the_rate():
    early = [(0.6, 10, "idh", "nll", 0.0), (0.6, 10, "grade", "nll", 0.0)]
    assert choose(long(NLL + SETTLING + early), "nll")[0] == 0.4


def test_equal_ranks_go_to_the_lower_rate():
    rows = [(rate, 40, "idh", "nll", 0.5) for rate in (0.6, 0.2, 0.4)]
    assert choose(long(rows + SETTLING), "nll")[0] == 0.2


def test_dice_is_better_when_higher():
    dice = [(r, 40, "segmentation", "dice", v) for r, v in ((0.2, 0.6), (0.4, 0.7), (0.6, 0.9))]
    ranks = mean_ranks(long(NLL + dice), ("nll", "dice"))
    assert ranks.to_dict() == pytest.approx({0.2: 8 / 3, 0.4: 5 / 3, 0.6: 5 / 3})


def test_a_missing_value_ranks_last_and_an_unknown_task_has_no_vote():
    rows = [row if row[:3] != (0.4, 40, "idh") else (*row[:4], None) for row in NLL]
    rows += [(rate, 40, "1p19q", "nll", None) for rate in (0.2, 0.4, 0.6)]
    assert mean_ranks(long(rows), ("nll",)).to_dict() == {0.2: 2.0, 0.4: 2.5, 0.6: 1.5}


def test_what_cannot_be_chosen_by_is_refused():
    with pytest.raises(BadInput, match="expected a selection rule among .* found best"):
        choose(long(NLL + SETTLING), "best")
    with pytest.raises(BadInput, match="expected values of ece .* found none"):
        choose(long(NLL + SETTLING), "ece")
    with pytest.raises(BadInput, match="expected mean uncertainties by passes, found none"):
        choose(long(NLL), "nll")
