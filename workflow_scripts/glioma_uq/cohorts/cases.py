"""The cases of a cohort: those of its table of labels, or of the folders of its datasets.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from collections import Counter
from itertools import pairwise

from glioma_uq.case_names import check_no_twins, natural, tells_order
from glioma_uq.cohorts.datasets import cases_there, check_dataset_there, places
from glioma_uq.cohorts.labels import LABEL_COLUMNS, RAW_COLUMNS, read_labels
from glioma_uq.errors import BadInput
from glioma_uq.phantom.lesion_groups import case_names
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.text_tables import is_blank
from glioma_uq.texts import checked_id, checked_text

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
        if sessions != "all" and labels["columns"].get("session"):
            check_sessions_known(rows, labels["table"])
        return chosen_sessions(rows, sessions)
    rows, owners = [], {"case": {}, "patient": {}}
    for number, dataset in enumerate(options["datasets"]):
        mine = cases_of(dataset)
        if sessions != "all" and (dataset["labels"] or {}).get("columns", {}).get("session"):
            check_sessions_known(mine, dataset["labels"]["table"])
        for row in mine:
            for what, of in owners.items():
                owner = of.setdefault(row[what], number)
                if owner != number:
                    raise BadInput(
                        f"expected each {what} in one of cohort.datasets, found {row[what]} in "
                        f"{options['datasets'][owner]['path']} and {dataset['path']}, leave one "
                        f"out, or name {what}s apart"
                    )
            rows.append(row)
    for names in owners.values():
        check_no_twins(names, "cohort.datasets")
    return chosen_sessions(rows, sessions, set(cases_there(options)))


def chosen_sessions(rows, sessions, there=None):
    """Return the rows of the first or last session of each patient, in the natural order, or all.

    >>> rows = [{"patient": "a", "session": "10"}, {"patient": "a", "session": "2"}]
    >>> chosen_sessions(rows, "first")
    [{'patient': 'a', 'session': '2'}]

    `there`: the cases that have a folder, None for all; a patient's others do not compete.
    Raises BadInput where the sessions of a patient are not told apart, or tell no order in time.
    """
    if sessions == "all":
        return rows
    of_patient = {}
    for row in rows:
        of_patient.setdefault(row["patient"], []).append(row)
    chosen = []
    for patient, mine in of_patient.items():
        mine = [row for row in mine if there is None or row["case"] in there] or mine
        mine.sort(key=lambda row: natural(row["session"].casefold()))
        for one, other in pairwise(mine):
            names = f"{one['session']!r} and {other['session']!r} of {patient}"
            if one["session"] == other["session"]:
                raise BadInput(
                    f"expected sessions that differ for each patient, to take the {sessions}, "
                    f"found {names}, name the column as labels.columns.session, or set "
                    "cohort.sessions to all"
                )
            if not tells_order(one["session"], other["session"]):
                raise BadInput(
                    f"expected sessions in the order of their numbers, to take the {sessions}, "
                    f"found {names}, number them, write dates as 2019-01-20, or set "
                    "cohort.sessions to all"
                )
        chosen.append(mine[0 if sessions == "first" else -1])
    kept = set(map(id, chosen))
    return [row for row in rows if id(row) in kept]


def check_sessions_known(rows, table):
    """Raise BadInput for a patient of several cases without the session of each.

    `rows`: of a table with a column of sessions, where an empty field is none that is known.
    """
    counts = Counter(row["patient"] for row in rows)
    for row in rows:
        if counts[row["patient"]] > 1 and is_blank(row["session"]):
            raise BadInput(
                f"expected the session of each case of {row['patient']} in {table}, found "
                f"{row['session']!r} for {row['case']}, fill it in, or set cohort.sessions to all"
            )


def cases_of(dataset):
    """Return the cases of one dataset, as `read_cases`.

    Without a table all folders are cases of unknown labels. With one, those that it names are,
    by case or by patient; a row that names no folder is a case too, in which check_cohort finds
    the problem, unless the row is of another session. Patient and session are those of the folder
    unless the table has columns for them.
    """
    check_dataset_there(dataset)
    found = {place.case: place for place in places(dataset)}
    source = {"source": dataset["name"]}
    if dataset["labels"] is None:
        return [NO_LABELS | source | _names(place, dataset["path"]) for place in found.values()]
    labels = read_labels(**dataset["labels"], **source, key=f"labels of {dataset['name']}")
    own = {name for name in ("patient", "session") if dataset["labels"]["columns"][name]}

    def named(row, place):
        names = _names(place, dataset["path"])
        return row | {name: x for name, x in names.items() if name not in own}

    if dataset.get("labels_of", "case") == "case":
        return [named(row, found[row["case"]]) if row["case"] in found else row for row in labels]
    of_patient = {row["case"]: row for row in labels}
    cases = [
        named(of_patient[place.patient], place)
        for place in found.values()
        if place.patient in of_patient
    ]
    there = {place.patient for place in found.values()}
    return cases + [row for row in labels if row["case"] not in there]


def _names(place, path):
    """Return the checked names of a folder of the dataset at `path`."""
    return {
        "case": checked_id(place.case, "the name of a case's folder", path),
        "patient": checked_id(place.patient, "the name of a patient's folder", path),
        "session": checked_text(place.session, "the name of a session's folder", path),
    }
