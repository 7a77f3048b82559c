"""Simulated scans in the layout of every source: the same voxels and labels, the same study.

Unit tests check the files of six phantom patients in each layout and bring three of them to `raw`,
where the pipeline that all sources share begins; its files are those of the phantom, byte by byte.
IDC and TCIA answer from a local server. Under Snakemake (marker `workflow`) the study of each
source is planned as that of a folder, IDC and TCIA go to the same volumes.csv as a folder, and
DICOM to the report of its study. Elsewhere two others do: a folder in test_patients.py, BraTS in
test_as_published.py.
"""

import re
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from archive_server import serving
from configs import planned
from source_layouts import (
    ARCHIVE,
    CONVERTED,
    DATASETS,
    EVERY,
    NUMBER,
    SERIES,
    archive_of,
    patients_in,
    write_every_source,
)
from workflows import copy_of_repository, finished_once, rules_in, snakemake, write_config

import check_cohort
import convert_case
import download_series
import import_case
import select_series
from glioma_uq.cohorts.collection import VOLUMES
from glioma_uq.configuration.datasets import read_dataset
from glioma_uq.images import is_empty, read_image
from glioma_uq.quality.rows import read_rows
from glioma_uq.subregions import SUBREGIONS
from glioma_uq.tasks import TASKS, UNKNOWN

IMPORTED = 3  # of the patients, by unit tests

pytest.importorskip("dcm2niix", reason="dcm2niix is installed by `make downloads`")
pytest.importorskip("openpyxl", reason="openpyxl is installed by `make excel`")


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """A copy of the repository with six phantom patients in every layout."""
    return finished_once(tmp_path_factory, "sources", write_every_source)


@pytest.fixture(scope="session")
def archive(sources, tmp_path_factory):
    """The address of a server that has the DICOM as IDC and TCIA, and IDC's index."""
    index = tmp_path_factory.mktemp("idc") / "index.parquet"
    with serving(archive_of(sources / "dicom", index)) as address:
        yield address, index


def config_of(sources, source, address="http://localhost"):
    return yaml.safe_load((sources / f"{source}.yaml").read_text().replace(ARCHIVE, address))


def described(source):
    """Return what a dataset's file says, {} for other sources."""
    entry = DATASETS.get(source)
    return read_dataset(entry["name"], entry.get("version")) if entry else {}


def bring_in(plan):
    """Run the steps from the files of a source to `raw`, as the rules of the cohort do."""
    place, common = plan.folder, {"modalities": plan.modalities, "on_bad_case": plan.on_bad_case}
    check_cohort.main(
        **(plan.origin | plan.listed), parts=plan.parts, on_bad_case=plan.on_bad_case,
        labels=f"{place}/labels.csv",
    )  # fmt: skip
    given = {"source": plan.source, "options": plan.options, "modalities": plan.modalities}
    if plan.is_archived:
        select_series.main(**given, cases=plan.cases, series=f"{place}/series.csv")
    for case in plan.cases[:IMPORTED]:

        def files(folder, names, ending="nii.gz", case=case):
            return {name: f"{place}/{folder}/{case}/{name}.{ending}" for name in names}

        if plan.is_archived:
            download_series.main(
                **given, case=case, series=f"{place}/series.csv", on_bad_case=plan.on_bad_case,
                files=f"{plan.dicom_folder(case)}/files.csv", quality=f"{place}/d/{case}.csv",
            )  # fmt: skip
        if plan.is_converted:
            convert_case.main(
                **common, case=case, folder=plan.dicom_folder(case),
                images=files("converted", plan.modalities), rules=plan.options["series_rules"],
                sidecars=files("converted", plan.modalities, "json"),
                series=f"{place}/converted/{case}/series.csv", quality=f"{place}/c/{case}.csv",
                reviewed=f"{place}/series.csv" if plan.is_archived else None,
            )  # fmt: skip
        import_case.main(
            **common, **plan.imported_from, case=case, coding=plan.coding_of(case),
            images=files("raw", plan.parts), quality=f"{place}/i/{case}.csv",
        )  # fmt: skip


@pytest.mark.parametrize("source", EVERY)
def test_every_source_gives_the_same_voxels_and_labels(
    sources, archive, source, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    address, index = archive
    if source == "idc":
        monkeypatch.setattr("idc_index_data.IDC_INDEX_PARQUET_FILEPATH", index)
    plan, _ = planned({}, config_of(sources, source, address))
    bring_in(plan)
    rows = {row["case"]: row for row in read_rows(f"{plan.folder}/labels.csv")}
    assert len(plan.cases) == len(rows) == NUMBER
    dataset = described(source)
    known = dataset.get("labels", {}).get("columns", dict.fromkeys(TASKS, True))
    held = set(dataset.get("files", () if source in CONVERTED else plan.parts)) | {*SERIES}
    coding = dataset.get("segmentation_labels", SUBREGIONS)
    patients = dict(zip(plan.cases, patients_in(sources), strict=True))
    for case, patient in patients.items():
        expected = {task: patient.labels[task] if known[task] else UNKNOWN for task in TASKS}
        assert {task: int(rows[case][task]) for task in TASKS} == expected
    for case, patient in list(patients.items())[:IMPORTED]:
        raw = tmp_path / plan.folder / "raw" / case
        raw = {part: raw / f"{part}.nii.gz" for part in plan.parts}
        for part in SERIES:
            assert raw[part].read_bytes() == patient.images[part].read_bytes()
        assert {part for part in plan.parts if not is_empty(raw[part])} == held
        for part in held - {*SERIES}:
            ours = read_image(raw[part], dtype=None)
            theirs = read_image(patient.images[part], dtype=None)
            wanted = theirs.data
            if part == "segmentation" and not coding["core"]:
                wanted = np.where(wanted > 0, SUBREGIONS["oedema"], 0)  # the whole tumour
            np.testing.assert_array_equal(ours.data, wanted)
            np.testing.assert_array_equal(ours.grid.affine, theirs.grid.affine)


# Under Snakemake.


def jobs_in(printed):
    """Return {rule: number of its jobs} of a dry run."""
    table = printed.split("\njob ", 1)[1].split("\ntotal ", 1)[0]
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.M)})


