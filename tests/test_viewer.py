"""The case viewer opens from disk without a network, shows the clicked case, turns pages."""

import base64
import gzip
import json
import re
from dataclasses import replace

import chromium
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from manifest import write_case, write_manifest

import make_viewer
from glioma_uq.errors import BadInput
from glioma_uq.figures.gallery_cases import (
    MAPS,
    read_gallery_cases,
    shown_modalities,
    spread_over,
    through_tumour,
)
from glioma_uq.images import Grid, Image, write_image
from glioma_uq.report import viewer

GRID = Grid((12, 14, 10), np.diag([2.0, 2.0, 3.0, 1.0]))
NAMES = ["calm", "<i>odd</i>", "doubtful", "blind"]
DOUBT = [0.1, 0.2, 0.4, np.nan]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of four cases with maps at T = 4, and the arguments of the step."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(1)
    ball = np.indices(GRID.shape)
    for i, name in enumerate(NAMES):
        tumour = ((ball - np.array([4 + i, 6, 5])[:, None, None, None]) ** 2).sum(0) < 6
        brain = np.zeros(GRID.shape, np.uint8)
        brain[1:-1, 1:-1, 1:-1] = 1
        volumes = {
            scan: rng.normal(size=GRID.shape).astype(np.float32) + 3 * tumour
            for scan in ("t1ce", "flair")
        }
        volumes |= {"segmentation": tumour.astype(np.uint8), "brain_mask": brain}
        write_case(folder, name, GRID.affine, **volumes)
        for kind in MAPS:
            path = folder / f"csnet/dropout-0.20/fold-1/maps/{name}/passes-004/{kind}.nii.gz"
            write_image(path, (0.6 * tumour).astype(np.float32), GRID)
        write_image(path.with_name("labels.nii.gz"), tumour.astype(np.uint8), GRID)
    table = folder / "csnet/dropout-0.20/passes-004/segmentation.csv"
    table.parent.mkdir(parents=True)
    cell = {"case": NAMES, "dice": [0.9, 0.8, 0.6, 0.0], "tumour_predictive": DOUBT}
    pd.DataFrame(cell).to_csv(table, index=False)
    choice = {"item": ["selected"], "rate": [0.2], "passes": [6]}
    pd.DataFrame(choice).to_csv(folder / "selection.csv", index=False)
    return {
        "segmentation": [table],
        "maps": [folder / "csnet/dropout-0.20/fold-1/maps"],
        "mapped": [4],
        "volumes": write_manifest(folder, case=NAMES),
        "modalities": ["t1ce", "flair"],
        "network": "csnet",
    }, folder


@pytest.fixture(scope="module")
def written(study):
    places, folder = study
    output = folder / "viewer.html"
    make_viewer.main(
        **places, selection=folder / "selection.csv", study="tiny", cases_shown=4, classes=4,
        output=output,
    )  # fmt: skip
    return output


def test_cases_are_spread_from_least_to_most_uncertain_those_without_a_tumour_last():
    cell = pd.DataFrame({"case": list("dbca"), "tumour_predictive": [np.nan, 0.2, 0.3, 0.1]})
    assert list(spread_over(cell, 4)["case"]) == list("abcd")
    assert list(spread_over(cell, 2)["case"]) == ["a", "d"]
    assert len(spread_over(cell, 9)) == 4


def test_the_scans_that_show_a_glioma_best_come_first():
    assert shown_modalities(["t1", "t1ce", "t2", "flair"]) == ["t1ce", "flair"]
    assert shown_modalities(["t1", "t2"]) == ["t1", "t2"]


def test_the_nearest_mapped_passes_are_shown_and_cases_without_maps_refused(study):
    places = dict(study[0])
    tables = places.pop("segmentation")
    cases, passes, n = read_gallery_cases(tables, (0.2, 6), 2, **places)
    assert (passes, n, [case.name for case in cases]) == (4, 4, ["calm", "blind"])
    assert through_tumour(cases[0]) == [4, 6, 5]
    with pytest.raises(BadInput, match="add 4 to sampling.maps"):
        read_gallery_cases(tables, (0.2, 4), 2, **{**places, "maps": []})


