"""Figures of the study of small tumours, from tables that its own statistics made."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from manifest import write_case, write_manifest
from test_figures import draw, read

import draw_figure
from glioma_uq.errors import BadInput
from glioma_uq.figures import (
    dice_by_size,
    learning_curves,
    segmentation_gallery,
    tumour_volumes,
    uncertainty_by_size,
)
from glioma_uq.figures.gallery_cases import CaseImages, find_maps, spread
from glioma_uq.figures.networks import (
    format_by_network,
    nearest_cells,
    network_styles,
    shown_names,
)
from glioma_uq.figures.segmentation_gallery import COLOURS, sizes_of
from glioma_uq.figures.style import save_figure
from glioma_uq.images import Grid, Image, write_image
from glioma_uq.overlap.regions import RULES
from glioma_uq.predictions import Cell
from glioma_uq.report.page import title_in
from glioma_uq.statistics.froc import curves, resample_lesions
from glioma_uq.statistics.long_tables import COLUMNS, long_table
from glioma_uq.statistics.overlap_groups import resample_groups
from glioma_uq.statistics.paired_tests import compare_networks
from glioma_uq.statistics.quoted_results import paper_table
from glioma_uq.subregions import LABELS

NETWORKS = ["dmfnet-deterministic", "dmfnet-umodule-deterministic"]
CELLS = [Cell(network, 0.0, 1) for network in NETWORKS]
VOLUMES = [0, 0, 300, 600, 900, 1200, 1800, 3000, 4000, 8000, 15000, 30000, 42000, 50000]  # of ET
DRAWN = {"resamples": 50, "interval": "percentile"}
INTERVALS = {"level": 0.95, "interval": "percentile"}
SELECTED = pd.DataFrame([{"item": "selected", "rate": 0.0, "passes": 1}])


def overlap_table(gain, seeds=(1, 2)):
    """Return a cell's table of overlap in which a larger tumour has a higher Dice."""
    rows = []
    for (i, volume), seed, region, rule in product(
        enumerate(VOLUMES), seeds, ("et", "wt", "tc"), RULES
    ):
        mm3 = {"et": volume, "tc": 2 * volume + 500, "wt": 4 * volume + 9000}[region]
        dice = (
            1.0
            if mm3 == 0
            else min(0.15 * np.log10(mm3) + gain + 0.01 * (i % 3 + seed) + 0.01 * gain * i, 0.95)
        )
        tpr = np.nan if mm3 == 0 else dice
        rows.append((f"case-{i:02d}", "x", 1, seed, region, rule, dice, tpr, 1e-4, 1e-3, 5, mm3))
    names = ["case", "source", "fold", "seed", "region", "rule", "dice", "tpr", "fpr",
             "fpr_in_brain", "fp", "reference_volume_mm3"]  # fmt: skip
    one_to_one = {"lesion_tp": 1, "lesion_fp": 0, "lesion_fn": 1, "lesion_dice": 0.5}
    return pd.DataFrame(rows, columns=names).assign(**one_to_one)


def lesion_table(overlap, most_missed):
    """Return a cell's table of lesions: one a case, found where it is larger than `most_missed`."""
    mine = overlap[overlap["reference_volume_mm3"] > 0]
    volume = mine["reference_volume_mm3"].to_numpy(float)
    found = volume > most_missed
    table = mine[["case", "seed", "fold", "region", "rule", "dice"]].assign(
        lesion=1.0, volume_mm3=volume, found=found, score_mm3=np.where(found, 0.8 * volume, np.nan)
    )
    false = table[table["case"] == "case-05"].assign(
        lesion=np.nan, volume_mm3=500.0, found=False, dice=0.0, score_mm3=500.0
    )
    return pd.concat([table, false], ignore_index=True)


def scale_table():
    """Return a table of size sensitivity as `compare_sizes` writes it."""
    rows = []
    for (j, network), task, scale in product(enumerate(NETWORKS), ("et", "wt"), (1.0, 0.6, 0.3)):
        level = 0.8 * scale + 0.05 * j
        kinds = {"": level, "scale 1": level - 0.8, NETWORKS[0]: 0.05}
        for minus, value in kinds.items():
            if (minus == "scale 1" and scale == 1) or (minus == NETWORKS[0] and j == 0):
                continue
            rows.append((network, 0.0, 1, task, "dice", value, value - 0.1, value + 0.1, 9, "",
                         "none", scale, minus, ""))  # fmt: skip
    return pd.DataFrame(rows, columns=[*COLUMNS[:-1], "rule", "scale", "minus", "reason"])


