"""Series are recognised by rules, and every decision has its reason."""

import pandas as pd
import pytest

from glioma_uq.cohorts.contrast_words import in_small_words
from glioma_uq.cohorts.recognition import RULES, merged, recognise
from glioma_uq.cohorts.series import choose_series, days_between, missing_modalities, why_missing
from glioma_uq.errors import BadInput

FOUR = ["t1", "t1ce", "t2", "flair"]


def table_of(*rows, **columns):
    """Return series of one case from (description, number, instances, date), the rest optional."""
    filled = [(*row, *(None, 150, "20010101")[len(row) - 1 :]) for row in rows]
    table = pd.DataFrame(filled, columns=["SeriesDescription", "SeriesNumber", "instances", "day"])
    table["SeriesNumber"] = table.SeriesNumber.fillna(pd.Series(range(1, len(rows) + 1)))
    table = table.rename(columns={"day": "StudyDate"}).assign(case="a", Modality="MR", **columns)
    return table.assign(SeriesInstanceUID=[f"1.{i}" for i in range(len(rows))])


def taken(*rows, modalities=FOUR, changes=None, **columns):
    chosen = choose_series(table_of(*rows, **columns), modalities, changes)
    return {row.modality: row.SeriesDescription for row in chosen.itertuples() if row.modality}


def one(description, **columns):
    return recognise({"SeriesDescription": description, "instances": 60, **columns}, merged({}))


@pytest.mark.parametrize(
    ("modality", "descriptions"),
    [
        ("t1", ["AX T1", "t1_mprage_sag", "SAG T1 FLAIR", "T1 PRE GAD", "Ax T1 W/O", "3D SPGR",
                "t1_mpr_ns_sag_p2_iso", "AX T1 FSE WITHOUT CONTRAST", "MPRAGE", "AX BRAVO"]),
        ("t1ce", ["AX T1 POST", "T1 +C", "t1_mprage_tra_GD", "AX T1 SE C+", "T1 axial stealth-post",
                  "T1 FLAIR POST", "AXIAL 3D GAD", "MPRAGE with contrast", "T1 CE", "T1c", "t1Gd"]),
        ("t2", ["AX T2", "T2 TSE", "t2_space_sag", "*Ax T2 FSE C+", "T2 PROPELLER"]),
        ("flair", ["AX FLAIR", "T2 FLAIR", "t2_tirm_tra_dark-fluid", "FLAIR POST", "3D FLAIR"]),
    ],
)  # fmt: skip
def test_descriptions_of_four_modalities(modality, descriptions):
    assert {text: one(text)[0] for text in descriptions} == dict.fromkeys(descriptions, modality)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("3-plane loc", "localiser"),
        ("SURVEY", "localiser"),
        ("ep2d_diff_MDDW", "diffusion"),
        ("ADC map T2", "diffusion"),
        ("T1 PERFUSION", "perfusion"),
        ("AX T2* GRE", "susceptibility"),
        ("SWI", "susceptibility"),
        ("3D TOF MRA", "angiography"),
        ("T1 SUBTRACTION", "derived or reformatted"),
        ("COR T1 MPR", "derived or reformatted"),
        ("SAG STIR", "another contrast"),
        ("T1 C-SPINE", "another part of the body"),
        ("AX T1 W WO", "with and without contrast"),
        ("T1 pre and post", "with and without contrast"),
        ("something", "no rule recognises 'something'"),
        ("", "no rule recognises ''"),
        (None, "no rule recognises ''"),
    ],
)
def test_what_is_never_taken_says_why(description, reason):
    modality, why = one(description)
    assert modality == ""
    assert why.startswith(reason)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"Modality": "CT"}, "CT, not MR"),
        ({"Modality": "SEG"}, "SEG, not MR"),
        ({"ImageType": "DERIVED\\SECONDARY\\MPR"}, "derived map: MPR in its ImageType"),
        ({"instances": 3}, "t2, but only 3 slices"),
        ({"slices": 40, "volumes": 60.0}, "t2, but 4-D: 60 volumes"),
        ({"problem": "slices are missing"}, "t2, but slices are missing"),
    ],
)
def test_what_headers_say_counts_too(columns, reason):
    modality, why = one("AX T2", **columns)
    assert modality == ""
    assert why.startswith(reason)


REST = [("AX T2",), ("AX FLAIR",)]