def test_a_layer_keeps_place_and_values_to_eight_bits():
    data = np.linspace(0, np.log(2), 60).reshape(3, 4, 5).astype(np.float32)
    box = slice(1, 3), slice(0, 4), slice(2, 5)
    image = Image(data, Grid(data.shape, GRID.affine))
    layer = viewer.layer(image, box, 0, float(np.log(2)), "inferno", "nats")
    image = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(layer["base64"])))
    np.testing.assert_allclose(image.get_fdata(), data[1:3, :, 2:5], atol=np.log(2) / 509)
    np.testing.assert_allclose(image.affine[:3, 3], [2, 0, 6])


def test_maps_are_empty_outside_the_brain(study):
    """A network that has not learned the background gives it tumour and doubt everywhere."""
    places, _ = study
    (case,), *_ = read_gallery_cases(
        places["segmentation"], (0.2, 4), 1,
        **{name: places[name] for name in ("maps", "mapped", "volumes", "modalities", "network")},
    )  # fmt: skip
    everywhere = {kind: Image(np.full(GRID.shape, 0.6), GRID) for kind in MAPS}
    maps = viewer.case_data(replace(case, maps=everywhere), np.log(2))["maps"]
    brain = case.brain.data[viewer.bounding_box(case.brain.data)] > 0
    assert not brain.all()
    for layer in maps.values():
        image = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(layer["base64"])))
        assert image.get_fdata()[brain] == pytest.approx(0.6, abs=0.01)
        assert (image.get_fdata()[~brain] == 0).all()


def test_the_page_escapes_names_and_asks_no_server_for_anything(written):
    html = written.read_text(encoding="utf-8")
    assert "&lt;i&gt;odd" in html
    own = re.sub(r"<script>.*?</script>", "", html, count=1, flags=re.DOTALL)  # NiiVue's comments
    assert not re.search(r"https?:|@import|src=|<link", own)
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1]
    cases = json.loads(data)["cases"]
    assert [case["name"] for case in cases] == NAMES
    assert cases[0]["maps"]["epistemic"]["high"] == pytest.approx(np.log(4))
    assert "from 0 to ln 4, the maximum for 4 classes" in own


@pytest.mark.skipif(not chromium.find_chromium(), reason="no Chromium or Chrome is installed")
def test_a_click_shows_a_case_and_a_slider_turns_pages(written, tmp_path):
    with chromium.browser(tmp_path / "profile") as page:
        page.open(written)
        page.wait_for("document.body.dataset.shown === 'calm'")
        before = page.screenshot()
        page.click("[data-case='2']")
        page.wait_for("document.body.dataset.shown === 'doubtful'")
        case = page.screenshot()
        readout = "document.getElementById('readout').value"
        height = page.value(readout).split(" mm")[0].split(", ")[2]
        page.click(".slice[data-axis='2']", at=(0.5, 0.5))
        page.press("ArrowRight", times=2)
        page.wait_for(f"{readout}.split(' mm')[0].split(', ')[2] !== {height!r}")
        turned = page.screenshot()
        page.value("document.getElementById('map').value = ''; document.getElementById('map')"
                   ".dispatchEvent(new Event('change'))")  # fmt: skip
        page.wait_for("document.getElementById('ends').textContent === ''")
        assert "truth" in page.value(readout)
        assert page.errors == []
    assert len({before, case, turned}) == 3


def test_an_imputed_scan_is_black_and_the_list_of_cases_says_so(study):
    places = dict(study[0])
    (case,), *_ = read_gallery_cases(places.pop("segmentation"), (0.2, 6), 1, **places)
    assert case.imputed == []
    assert viewer.about(case) == "0.100 nats in the tumour, Dice 0.90"
    flair = Image(np.zeros(GRID.shape, np.float32), case.brain.grid)
    case = replace(case, imputed=["flair"], scans=case.scans | {"flair": flair})
    assert viewer.about(case) == "0.100 nats in the tumour, Dice 0.90, FLAIR imputed"
    layer = viewer.case_data(case, 1.0)["scans"]["flair"]
    image = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(layer["base64"])))
    assert (layer["low"], layer["high"]) == (0, 1)
    assert not image.get_fdata().any()
