"""Which T1 was taken after a contrast agent."""

from situations import situation

T1S = ("t1", "t1ce")


def t1ce_of(cohort, agent_before, agent_after, before="AX T1", after="AX T1 POST"):
    """Return which T1 is the T1CE, where series before and after carry these agents."""
    cohort.series(before, **agent_before)
    cohort.series(after, **agent_after)
    return cohort.taken(modalities=T1S)["t1ce"]


def enter(agent):
    @situation("contrast", f"the T1 before contrast names {agent!r} as agent", right="AX T1 POST")
    def none_word(cohort):
        return t1ce_of(cohort, {"ContrastBolusAgent": agent}, {})


for agent in ("NONE", "No", "n", "0", "N/A", "no contrast", "without contrast", "keins", "-"):
    enter(agent)


@situation("contrast", "every T1 of a protocol names the agent", right="AX T1 POST")
def agent_everywhere(cohort):
    cohort.series("AX T1", ContrastBolusAgent="Gadovist 7 ml")
    cohort.series("AX T1 POST", ContrastBolusAgent="Gadovist 7 ml")
    return cohort.taken(modalities=["t1", "t1ce"])["t1ce"]


@situation(
    "contrast",
    "the agent alone tells two T1 of one name apart",
    right="contrast by its header alone",
)
def agent_alone(cohort):
    cohort.series("AX T1", number=2)
    cohort.series("AX T1", number=20, ContrastBolusAgent="Gadovist")
    return cohort.converted(modalities=T1S)[1]["t1ce"]["look"]


def enter_pair(before, after):
    @situation("contrast", f"the first T1 is {before!r}, the second {after!r}", right=after)
    def pair(cohort):
        return t1ce_of(cohort, {}, {}, before, after)


for words in (
    ("AX T1 NON GAD", "AX T1 GAD"),
    ("AX T1 C-", "AX T1 C+"),
    ("T1 SANS GADO", "T1 GADO"),
    ("T1 vor KM-Gabe", "T1 nach KM-Gabe"),
    ("T1 (Gadovist to follow)", "T1 POST"),
    ("T1 POST OP", "T1 POST OP + GD"),
):
    enter_pair(*words)


@situation(
    "contrast",
    "one T1 is after surgery, the other has no word",
    right="expected a T1CE series, found 2 series and none",
)
def after_surgery(cohort):
    cohort.series("T1 postop")
    cohort.series("AX T1")
    return cohort.fate_of_dicom(modalities=T1S)


@situation("contrast", "the only T1 but one may be with or without: T1-C", right="'T1-C' (with or")
def minus_or_dash(cohort):
    cohort.series("SAG T1")
    cohort.series("T1-C")
    return cohort.fate_of_dicom(modalities=T1S)


@situation("contrast", "two T1CE differ by nothing but their number", right="the first of several")
def two_alike(cohort):
    cohort.series("AX T1")
    cohort.series("AX T1 GD")
    cohort.series("AX T1 +C")
    return cohort.converted(modalities=T1S)[1]["t1ce"]["look"]
