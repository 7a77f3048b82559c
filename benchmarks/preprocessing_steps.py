"""The preprocessing steps without Snakemake, with CPU seconds of each.

Shared by preprocessing_truth.py and preprocessing_real.py.
"""

import time

import yaml
from harness import ROOT

MODALITIES = ("t1", "t1ce", "t2", "flair")
OTHERS = ("t1", "t2", "flair")
SECTIONS = ("bias_field", "white_matter_field", "registration")
GRID_OPTIONS = ("voxel_size_mm", "margin_mm")
COMMON = {"limits": {}, "on_bad_case": "stop"}


def default_settings():
    """Return {section: options} for SECTIONS: the schema's defaults."""
    schema = yaml.safe_load((ROOT / "rules" / "config.schema.yaml").read_text())
    sections = schema["properties"]["preprocessing"]["properties"]
    return {
        section: {name: key["default"] for name, key in sections[section]["properties"].items()}
        for section in SECTIONS
    }


def demo_settings():
    """Return (grid, {section: options}) of cohorts/phantom.yaml, coarse and fast."""
    options = yaml.safe_load((ROOT / "cohorts" / "phantom.yaml").read_text())["preprocessing"]
    usual = default_settings()
    sections = {name: options[name] and usual[name] | options[name] for name in SECTIONS}
    return {name: options[name] for name in GRID_OPTIONS}, sections


def timed(seconds, step, main, **arguments):
    """Run one step's `main`, imports included, and add its CPU seconds to seconds[step]."""
    start = time.process_time()
    main(**arguments)
    seconds[step] = seconds.get(step, 0) + time.process_time() - start


def correct(case, raw, corrected, options, seconds):
    """Correct the bias field of the series in the folder `raw`, into the folder `corrected`."""
    from correct_bias_field import main

    timed(
        seconds,
        "correct_bias_field",
        main,
        case=case,
        scans=_scans(raw),
        corrected=_scans(corrected),
        options=options,
        quality=corrected / "quality.csv",
        **COMMON,
    )


def coregister(case, corrected, found, options, seconds):
    """Register T1, T2 and FLAIR to the T1CE, into `found`/{modality}_to_t1ce.txt."""
    from coregister import main

    timed(
        seconds,
        "coregister",
        main,
        case=case,
        t1ce=corrected / "t1ce.nii.gz",
        series={name: corrected / f"{name}.nii.gz" for name in OTHERS},
        matrices=to_t1ce(found),
        options=options,
        seed=1,
        quality=found / "coregister.csv",
        **COMMON,
    )


def register_to_template(case, corrected, found, template, options, seconds, brain_mask=None):
    """Register the T1CE to the template: the brain if given `brain_mask`, else the whole head."""
    from register_to_template import main

    brain = {"brain_mask": brain_mask, "template_mask": template / "brain_mask.nii.gz"}
    timed(
        seconds,
        "register_to_template",
        main,
        case=case,
        t1ce=corrected / "t1ce.nii.gz",
        template=template / ("brain.nii.gz" if brain_mask else "head.nii.gz"),
        t1ce_to_template=found / "t1ce_to_template.txt",
        options=options,
        seed=2,
        quality=found / "register_to_template.csv",
        **(brain if brain_mask else {}),
        **COMMON,
    )


def strip_skull(case, corrected, found, template, method, seconds):
    """Segment the brain in the T1CE by `method`, into `found`/brain_mask.nii.gz."""
    from strip_skull import main

    from_template = {
        "template": template / "brain_mask.nii.gz",
        "t1ce_to_template": found / "t1ce_to_template.txt",
    }
    timed(
        seconds,
        "strip_skull",
        main,
        case=case,
        t1ce=corrected / "t1ce.nii.gz",
        brain_mask=found / "brain_mask.nii.gz",
        method=method,
        options={},
        quality=found / "strip_skull.csv",
        **(from_template if method == "template" else {}),
        **COMMON,
    )


def normalise(
    case, corrected, found, brain_mask, segmentation, template, grid, field_options, seconds
):
    """Correct the residual bias, resample once onto the study's grid and z-score, into `found`."""
    from glioma_uq.cohorts.sources import CANONICAL
    from normalise_case import main

    names = (*MODALITIES, "brain_mask", "segmentation")
    white = {"white_matter": template / "white_matter.nii.gz", "field_options": field_options}
    timed(
        seconds,
        "normalise_case",
        main,
        case=case,
        scans=_scans(corrected),
        to_t1ce=to_t1ce(found),
        t1ce_to_template=found / "t1ce_to_template.txt",
        brain_mask=brain_mask,
        segmentation=segmentation,
        template=template / "brain_mask.nii.gz",
        options=grid,
        normalised={name: found / "normalised" / f"{name}.nii.gz" for name in names},
        quality=found / "normalise_case.csv",
        coding=CANONICAL,
        **(white if field_options else {}),
        **COMMON,
    )


def to_t1ce(found):
    """Return {modality: path of its matrix to the T1CE} in a folder."""
    return {name: found / f"{name}_to_t1ce.txt" for name in OTHERS}


def _scans(folder):
    return {name: folder / f"{name}.nii.gz" for name in MODALITIES}
