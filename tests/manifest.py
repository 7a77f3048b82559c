"""Normalised cases and their manifest, as the half of the cohort leaves them for studies."""

import nibabel
import numpy as np
import pandas as pd

from glioma_uq.volumes import CHECKSUM, checksum, volume_path

MANIFEST = "volumes.csv"
UNKNOWN = {"source": "A", "idh": -1, "1p19q": -1, "grade": -1, "imputed": ""}
MEASURED = {"voxel_mm": 1.0, "template_scale": 1.0}


def write_case(folder, case, affine=None, **volumes):
    """Write arrays as the files of a case under `folder`/normalised, None as an empty file."""
    for name, voxels in volumes.items():
        path = volume_path(folder / MANIFEST, case, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if voxels is None:
            path.touch()
        else:
            nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)


def write_manifest(folder, **columns):
    """Write the manifest of the cases under `folder`/normalised and return its path.

    `columns`: one value for all cases, or one for each in the order of `case`, which is that of
    the names unless given. Each case is a patient of its own without any label unless given.
    """
    names = sorted(path.name for path in (folder / "normalised").iterdir())
    table = pd.DataFrame({"case": columns.pop("case", names)})
    table = table.assign(**{"patient": table["case"], **UNKNOWN, **MEASURED, **columns})
    files = sorted({path.name for path in (folder / "normalised").glob("*/*.nii.gz")})
    for name in (file.removesuffix(".nii.gz") for file in files):
        paths = [volume_path(folder / MANIFEST, case, name) for case in table["case"]]
        table[f"{name}{CHECKSUM}"] = [checksum(path) if path.exists() else "" for path in paths]
    table.to_csv(folder / MANIFEST, index=False)
    return folder / MANIFEST
