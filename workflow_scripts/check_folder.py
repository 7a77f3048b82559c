"""Look at every case of a folder before any other work starts, and say which cannot take part."""

from pathlib import Path

from glioma_uq.cohorts import LABEL_COLUMNS, existing_images, read_labels, unlisted_folders
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import check_header
from glioma_uq.logs import log_to
from glioma_uq.quality import write_table


def main(*, table, folder, names, columns, modalities, on_bad_case, labels):
    """Write labels.csv: all cases, their labels, and the `problem` of each that has one."""
    cases = read_labels(table, columns)
    for row in cases:
        row["problem"] = find_problem(folder, row["case"], names, modalities)
    problems = [f"{row['case']}: {row['problem']}" for row in cases if row["problem"]]
    print(f"{len(cases)} cases, {len(problems)} with a problem", *problems, sep="\n")
    for name in unlisted_folders(folder, cases):
        print(f"{folder}/{name} is in no row of {table} and takes no part")
    if problems and on_bad_case == "stop":
        raise BadInput(
            f"{problems[0]} ({len(problems)} of {len(cases)} cases have a problem, and "
            "cohort.on_bad_case is stop)"
        )
    write_table(labels, [*LABEL_COLUMNS, "problem"], cases)


def find_problem(folder, case, names, modalities):
    """Return "" or the sentence why the folder of `case` cannot be used; reads headers only."""
    place = Path(folder) / case
    if not place.is_dir():
        return f"expected the case's folder, found no {place}, add it or remove its row"
    found = existing_images(folder, case, names)
    missing = [names[modality] for modality in modalities if modality not in found]
    if missing:
        return f"expected {', '.join(missing)} in {place}, found no such file, add or rename it"
    for path in found.values():
        if Path(path).stat().st_size == 0:
            return f"expected an image, found the empty file {path}, copy it again"
        try:
            check_header(path)
        except BadCase as error:
            return " ".join(str(error).split())
    return ""


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            table=snakemake.input.table,
            labels=snakemake.output.labels,
            **{name: value for name, value in snakemake.params.items() if name != "library"},
        )
