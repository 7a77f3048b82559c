"""The cases of a cohort: those of its table of labels, or of the folders of its datasets.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from collections import Counter

from glioma_uq.case_names import check_case_name, check_no_twins, natural, tells_order
from glioma_uq.cohorts.datasets import cases_there, check_dataset_there, places
from glioma_uq.cohorts.labels import LABEL_COLUMNS, RAW_COLUMNS, read_labels
from glioma_uq.errors import BadInput
from glioma_uq.phantom.lesion_groups import case_names
from glioma_uq.tasks import TASKS, UNKNOWN

NO_LABELS = dict.fromkeys((*LABEL_COLUMNS, *RAW_COLUMNS), "") | dict.fromkeys(TASKS, UNKNOWN)


def list_cases(cohort, options):
    """Return the names of the cases that a run reads; `options`: those of the cohort's source."""
    if cohort["source"] == "phantom":
        return case_names(options["cases"], options.get("size_sensitivity"))
    return [row["case"] for row in cases_to_read(cohort, options)]


def cases_to_read(cohort, options):
    """Return the cases of patients that a run reads, as `read_cases`.

    A row of a dataset's table without a folder is not among them: check_cohort names it.
    """
    rows = read_cases(cohort["source"], options, cohort.get("labels"), cohort["sessions"])
    if cohort["source"] != "datasets":
        return rows
    there = set(cases_there(options))
    return [row for row in rows if row["case"] in there]


def read_cases(source, options, labels, sessions="all"):
    """Return the cases of a cohort of patients: dicts as those of `read_labels`.

    Args:
        source: of the cohort, as "folder".
        options: of the source, see glioma_uq.cohorts.sources.
        labels: the arguments of `read_labels`; None for datasets, which have their own.
        sessions: "all", or "first" or "last" of each patient.

    Raises BadInput, one sentence, for an invalid table, a dataset that is not there, or a name in
    two datasets.
    """
    if source != "datasets":
        rows = read_labels(source=source, **labels)
        check_no_twins({row["patient"] for row in rows}, labels["table"])
        return chosen_sessions(rows, sessions)
    rows, owners = [], {"case": {}, "patient": {}}
    for number, dataset in enumerate(options["datasets"]):
        for row in cases_of(dataset):
            for what, of in owners.items():
                owner = of.setdefault(row[what], number)
                if owner != number:
                    raise BadInput(
                        f"expected each {what} in one of cohort.datasets, found {row[what]} in "
                        f"{options['datasets'][owner]['path']} and {dataset['path']}, leave one "
                        f"out, or name {what}s apart"
                    )
            rows.append(row)
    check_no_twins(owners["case"], "cohort.datasets")
    return chosen_sessions(rows, sessions)


def chosen_sessions(rows, sessions):
    """Return the rows of the first or last session of each patient, in the natural order, or all.

    >>> rows = [{"patient": "a", "session": "10"}, {"patient": "a", "session": "2"}]
    >>> chosen_sessions(rows, "first")
    [{'patient': 'a', 'session': '2'}]

    Raises BadInput where the sessions of a patient are not told apart, or are words or dates that
    begin with the day, whose order is not that of time.
    """
    if sessions == "all":
        return rows
    counts = Counter((row["patient"], row["session"]) for row in rows)
    for (patient, session), count in counts.items():
        if count > 1:
            raise BadInput(
                f"expected sessions that differ for each patient, to take the {sessions}, found "
                f"{count} cases of {patient} with session {session!r}, name the column "
                "as labels.columns.session, or set cohort.sessions to all"
            )
    of_patient = {}
    for row in sorted(rows, key=lambda row: natural(row["session"]), reverse=sessions == "first"):
        before = of_patient.get(row["patient"], row)
        if not tells_order(before["session"], row["session"]):
            raise BadInput(
                f"expected sessions in the order of their numbers, to take the {sessions}, found "
                f"{before['session']!r} and {row['session']!r} of {row['patient']}, number them, "
                "write dates as 2019-01-20, or set cohort.sessions to all"
            )
        of_patient[row["patient"]] = row  # the last that is seen stays
    return [row for row in rows if of_patient[row["patient"]] is row]


def cases_of(dataset):
    """Return the cases of one dataset, as `read_cases`.

    Without a table all folders are cases of unknown labels. With one, those that it names are,
    by case or by patient; a row that names no folder is a case too, in which check_cohort finds
    the problem, unless the row is of another session. Patient and session are those of the folder
    unless the table has columns for them.
    """
    check_dataset_there(dataset)
    found = {place.case: place for place in places(dataset)}
    for case in found:
        check_case_name(case, dataset["path"])
    source = {"source": dataset["name"]}
    if dataset["labels"] is None:
        return [NO_LABELS | source | _names(place) for place in found.values()]
    labels = read_labels(**dataset["labels"], **source, key=f"labels of {dataset['name']}")
    if dataset.get("labels_of", "case") == "case":
        own = {name for name in ("patient", "session") if dataset["labels"]["columns"][name]}
        return [
            row | {k: x for k, x in _names(found[row["case"]]).items() if k not in own}
            if row["case"] in found
            else row
            for row in labels
        ]
    of_patient = {row["case"]: row for row in labels}
    cases = [
        of_patient[place.patient] | _names(place)
        for place in found.values()
        if place.patient in of_patient
    ]
    there = {place.patient for place in found.values()}
    return cases + [row for row in labels if row["case"] not in there]


def _names(place):
    return {"case": place.case, "patient": place.patient, "session": place.session}
