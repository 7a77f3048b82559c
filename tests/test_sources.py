"""Each source finds a case's files by its own layout, and refuses what could be two things."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml

import import_case
from glioma_uq.cohorts.bids import entities_of
from glioma_uq.cohorts.cases import list_cases
from glioma_uq.cohorts.collection import steps_of
from glioma_uq.cohorts.file_matching import is_named_as
from glioma_uq.cohorts.labels import read_labels
from glioma_uq.cohorts.segmentation import to_canonical, volumes_mm3
from glioma_uq.cohorts.sources import (
    CANONICAL,
    CONVERTED,
    SOURCES,
    cases_there,
    coding_of,
    file_of,
    find_images,
)
from glioma_uq.configuration.datasets import read_dataset
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.fingerprints import SCRIPTS, fingerprint
from glioma_uq.headers import check_header
from glioma_uq.images import read_image, same_grid
from glioma_uq.quality.rows import read_rows

ROOT = Path(__file__).resolve().parents[1]
MODALITIES = ["t1", "t1ce", "t2", "flair"]
PARTS = [*MODALITIES, "segmentation", "brain_mask"]


def touch(folder, *names):
    """Make files of one byte, with the folders that lead to them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names_of(found, folder):
    return {part: path.removeprefix(f"{folder}/") for part, path in found.items()}


# The registry.


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_file_that_enters_the_fingerprint(source):
    assert (SCRIPTS / file_of(source)).is_file()
    assert fingerprint(file_of(source)) != fingerprint("check_cohort.py")


def test_a_case_goes_through_the_steps_that_its_source_needs():
    assert steps_of("phantom")[0] == "correct_bias_field"
    assert steps_of("bids")[0] == "import_case"
    for source in CONVERTED:
        steps = steps_of(source)
        assert steps.index("convert_case") + 1 == steps.index("import_case")


# folder


FOLDER = {
    "t1": "{case}_*T1.nii.gz", "t1ce": "{case}_*T1C.nii.gz", "t2": "scans/T2.nii",
    "flair": "*[Ff]lair*", "segmentation": None, "brain_mask": "mask.nii.gz",
}  # fmt: skip


def test_a_folder_goes_by_names_and_patterns(tmp_path):
    names = ["p[1]_x_T1.nii.gz", "p[1]_T1C.nii.gz", "scans/T2.nii", "Flair.nii.gz", "flair.json"]
    touch(tmp_path / "p[1]", *names)
    found = find_images("folder", {"path": str(tmp_path), "names": FOLDER}, "p[1]", PARTS)
    assert names_of(found, tmp_path / "p[1]") == dict(zip(MODALITIES, names, strict=False))
    assert cases_there("folder", {"path": tmp_path}) == ["p[1]"]


# bids


def bids(folder, case="01", parts=PARTS, **options):
    options = {"session": "first", "entities": {}, "derivatives": {}} | options
    return names_of(find_images("bids", {"path": str(folder)} | options, case, parts), folder)


def subject(folder, name="sub-01", session="", suffixes=("T1w", "ce-gd_T1w", "T2w", "FLAIR")):
    """Make a subject's anat folder; return its files by modality."""
    place = f"{name}/{session + '/' if session else ''}anat"
    stem = f"{place}/{name}_{session + '_' if session else ''}"
    files = [f"{stem}{suffix}.nii.gz" for suffix in suffixes]
    touch(folder, *files)
    return dict(zip(MODALITIES, files, strict=False))


def test_names_of_bids_are_taken_apart():
    assert entities_of("sub-01_ses-2_ce-gadolinium_run-1_T1w.nii.gz") == (
        {"sub": "01", "ses": "2", "ce": "gadolinium", "run": "1"},
        "T1w",
    )


@pytest.mark.parametrize("case", ["01", "sub-01"])
def test_a_bids_subject_is_found_with_and_without_its_prefix(tmp_path, case):
    assert bids(tmp_path, case=case) == subject(tmp_path) if subject(tmp_path) else None
    assert cases_there("bids", {"path": tmp_path}) == ["01"]


def test_of_several_sessions_the_config_says_which(tmp_path):
    first, last = (subject(tmp_path, session=f"ses-{name}") for name in ("2", "10"))
    assert bids(tmp_path) == bids(tmp_path, session="2") == first
    assert bids(tmp_path, session="last") == bids(tmp_path, session="ses-10") == last
    with pytest.raises(BadCase, match=r"the session ses-3 in .*sub-01, found ses-2, ses-10,"):
        bids(tmp_path, session="3")