def with_agents(**agents):
    """Return the choice among T1 series with these agents in their headers, and T2 and FLAIR."""
    names = [name.replace("_", " ") for name in agents]
    table = table_of(*[(name,) for name in names], *REST)
    table["ContrastBolusAgent"] = [*agents.values(), None, None]
    return choose_series(table, FOUR)


def test_the_agent_in_the_header_of_one_t1_of_two_makes_it_a_t1ce_to_look_at():
    chosen = with_agents(AX_T1="", AX_T1_THIN="Gadovist").set_index("modality")
    assert chosen.SeriesDescription["t1ce"] == "AX T1 THIN"
    assert chosen.look.to_dict() == {
        "t1": "", "t1ce": "contrast by its header alone", "t2": "", "flair": "",
    }  # fmt: skip
    assert "with the agent 'Gadovist' in its header" in chosen.reason["t1ce"]


@pytest.mark.parametrize(
    "agent",
    ["NONE", "No", "N", "0", "0 ml", "0.00", "N/A", "n.a.", "no contrast", "None given", "-", " ",
     "without", "not applicable", "unknown", "ohne KM", "nativ", "NULL", None, float("nan")],
)  # fmt: skip
def test_a_word_for_none_is_no_agent(agent):
    chosen = with_agents(AX_T1=agent, SAG_T1="", AX_T1_POST="Dotarem")
    assert chosen.modality.tolist()[:3] == ["t1", "", "t1ce"]
    assert not chosen.look.any()
    assert "t1ce" not in set(with_agents(AX_T1=agent, SAG_T1="").modality)


@pytest.mark.parametrize("agent", ["Gadovist", "Y", "yes", "7.5 ml Gd-DOTA", "Multihance 0.1"])
def test_words_rank_before_the_agent_in_a_header(agent):
    agents = {"AX_T1": agent, "SAG_T1": "", "AX_T1_POST": ""}
    chosen = with_agents(**agents).set_index("SeriesDescription").modality
    assert chosen["AX T1 POST"] == "t1ce"
    assert chosen["SAG T1"] == "t1"  # of two, that without an agent
    chosen = with_agents(AX_T1_PRE=agent, SAG_T1=agent).set_index("SeriesDescription").modality
    assert chosen["AX T1 PRE"] == "t1"


@pytest.mark.parametrize("names", [["AX_T1"], ["AX_T1", "SAG_T1"], ["AX_T1", "AX_T1_POST"]])
def test_an_agent_in_every_t1_decides_nothing(names):
    chosen = with_agents(**dict.fromkeys(names, "Gadovist"))
    by_name = {"t1ce"} if "AX_T1_POST" in names else set()
    assert set(chosen.modality) - {"", "t1", "t2", "flair"} == by_name
    assert chosen.modality[0] == "t1"
    assert not chosen.look.any()


def test_one_series_for_each_modality_and_a_reason_for_each_series():
    table = table_of(("LOC",), ("AX T1",), ("AX T2",), ("AX FLAIR",), ("AX T1 POST",), ("ADC",))
    chosen = choose_series(table, FOUR)
    assert list(chosen.modality) == ["", "t1", "t2", "flair", "t1ce", ""]
    assert chosen.reason.str.len().min() > 0
    assert missing_modalities(chosen, FOUR) == {}


@pytest.mark.parametrize(
    ("better", "worse", "advantage"),
    [
        (("AX T2", 9, 60), ("AX T2 thick", 1, 24), "has more slices"),
        (("AX T2", 9, 24), ("SAG T2", 1, 30), "is axial"),
        (("SAG T2 SPACE", 9, 192), ("AX T2", 1, 40), "has more slices"),
        (("AX T2", 9, 24), ("AX T2 POST", 1, 60), "is before contrast"),
        (("AX T2", 9, 24), ("AX T2 REPEAT", 1, 60), "is no copy or repetition"),
        (("AX T2", 1, 24), ("AX T2", 9, 24), "came first"),
    ],
)
def test_the_better_of_two_is_taken_and_the_other_says_why_not(better, worse, advantage):
    chosen = choose_series(table_of(worse, better), FOUR)
    assert list(chosen.modality) == ["", "t2"]
    assert chosen.reason[0] == f"t2, but {better[0]!r} {advantage}"


def test_the_first_date_with_the_most_modalities_counts():
    before, complete, later = "2001-01-01", "2001-06-01", "2002-01-01"
    rows = [("T2 old", 1, 60, before)]
    rows += [(name, 1, 60, day) for day in (later, complete) for name in ("T1 x", "T2 x", "FLAIR")]
    chosen = choose_series(table_of(*rows), FOUR)
    assert set(chosen[chosen.modality != ""].StudyDate) == {complete}
    assert chosen.reason[0] == "t2, but of 20010101, not of 20010601"


