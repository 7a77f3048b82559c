"""A description that says before contrast is never a T1CE, in the languages of scanners."""

import re
import time

import pytest
from test_series import choose_series, one, table_of, taken

from glioma_uq.cohorts.contrast_words import CONTRAST, UNCLEAR, WITHOUT, in_small_words

PAIRS = """
AX T1 NON GAD|AX T1 GAD
T1 vor KM|T1 nach KM
T1 vor KM-Gabe|T1 nach KM-Gabe
T1 SANS GADO|T1 GADO
T1 avant injection de gadolinium|T1 après injection
AX T1 -C|AX T1 +C
AX T1 C-|AX T1 C+
T1C-|T1C+
T1 (-C)|T1 (+C)
T1_-Gd|T1_+Gd
T1 –C|T1 ＋C
C-T1|C+T1
T1 KM-|T1 KM+
T1 minus C|T1 with C+
T1 before Dotarem|T1 after Dotarem
T1 prior to Gd|T1 following Gd
T1 ohne KM|T1 mit KM
T1 zonder contrast|T1 met contrast
T1 non-enh|T1 enh
T1 nonenhanced|T1 enhanced
T1 not enhanced|T1 enhanced
T1 not yet enhanced|T1 contrast-enhanced
T1 (Gadovist to follow)|T1 POST
T1 no contrast|T1 contrast
T1 no IV contrast|T1 IV contrast
T1 contrast: none|T1 contrast
T1 contrast-free|T1 contrast
T1 non post contrast|T1 post contrast
T1 sin contraste|T1 con contraste
T1 sem contraste|T1 com contraste
T1 senza mdc|T1 con mdc
T1 prima di mdc|T1 dopo mdc
T1 antes de contraste|T1 después de contraste
T1 uden kontrast|T1 med kontrast
T1 bez kontrastu|T1 po kontrastu
T1 nativ|T1 KM
T1 без контраста|T1 с контрастом
T1 до контраста|T1 после контраста
T1 без КУ|T1 с КУ
T1平扫|T1增强
T1 造影前|T1 造影後
T1 非造影|T1造影
T1 造影なし|T1 造影あり
T1 조영전|T1 조영
T1pre|T1post
T1 precon|T1 postcon
pre-Gd T1|post-Gd T1
T1 unenhanced|T1 enhanced
T1 w/o c|T1 w/ c
T1 mdc -|T1 mdc +
T1 GD (-)|T1 GD (+)
T1 GD PRE|T1 GD POST
T1 s/ contraste|T1 c/ contraste
T1 sans IV|T1 avec IV
T1 pré|T1 pós
T1 före kontrast|T1 efter kontrast
T1 IVKÖ|T1 IVKS
T1 unable to give contrast|T1 plus C
""".strip().splitlines()

T1 = """
AX T1 POST OP|T1 postop|T1 post-operative|AX T1 POSTERIOR|T1 posterior fossa|T1 post RT
T1 POST SURGERY|T1 post chemo|T1 post biopsy|T1 post treatment|T1 post 3 months|T1 nach OP
T1 nach Bestrahlung|T1 après chirurgie|T1 pre op|T1 ENHANCED RES|T1 enhanced resolution
T1 edge enhanced|T1 HIGH CONTRAST|T1 Gadgetron|T1 postop ohne KM|T1 Kontrolle|T1 W/O FS
T1_mpr_ns_sag_p2_iso|T1 PRE GAD|AX T1 - SAG|T1 plain|T1 post-processing|T1 POSTPROC
T1 post/ant|T1 post-embo
""".strip().replace("\n", "|")

T1CE = """
T1 Kontrastmittel|T1 avec injection|T1 avec gadolinium|T1 mdc|T1 kontrast|T1 ProHance
T1 Clariscan|T1 Gadavist|T1 Vueway|T1 Elucirem|T1 Primovist|T1 post gd|T1 nach KM
T1 с контрастом|T1 после контраста|T1 造影|T1 增强|T1 postop + GD|T1 post-op T1 post contrast
AX T1 SE C+|T1-Gd|T1-CE|t1_mprage-gd|AX T1 - GD|pre-op T1 +C|PRE-RT T1 GD|T1 W/O FS POST
T1 sans fatsat avec gado|T1 +С|mprageGd|T1w Gd|T1 POST 5 MIN|T1 stealth-post|T1 post day 2 Gd
t1 axial stealth-post : Processed|T1Post2
""".strip().replace("\n", "|")

