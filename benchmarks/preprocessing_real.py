"""Time and accuracy of preprocessing a real patient with the schema's defaults.

    python benchmarks/preprocessing_real.py [folder of TCGA-FG-6692] [--quick]

Needs the folder with T1, T1CE, T2, FLAIR and the HD-BET masks of each in `ref_hdbet/` (default:
in $GLIOMA_UQ_REAL_DATA). The reference mask of the T1CE replaces skull stripping, whose
network is not timed. Everything runs twice, each time in a new process with one thread, and
the files of both runs are compared. With --quick, grid and settings are the coarse ones of
cohorts/phantom.yaml.

Last line: `REAL PATIENT: 33.4 s, smallest coregistration Dice 0.9794, Dice with template 0.9569,
22 files, same bytes twice: yes`
"""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import preprocessing_steps as steps
from harness import in_a_new_process, parser_of, peak_mb, run
from preprocessing_steps import MODALITIES, OTHERS

CASE = "TCGA-FG-6692"
GRID = {"voxel_size_mm": 1.0, "margin_mm": 4.0}  # studies/mc_dropout.yaml


def preprocess(patient, folder, grid, settings):
    """Preprocess into `folder`; return ({step: CPU s}, {what: Dice}, peak MB) of this process."""
    seconds = {}
    raw, corrected, found, template = (
        folder / name for name in ("raw", "corrected", "found", "template")
    )
    prepare(patient, raw, template)
    mask = raw / "brain_mask.nii.gz"
    steps.correct(CASE, raw, corrected, settings["bias_field"], seconds)
    registration = settings["registration"]
    steps.coregister(CASE, corrected, found, registration, seconds)
    steps.register_to_template(CASE, corrected, found, template, registration, seconds, mask)
    segmentation = raw / "segmentation.nii.gz"
    field = settings["white_matter_field"]
    steps.normalise(CASE, corrected, found, mask, segmentation, template, grid, field, seconds)
    peak = peak_mb()  # before the overlaps, which are not part of preprocessing
    return seconds, overlaps(patient, found, template), peak


def prepare(patient, raw, template):
    """Link the patient's files under the pipeline's names and write the template."""
    from make_template import main as make_template

    raw.mkdir(parents=True)
    for modality in MODALITIES:
        (raw / f"{modality}.nii.gz").symlink_to(patient / f"{modality.upper()}.nii.gz")
    reference = patient / "ref_hdbet" / "mask_native_T1CE.nii.gz"
    (raw / "brain_mask.nii.gz").symlink_to(reference)
    (raw / "segmentation.nii.gz").touch()
    names = ("brain", "brain_mask", "white_matter")
    make_template(**{name: template / f"{name}.nii.gz" for name in names})


def overlaps(patient, found, template):
    """Return {what: Dice} of the reference masks, transformed by the estimated matrices."""
    from glioma_uq.images import read_mask
    from glioma_uq.overlap.masks import dice
    from glioma_uq.quality.image_metrics import overlap_with_template
    from glioma_uq.transforms import read_matrix, resample_mask

    masks = {
        name: read_mask(patient / "ref_hdbet" / f"mask_native_{name.upper()}.nii.gz")
        for name in MODALITIES
    }
    brain = masks["t1ce"]
    result = {}
    for name, path in steps.to_t1ce(found).items():
        transformed = resample_mask(masks[name], brain.grid, read_matrix(path))
        result[f"{name} on t1ce"] = dice(transformed, brain.data)
    matrix = read_matrix(found / "t1ce_to_template.txt")
    atlas = read_mask(template / "brain_mask.nii.gz")
    return result | {"brain on template": overlap_with_template(atlas, brain, matrix)}


def digests(folder):
    """Return {file: sha256} of all files written by a run."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def check(patient):
    """Raise BadInput unless the patient's folder exists."""
    from glioma_uq.errors import BadInput

    if not (patient / "T1CE.nii.gz").is_file():
        raise BadInput(f"expected T1CE.nii.gz in {patient}, found none, name the patient's folder")


def main():
    parser = parser_of(__doc__)
    default = Path(os.environ.get("GLIOMA_UQ_REAL_DATA", "."), CASE)
    parser.add_argument("patient", nargs="?", type=Path, default=default)
    options = parser.parse_args()
    patient = options.patient.resolve()
    check(patient)
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as scratch:
        folders = [Path(scratch, name) for name in ("first", "second")]
        settings = steps.demo_settings() if options.quick else (GRID, steps.default_settings())
        runs = [in_a_new_process(preprocess, patient, folder, *settings) for folder in folders]
        first, second = map(digests, folders)
    seconds, dices, peak = runs[0]
    for step, value in seconds.items():
        print(f"{step:<22} {value:6.1f} CPU s")
    total = sum(seconds.values())
    print(f"{'in all':<22} {total:6.1f} CPU s, second run {sum(runs[1][0].values()):.1f}")
    print(f"peak memory {peak:.0f} MB")
    for what, value in dices.items():
        print(f"Dice of {what:<18} {value:.4f}")
    smallest = min(dices[f"{name} on t1ce"] for name in OTHERS)
    print(
        f"REAL PATIENT: {total:.1f} s, smallest coregistration Dice {smallest:.4f}, "
        f"Dice with template {dices['brain on template']:.4f}, "
        f"{len(first)} files, same bytes twice: {'yes' if first == second else 'no'}"
    )


if __name__ == "__main__":
    run(main)