def test_two_runs_are_refused_until_an_entity_chooses(tmp_path):
    files = subject(tmp_path)
    touch(tmp_path, "sub-01/anat/sub-01_acq-3d_T1w.nii.gz")
    with pytest.raises(BadCase, match="one file for t1 .*sub-01_T1w.nii.gz and|_acq-3d_T1w.*"):
        bids(tmp_path)
    chosen = bids(tmp_path, entities={"t1": {"acq": "3d"}})
    assert chosen == files | {"t1": "sub-01/anat/sub-01_acq-3d_T1w.nii.gz"}


def test_an_index_of_an_entity_is_a_number_whatever_yaml_makes_of_its_zeros(tmp_path):
    subject(tmp_path)
    (tmp_path / "sub-01/anat/sub-01_T1w.nii.gz").unlink()
    runs = [f"sub-01/anat/sub-01_run-{run}_T1w.nii.gz" for run in ("01", "02", "11")]
    touch(tmp_path, *runs)
    for value in yaml.safe_load("[01, 1, '01']"):
        assert bids(tmp_path, entities={"t1": {"run": value}})["t1"] == runs[0]


def test_derivatives_give_segmentation_and_brain_mask(tmp_path):
    subject(tmp_path)
    seg = "derivatives/experts/sub-01/anat/sub-01_desc-tumour_dseg.nii.gz"
    brain = "derivatives/strip/sub-01/anat/sub-01_desc-brain_mask.nii.gz"
    touch(tmp_path, seg, brain)
    trees = {"segmentation": "derivatives/experts", "brain_mask": "derivatives/strip"}
    found = bids(tmp_path, derivatives=trees)
    assert (found["segmentation"], found["brain_mask"]) == (seg, brain)
    assert "segmentation" not in bids(tmp_path)


def test_a_bids_case_without_contrast_says_what_it_lacks(tmp_path):
    subject(tmp_path, suffixes=("T1w",))
    with pytest.raises(BadCase, match="expected a T1w image with the entity ce .as ce-gadolinium"):
        bids(tmp_path, parts=["t1", "t1ce"])


# Cases that lack a series.

MAY_LACK = ["t1", "t2", "flair"]


def test_a_missing_series_is_left_out_where_a_case_may_lack_it(tmp_path):
    brats = "BraTS20_Training_001"
    touch(tmp_path, "a/T1CE.nii.gz", "a/T2.nii.gz", *(
        f"{brats}/{brats}_{name}.nii.gz" for name in ("t1ce", "flair")
    ))  # fmt: skip
    names = {name: f"{name.upper()}.nii.gz" for name in MODALITIES}
    options = {"path": str(tmp_path), "names": names}
    found = find_images("folder", options, "a", MODALITIES, may_lack=MAY_LACK)
    assert list(found) == ["t1ce", "t2"]
    options = {"datasets": [read_dataset("brats", 2020) | {"path": str(tmp_path)}]}
    found = find_images("datasets", options, brats, PARTS, may_lack=MAY_LACK)
    assert list(found) == ["t1ce", "flair"]
    subject(tmp_path, suffixes=("ce-gd_T1w",))
    options = {"path": str(tmp_path), "session": "first", "entities": {}, "derivatives": {}}
    assert list(find_images("bids", options, "01", PARTS, may_lack=MAY_LACK)) == ["t1ce"]


def test_the_t1ce_is_always_needed(tmp_path):
    case = "BraTS20_Training_001"
    touch(tmp_path, f"{case}/{case}_t1.nii.gz")
    options = {"datasets": [read_dataset("brats", 2020) | {"path": str(tmp_path)}]}
    with pytest.raises(BadCase, match=f"expected {case}_t1ce.nii.*in"):
        find_images("datasets", options, case, PARTS, may_lack=MAY_LACK)


@pytest.mark.parametrize(
    ("part", "names", "others"),
    [
        ("t1", ["T1w", "p-t1n", "T1pre", "T1", "ax_t1_mprage"], ["T1c", "t1ce", "T1-gd", "T1post"]),
        ("t2", ["T2w", "p-t2w", "ax t2 tse"], ["T2FLAIR", "p-t2f", "T2star", "T2*"]),
        ("flair", ["FLAIR", "p-t2f", "T2_FLAIR", "brain_fl_ants"], ["T2w", "flow", "T1"]),
    ],
)
def test_words_of_file_names_say_which_series_they_hold(part, names, others):
    assert all(is_named_as(part, f"{name}.nii.gz") for name in names)
    assert not any(is_named_as(part, f"{name}.nii.gz") for name in others)


