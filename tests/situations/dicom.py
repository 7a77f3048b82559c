"""DICOM as scanners, archives and people leave it."""

import os
import shutil

from situations import situation
from situations.tiny import TAKES_PART

GROUP = "DICOM"


def change(cohort, series, spoil):
    """Change the headers of one series of the case's DICOM by its number."""
    import pydicom

    for path in sorted(cohort.dicom.glob(f"{series}_*")):
        header = pydicom.dcmread(path)
        spoil(header, int(path.stem.rpartition("_")[2]))
        header.save_as(path)


def enter_localiser(what, name, value):
    @situation(GROUP, f"the localiser has {what}", right=TAKES_PART)
    def localiser(cohort):
        cohort.four_series()
        change(cohort, 1, lambda header, _: setattr(header, name, value))
        return cohort.fate_of_dicom()


for what, name, value in (
    ("two echo times", "EchoTime", [10.0, 90.0]),
    ("no number", "SeriesNumber", None),
    ("a description of 60,000 characters", "SeriesDescription", "LOC " * 15000),
    ("no image type", "ImageType", None),
    ("one word as its image type", "ImageType", "LOCALIZER"),
    ("a character set that does not exist", "SpecificCharacterSet", "ISO_IR 999"),
    ("no patient's id", "PatientID", None),
    ("a place 10^300 mm away", "ImagePositionPatient", [1e300, 1e300, 1e300]),
    ("directions of zeros", "ImageOrientationPatient", [0, 0, 0, 0, 0, 0]),
    ("65,535 rows by its header", "Rows", 65535),
):
    enter_localiser(what, name, value)


@situation(GROUP, "the T2 has two echo times", right=TAKES_PART)
def two_echoes(cohort):
    cohort.four_series()
    change(cohort, 3, lambda header, _: setattr(header, "EchoTime", [10.0, 90.0]))
    return cohort.fate_of_dicom()


@situation(GROUP, "the echo time is the words 'out of memory'", right=TAKES_PART)
def words_of_the_machine(cohort):
    import pydicom
    from pydicom.dataelem import RawDataElement

    cohort.four_series()
    for path in cohort.dicom.glob("3_*"):
        header = pydicom.dcmread(path)
        text = b"out of memory "
        header["EchoTime"] = RawDataElement(
            header["EchoTime"].tag, "DS", len(text), text, 0, False, True
        )
        header.save_as(path)
    return cohort.fate_of_dicom()


@situation(GROUP, "a Japanese description, in the characters of ISO 2022", right=("T2", TAKES_PART))
def japanese(cohort):
    cohort.series("T2 \u6c34\u5e73\u65ad", SpecificCharacterSet=["ISO 2022 IR 6", "ISO 2022 IR 87"])
    row, chosen = cohort.converted(modalities=("t2",))
    return chosen["t2"]["SeriesDescription"][:2], row["reason"] or TAKES_PART


@situation(GROUP, "a Chinese description under the wrong character set", right=TAKES_PART)
def chinese(cohort):
    cohort.series("T2 \u8f74\u4f4d", SpecificCharacterSet="GB18030")
    change(cohort, 1, lambda header, _: setattr(header, "SpecificCharacterSet", "ISO_IR 100"))
    return cohort.fate_of_dicom(modalities=("t2",))


def with_gaps(cohort, gaps):
    """Write a T2 whose slices have these gaps in mm; return what comes of it."""
    cohort.series("AX T2", slices=len(gaps) + 1, gap=1.0)

    def move(header, k):
        place = header.ImagePositionPatient
        header.ImagePositionPatient = [place[0], place[1], 30.0 + sum(gaps[:k])]

    change(cohort, 1, move)
    return cohort.fate_of_dicom(modalities=("t2",))


@situation(GROUP, "one gap between slices is 14 % wider", right="4.00 to 4.56 mm: too uneven for")
def wider_gap(cohort):
    return with_gaps(cohort, [4.0] * 6 + [4.56] + [4.0] * 6)