UNCLEAR_ONES = """
AX T1 W WO|T1 with/without contrast|T1 mit und ohne KM|T1 avec et sans gado|T1 vor und nach KM
T1 con y sin contraste|T1 pre/post|T1 +/-C|T1 ±Gd|T1 C+/-|T1 C+/C-|T1 +C/-C|T1-C|AX T1 - C
T1 -GAD|T1 native + GD|T1 before and after Gd|T1 ohne FS vor und nach KM|T1 с и без контраста
""".strip().replace("\n", "|")


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_t1_the_one_after_contrast_is_the_t1ce(pair, first):
    before, after = pair.split("|")
    rows = [(before,), (after,)] if first == 0 else [(after,), (before,)]
    assert taken(*rows, ("SAG T1",), ("T2",), ("FLAIR",))["t1ce"] == after
    assert one(before)[0] == "t1"
    assert "t1ce" not in taken((before,), ("T2",), ("FLAIR",))


@pytest.mark.parametrize("description", T1.split("|"))
def test_no_word_for_contrast(description):
    assert one(description)[0] == "t1"


@pytest.mark.parametrize("description", T1CE.split("|"))
def test_a_word_for_contrast(description):
    assert one(description)[0] == "t1ce"


@pytest.mark.parametrize("description", UNCLEAR_ONES.split("|"))
def test_both_or_unclear_is_neither(description):
    modality, why = one(description)
    assert modality == ""
    assert why.startswith(("with or without contrast", "with and without contrast"))


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        (["AX T1", "AX T1 POST OP", "AX T1 +C"], {"t1": "AX T1", "t1ce": "AX T1 +C"}),
        (["T1 postop", "T1 AX"], {"t1": "T1 postop"}),
        (["AX T1 POSTERIOR", "SAG T1"], {"t1": "AX T1 POSTERIOR"}),
        (["AX T1", "AX T1 ENHANCED RES"], {"t1": "AX T1"}),
    ],
)
def test_after_surgery_or_at_the_back_is_not_after_contrast(rows, right):
    assert taken(*[(row,) for row in rows]) == right


@pytest.mark.parametrize(
    ("rows", "look"),
    [
        ([("AX T1 +C",), ("AX T1 GD",)], "the first of several"),
        ([("AX T1 +C", None, 60), ("AX T1 GD", None, 150)], ""),
        ([("AX T1 +C",), ("AX T1 -C",)], ""),
        ([("AX T1 +C",)], ""),
    ],
)
def test_a_t1ce_that_only_order_sets_apart_is_to_look_at(rows, look):
    chosen = choose_series(table_of(*rows), ["t1", "t1ce"]).set_index("modality")
    assert chosen.look["t1ce"] == look


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("T1-C SAG", "t1-c sag"),
        ("T1 C-SPINE", "t1 c spine"),
        ("AX T1-SE", "ax t1 se"),
        ("-", ""),
        ("t1_mprage-ce", "t1 mprage ce"),
        ("Ｔ１ Após", "t1 apos"),
        ("增强T1", "增强 t1"),
        ("ﷺ" * 64, None),
    ],
)
def test_a_minus_and_letters_of_any_script_stay_small_words(description, words):
    found = in_small_words(description)
    assert len(found) <= 64
    assert words is None or found == words


@pytest.mark.parametrize("text", ["gad " * 16, "non " * 16, "pre c d " * 8, "w o " * 16, "-c" * 32])
def test_patterns_take_no_time(text):
    began = time.perf_counter()
    for pattern in (CONTRAST, UNCLEAR, WITHOUT):
        re.search(pattern, text + " x")
    assert time.perf_counter() - began < 0.5