@pytest.mark.parametrize("name", ["flair.nii.gz", "AX_FLAIR_3.nii", "p.flair.nii.gz"])
def test_a_series_by_another_name_is_not_taken_for_missing(tmp_path, name):
    touch(tmp_path, "a/T1CE.nii.gz", f"a/{name}")
    names = {"t1ce": "T1CE.nii.gz", "flair": "FLAIR.nii.gz"}
    options = {"path": str(tmp_path), "names": names}
    with pytest.raises(BadCase, match=f"expected the flair as FLAIR.nii.gz .* found {name}, ren"):
        find_images("folder", options, "a", list(names), may_lack=["flair"])


@pytest.mark.parametrize(
    "file", ["anat/x_T2_ax.nii.gz", "anat/x_T2.NII.GZ", "T2.nrrd", "anat/x_T2w.mha"]
)
def test_a_series_in_another_format_or_folder_is_not_taken_for_missing(tmp_path, file):
    touch(tmp_path, "a/T1CE.nii.gz", f"a/{file}")
    names = {"t1ce": "T1CE.nii.gz", "t2": "anat/*_T2.nii.gz"}
    options = {"path": str(tmp_path), "names": names}
    with pytest.raises(BadCase, match=f"expected the t2 as .* found {Path(file).name}, rename"):
        find_images("folder", options, "a", list(names), may_lack=["t2"])


@pytest.mark.parametrize("name", ["seg.nii.gz", "*_seg.nii.gz"])
def test_a_link_that_leads_nowhere_is_an_image_that_is_broken(tmp_path, name):
    """As datalad and git-annex leave content that was not fetched."""
    touch(tmp_path, "a/T1CE.nii.gz")
    link = tmp_path / "a" / name.replace("*", "x")
    link.symlink_to(tmp_path / "a/nowhere.nii.gz")
    options = {"path": str(tmp_path), "names": {"t1ce": "T1CE.nii.gz", "segmentation": name}}
    found = find_images("folder", options, "a", ["t1ce", "segmentation"])
    assert found["segmentation"] == str(link)
    with pytest.raises(BadCase, match="found no file .*seg.nii.gz"):
        check_header(found["segmentation"])


def test_sessions_of_bids_in_words_have_no_order(tmp_path):
    for session in ("ses-preop", "ses-postop"):
        subject(tmp_path, session=session)
    with pytest.raises(BadCase, match="found ses-postop and ses-preop in .* cohort.bids.session"):
        bids(tmp_path)
    assert "ses-preop" in bids(tmp_path, session="preop")["t1"]


def test_files_of_another_subject_are_not_taken(tmp_path):
    subject(tmp_path)
    for path in (tmp_path / "sub-01/anat").iterdir():
        path.rename(path.with_name(path.name.replace("sub-01", "sub-02")))
    with pytest.raises(BadCase, match="found no such file"):
        bids(tmp_path)


def test_a_mask_of_bids_by_another_suffix_is_not_lost(tmp_path):
    subject(tmp_path)
    touch(tmp_path, "derivatives/experts/sub-01/anat/sub-01_desc-tumour_seg.nii.gz")
    with pytest.raises(BadCase, match="expected the segmentation as a dseg image .*_seg.nii.gz"):
        bids(tmp_path, derivatives={"segmentation": "derivatives/experts"})


def test_other_images_of_a_case_do_not_hide_that_a_series_is_missing(tmp_path):
    touch(tmp_path, "a/T1CE.nii.gz", "a/T2star.nii.gz", "a/DWI.nii.gz")
    names = {"t1ce": "T1CE.nii.gz", "t2": "T2.nii.gz"}
    options = {"path": str(tmp_path), "names": names}
    assert list(find_images("folder", options, "a", list(names), may_lack=["t2"])) == ["t1ce"]


# Labels of cohorts that have few.


def test_labels_that_nobody_knows_need_no_column(tmp_path):
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tgrade\nsub-01\t4\nsub-02\tn/a\n")
    columns = {
        "case": "participant_id", "idh": None, "1p19q": None, "grade": "grade", "source": None,
    }  # fmt: skip
    rows = read_labels(table, columns, source="bids")
    assert [(row["idh"], row["grade"]) for row in rows] == [(-1, 4), (-1, -1)]
    labels = {"table": table, "columns": columns}
    cohort = {"source": "bids", "labels": labels, "sessions": "all"}
    assert list_cases(cohort, {"path": tmp_path}) == ["sub-01", "sub-02"]


PUBLIC = {
    "case": "Patient", "idh": "IDH_mutated", "1p19q": "1p19q_codeleted", "grade": "Grade",
    "source": "Data Collection",
}  # fmt: skip


