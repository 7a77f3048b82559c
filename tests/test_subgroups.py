"""Who belongs together, and what is measured in each subgroup."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.statistics.subgroups import size_tertiles, subgroups


def tables(sources=("A", "B"), n=9):
    names = [f"P-{i}" for i in range(n)]
    classification = pd.DataFrame(
        {"case": names, "source": np.resize(np.array(sources, object), n)}
    )
    volumes = np.append(np.nan, np.arange(1.0, n))
    return classification, pd.DataFrame({"case": names, "tumour_volume_mm3": volumes})


def test_thirds_are_of_equal_number_and_unknown_sizes_have_none():
    sizes = size_tertiles(pd.Series([5.0, np.nan, 1, 2, 3, 4, 6, 0]))
    assert sizes.tolist() == ["large", "", "small", "small", "medium", "medium", "large", "small"]


def test_no_volumes_no_sizes():
    assert (size_tertiles(pd.Series([np.nan, np.nan])) == "").all()


def test_groups_are_by_case_and_a_second_seed_changes_nothing():
    classification, segmentation = tables()
    groups = subgroups(classification, segmentation)
    assert groups["source"]["P-3"] == "B"
    assert groups["size"]["P-0"] == ""
    assert groups["size"]["P-8"] == "large"
    twice = subgroups(*(pd.concat([table, table]) for table in tables()))
    pd.testing.assert_series_equal(groups["size"], twice["size"])


@pytest.mark.parametrize("empty", [("A",), ("",)])
def test_a_single_source_is_no_subgroup(empty):
    classification, _ = tables(empty)
    assert subgroups(classification) == {}


def test_cases_with_and_without_missing_series_are_subgroups_where_both_exist():
    classification, _ = tables(("A",), n=3)
    names = classification["case"]
    cases = pd.DataFrame({"case": names, "imputed": ["t1", np.nan, "t1 flair"]})
    groups = subgroups(classification, cases=cases)
    assert groups["imputed"].to_dict() == {"P-0": "yes", "P-1": "no", "P-2": "yes"}
    for same in (np.nan, "t1"):
        assert subgroups(classification, cases=cases.assign(imputed=same)) == {}


def test_cases_of_a_blank_source_are_a_subgroup_of_their_own():
    classification, _ = tables(("A", np.nan))
    members = subgroups(classification)["source"]
    assert members.value_counts().to_dict() == {"A": 5, "unknown": 4}
    assert subgroups(tables((np.nan,))[0]) == {}
