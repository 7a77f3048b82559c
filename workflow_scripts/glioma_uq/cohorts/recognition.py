"""The modality of one MR series by its description and header; a config can change the rules."""

import re

from glioma_uq.cohorts.contrast_words import CONTRAST, T1_LIKE, UNCLEAR, WITHOUT, in_small_words
from glioma_uq.errors import BadInput
from glioma_uq.patterns import TooSlow, search
from glioma_uq.texts import LONGEST_ELEMENT

MODALITIES = ("flair", "t2", "t1ce", "t1")  # in the order of their rules
# What scanners and people write into ContrastBolusAgent where there was none, in small words.
NO_AGENT = re.compile(
    r"|-|no?|none?\b.*|not\b.*|nil|null?|n ?a|nan|0+( 0+)?( ?(ml|cc|mmol))?|false|unk\w*|undef\w*|"
    r"nativ\w*|plain|ohne\b.*|kein\w*\b.*|sans\b.*|sin\b.*|senza\b.*|aucun\w*|nessun\w*|"
    r"ningun\w*|nao|nej|geen|brak|нет|не\b.*|无|無|なし|없음"
)

# Patterns are matched against descriptions in small words, see `in_small_words`.
RULES = {
    "never": {
        "localiser": r"\bloc\b|locali[sz]|scout|survey|three ?plane|\b3 ?pl(ane)?\b",
        "diffusion": r"\bdwi\b|\bdti\b|diff|\badc\b|trace|\bb ?\d{3,4}\b|tensor|\bfa\b|\bexp\b",
        "perfusion": r"perf|\bdsc\b|\bdce\b|\bpwi\b|\brcb[vf]\b|\bcb[vf]\b|\bmtt\b|\bttp\b|\basl\b",
        "functional": r"\bbold\b|fmri|\bep2d\b|\bresting\b",
        "susceptibility": r"\bswi\b|\bswan\b|suscept|t2 ?\*|t2 ?star|(?<!c)hemo|\bmedic\b|"
        r"^(?!.*\bt1).*\bgre\b",
        "angiography": r"\bmr[av]\b|\btof\b|angio|venogra",
        "spectroscopy": r"spectro|\bmrs\b|\bcsi\b|\bsvs\b",
        "calibration": r"calib|\basset\b|field ?map|\bb1\b|shim|phantom|prescan",
        "derived or reformatted": r"\bsub\b|subtract|\bmip\b|reformat|\brefmt|\bpjn\b|deriv|"
        r"(?<!t1 )\bmpr\b|^(ax|tra|sag|cor)\w* t1 mpr\b|segment|\bmask|screen|fused|\bmaps?\b",
        "another contrast": r"\bmt\b|magneti[sz]ation|\bstir\b|\bciss\b|fiesta|\bcine\b|proton|"
        r"\bpd\b",
        "another part of the body": r"spine|\bneck\b|\borbits?\b|\biac\b|pituit|\bsella\b",
        "with and without contrast": r"\bw( and| &)? w ?o\b|\bw ?o( and| &)? w\b|with and without|"
        r"without and with|\bpre( and)? post\b",
        "with or without contrast": UNCLEAR,
    },
    "flair": {"include": r"flair|\btirm\b|dark ?fluid", "exclude": T1_LIKE},
    "t2": {"include": r"\bt2", "exclude": r"flair|\btirm\b|dark ?fluid|\bt1"},
    "t1ce": {"include": rf"\b3d gad|^(?=.*{T1_LIKE}){CONTRAST}", "exclude": WITHOUT},
    "t1": {"include": T1_LIKE, "exclude": CONTRAST},
    "fewest_slices": 12,  # fewer slices of 10 mm do not cover a brain
    "days_apart": 3,  # to another study that may supply a missing modality
    "contrast_by_order": True,  # see `after_contrast`
}
DERIVED_TYPES = {"ADC", "MIP", "PROJECTION IMAGE", "MPR", "SUBTRACT", "FA", "TRACEW", "CBV", "MTT"}


def recognise(row, rules):
    """Return (modality or "", reason) of one series from its own row."""
    words = in_small_words(text_of(row["SeriesDescription"]))
    if (kind := text_of(row.get("Modality"))) not in ("", "MR"):
        return "", f"{kind}, not MR"
    for name, pattern in rules["never"].items():
        try:
            found = search(pattern or r"(?!)", words)
        except TooSlow as error:
            return "", f"series_rules.never.{name}: {error}"
        if found:
            return "", f"{name}: {found[0].split(' ')[-1]!r} in its description"
    if derived := DERIVED_TYPES & set(text_of(row.get("ImageType")).split("\\")):
        return "", f"derived map: {sorted(derived)[0]} in its ImageType"
    modality, why = _by_words(words, rules)
    if not modality:
        return "", why
    if problem := text_of(row.get("problem")):
        return "", f"{modality}, but {problem}"
    if (volumes := number_of(row.get("volumes"), 1)) > 1:
        return "", f"{modality}, but 4-D: {volumes:.0f} volumes"
    if slices_of(row) < rules["fewest_slices"]:
        return "", f"{modality}, but only {slices_of(row):.0f} slices (series_rules.fewest_slices)"
    return modality, why


def merged(changes):
    """Return RULES updated by `changes`, with patterns checked; null removes a pattern.

    `changes`: {"never": {name: pattern}, modality: {"include": ..., "exclude": ...},
    "fewest_slices": ..., "days_apart": ..., "contrast_by_order": ...}, all of it optional.
    """
    rules = {
        name: {**rule, **(changes.get(name) or {})}
        if isinstance(rule, dict)
        else changes.get(name, rule)
        for name, rule in RULES.items()
    }
    for name in ("never", *MODALITIES):
        for part, pattern in rules[name].items():
            _check_pattern(f"{name}.{part}", pattern)
    return rules


def _check_pattern(key, pattern):
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise BadInput(
            f"expected a regular expression as series_rules.{key}, found {pattern!r} "
            f"({error}), correct it"
        ) from error


def agent_of(row):
    """Return the contrast agent in the header of a series; "" also where the text means none.

    >>> [agent_of({"ContrastBolusAgent": text}) for text in ("Gadovist 1.0", "NONE", "n/a", "0 ml")]
    ['Gadovist 1.0', '', '', '']
    """
    agent = text_of(row.get("ContrastBolusAgent"))[:LONGEST_ELEMENT]
    words = in_small_words(agent)
    return "" if NO_AGENT.fullmatch(words) or re.search(WITHOUT, words) else agent


def _by_words(words, rules):
    for modality in MODALITIES:
        rule = rules[modality]
        try:
            meant = search(rule["include"], words)
            meant = meant and not search(rule["exclude"] or r"(?!)", words)
        except TooSlow as error:
            return "", f"{modality}, but {error}"
        if meant:
            return modality, f"by {words!r}"
    return "", f"no rule recognises {words!r}"


def slices_of(row):
    """Return the number of slices of a series, from its headers or else by its files."""
    return number_of(row.get("slices"), row["instances"])


def text_of(value):
    """Return a value of a table as text, "" for none (None, NaN)."""
    return "" if value is None or value != value else str(value).strip()


def number_of(value, otherwise):
    """Return a value of a table as a number, `otherwise` for none."""
    return float(value) if text_of(value) else otherwise