def test_a_study_a_few_days_away_lends_what_is_lacking():
    rows = [("T1", 1, 60, "20010110"), ("FLAIR", 2, 60, "20010110"), ("T2", 1, 60, "20010109")]
    assert set(taken(*rows)) == {"t1", "t2", "flair"}
    assert set(taken(*rows, changes={"days_apart": 0})) == {"t1", "flair"}


def test_a_series_without_a_date_is_not_near_to_one_with():
    assert set(taken(("T1", 1, 60, "20010110"), ("FLAIR", 1, 60, ""))) == {"flair"}
    assert days_between("20010228", "20010301") == 1


@pytest.mark.parametrize(
    "rows",
    [
        [("AX T1 PRE", 3), ("AX T1 MPRAGE ISO", 9)],
        [("T1 MPRAGE", 3), ("PERFUSION BOLUS", 8), ("T1 MPRAGE AX", 9)],
        [("T1 MPRAGE", 3), ("AX T2", 8), ("T1 MPRAGE", 9)],
    ],
)
def test_contrast_by_the_order_of_series(rows):
    chosen = choose_series(table_of(*rows), FOUR)
    assert list(chosen.modality)[:: len(rows) - 1] == ["t1", "t1ce"]
    assert "with contrast by its place: number 9, after number 3" in chosen.reason.iloc[-1]
    assert chosen.look.iloc[-1] == "contrast by its place among the series alone"
    assert "t1ce" not in taken(*rows, changes={"contrast_by_order": False})


@pytest.mark.parametrize(
    "rows",
    [
        [("T1 MPRAGE", 3), ("T1 MPRAGE", 4)],
        [("SAG T1", 3), ("AX T2", 4), ("AX T1", 5)],
        [("AX T1 MPRAGE", 9)],
        [("AX T1 PRE", 3), ("AX T1 PRE", 9)],
    ],
)
def test_order_without_evidence_proves_nothing(rows):
    assert "t1ce" not in taken(*rows)


def test_order_is_not_asked_where_a_name_says_it():
    rows = [("AX T1 PRE", 3), ("SAG T1", 4), ("AX T1 POST", 9)]
    assert taken(*rows)["t1ce"] == "AX T1 POST"


def test_a_modality_that_the_study_does_not_use_is_left_alone():
    chosen = choose_series(table_of(("AX T1",), ("AX T1 POST",)), ["t1ce"])
    assert list(chosen.modality) == ["", "t1ce"]
    assert chosen.reason[0] == "t1, which the study does not use"


def test_cases_do_not_compete_with_each_other():
    table = table_of(("AX T2", 1, 24), ("AX T2", 1, 60)).assign(case=["a", "b"])
    assert list(choose_series(table, FOUR).modality) == ["t2", "t2"]


def test_the_choice_does_not_depend_on_the_order_of_rows():
    table = table_of(("AX T2", 5, 60), ("AX T2", 5, 60), ("T1", 1), ("T1 POST", 2), ("FLAIR", 3))
    chosen = choose_series(table, FOUR)
    turned = choose_series(table.iloc[::-1], FOUR).sort_index()
    pd.testing.assert_frame_equal(chosen, turned)


def test_a_missing_modality_is_told_with_what_came_near():
    chosen = choose_series(table_of(("AX T2", 1, 3), ("AX T1", 2)), ["t1", "t2"])
    assert missing_modalities(chosen, ["t1", "t2"]) == {"a": ["t2"]}
    assert "expected a T2 series, found 'AX T2' (t2, but only 3 slices" in why_missing(chosen, "t2")
    assert "2 series and none recognised as one" in why_missing(chosen, "flair")


def test_rules_change_by_parts():
    odd = [("axial pd t1 weighted", 1)]
    assert taken(*odd) == {}
    assert set(taken(*odd, changes={"never": {"another contrast": None}})) == {"t1"}
    assert set(taken(("WEIRD", 1), changes={"t2": {"include": "weird"}})) == {"t2"}
    assert RULES["t2"]["include"] == r"\bt2"


def test_a_rule_that_is_no_pattern_is_refused():
    with pytest.raises(BadInput, match=r"as series_rules.t2.include, found '\('"):
        merged({"t2": {"include": "("}})


def test_small_words():
    assert in_small_words("t1_mprage-sag +C: X*") == "t1 mprage sag +c x*"