@situation(
    GROUP,
    "the first of forty slices lies .18 mm off, which dcm2niix would take for every gap",
    right="1.00 to 1.18 mm: too uneven for one volume",
)
def first_gap(cohort):
    return with_gaps(cohort, [1.18] + [1.0] * 38)


@situation(GROUP, "gaps that are rounded to a hundredth of a mm", right=TAKES_PART)
def rounded_gaps(cohort):
    return with_gaps(cohort, [1.0, 1.01, 0.99] * 13)


@situation(GROUP, "a series is copied twice, into another folder", right=("14", TAKES_PART))
def copied_twice(cohort):
    cohort.series("AX T2")
    shutil.copytree(cohort.dicom, cohort.folder / "copy")
    shutil.move(cohort.folder / "copy", cohort.dicom / "copy")
    row, chosen = cohort.converted(modalities=("t2",))
    return chosen["t2"]["copies"], row["reason"] or TAKES_PART


@situation(
    GROUP, "a series is there twice, once with another birth date", right="in two files that differ"
)
def exported_twice(cohort):
    cohort.series("AX T2")
    shutil.copytree(cohort.dicom, cohort.folder / "copy")
    change(cohort, 1, lambda header, _: setattr(header, "PatientBirthDate", "19000101"))
    shutil.move(cohort.folder / "copy", cohort.dicom / "copy")
    return cohort.fate_of_dicom(modalities=("t2",))


def linked(cohort, place, follow_links):
    """Put the case's T2 into a place of its own behind a link; return what comes of it."""
    cohort.series("AX T2", folder=place)
    (cohort.dicom / "scans").symlink_to(place)
    return cohort.fate_of_dicom(modalities=("t2",), follow_links=follow_links)


@situation(GROUP, "a folder behind a link out of the cohort", right="leads to elsewhere, copy it")
def link_out(cohort):
    return linked(cohort, cohort.folder / "elsewhere", follow_links=False)


@situation(GROUP, "such a link, and follow_links", right=TAKES_PART)
def link_out_followed(cohort):
    return linked(cohort, cohort.folder / "elsewhere", follow_links=True)


@situation(GROUP, "a folder behind a link inside the cohort", right=TAKES_PART)
def link_inside(cohort):
    return linked(cohort, cohort.dicom.parent / ".store", follow_links=False)


@situation(GROUP, "each file is a link out of the cohort", right="leads to elsewhere/1_0_0.dcm")
def file_links_out(cohort):
    cohort.series("AX T2", folder=cohort.folder / "elsewhere")
    for path in (cohort.folder / "elsewhere").iterdir():
        (cohort.dicom / path.name).symlink_to(path)
    return cohort.fate_of_dicom(modalities=("t2",))


@situation(
    GROUP, "a link that leads nowhere", right="1_0_3.dcm is a link that leads nowhere, fetch"
)
def dangling(cohort):
    cohort.series("AX T2")
    (cohort.dicom / "1_0_3.dcm").unlink()
    (cohort.dicom / "1_0_3.dcm").symlink_to("../../annex/objects/x")
    return cohort.fate_of_dicom(modalities=("t2",))


@situation(GROUP, "a link to the folder it is in", right=TAKES_PART)
def loop(cohort):
    cohort.series("AX T2")
    (cohort.dicom / "again").symlink_to(cohort.dicom)
    return cohort.fate_of_dicom(modalities=("t2",))


@situation(GROUP, "a pipe among the files", right="found 1 file of 15 without its header, as pipe")
def pipe(cohort):
    cohort.series("AX T2")
    os.mkfifo(cohort.dicom / "pipe")
    return cohort.fate_of_dicom(modalities=("t2",))


@situation(GROUP, "a colour picture called AX T2", right="expected one number in each voxel")
def colours(cohort):
    import numpy as np

    cohort.series("AX T2", SamplesPerPixel=3, PhotometricInterpretation="RGB")

    def paint(header, _):
        header.BitsAllocated = header.BitsStored = 8
        header.HighBit, header.PlanarConfiguration = 7, 0
        header.PixelData = np.full((10, 12, 3), 7, np.uint8).tobytes()

    change(cohort, 1, paint)
    return cohort.fate_of_dicom(modalities=("t2",))
