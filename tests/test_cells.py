"""Cells: each T takes its own passes, and every row's parts add up to the whole."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.cells import classification_cells, gather_cells
from glioma_uq.tables import write_table
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import corrected_prefixes, decompose, decompose_members


def table_of_passes(passes, cases=("b", "a"), seed=0, **columns):
    rng, rows = np.random.default_rng(seed), []
    for case in cases:
        for number in range(1, passes + 1):
            row = {"case": case, "pass": number} | columns
            for task, classes in TASKS.items():
                drawn = rng.dirichlet(np.ones(len(classes)))
                row |= {f"{task}_{c}": p for c, p in zip(classes, drawn, strict=True)}
            rows.append(row)
    return pd.DataFrame(rows)


def samples_of(table, case, task):
    columns = [f"{task}_{label}" for label in TASKS[task]]
    return table[table["case"] == case].sort_values("pass")[columns].to_numpy()


@pytest.mark.parametrize("task", TASKS)
def test_a_cell_holds_mean_and_uncertainty_of_its_first_passes(task):
    table = table_of_passes(6)
    cell = classification_cells(table, [2, 6])[2].set_index("case")
    samples = samples_of(table, "a", task)[:2]
    expected = decompose(samples)
    for kind in ("predictive", "aleatoric", "epistemic"):
        assert cell.at["a", f"{task}_{kind}"] == pytest.approx(getattr(expected, kind), abs=1e-12)
    for label, mean in zip(TASKS[task], samples.mean(0), strict=True):
        assert cell.at["a", f"{task}_probability_{label}"] == pytest.approx(mean)
    parts = cell[f"{task}_aleatoric"] + cell[f"{task}_epistemic"]
    np.testing.assert_allclose(parts, cell[f"{task}_predictive"], atol=1e-12)


def test_a_cell_holds_the_uncertainty_without_the_bias_of_few_passes_where_they_are_independent():
    table = table_of_passes(6)
    cell = classification_cells(table, [1, 4])[4].set_index("case")
    expected = corrected_prefixes(samples_of(table, "a", "grade"), [4])
    for kind, values in zip(("predictive", "epistemic"), expected, strict=True):
        found = cell.at["a", f"grade_{kind}_corrected"]
        assert found == pytest.approx(float(values[0]), abs=1e-12)
    assert classification_cells(table, [1])[1].filter(like="corrected").isna().all(axis=None)
    dependent = classification_cells(table, [4], independent=False)[4]
    assert dependent.filter(like="corrected").empty


def test_the_order_of_the_rows_does_not_matter():
    table = table_of_passes(5)
    shuffled = table.sample(frac=1, random_state=1)
    first, second = (classification_cells(t, [3, 5]) for t in (table, shuffled))
    for t in (3, 5):
        pd.testing.assert_frame_equal(first[t], second[t], check_exact=True)


def test_a_sampler_with_fewer_samples_gives_all_that_it_has():
    cells = classification_cells(table_of_passes(3), [2, 3, 4, 50])
    pd.testing.assert_frame_equal(cells[4], cells[3])
    pd.testing.assert_frame_equal(cells[50], cells[3])
    assert not cells[2].equals(cells[3])


def test_passes_that_are_not_nested_belong_to_their_own_t():
    two, four = table_of_passes(2, seed=1, run=2), table_of_passes(4, seed=2, run=4)
    cells = classification_cells(pd.concat([two, four]), [2, 4])
    for t, own in ((2, two), (4, four)):
        alone = classification_cells(own.drop(columns="run"), [t])[t]
        pd.testing.assert_frame_equal(cells[t], alone)


def test_members_add_two_columns_that_make_up_the_epistemic_part():
    table = table_of_passes(6)
    table["member"] = (table["pass"] - 1) % 3 + 1
    cell = classification_cells(table, [6])[6]
    for task in TASKS:
        parts = cell[f"{task}_within_member"] + cell[f"{task}_between_member"]
        np.testing.assert_allclose(parts, cell[f"{task}_epistemic"], atol=1e-12)
    within, _ = decompose_members(samples_of(table, "a", "grade"), 3)
    assert cell.set_index("case").at["a", "grade_within_member"] == pytest.approx(float(within))


def test_tasks_whose_epistemic_part_was_clipped_are_counted():
    agreed = table_of_passes(1)
    table = pd.concat([agreed.assign(**{"pass": n}) for n in range(1, 8)])
    cell = classification_cells(table, [7])[7]
    parts = [decompose(samples_of(table, "a", task)) for task in TASKS]
    clipped = sum(int(part.predictive < part.aleatoric) for part in parts)
    assert cell.set_index("case").at["a", "epistemic_clipped"] == clipped
    assert cell[[f"{task}_epistemic" for task in TASKS]].min().min() >= 0


def test_folds_and_seeds_are_gathered_into_one_table_for_each_t(tmp_path):
    cases = pd.DataFrame(
        {"case": ["a", "b"], "patient": ["q", "q"], "source": "s", "idh": [0, 1],
         "1p19q": [0, -1], "grade": [2, 4]}
    )  # fmt: skip
    runs = []
    for fold, case in ((1, "a"), (2, "b")):
        for seed in (7, 8):
            names = ("passes", "regions", "voxels")
            paths = [tmp_path / f"{name}-{fold}-{seed}.csv" for name in names]
            write_table(table_of_passes(4, cases=[case], seed=seed), paths[0])
            regions = pd.DataFrame({"case": case, "passes": [2, 4], "rim_predictive": [0.1, 0.2]})
            write_table(regions, paths[1])
            voxels = pd.DataFrame({"case": case, "passes": [2, 4, 4], "n": [seed, 1, 2]})
            write_table(voxels if seed == 7 else voxels[:0], paths[2])
            runs.append((fold, seed, *paths))
    classification, segmentation, voxels = gather_cells(runs, cases, [2, 4])
    assert voxels[2][["case", "seed", "n"]].to_numpy().tolist() == [["a", 7, 7], ["b", 7, 7]]
    assert voxels[4]["n"].tolist() == [1, 2, 1, 2]
    for table in (classification[2], segmentation[2], voxels[2]):
        assert table.columns[:3].tolist() == ["case", "patient", "source"]
        assert set(table["patient"]) == {"q"}
    for t, expected in ((2, 0.1), (4, 0.2)):
        assert classification[t][["case", "seed", "fold"]].to_numpy().tolist() == [
            ["a", 7, 1], ["a", 8, 1], ["b", 7, 2], ["b", 8, 2],
        ]  # fmt: skip
        assert classification[t]["idh_label"].tolist() == [0, 0, 1, 1]
        assert segmentation[t]["rim_predictive"].tolist() == [expected] * 4


def gathered(tmp_path, probabilities):
    cases = pd.DataFrame(
        {
            "case": ["a", "b"],
            "patient": "q",
            "source": "s",
            "idh": [0, 1],
            "1p19q": [0, -1],
            "grade": [2, 4],
        }
    )
    paths = [tmp_path / name for name in ("passes", "regions", "voxels")]
    write_table(probabilities, paths[0])
    rows = pd.DataFrame({"case": ["a", "b"], "passes": 2, "reconstruction_error": [0.5, 0.25]})
    write_table(rows, paths[1])
    write_table(rows[:0], paths[2])
    return gather_cells([(1, 7, *paths)], cases, [2])


def test_a_task_that_the_network_has_not_is_unknown_for_every_case(tmp_path):
    table = table_of_passes(2)
    whole = gathered(tmp_path, table)[0][2]
    of_idh = gathered(tmp_path, table[["case", "pass", "idh_0", "idh_1"]])[0][2]
    assert of_idh.columns.tolist() == whole.columns.tolist()
    mine = [column for column in whole if column.startswith("idh")]
    pd.testing.assert_frame_equal(of_idh[mine], whole[mine], check_exact=True)
    for task in ("1p19q", "grade"):
        assert (of_idh[f"{task}_label"] == -1).all()
        of_task = of_idh.filter(like=f"{task}_").drop(columns=f"{task}_label")
        assert of_task.isna().all(axis=None)


def test_a_network_without_tasks_leaves_who_was_sampled_alone(tmp_path):
    passes = table_of_passes(2)[["case", "pass"]].assign(predicted_volume_mm3=1.0)
    classification, segmentation, voxels = gathered(tmp_path, passes)
    assert classification[2].columns.tolist() == ["case", "patient", "source", "fold", "seed"]
    assert classification[2]["case"].tolist() == ["a", "b"]
    assert segmentation[2]["reconstruction_error"].tolist() == [0.5, 0.25]
    assert voxels[2].empty
