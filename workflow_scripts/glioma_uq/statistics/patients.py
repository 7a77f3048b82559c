"""Patients and their cases: a patient may have several, such as scans at several times.

Cases of one patient are alike, so that statistics draw, leave out and count patients. A table
without the column `patient` has one case of each.
"""

import numpy as np
import pandas as pd


class Count(int):
    """A number of cases, which knows of how many patients they are: `patients`.

    Tables show the cases; Student's degrees of freedom and exact limits are of the patients.
    """

    def __new__(cls, cases, patients):
        count = super().__new__(cls, cases)
        count.patients = patients
        return count


def patients_of(table):
    """Return the patient of each row of a table, a Series."""
    return table["patient" if "patient" in table else "case"]


def count_cases(table):
    """Return the `Count` of the distinct cases of a table."""
    return Count(table["case"].nunique(), patients_of(table).nunique())


def number_of_patients(n):
    """Return the number of patients of a `Count`; a plain number has one case of each."""
    return getattr(n, "patients", n)


def patient_shares(table):
    """Return the weight of each row [N], so that the rows of a patient weigh 1 together.

    A patient may have several cases, and a case may be a validation case of several folds and
    seeds: its rows are no further patients.
    """
    patients = pd.Series(np.asarray(patients_of(table), dtype=str))
    return 1 / patients.groupby(patients).transform("size").to_numpy(dtype=float)
