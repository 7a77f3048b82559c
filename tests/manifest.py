"""Normalised cases and their manifest, as the half of the cohort leaves them for studies."""

import nibabel
import numpy as np
import pandas as pd

from glioma_uq.images import read_image, write_image
from glioma_uq.transforms import in_patient, write_matrix
from glioma_uq.volumes import CHECKSUM, PLACES, checksum, volume_path

MANIFEST = "volumes.csv"
UNKNOWN = {"source": "A", "idh": -1, "1p19q": -1, "grade": -1, "imputed": ""}
MEASURED = {"voxel_mm": 1.0, "template_scale": 1.0}
REGIONS = {"et_mm3": [3], "tc_mm3": [1, 3], "wt_mm3": [1, 2, 3]}


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
    the names unless given. Each case is a patient of its own without any label unless given. Its
    native segmentation has the voxels of the normalised one; with a `template_scale` other than 1
    they are smaller in the patient.
    """
    manifest = folder / MANIFEST
    names = sorted(path.name for path in (folder / "normalised").iterdir())
    table = pd.DataFrame({"case": columns.pop("case", names)})
    table = table.assign(**{"patient": table["case"], **UNKNOWN, **MEASURED, **columns})
    for place, case in table["case"].items():
        scale = table.at[place, "template_scale"] ** (1 / 3)
        to_template = np.diag([scale, scale, scale, 1.0])
        write_matrix(volume_path(manifest, case, "t1ce_to_template"), to_template)
        segmentation = volume_path(manifest, case, "segmentation")
        native = volume_path(manifest, case, "native_segmentation")
        if segmentation.exists() and segmentation.stat().st_size:
            image = read_image(segmentation, np.uint8)
            grid = in_patient(image.grid, to_template)
            write_image(native, image.data, grid)
            for column, labels in REGIONS.items():
                if column not in columns:
                    volume = np.isin(image.data, labels).sum() * grid.voxel_volume
                    table.loc[place, column] = volume
        else:
            native.parent.mkdir(parents=True, exist_ok=True)
            native.touch()
    table = table.reindex(columns=[*table, *(name for name in REGIONS if name not in table)])
    files = sorted({path.name for path in (folder / "normalised").glob("*/*.nii.gz")})
    for name in (*(file.removesuffix(".nii.gz") for file in files), *PLACES):
        paths = [volume_path(manifest, case, name) for case in table["case"]]
        table[f"{name}{CHECKSUM}"] = [checksum(path) if path.exists() else "" for path in paths]
    table.to_csv(manifest, index=False)
    return manifest
