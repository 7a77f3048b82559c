"""Every case has a sheet: in template space, or with whatever is left of it and why."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import draw_quality_sheets
from glioma_uq.images import Grid, write_image
from glioma_uq.quality.rows import mark_excluded, write_row
from glioma_uq.quality.sheet import DPI, OUTLINES, PANEL, View, draw_plane, draw_sheet, header_lines
from glioma_uq.quality.views import middle
from glioma_uq.transforms import write_matrix

MODALITIES = ["t1", "t1ce"]
GRID = Grid((8, 9, 7), np.diag([10.0, 10, 10, 1]))


def rgb(colour):
    return [round(255 * part) for part in to_rgb(colour)]


def drawn(view, plane):
    """Return one plane as grey pixels, 200 for the longest edge."""
    figure = Figure(figsize=(2, 2), facecolor="black")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    draw_plane(axes, view, plane)
    for text in list(axes.texts):
        text.remove()
    picture = io.BytesIO()
    figure.savefig(picture, dpi=100)
    return np.asarray(Image.open(picture).convert("RGB"))


def test_planes_keep_their_proportions_and_the_patients_left_is_left():
    volume = np.ones((8, 10, 4))
    volume[0] = 2  # the patient's left in RAS
    view = View(volume, np.array([1.0, 1, 2.5]), (0, 2), (4, 5, 2))
    sizes = [np.ptp(np.argwhere(drawn(view, plane).max(-1) > 60), axis=0) + 1 for plane in range(3)]
    assert np.allclose(sizes, [(200, 200), (200, 160), (200, 160)], atol=3)
    axial = drawn(view, 2)
    assert axial[100, 24, 0] > 200
    assert axial[100, 174, 0] < 150


def test_front_and_head_are_on_top():
    volume = np.zeros((8, 8, 8))
    volume[:, -1], volume[:, :, -1] = 1, 1
    view = View(volume, np.ones(3), (0, 1), (4, 4, 4))
    for plane in range(3):
        assert drawn(view, plane)[5, 60, 0] > 200


def test_the_cut_goes_through_the_tumour_or_the_middle_of_the_brain():
    brain, tumour = np.ones((5, 7, 9), bool), np.zeros((5, 7, 9), bool)
    tumour[1, 2:5, 6] = tumour[1, 3, 5] = True
    assert middle(brain.shape, {"tumour": tumour, "brain": brain}) == [1, 3, 6]
    assert middle(brain.shape, {"tumour": np.zeros_like(brain), "brain": brain}) == [2, 3, 4]
    assert middle((8, 9, 7), {}) == [4, 4, 3]


def test_a_mask_is_outlined_in_its_colour():
    mask = np.zeros((20, 20, 20), bool)
    mask[5:15, 5:15, 5:15] = True
    view = View(np.zeros(mask.shape), np.ones(3), (0, 1), (10, 10, 10), {"tumour": mask})
    share = drawn(view, 0).astype(float) / rgb(OUTLINES["tumour"])
    assert np.ptp(share, axis=-1).max() < 0.02
    assert share.sum() / 3 == pytest.approx(4 * 100 * 100 / 72, rel=0.1)  # four edges of 1 point


def test_long_reasons_are_wrapped_and_nothing_is_lost():
    reason = "expected template_dice of at least 0.85, found 0.7312, " * 4 + "x" * 300
    lines = [text for text, *_ in header_lines("c", False, reason, [], 4.8)[1:]]
    assert "".join(lines).replace(" ", "") == reason.replace(" ", "")
    with_reason = draw_sheet("c", False, reason, [], {"t1": "No image."})
    short = draw_sheet("c", False, "short", [], {"t1": "No image."})
    assert with_reason.get_figheight() > short.get_figheight()


@pytest.fixture
def cohort(tmp_path):
    """Two cases, `good` in template space and `bad` left out while it was registered."""
    rng = np.random.default_rng(0)
    brain = np.zeros(GRID.shape, np.uint8)
    brain[1:-1, 1:-1, 1:-1] = 1
    write_image(tmp_path / "template.nii.gz", brain, GRID)
    for case in ("good", "bad"):
        for name in MODALITIES:
            scan = rng.normal(100, 20, GRID.shape).astype(np.float32)
            write_image(tmp_path / f"bias_corrected/{case}/{name}.nii.gz", scan, GRID)
            write_image(tmp_path / f"raw/{case}/{name}.nii.gz", scan, GRID)
            write_image(tmp_path / f"normalised/{case}/{name}.nii.gz", scan / 100, GRID)
        for name in (
            "normalised/{}/brain_mask",
            "normalised/{}/segmentation",
            "raw/{}/segmentation",
            "skull_stripped/{}/brain_mask",
        ):
            write_image(tmp_path / f"{name.format(case)}.nii.gz", brain, GRID)
        write_matrix(tmp_path / f"registered/{case}/t1ce_to_template.txt", np.eye(4))
        reason = "expected a Dice, found .7" if case == "bad" else ""
        write_row(
            tmp_path / f"quality/{case}/coregister.csv",
            {"case": case, "step": "coregister", "reason": reason, "template_dice": 0.7},
        )
    mark_excluded((tmp_path / "normalised/bad").iterdir())
    return tmp_path


def draw(cohort, cases=("good", "bad")):
    """Draw the sheets of the cohort and return them, by case."""
    pictures = [cohort / f"figures/{case}.png" for case in cases]
    draw_quality_sheets.main(
        cases=cases,
        modalities=MODALITIES,
        steps=["coregister"],
        cohort=cohort,
        template=cohort / "template.nii.gz",
        pictures=pictures,
    )
    return {path.stem: np.asarray(Image.open(path).convert("RGB")) for path in pictures}


def has_colour(sheet, colour):
    """Say whether a colour stands in a picture, within the rounding of blends."""
    return bool((np.abs(sheet.astype(int) - rgb(colour)).max(-1) <= 2).any())


def test_every_case_has_a_sheet_and_it_is_the_same_twice(cohort):
    sheets = draw(cohort)
    assert set(sheets) == {"good", "bad"}
    for name in OUTLINES:
        assert has_colour(sheets["good"], OUTLINES[name])
    again = draw(cohort)
    assert all((again[case] == sheets[case]).all() for case in sheets)


def test_a_left_out_case_is_drawn_as_it_was_scanned(cohort):
    whole = draw(cohort, ["bad"])["bad"]
    assert has_colour(whole, OUTLINES["template"])
    mark_excluded((cohort / "registered/bad").iterdir())
    mark_excluded((cohort / "skull_stripped/bad").iterdir())
    assert not has_colour(draw(cohort, ["bad"])["bad"], OUTLINES["template"])
    mark_excluded((cohort / "bias_corrected/bad").iterdir())
    from_raw = draw(cohort, ["bad"])["bad"]
    assert from_raw.shape == whole.shape


def test_a_case_of_which_nothing_is_left_gets_its_reason(cohort):
    for folder in ("bias_corrected/bad", "raw/bad"):
        mark_excluded((cohort / folder).iterdir())
    sheet = draw(cohort, ["bad"])["bad"]
    assert sheet.shape[0] < DPI * (PANEL + 1)
    assert has_colour(sheet, "#FF8C42")


def test_a_missing_series_and_what_to_look_at_are_sentences_beside_the_others(cohort, monkeypatch):
    row = {"case": "good", "step": "coregister", "reason": "", "imputed": "t1"}
    row |= {"t1ce_look": "contrast by its header alone", "flair_look": ""}
    write_row(cohort / "quality/good/coregister.csv", row)
    drawn = []

    def draw_and_keep(case, takes_part, verdict, notes, views):
        drawn.append((notes, views))
        return draw_sheet(case, takes_part, verdict, notes, views)

    monkeypatch.setattr(draw_quality_sheets, "draw_sheet", draw_and_keep)
    draw(cohort, ["good"])
    ((notes, views),) = drawn
    assert notes[:2] == ["T1 imputed", "look at T1CE: contrast by its header alone"]
    assert list(views) == MODALITIES
    assert views["t1"] == "No scan: the case lacks this series."
    assert isinstance(views["t1ce"], View)


def test_a_dollar_in_a_name_is_a_dollar_and_no_formula(tmp_path):
    name = "P$_1$ $\\no{"
    sheet = draw_sheet(name, False, f"left out: {name}", [name], {"t1": f"No {name}."})
    sheet.savefig(tmp_path / "sheet.png")
    shown = [text.get_text() for text in sheet.findobj(Text)]
    assert sum(name in text for text in shown) == 4