def uncertainty_table():
    """Return a table of uncertainty by size as `measure_uncertainty_by_size` writes it."""
    groups = ("all", "from_2000", "below_2000", "below_1000", "empty")
    of_all = ("rim_predictive", "outside_mass_mm3", "tumour_or_top_epistemic")
    rows = []
    for (j, network), group in product(enumerate(NETWORKS), groups):
        measures = {"epistemic_share": 0.1, "voxel_ece_dilated": 0.05,
                    "missed_auroc_tumour_or_top_predictive": 0.7}  # fmt: skip
        if group == "all":
            measures |= {f"missed_auroc_{score}": 0.6 for score in of_all}
        for measure, value in measures.items():
            unknown = group == "empty" and "auroc" in measure
            value = np.nan if unknown else value + 0.1 * j
            rows.append((network, 0.0, 1, "et", measure, value, value - 0.05, value + 0.05,
                         0 if unknown else 9, "", group, ""))  # fmt: skip
    return pd.DataFrame(rows, columns=[*COLUMNS[:-1], "group", "reason"])


def gallery_cases(number=2):
    grid = Grid((10, 12, 6), np.eye(4))
    labels = np.zeros(grid.shape, np.uint8)
    labels[3:7, 3:8, 2:5] = 2
    labels[4:6, 4:7, 2:4] = 1
    labels[5, 5, 2:4] = 3
    noise = np.random.default_rng(1).normal(size=grid.shape)
    scans = {name: Image(noise, grid) for name in ("flair", "t1ce", "t1")}
    missed = Image(np.where(labels == 3, 1, labels).astype(np.uint8), grid)
    predicted = dict(zip(NETWORKS, (Image(labels, grid), missed), strict=True))
    brain = Image(np.ones(grid.shape, bool), grid)
    return [
        CaseImages(f"case-{i}", scans, predicted, Image(labels, grid), brain) for i in range(number)
    ]


def gallery_table(number=2):
    """Return the table of `gallery_cases`."""
    rows = [
        (f"case-{i}", 0.3 + i, 2, network, dice)
        for i in range(number)
        for network, dice in zip(NETWORKS, (1.0, 0.0), strict=True)
    ]
    return pd.DataFrame(rows, columns=segmentation_gallery.COLUMNS)


@pytest.fixture(scope="module")
def tables():
    """The statistics of two networks, of which the second is better on every case."""
    overlap = {cell: overlap_table(gain) for cell, gain in zip(CELLS, (0.05, 0.2), strict=True)}
    lesions = {
        cell: lesion_table(overlap[cell], missed)
        for cell, missed in zip(CELLS, (2000, 700), strict=True)
    }
    placed = resample_groups(overlap, **DRAWN, rng=np.random.default_rng(1))
    long = long_table(placed, ["group", "rule"], **INTERVALS).astype({"rate": float})
    of_lesions = resample_lesions(overlap, lesions, **DRAWN, rng=np.random.default_rng(1))
    found = {
        "overlap": long,
        "overlap_tests": compare_networks(
            overlap, NETWORKS[0], **DRAWN, level=0.95, rng=np.random.default_rng(1)
        ).astype({"rate": float}),
        "lesions": long_table(of_lesions, ["group", "rule", "n_lesions"], **INTERVALS).astype(
            {"rate": float}
        ),
        "froc": curves(overlap, lesions).astype({"rate": float}),
        "size_sensitivity": scale_table(),
        "uncertainty_by_size": uncertainty_table(),
    }
    for name in ("table_1", "table_2", "table_3"):
        found[name] = paper_table(name, long, NETWORKS, "tiny")
    return {"cells": overlap, **found}


