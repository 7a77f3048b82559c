"""Check every case of a cohort before any other step, and report those that cannot be used."""

from glioma_uq.steps import run

import os
from collections import Counter
from os.path import realpath

from glioma_uq.case_names import closest
from glioma_uq.cohorts.cases import read_cases
from glioma_uq.cohorts.file_matching import OPTIONAL, OTHER_ENDINGS, NoSuchCase
from glioma_uq.cohorts.labels import LABEL_COLUMNS, RAW_COLUMNS
from glioma_uq.cohorts.sources import (
    CONVERTED,
    cases_there,
    find_images,
    folders_of_case,
    may_be_shared,
)
from glioma_uq.contents import files_below
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.headers import check_header
from glioma_uq.images import ExcludedBefore, check_on_t1ce
from glioma_uq.plurals import counted
from glioma_uq.quality.rows import write_table

MOST = 20  # names of images that are listed


def main(
    *, table, source, options, parts, follow_links, on_bad_case, labels, may_lack=(), sessions="all"
):  # fmt: skip
    """Write labels.csv: all cases, their labels, the table's own, and the `problem` of each.

    `table`: the arguments of read_labels, None for datasets; `parts`: the images to look for in
    each case; `may_lack`: the modalities that a case may lack; `sessions`: of each patient, as in
    glioma_uq.cohorts.cases.
    """
    for dataset in options.get("datasets", ()):
        print("{name}: {title}. Cite {citation}. Terms of use: {licence}".format(**dataset))
    listed = read_cases(source, options, table)
    cases = read_cases(source, options, table, sessions)
    if left := len(listed) - len(cases):
        print(f"{counted(left, 'case')} of other sessions not used")
    unlisted_names = unlisted(source, options, listed)
    owners = {}
    for row in cases:
        row["problem"] = find_problem(
            source, options, row["case"], parts, follow_links, unlisted_names, owners, may_lack
        )
    if source not in CONVERTED:  # which tell what they take of their DICOM
        good = [row["case"] for row in cases if not row["problem"]]
        print(*in_words(others_of(source, options, good, owners)), sep="\n")
    problems = [f"{row['case']}: {row['problem']}" for row in cases if row["problem"]]
    print(f"{counted(len(cases), 'case')}, {len(problems)} with a problem", *problems, sep="\n")
    for name in unlisted_names:
        near = closest(name, [row["case"] for row in cases])
        print(f"{name} has no row in the table of labels and is not used{near}")
    if problems and on_bad_case == "stop":
        raise BadInput(
            f"{problems[0]} ({len(problems)} of {counted(len(cases), 'case')} with a problem, and "
            "cohort.on_bad_case is stop)"
        )
    write_table(labels, [*LABEL_COLUMNS, *RAW_COLUMNS, "problem"], cases)
    check_some_usable(cases)


def others_of(source, options, cases, owners):
    """Return Counter({name: cases}) of the images in the cases' folders that are not used.

    `owners`: {path: case} of those that are. In a name {case} stands for that of the case.
    """
    others = Counter()
    for case in cases:
        names = {
            os.path.relpath(path, folder).replace(case, "{case}")
            for folder in folders_of_case(source, options, case)
            for path in files_below(folder)
            if path.lower().endswith(OTHER_ENDINGS) and realpath(path) not in owners
        }
        others.update(names)
    return others


def in_words(others):
    """Return one line for each of the most frequent images that are not used."""
    lines = [
        f"not used: {name}, in {counted(times, 'case')}" for name, times in others.most_common(MOST)
    ]
    more = len(others) - MOST
    return lines + [f"not used: {counted(more, 'image')} by other names"] * (more > 0)


def check_some_usable(cases):
    """Raise BadInput with the most frequent problem, names of cases aside, if all have one."""
    if not all(row["problem"] for row in cases):
        return
    kinds = [row["problem"].replace(row["case"], "{case}") for row in cases]
    kind, times = Counter(kinds).most_common(1)[0]
    raise BadInput(
        f"expected a case that can be used, found a problem in all {len(cases)}, the most frequent "
        f"in {times}: {cases[kinds.index(kind)]['problem']}"
    )


def unlisted(source, options, cases):
    """Return the names of cases at the source that have no row in the labels table."""
    listed = {row["case"].removeprefix("sub-") for row in cases}
    return [
        name for name in cases_there(source, options) if name.removeprefix("sub-") not in listed
    ]


def find_problem(source, options, case, parts, follow_links, unlisted_names, owners, may_lack=()):
    """Return "" or the reason why a case cannot be used; only headers are read.

    `unlisted_names`: candidates if this case's name is misspelt. `owners`: {path: case} of
    the files of earlier cases; this case's are added.
    """
    try:
        found = find_images(source, options, case, parts, follow_links, may_lack)
        own = {p: path for p, path in found.items() if not may_be_shared(options, case, p)}
        _check_not_shared(own.values(), case, owners)
        _check_grids({part: _header_of(path) for part, path in found.items()}, found)
    except NoSuchCase as error:
        return f"{error}{closest(case, unlisted_names)}"
    except BadCase as error:
        return " ".join(str(error).split())
    return ""


def _header_of(path):
    try:
        return check_header(path)
    except ExcludedBefore:
        raise BadCase(f"expected an image, found the empty file {path}, copy it again") from None


def _check_not_shared(paths, case, owners):
    for path in paths:
        owner = owners.setdefault(realpath(path), case)
        if owner != case:
            raise BadCase(
                f"expected images of this case alone, found that {path} also belongs to {owner}, "
                "keep one row for each patient"
            )


def _check_grids(grids, found):
    """Raise BadCase for a segmentation or brain mask that is not on the grid of the T1CE."""
    for part in OPTIONAL:
        if part in grids:
            check_on_t1ce(grids[part], grids["t1ce"], f"the {part}", f" in {found[part]}")


if __name__ == "__main__":
    run(main, snakemake)
