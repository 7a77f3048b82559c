"""Figures draw what their tables say, the same bytes each time, also where there is little."""

from glioma_uq.steps import arguments_of

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import draw_figure
from glioma_uq.errors import BadInput
from glioma_uq.figures import case_gallery, figure_module, uncertainty_by_passes
from glioma_uq.figures.cells import of_cell, of_network
from glioma_uq.figures.gallery_cases import MAPS, GalleryCase
from glioma_uq.figures.style import STYLE, count_text, rate_colours, save_figure
from glioma_uq.images import Grid, Image
from glioma_uq.report.page import title_in
from glioma_uq.tasks import TASKS

LEVEL = 0.95
SELECTED = pd.DataFrame([{"item": "selected", "rate": 0.2, "passes": 30}])
COLUMNS = ["network", "rate", "passes", "task", "measure", "value", "low", "high", "n", "reason"]
OF_TASK = ["ece", "nll", "auc", "predictive", "aleatoric", "epistemic"]
OF_SEGMENTATION = ["dice", "rho_brain", "rho_tumour", "empty_tumour"] + [
    f"{kind}_{region}" for kind, region in product(OF_TASK[3:], ["tumour", "brain"])
]


def long_table(tasks, measures, rates=(0.2, 0.4), passes=(10, 30), network="csnet"):
    """Return a table of statistics whose values say nothing but differ."""
    rows = [
        (network, rate, t, task, measure, 0.1 + i / 100, 0.05, 0.6, 20, "")
        for i, (rate, t, task, measure) in enumerate(product(rates, passes, tasks, measures))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def classification_cell(right, wrong):
    """Return a cell in which every task gets the first `right` cases right, the rest wrong."""
    n = right + wrong
    cell = pd.DataFrame({"case": [f"case-{i:02d}" for i in range(n)], "source": "a", "seed": 1})
    for task, classes in TASKS.items():
        cell[f"{task}_label"] = np.where(np.arange(n) < right, classes[0], classes[1])
        for c in classes:
            cell[f"{task}_probability_{c}"] = 0.8 if c == classes[0] else 0.2 / (len(classes) - 1)
        cell[f"{task}_predictive"] = np.linspace(0.1, 0.6, n) if n else []
    return cell


def segmentation_cell(dice):
    """Return a cell of segmentations of that Dice, the last without a predicted tumour."""
    uncertainty = 1 - np.array(dice)
    uncertainty[-1] = np.nan
    names = [f"case-{i:02d}" for i in range(len(dice))]
    return pd.DataFrame({"case": names, "dice": dice, "tumour_predictive": uncertainty})


def reliability_table():
    bins = {"low": [0.4, 0.6], "high": [0.6, 0.8], "n": [30, 10], "confidence": [0.55, 0.7],
            "accuracy": [0.5, 0.2], "null_low": 0.4, "null_high": 0.9}  # fmt: skip
    cell = {"network": "csnet", "rate": 0.2, "passes": 30}
    return pd.concat([pd.DataFrame({**cell, "task": task, **bins}) for task in TASKS])


def risk_table():
    curve = {"coverage": [0.25, 0.5, 0.75, 1], "risk": [0, 0.1, 0.2, 0.3], "low": 0, "high": 0.5}
    parts = [
        pd.DataFrame({"network": "csnet", "rate": rate, "passes": 30, "task": task,
                      "uncertainty": uncertainty, "n": 4, **curve})
        for rate in (0.2, 0.4)
        for task, uncertainty in [*((task, "predictive") for task in TASKS),
                            ("segmentation", "tumour_predictive"),
                            ("segmentation", "brain_predictive")]
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def difference_table():
    """Return differences of which one is worse, one better and the others undecided."""
    table = long_table(TASKS, ["nll", "ece", "auc"], rates=(0.4,), passes=(30,))
    table = table.assign(reference_rate=0.2, value=0.0, low=-0.1, high=0.1, given="these networks")
    table.loc[0, ["value", "low", "high"]] = 0.2, 0.1, 0.3  # nll: higher is worse
    table.loc[2, ["value", "low", "high"]] = 0.2, 0.1, 0.3  # auc: higher is better
    return table


def truth_of(cell):
    names = ["p_idh", "p_1p19q", "p_grade_2", "p_grade_3", "p_grade_4"]
    return pd.DataFrame({"case": cell["case"], **dict.fromkeys(names, 0.25)}).assign(p_grade_4=0.5)


def truth_table():
    measures = ["posterior_distance", "ece", "true_ece", "rho_aleatoric", "aleatoric_bias",
                "bayes_auc"]  # fmt: skip
    return long_table(TASKS, measures, rates=(0.2,), passes=(30,))


def gallery_cases():
    grid = Grid((8, 9, 6), np.eye(4))
    ball = np.zeros(grid.shape)
    ball[3:6, 3:6, 2:4] = 1
    maps = {kind: Image(0.6 * ball, grid) for kind in MAPS}
    scans = {name: Image(np.random.default_rng(1).normal(size=grid.shape), grid) for name in "ab"}
    brain, tumour = Image(np.ones(grid.shape, bool), grid), Image(ball > 0, grid)
    nothing = Image(ball < 0, grid)
    return [
        GalleryCase("seen", scans, maps, tumour, brain, tumour, dice=0.9, uncertainty=0.1),
        GalleryCase("not seen", scans, maps, None, brain, nothing, dice=0.0, uncertainty=np.nan),
    ]


def test_the_gallery_draws_maps_in_the_brain_alone():
    (case, _), brain = gallery_cases(), np.zeros((8, 9, 6), bool)
    brain[2:7, 2:7] = True
    glow = {kind: Image(np.full(brain.shape, 0.6), case.brain.grid) for kind in case.maps}
    case = replace(case, maps=glow, brain=Image(brain, case.brain.grid))
    axes = plt.subplots(1, 6)[1]
    for image in figure_module("case_gallery").draw_case(axes, case, 2):
        values = np.asarray(image.get_array())
        assert (values == 0.6).sum() == 25
        assert (values == 0).sum() == values.size - 25 > 0
    plt.close("all")


def no_tests():
    """Return the rank tests of a cell in which nothing could be tested."""
    cell = {"network": "csnet", "rate": 0.2, "passes": 30}
    row = {"task": "idh", "n_right": 0, "n_wrong": 0, "p_holm": np.nan, "auroc": np.nan}
    return pd.DataFrame([cell | row])


def texts(figure):
    """Return all words in a figure's panels."""
    return [
        text.get_text()
        for axes in figure.axes
        for text in [*axes.texts, *axes.get_xticklabels(), axes.title, axes._left_title]
    ]


def read(name, folder, **given):
    """Return what a figure reads: tables in `given` are written to `folder` first.

    A list of tables has that of the selected cell, `SELECTED`.
    """
    function = figure_module(name).read
    for key, value in given.items():
        if isinstance(value, pd.DataFrame):
            given[key] = written(value, folder / f"{key}.csv")
        elif isinstance(value, list) and all(isinstance(one, pd.DataFrame) for one in value):
            path = folder / f"csnet/dropout-0.20/passes-030/{key}.csv"
            given[key] = [written(one, path) for one in value]
    return function(**draw_figure.arguments_of(function, given))


def written(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return path


def draw(name, *found, **given):
    """Return a figure as the step draws it, from what its `read` returned."""
    function = figure_module(name).draw
    with matplotlib.rc_context(STYLE):
        return function(*found, **arguments_of(function, given))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Each figure, small, with its table."""
    cell = classification_cell(6, 4)
    for task in TASKS:
        cell[f"{task}_aleatoric"] = cell[f"{task}_predictive"]
    of_cell = {"classification": [cell]}
    given = {
        "classification": long_table(TASKS, OF_TASK),
        "segmentation": long_table(["segmentation"], OF_SEGMENTATION),
        "reliability": reliability_table(),
        "risk_coverage": risk_table(),
        "differences": difference_table(),
        "truth": truth_of(cell),
        "measures": truth_table(),
        "posterior_truth": [],
        "by_seed": [],
        "ranks": no_tests(),
        "selection": SELECTED,
        "network": "csnet",
        "level": LEVEL,
        "tolerance": 0.01,
        "dice_threshold": 0.8,
        "classes": 2,
    }
    own = {
        "uncertainty_by_correctness": {
            **of_cell, "segmentation": [segmentation_cell([0.9, 0.85, 0.8, 0.3, 0.0])]
        },
        "posterior_truth": of_cell,
    }  # fmt: skip
    figures = {}
    for name in SAYS:
        if name == "case_gallery":
            found = case_gallery.tabulate(gallery_cases()), gallery_cases(), 9
        else:
            found = read(name, tmp_path_factory.mktemp(name), **given | own.get(name, {}))
        found = found if isinstance(found, tuple) else (found,)
        figures[name] = draw(name, *found, **given), found[0]
    return figures


SAYS = {
    "uncertainty_by_passes": "In 8 of 8 pairs of task and rate, total uncertainty is within 1 % of "
    "its value at T = 30 only at that T",
    "calibration_by_rate": "ECE is lowest at p = 0.20 (IDH), 0.20 (1p/19q) and 0.20 (grade)",
    "segmentation_quality": "Dice is highest at p = 0.40",
    "uncertainty_by_correctness": "Too few good or bad predictions to compare their uncertainty",
    "reliability": "3 of 6 bins lie outside the range of perfect calibration; accuracy "
    "minus confidence is −0.16 (IDH), −0.16 (1p/19q) and −0.16 (grade)",
    "risk_coverage": "changes the risk from 0.30 to 0.20 (segmentation), 0.30 to 0.20 (IDH)",
    "uncertainty_shares": "The epistemic share of the uncertainty is",
    "rate_differences": "Of 9 differences from p = 0.20, 1 is worse and 1 better with an "
    "interval that excludes 0, given these networks; 7 undecided",
    "posterior_truth": "from true probabilities is 0.10 (IDH), 0.16 (1p/19q) and 0.22 (grade)",
    "case_gallery": "2 of 9 cases by uncertainty: Dice is 0.90 in the less uncertain half and 0.00",
}


@pytest.mark.parametrize("name", SAYS)
def test_a_figure_says_in_its_title_what_its_numbers_show(drawn, name, tmp_path):
    figure, table = drawn[name]
    assert SAYS[name] in " ".join(figure.get_suptitle().split())
    saved(figure, table, tmp_path)
    assert SAYS[name] in title_in(tmp_path / "figure.png")


@pytest.mark.parametrize("name", [name for name in SAYS if name != "case_gallery"])
def test_every_panel_tells_its_n(drawn, name):
    figure, _ = drawn[name]
    told = [text for text in texts(figure) if "n = " in text]
    below = {"reliability": 3}  # panels of counts, whose axis is n itself
    expected = len(figure.axes) - below.get(name, 0)
    assert len(told) >= expected


def test_a_gallery_tells_what_is_missing(drawn):
    assert any("no tumour found" in axes.get_ylabel() for axes in drawn["case_gallery"][0].axes)


def test_entropies_of_a_gallery_end_where_so_many_classes_do(drawn):
    def tops(figure):
        return {
            axes.get_xticklabels()[-1].get_text()
            for axes in figure.axes
            if axes.get_label() == "<colorbar>"
        }

    assert tops(drawn["case_gallery"][0]) == {"1", "ln 2"}
    cases = gallery_cases()
    of_parts = draw("case_gallery", case_gallery.tabulate(cases), cases, 9, classes=4)
    assert tops(of_parts) == {"1", "ln 4"}
    limits = [axes.images[0].get_clim()[1] for axes in of_parts.axes if axes.images]
    assert max(limits[2:6]) == pytest.approx(np.log(4))


def saved(figure, table, folder):
    paths = {kind: folder / f"figure.{kind}" for kind in ("pdf", "png", "csv")}
    save_figure(figure, table, **paths)
    return {kind: path.read_bytes() for kind, path in paths.items()}


@pytest.mark.parametrize("name", SAYS)
def test_a_figure_is_three_files_and_its_table_is_what_was_asked(drawn, name, tmp_path):
    figure, table = drawn[name]
    files = saved(figure, table, tmp_path)
    assert files["pdf"].startswith(b"%PDF")
    assert b"CreationDate" not in files["pdf"]
    assert files["png"].startswith(b"\x89PNG")
    of_file = pd.read_csv(tmp_path / "figure.csv")
    pd.testing.assert_frame_equal(of_file, table.replace("", np.nan), check_dtype=False)


def test_the_bytes_are_the_same_in_another_process(tmp_path):
    table = tmp_path / "statistics.csv"
    long_table(["segmentation"], OF_SEGMENTATION).to_csv(table, index=False)
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import draw_figure as step;"
        "here, there = map(pathlib.Path, sys.argv[2:]);"
        "files = {kind: there / f'figure.{kind}' for kind in ('pdf', 'png', 'csv')};"
        "step.main(figure='segmentation_quality', segmentation=here, network='csnet', level=.95,"
        " **files)"
    )
    steps = Path(draw_figure.__file__).parent
    command = [sys.executable, "-c", script, steps, table, tmp_path / "other"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    files = {kind: tmp_path / f"figure.{kind}" for kind in ("pdf", "png", "csv")}
    draw_figure.main(
        figure="segmentation_quality", segmentation=table, network="csnet", level=LEVEL, **files
    )
    for kind, path in files.items():
        assert path.read_bytes() == (tmp_path / f"other/figure.{kind}").read_bytes(), kind


def test_uncertainty_by_passes_has_three_kinds_for_each_task_segmentation_first(drawn):
    figure, table = drawn["uncertainty_by_passes"]
    assert len(figure.axes) == 12
    assert list(table["task"].unique()) == ["segmentation", "idh", "1p19q", "grade"]
    assert set(table["measure"]) >= {"predictive_tumour", "epistemic"}
    assert "ece" not in set(table["measure"])


def test_uncertainty_by_passes_says_which_share_of_the_total_a_part_is():
    table = long_table(["idh"], OF_TASK[3:])
    table["value"] = table["measure"].map({"predictive": 0.5, "aleatoric": 0.4, "epistemic": 0.1})
    kinds = uncertainty_by_passes.split_by_kind(table)
    share_text, total = uncertainty_by_passes.share_text, kinds["predictive"]
    assert share_text(kinds["aleatoric"], total, "aleatoric") == "; 80 % of total"
    assert share_text(total, total, "predictive") == ""


def test_uncertainty_without_the_bias_of_few_passes_is_dashed_and_no_part_of_the_shares(tmp_path):
    measures = [*OF_TASK[3:], "predictive_corrected", "epistemic_corrected"]
    of_tumour = [f"{measure}_tumour" for measure in measures]
    given = {"classification": long_table(TASKS, measures),
             "segmentation": long_table(["segmentation"], of_tumour),
             "network": "csnet"}  # fmt: skip
    table = read("uncertainty_by_passes", tmp_path, **given)
    figure = draw("uncertainty_by_passes", table, level=LEVEL, tolerance=0.9)
    dashed = [sum(line.get_linestyle() == "--" for line in axes.lines) for axes in figure.axes]
    assert dashed == [2, 0, 2] * 4  # one for each rate
    shares = read("uncertainty_shares", tmp_path, **given, selection=SELECTED)
    assert set(shares["measure"]) == {*OF_TASK[3:], *of_tumour[:3]}
    assert (shares["share"][shares["measure"].str.startswith("predictive")] == 1).all()


@pytest.mark.parametrize(("tolerance", "says"), [(0.9, "From T = 10 on"), (0.01, "only at that T")])
def test_uncertainty_has_settled_within_the_tolerance_of_the_config(drawn, tolerance, says):
    _, table = drawn["uncertainty_by_passes"]
    figure = draw("uncertainty_by_passes", table, level=LEVEL, tolerance=tolerance)
    title = " ".join(figure.get_suptitle().split())
    assert says in title
    assert f"within {100 * tolerance:g} %" in title


def calibration(folder, table, selection=SELECTED, network="csnet", truth=(), by_seed=()):
    """Return what calibration_by_rate reads from a table of statistics."""
    given = {"classification": table, "selection": selection, "network": network}
    return read("calibration_by_rate", folder, **given, posterior_truth=truth, by_seed=by_seed)


def test_calibration_of_one_rate_is_a_point_with_its_interval(tmp_path):
    table = long_table(TASKS, OF_TASK, rates=[0.0], passes=[1])
    table = calibration(tmp_path, table, SELECTED.assign(passes=1))
    figure = draw("calibration_by_rate", table, level=LEVEL)
    points = figure.axes[0].lines[0]
    assert points.get_xdata().tolist() == [0.0]
    low_to_high = figure.axes[0].collections[0].get_segments()[0]
    assert low_to_high.tolist() == [[0.0, 0.05], [0.0, 0.6]]


def test_calibration_shows_every_seed_of_training_behind_the_mean(tmp_path):
    table = long_table(TASKS, OF_TASK)
    seeds = [table.assign(seed=seed, value=0.1 * seed) for seed in (1, 2)]
    seeds = pd.concat([*seeds, table.assign(seed="all")])
    read_with = calibration(tmp_path, table, by_seed=seeds.drop(columns=["low", "high"]))
    assert sorted(read_with["seed"].dropna().astype(int).unique()) == [1, 2]
    with_seeds, without = (
        draw("calibration_by_rate", shown, level=LEVEL)
        for shown in (read_with, calibration(tmp_path, table))
    )
    of_another = calibration(tmp_path, table, by_seed=seeds.assign(network="csnet-other"))
    assert "seed" not in of_another  # as for an ensemble of all seeds
    dots, mean = with_seeds.axes[0].lines[:2]
    assert sorted(set(np.round(dots.get_ydata(), 9))) == [0.1, 0.2]
    assert mean.get_ydata().tolist() == without.axes[0].lines[0].get_ydata().tolist()
    assert with_seeds.get_suptitle() == without.get_suptitle()


def test_calibration_draws_an_interval_that_lies_above_its_value(tmp_path):
    table = long_table(TASKS, OF_TASK).assign(low=0.9, high=0.95)
    figure = draw("calibration_by_rate", calibration(tmp_path, table), level=LEVEL)
    low_to_high = figure.axes[0].collections[0].get_segments()[0]
    assert low_to_high[:, 1].tolist() == [0.9, 0.95]


def test_the_auc_of_the_true_probabilities_is_a_line_where_it_is_known(tmp_path):
    table = long_table(TASKS, OF_TASK)
    truth = long_table(TASKS, ["ece", "bayes_auc"]).assign(value=0.95)
    read_with = calibration(tmp_path, table, truth=truth)
    assert read_with["measure"].value_counts()["ece"] == 6  # none of the truth's table
    for found, lines in ((read_with, 1), (calibration(tmp_path, table), 0)):
        figure = draw("calibration_by_rate", found, level=LEVEL)
        for axes in np.reshape(figure.axes, (3, 3))[:, 2]:
            at = [line.get_ydata()[0] for line in axes.lines if "(Bayes)" in line.get_label()]
            assert at == [0.95] * lines


def test_calibration_of_missing_values_says_so(tmp_path):
    table = long_table(TASKS, OF_TASK)
    table.loc[table["task"] == "grade", ["value", "low", "high"]] = np.nan
    figure = draw("calibration_by_rate", calibration(tmp_path, table), level=LEVEL)
    assert texts(figure).count("not measured") == 3


def test_segmentation_quality_counts_the_empty_tumours(drawn):
    _, table = drawn["segmentation_quality"]
    table = table.copy()
    table.loc[table["measure"] == "empty_tumour", "value"] = 0.15
    assert "n = 20; up to 3 empty" in texts(draw("segmentation_quality", table, level=LEVEL))


def test_uncertainty_by_correctness_groups_cases_as_its_definition_says(drawn):
    _, table = drawn["uncertainty_by_correctness"]
    idh = table[table["task"] == "idh"]
    assert idh["good"].tolist() == [True] * 6 + [False] * 4
    segmentation = table[table["task"] == "segmentation"]
    assert segmentation["good"].tolist() == [True, True, False, False]  # 0.8 is not above 0.8


def test_a_network_or_a_cell_that_was_not_measured_is_refused(tmp_path):
    table = long_table(["idh"], ["auc"])
    with pytest.raises(BadInput, match="expected results of the network unet, found csnet"):
        of_network(table, "unet")
    with pytest.raises(BadInput, match=r"found \(rate, passes\) \(0.2, 10\), \(0.2, 30\)"):
        of_cell(table, 0.3, 30)
    with pytest.raises(BadInput, match="with 20 passes, found those with 10, 30"):
        calibration(tmp_path, table, SELECTED.assign(passes=20))


def test_only_the_named_network_is_drawn(tmp_path):
    both = pd.concat([long_table(TASKS, OF_TASK), long_table(TASKS, OF_TASK, network="unet")])
    for network in ("unet", "csnet"):
        assert set(calibration(tmp_path, both, network=network)["network"]) == {network}
    assert set(of_network(both)["network"]) == {"csnet"}


def test_rates_get_lighter_and_differ():
    colours = list(rate_colours([0.4, 0.2, 0.6]).values())
    lightness = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b, _ in colours]
    assert lightness == sorted(lightness)
    assert len(set(colours)) == 3


def test_n_is_told_once_or_as_a_range():
    assert [count_text(n) for n in ([60, 60], [55, 60.0], [])] == ["n = 60", "n = 55–60", "n = 0"]


def test_a_gallery_says_which_scans_are_missing():
    first, second = gallery_cases()
    second.scans["b"].data[:] = 0
    second = replace(second, imputed=["b"])
    assert case_gallery.row_text(first) == "seen\n0.10 nats\nDice 0.90"
    assert case_gallery.row_text(second).endswith("\nB imputed")
    cases = [first, second]
    figure = case_gallery.draw(case_gallery.tabulate(cases), cases, 2, classes=2)
    assert texts(figure).count("missing") == 1