def test_the_public_table_of_627_patients_is_read_by_its_columns(real_data):
    """One of its patients, W2 of IvyGAP, is a co-deleted wildtype."""
    table = real_data / "prognosais_glioma" / "included_patient_labels.csv"
    with pytest.raises(BadInput, match=r"found case W2 .* or set cohort.labels.contradictory"):
        read_labels(table, PUBLIC)
    rows = read_labels(table, PUBLIC, contradictory="unknown")
    assert len(rows) == 627
    assert next(row for row in rows if row["case"] == "W2")["1p19q"] == -1
    some = read_labels(table, PUBLIC, only={"Data Collection": ["TCGA-GBM", "TCGA-LGG"]})
    assert (len(some), {row["source"] for row in some}) == (240, {"TCGA-GBM", "TCGA-LGG"})
    with pytest.raises(BadInput, match="with TCGA as Data Collection, found BTumorP, BraTS, CPT"):
        read_labels(table, PUBLIC, only={"Data Collection": ["TCGA"]})


# Codings of segmentations.


def test_volumes_are_those_of_the_regions_that_the_coding_tells_apart():
    labels = np.repeat([0, 1, 2, 3], [50, 4, 8, 2])
    assert volumes_mm3(labels, CANONICAL, 1.5) == {"et_mm3": 3, "tc_mm3": 9, "wt_mm3": 21}
    whole = {"core": [], "oedema": [1], "enhancing": []}
    assert coding_of({"segmentation_labels": whole}, {}, "a") == whole
    assert volumes_mm3(to_canonical(labels > 0, whole, "x"), whole, 1.0) == {"wt_mm3": 14}


def test_codes_that_a_slope_rounds_are_codes_and_those_of_a_resampling_are_none():
    rounded = np.array([0, 1.00002, 0.996078, 2.0001, 3, 0.004], np.float32)
    assert to_canonical(rounded, CANONICAL, "x").tolist() == [0, 1, 1, 2, 3, 0]
    for mixed in (0.5, 1.02, 2.98, 4.001):
        with pytest.raises(BadCase, match=f"found {mixed:g} in 1 voxels"):
            to_canonical(np.array([1, mixed]), CANONICAL, "x")


def test_a_resection_cavity_is_no_tumour_and_alone_it_is_none():
    coding = CANONICAL | {"cavity": [7], "background": [9]}
    labels = to_canonical(np.array([0, 1, 2, 3, 7, 7, 9]), coding, "x")
    assert labels.tolist() == [0, 1, 2, 3, 4, 4, 0]
    volumes = {"et_mm3": 1, "tc_mm3": 2, "wt_mm3": 3, "rc_mm3": 2}
    assert volumes_mm3(labels, coding, 1.0) == volumes
    with pytest.raises(BadCase, match="expected a tumour in the segmentation, found no voxel"):
        to_canonical(np.array([0, 7]), coding, "x")


# Two real patients of BRATS, with two modalities each.


@pytest.mark.parametrize("case", ["brats_2013_pat0001_1", "brats_2013_pat0002_1"])
def test_real_brats_cases_keep_their_experts_labels_and_volumes(real_data, tmp_path, case):
    names = {
        "t1ce": "T1CE.nii.gz", "flair": "FLAIR.nii.gz", "segmentation": "seg_GT.nii.gz",
        "brain_mask": "brainmask.nii.gz",
    }  # fmt: skip
    images = {part: tmp_path / f"{part}.nii.gz" for part in names}
    import_case.main(
        case=case, source="folder",
        options={"path": str(real_data), "names": names}, modalities=["t1ce", "flair"],
        follow_links=False, coding={"core": [1, 3], "oedema": [2], "enhancing": [4]},
        on_bad_case="stop", images=images, quality=tmp_path / "row.csv",
    )  # fmt: skip
    row = read_rows(tmp_path / "row.csv")[0]
    expert = np.asarray(nib.load(real_data / case / "seg_GT.nii.gz").dataobj)
    assert row["reason"] == ""
    counted = {
        "et_mm3": [4], "tc_mm3": [1, 3, 4], "wt_mm3": [1, 2, 3, 4],
    }  # fmt: skip
    ours, t1ce = read_image(images["segmentation"], dtype=None), read_image(images["t1ce"])
    assert same_grid(ours.grid, t1ce.grid)
    volumes = volumes_mm3(ours.data, CANONICAL, ours.grid.voxel_volume)
    assert volumes == {name: np.isin(expert, numbers).sum() for name, numbers in counted.items()}
    turned = read_image(real_data / case / "seg_GT.nii.gz").data
    for canonical, numbers in {0: [0], 1: [1, 3], 2: [2], 3: [4]}.items():
        np.testing.assert_array_equal(ours.data == canonical, np.isin(turned, numbers))
