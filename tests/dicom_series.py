"""Small MR series as a scanner would write them, for tests."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

pytest.importorskip("pydicom", reason="pydicom is installed by `make downloads`")

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

PLANES = {  # direction of rows, direction of columns, step between slices, all in DICOM's LPS
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
}
STUDY = generate_uid(entropy_srcs=["study"])


def write_series(
    folder, description, *, number=1, patient="P-1", slices=14, plane="axial", seed=0, volumes=1,
    date="20010101", size=(12, 10), spacing=(2.0, 3.0), gap=4.0, skip=(), tilt=None, **tags,
):  # fmt: skip
    """Write an MR series as DICOM files and return (uid, array of shape x, y, slice).

    `size`: columns and rows; `spacing`: their mm; `gap`: mm between slices; `skip`: slices
    left out; `tilt`: one slice that gets another direction; `tags`: DICOM attributes.
    """
    uid = generate_uid(entropy_srcs=[description, str(number), patient])
    voxels = np.random.default_rng(seed).integers(0, 1000, (*size, slices)).astype(np.uint16)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns, step = (np.array(axis, float) for axis in PLANES[plane])
    for volume in range(volumes):
        for k in set(range(slices)) - set(skip):
            turn = (*columns, *rows) if k == tilt else (*rows, *columns)
            header = {
                "SeriesInstanceUID": uid,
                "SeriesDescription": description,
                "SeriesNumber": number,
                "PatientID": patient,
                "PatientName": patient,
                "StudyDate": date,
                "InstanceNumber": volume * slices + k + 1,
                "AcquisitionNumber": volume + 1,
                "ImageOrientationPatient": list(turn),
                "ImagePositionPatient": list(np.array([-10.0, -20.0, 30.0]) + gap * k * step),
                "SliceThickness": gap,
                "PixelSpacing": [spacing[1], spacing[0]],
                **tags,
            }
            name = f"{number}_{volume}_{k}.dcm"
            write_file(folder / name, header, voxels[:, :, k].T + volume)
    return uid, voxels


def write_image(path, folder, description, number, patient):
    """Write a NIfTI image, whose axes point right, forwards and up, as an axial series.

    DICOM counts columns to the left and rows backwards.
    """
    image = nib.load(path)
    voxels = np.asarray(image.dataobj).astype(np.int16)[::-1, ::-1]
    x, y, z = image.header.get_zooms()
    right, front, low = image.affine[:3, :3] @ (*np.subtract(voxels.shape[:2], 1), 0)
    right, front, low = image.affine[:3, 3] + (right, front, low)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(voxels.shape[2]):
        header = {
            "SeriesInstanceUID": generate_uid(entropy_srcs=[description, str(number), patient]),
            "SeriesDescription": description,
            "SeriesNumber": number,
            "PatientID": patient,
            "PatientName": patient,
            "StudyDate": "20010101",
            "InstanceNumber": k + 1,
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "ImagePositionPatient": [-right, -front, low + k * z],
            "SliceThickness": z,
            "PixelSpacing": [y, x],
            "PixelRepresentation": 1,  # signed, as in NIfTI
        }
        write_file(folder / f"{number}_{k}.dcm", header, voxels[:, :, k].T)


def write_file(path, header, pixels):
    """Write one MR image (rows, columns) with the attributes of `header`."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, generate_uid()
    image.StudyInstanceUID, image.Modality = STUDY, "MR"
    image.Manufacturer, image.ImageType = "SIEMENS", ["ORIGINAL", "PRIMARY", "M", "ND"]
    image.StudyTime, image.EchoTime, image.RepetitionTime = "120000", 10.0, 500.0
    image.Rows, image.Columns = pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    image.PixelRepresentation, image.PixelData = 0, pixels.astype("<u2").tobytes()
    for name, value in header.items():
        setattr(image, name, value)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = MRImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.save_as(path, enforce_file_format=True)


def write_case(folder, patient="P-1", **options):
    """Write a study of four modalities, a localiser, a map and a perfusion into one folder."""
    series = {
        "t1": write_series(folder, "AX T1", number=2, patient=patient, seed=2, **options),
        "t2": write_series(folder, "AX T2", number=3, patient=patient, seed=3, **options),
        "flair": write_series(
            folder, "SAG FLAIR", number=4, patient=patient, seed=4, plane="sagittal", **options
        ),
        "t1ce": write_series(folder, "AX T1 POST", number=9, patient=patient, seed=9, **options),
    }
    write_series(folder, "LOC", number=1, patient=patient, slices=3, tilt=1)
    write_series(folder, "ADC", number=5, patient=patient)
    write_series(folder, "ep2d_perf", number=8, patient=patient, volumes=3)
    return series
