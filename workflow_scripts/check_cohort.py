"""Look at every case of a cohort before any other work starts, and say which cannot take part."""

from difflib import get_close_matches
from pathlib import Path

from glioma_uq.cohorts import LABEL_COLUMNS, cases_there, find_images, read_labels
from glioma_uq.cohorts.file_matching import OPTIONAL, NoSuchCase
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.headers import check_header
from glioma_uq.images import ExcludedBefore, same_grid
from glioma_uq.quality.rows import write_table
from glioma_uq.steps import run


def main(*, table, source, options, parts, follow_links, on_bad_case, labels):
    """Write labels.csv: all cases, their labels, and the `problem` of each that has one.

    `table`: the arguments of read_labels; `parts`: what to look for in each case.
    """
    cases = read_labels(source=source, **table)
    strangers = unlisted(source, options, cases)
    owners = {}
    for row in cases:
        row["problem"] = find_problem(
            source, options, row["case"], parts, follow_links, strangers, owners
        )
    problems = [f"{row['case']}: {row['problem']}" for row in cases if row["problem"]]
    print(f"{len(cases)} cases, {len(problems)} with a problem", *problems, sep="\n")
    for name in strangers:
        near = closest(name, [row["case"] for row in cases])
        print(f"{name} is there but in no row of {table['table']} and takes no part{near}")
    if problems and on_bad_case == "stop":
        raise BadInput(
            f"{problems[0]} ({len(problems)} of {len(cases)} cases have a problem, and "
            "cohort.on_bad_case is stop)"
        )
    write_table(labels, [*LABEL_COLUMNS, "problem"], cases)


def unlisted(source, options, cases):
    """Return the names of cases that lie at the source and are in no row of the labels table."""
    listed = {row["case"].removeprefix("sub-") for row in cases}
    return [
        name for name in cases_there(source, options) if name.removeprefix("sub-") not in listed
    ]


def closest(name, names):
    """Return a hint that names the nearest of `names`, "" when none is near."""
    near = get_close_matches(name, names, 1)
    return f" (closest: {near[0]})" if near else ""


def find_problem(source, options, case, parts, follow_links, strangers, owners):
    """Return "" or the sentence why a case cannot take part; reads headers only.

    `strangers`: names that may be this case's, mistyped. `owners`: {path: case} of the
    files that earlier cases use, to which this case's are added.
    """
    try:
        found = find_images(source, options, case, parts, follow_links)
        _check_nobody_elses(found.values(), case, owners)
        _check_grids({part: _header_of(path) for part, path in found.items()}, found)
    except NoSuchCase as error:
        return f"{error}{closest(case, strangers)}"
    except BadCase as error:
        return " ".join(str(error).split())
    return ""


def _header_of(path):
    """Return the grid of the image at `path` as its header tells it."""
    try:
        return check_header(path)
    except ExcludedBefore:
        raise BadCase(f"expected an image, found the empty file {path}, copy it again") from None


def _check_nobody_elses(paths, case, owners):
    for path in paths:
        owner = owners.setdefault(Path(path).resolve(), case)
        if owner != case:
            raise BadCase(
                f"expected images of its own, found that {path} is also that of {owner}, "
                "keep one row for each patient"
            )


def _check_grids(grids, found):
    """Refuse a segmentation or brain mask that does not lie on the grid of the T1CE."""
    for part in OPTIONAL:
        if part in grids and not same_grid(grids[part], grids["t1ce"]):
            raise BadCase(
                f"expected the {part} on the grid of the T1CE, shape {grids['t1ce'].shape}, found "
                f"shape {grids[part].shape} or another affine in {found[part]}, "
                "resample it to the T1CE"
            )


if __name__ == "__main__":
    run(main, snakemake)
