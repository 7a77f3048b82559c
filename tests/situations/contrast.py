"""Which T1 was taken after a contrast agent."""

from situations import situation

T1S = ("t1", "t1ce")


def t1ce_of(cohort, before, after, **words):
    """Return which T1 is the T1CE, where series before and after carry these agents."""
    cohort.series(words.get("before", "AX T1"), **before)
    cohort.series(words.get("after", "AX T1 POST"), **after)
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