def dice_table(cells):
    """Return the table of Dice by size of {cell: table of overlap}."""
    return dice_by_size.tabulate(cells, **DRAWN, level=0.95, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def drawn(tables, tmp_path_factory):
    """Each figure with its table."""
    inputs = {
        "tumour_volumes": {"overlap": tables["cells"][CELLS[0]]},
        "froc": {"curves": tables["froc"], "lesions": tables["lesions"]},
        "size_sensitivity": {"measures": tables["size_sensitivity"]},
        "uncertainty_by_size": {"measures": tables["uncertainty_by_size"]},
    }
    found = {
        name: read(
            name, tmp_path_factory.mktemp(name), **given, selection=SELECTED, networks=NETWORKS
        )
        for name, given in inputs.items()
    }
    found["dice_by_size"] = dice_table(tables["cells"])
    found["segmentation_gallery"] = gallery_table()
    besides = {"segmentation_gallery": [gallery_cases(), 10]}
    return {name: (draw(name, table, *besides.get(name, []), level=0.95), table)
            for name, table in found.items()}  # fmt: skip


SAYS = {
    "tumour_volumes": "Median volume, where present, is 3.5 ml (enhancing tumour, in 12 of 14 "
    "cases), 5.3 ml (tumour core) and 18.6 ml (whole tumour); 5 of 12 enhancing "
    "tumours are below 2 ml",
    "dice_by_size": "is 0.49 (dmfnet) and 0.64 (dmfnet-umodule) at < 1 ml and 0.77 (dmfnet)",
    "froc": "found: 0.58 (dmfnet) and 0.83 (dmfnet-umodule); false lesions per case: 0.07",
    "size_sensitivity": "At 0.3 of the same tumour's diameter, Dice of enhancing tumour changes "
    "by −0.56 (dmfnet) and −0.51 (dmfnet-umodule)",
    "uncertainty_by_size": "below 2 ml: 0.10 (dmfnet) and 0.20 (dmfnet-umodule), from 2 ml: 0.10",
    "segmentation_gallery": "2 of 10 cases with enhancing tumour, from the smallest to the "
    "largest: mean Dice is 1.00 (dmfnet) and 0.00 (dmfnet-umodule)",
}


@pytest.mark.parametrize("name", SAYS)
def test_a_figure_says_what_its_numbers_show(drawn, name):
    figure, _ = drawn[name]
    assert SAYS[name] in " ".join(figure.get_suptitle().split())


def test_a_figure_is_three_files_and_its_table_is_what_it_draws(drawn, tmp_path):
    figure, table = drawn["dice_by_size"]
    paths = {kind: tmp_path / f"figure.{kind}" for kind in ("pdf", "png", "csv")}
    save_figure(figure, table, **paths)
    assert SAYS["dice_by_size"] in title_in(paths["png"])
    assert paths["pdf"].read_bytes().startswith(b"%PDF")
    of_file = pd.read_csv(paths["csv"], dtype={"rate": str})
    pd.testing.assert_frame_equal(of_file, table.replace("", np.nan), check_dtype=False)


@pytest.mark.parametrize("name", [name for name in SAYS if name != "segmentation_gallery"])
def test_every_panel_tells_its_n(drawn, name):
    figure, _ = drawn[name]
    told_n = [axes for axes in figure.axes if "n = " in axes.get_title(loc="left")]
    assert len(told_n) == len(figure.axes)


def tick_texts(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def test_dice_by_size_writes_n_into_every_label_and_leaves_no_case_out(drawn):
    figure, table = drawn["dice_by_size"]
    assert tick_texts(figure.axes[0]) == [
        "none\nn = 2", "< 1\nn = 3", "1–2\nn = 2", "2–5\nn = 2", "5–20\nn = 2", "≥ 20\nn = 3"
    ]  # fmt: skip
    assert len(table) == 2 * len(VOLUMES)


def test_a_size_group_has_the_mean_of_its_cases_over_seeds(tables, drawn):
    _, table = drawn["dice_by_size"]
    mine = table[(table["network"] == NETWORKS[0]) & (table["size"] == "1–2")]
    assert mine["value"].iloc[0] == pytest.approx(mine["dice"].mean())
    cell = tables["cells"][CELLS[0]]
    rows = (cell["case"] == "case-05") & (cell["region"] == "et") & (cell["rule"] == "none")
    of_case = mine.loc[mine["case"] == "case-05", "dice"]
    assert of_case.iloc[0] == pytest.approx(cell.loc[rows, "dice"].mean())


def test_an_upper_limit_of_a_size_belongs_to_the_next_one():
    sizes = dice_by_size.size_of([0, 1e-9, 1, 2, 20])
    assert " ".join(sizes) == "none < 1 1–2 2–5 ≥ 20"


def test_a_froc_curve_ends_at_all_that_a_network_predicts(tables, drawn):
    figure, _ = drawn["froc"]
    lesions = tables["lesions"]
    mine = lesions[(lesions["network"] == NETWORKS[1]) & (lesions["task"] == "et")
                   & (lesions["rule"] == "none") & (lesions["group"] == "all")]  # fmt: skip
    mine = mine.set_index("measure")["value"]
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "s"]
    assert marks[0].get_xydata().tolist() == [
        pytest.approx([mine["false_per_case"], mine["sensitivity"]])
    ]


def test_size_sensitivity_draws_levels_and_two_kinds_of_paired_differences(drawn):
    figure, table = drawn["size_sensitivity"]
    assert len(figure.axes) == 6
    assert set(table["kind"]) == {"level", "from the largest", "from the first network"}
    assert tick_texts(figure.axes[0]) == ["1", "0.6", "0.3"]
    assert tick_texts(figure.axes[1]) == ["0.6", "0.3"]


def test_what_could_not_be_measured_is_not_drawn(drawn):
    figure, _ = drawn["uncertainty_by_size"]
    assert tick_texts(figure.axes[0])[0] == "none\nn = 9"
    assert tick_texts(figure.axes[2])[0] == "< 1\nn = 9"


def test_no_line_crosses_the_note_of_a_panel_that_is_empty():
    """The line of chance lies at .5, where the note of an empty panel stands."""
    rows = uncertainty_table()
    is_auroc = rows["measure"].str.startswith("missed_auroc")
    rows = rows.assign(value=rows["value"].where(~is_auroc), n=1)
    figure = uncertainty_by_size.draw(rows, level=0.95)
    for axes in figure.axes[2:]:
        (note,) = [text for text in axes.texts if text.get_text() == "not measured"]
        assert note.get_bbox_patch().get_facecolor() == (1, 1, 1, 1)
        assert note.get_zorder() > max(line.get_zorder() for line in axes.lines)
    assert figure.axes[0].get_title() == "n = 1 case"


@pytest.mark.parametrize("volumes", [[0, 0], [0, 500]])
def test_figures_survive_cohorts_with_hardly_any_enhancing_tumour(tables, volumes, tmp_path):
    cases = [f"case-{i:02d}" for i in range(len(volumes))]
    few = {}
    for cell, table in tables["cells"].items():
        table = table[table["case"].isin(cases)].copy()
        volume = table["case"].map(dict(zip(cases, volumes, strict=True)))
        table.loc[table["region"] == "et", "reference_volume_mm3"] = volume
        few[cell] = table
    assert tumour_volumes.draw(read("tumour_volumes", tmp_path, overlap=few[CELLS[0]]))
    assert dice_by_size.draw(dice_table(few), level=0.95)
    assert segmentation_gallery.draw(gallery_table(0), [], 0)


def test_the_gallery_spreads_from_the_smallest_to_the_largest_and_leaves_none_out(tables):
    sizes = sizes_of(tables["cells"][CELLS[0]])
    assert spread(sizes, 3).tolist() == [0.3, 4, 50]
    assert len(spread(sizes, 99)) == 12


def test_parts_are_drawn_in_their_colours(drawn):
    figure, _ = drawn["segmentation_gallery"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["oedema", "enhancing tumour", "core (necrosis, non-enhancing)"]
    truth = figure.axes[3].images[-1]
    assert truth.cmap.colors == [COLOURS[part] for part in LABELS]


def test_the_gallery_finds_the_labels_of_the_fold_that_tested_a_case(tables, tmp_path):
    case = gallery_cases()[0]
    run = "{}/dropout-0.00/fold-{}/seed-1/samples/maps"
    maps = [tmp_path / run.format(n, fold) for n in NETWORKS for fold in (1, 2)]
    for folder in maps[1::2]:
        (folder / "case-02/passes-001").mkdir(parents=True)
    for folder, labels in zip(maps[1::2], case.maps.values(), strict=True):
        write_image(folder / "case-02/passes-001/labels.nii.gz", labels.data, labels.grid)
    volumes = {name: image.data for name, image in case.scans.items()}
    masks = {"segmentation": case.truth.data, "brain_mask": case.brain.data.astype(np.uint8)}
    write_case(tmp_path, "case-02", case.truth.grid.affine, **volumes, **masks)
    overlap = []
    for cell, table in tables["cells"].items():
        overlap.append(tmp_path / cell.network / "dropout-0.00/passes-001/overlap.csv")
        overlap[-1].parent.mkdir(parents=True)
        table[table["case"] == "case-02"].to_csv(overlap[-1], index=False)
    selection = tmp_path / "selection.csv"
    SELECTED.to_csv(selection, index=False)
    files = {kind: tmp_path / f"gallery.{kind}" for kind in ("pdf", "png", "csv")}
    draw_figure.main(
        figure="segmentation_gallery", overlap=overlap, selection=selection, networks=NETWORKS,
        cases_shown=4, maps=maps, volumes=write_manifest(tmp_path),
        modalities=["t1", "t1ce", "flair"], **files,
    )  # fmt: skip
    shown = pd.read_csv(files["csv"])
    assert shown["dice"].round(2).tolist() == [0.45, 0.61]
    with pytest.raises(BadInput, match="expected voxel maps of case-09 by dmfnet-det"):
        find_maps(maps, NETWORKS[0], 0.0, 1, "case-09")


def test_the_nearest_number_of_passes_with_tables_is_shown(tmp_path):
    paths = [
        tmp_path / f"{n}/dropout-0.20/passes-{t}/overlap.csv" for n in "ab" for t in ("005", "020")
    ]
    assert list(nearest_cells(paths, ["b", "a"], 0.2, 30)) == [
        Cell("b", 0.2, 20),
        Cell("a", 0.2, 20),
    ]
    with pytest.raises(BadInput, match=r"expected a table of c at rate 0.2 near 30 passes"):
        nearest_cells(paths, ["a", "c"], 0.2, 30)


def test_networks_go_without_the_sampler_that_they_share_and_look_apart():
    assert shown_names(["a-deterministic", "b-deterministic"]) == {
        "a-deterministic": "a", "b-deterministic": "b"
    }  # fmt: skip
    assert shown_names(["a", "a-deterministic"])["a-deterministic"] == "a-deterministic"
    ten = network_styles([f"network-{i}" for i in range(10)])
    assert len({(look["color"], look["marker"]) for look in ten.values()}) == 10
    assert format_by_network({"a": 0.1, "b": np.nan}) == "0.10 (a)"
    assert (
        format_by_network(dict(zip("abcd", (0.3, 0.1, 0.4, 0.2), strict=True)))
        == "0.10 (b) to 0.40 (c)"
    )


def test_learning_curves_of_several_networks_have_panels_with_their_names():
    curve = {"epoch": [1, 2], "train_loss": 1.0, "validation_loss": 1.0, "validation_dice": 0.5}
    parts = [pd.DataFrame({"network": n, "rate": 0.0, "fold": 1, "seed": 1, **curve}) for n in "ab"]
    figure = learning_curves.draw(pd.concat(parts), weights="best")
    assert [axes.texts[0].get_text() for axes in figure.axes[:2]] == ["a", "b"]


@pytest.mark.parametrize("cavity", [False, True])
def test_the_gallery_names_the_resection_cavity_where_it_shows_one(monkeypatch, cavity):
    first, named = gallery_cases(1)[0], []
    monkeypatch.setattr(
        segmentation_gallery, "finish",
        lambda figure, headline, *parts: named.extend(part.get_label() for part in parts),
    )  # fmt: skip
    truth = first.truth.data.copy()
    truth[7, 3:8, 2:5] = 4 * cavity
    case = replace(first, truth=Image(truth, first.truth.grid))
    segmentation_gallery.draw(gallery_table(1), [case], 1)
    parts = ["oedema", "enhancing tumour", "core (necrosis, non-enhancing)"]
    assert named == parts + ["resection cavity"] * cavity


def test_predictions_are_drawn_over_a_scan_that_is_there(monkeypatch):
    first, second = gallery_cases()
    second = replace(second, imputed=["flair"])
    drawn = []
    monkeypatch.setattr(
        segmentation_gallery,
        "show_scans",
        lambda panels, case, cut: drawn.append([name for name, _ in panels]),
    )
    figure = segmentation_gallery.draw(gallery_table(), [first, second], 2)
    scans = ["flair", "t1ce", "t1"]
    assert drawn == [scans + ["flair"] * 3, scans + ["t1ce"] * 3]
    rows = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert rows == ["case-0\n0.30 ml", "case-1\n1.30 ml\nFLAIR imputed"]