@pytest.mark.workflow
def test_a_study_of_every_source_is_planned_as_that_of_a_folder(sources):
    plans = {
        source: jobs_in(snakemake(sources, "--dry-run", config=[f"{source}.yaml", "study.yaml"]))
        for source in EVERY
    }
    converted = Counter(convert_case=NUMBER)
    archived = converted + Counter(select_series=1, download_series=NUMBER)
    more = {"dicom": converted, "idc": archived, "tcia": archived}
    of_folder = plans["folder"]
    assert of_folder["import_case"] == NUMBER
    assert plans == {source: of_folder + more.get(source, Counter()) for source in EVERY}


def volumes_of(folder, source):
    """Return volumes.csv of a cohort, all text, by case."""
    path = folder / "results/cohorts" / source / "volumes.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("case")


def make_volumes(sources, source, folder, address="", **options):
    """Bring the first patient of a source to volumes.csv in `folder`; return what is in it.

    `options`: of the source, beside those of its config.
    """
    copy_of_repository(folder)
    config = config_of(sources, source, address)
    config["cohort"][source] |= options
    labels = config["cohort"]["labels"]
    lines = Path(labels["table"]).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "first.csv").write_text("".join(lines[:2]))
    labels["table"] = "first.csv"
    write_config(folder, "first.yaml", **config)
    snakemake(folder, f"results/cohorts/{source}/volumes.csv", config="first.yaml")
    return volumes_of(folder, source)


@pytest.fixture(scope="session")
def of_folder(sources, tmp_path_factory):
    """The volumes.csv of the first patient as a folder."""
    make = partial(make_volumes, sources, "folder")
    return volumes_of(finished_once(tmp_path_factory, "first_as_folder", make), "folder")


def check_equal(volumes, of_folder, segmented=True):
    """Check that the rows of volumes.csv are those of a folder, in all that a source can hold."""
    masks = [name for name in of_folder if "segmentation" in name]
    shared = of_folder.columns.difference(["source", *([] if segmented else [*masks, *VOLUMES])])
    assert {"t1ce_sha256", "brain_mask_sha256", "idh"} <= set(shared)
    pd.testing.assert_frame_equal(volumes.loc[of_folder.index, shared], of_folder[shared])


@pytest.mark.workflow
def test_idc_gives_the_volumes_of_a_folder(sources, archive, of_folder, tmp_path, monkeypatch):
    """By a table of series that was selected before, since Snakemake's jobs have the real index."""
    address, index = archive
    monkeypatch.setattr("idc_index_data.IDC_INDEX_PARQUET_FILEPATH", index)
    options = {"collection": "simulated", "series_rules": {}}
    series, cases = tmp_path / "series.csv", list(of_folder.index)
    select_series.main(
        source="idc", options=options, cases=cases, modalities=SERIES, series=series
    )  # fmt: skip
    volumes = make_volumes(sources, "idc", tmp_path / "run", address, series=str(series))
    check_equal(volumes, of_folder, segmented=False)


@pytest.mark.workflow
def test_tcia_gives_the_volumes_of_a_folder(sources, archive, of_folder, tmp_path):
    volumes = make_volumes(sources, "tcia", tmp_path, archive[0])
    check_equal(volumes, of_folder, segmented=False)


@pytest.mark.workflow
def test_dicom_gives_the_volumes_of_a_folder_and_the_report_of_a_study(
    sources, of_folder, tmp_path
):
    folder, config = copy_of_repository(tmp_path), ["dicom.yaml", "study.yaml"]
    for name in config:
        shutil.copy(sources / name, folder)
    snakemake(folder, config=config)
    check_equal(volumes_of(folder, "dicom"), of_folder, segmented=False)
    study = folder / "results/studies/idh"
    assert f"dicom: {NUMBER} cases" in (study / "report.html").read_text()
    cell = pd.read_csv(study / "csnet/dropout-0.20/passes-002/classification.csv")
    assert sorted(cell["case"]) == sorted(pd.read_csv(study / "folds.csv")["case"].unique())
    assert not [*study.rglob("*.nii.gz")]
    assert rules_in(snakemake(folder, "--dry-run", config=config)) == set()
