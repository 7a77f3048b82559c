"""The words for with and without contrast agent in descriptions of MR series.

Patterns are matched against small words, see `in_small_words`. First the phrases for none are read,
each with what it speaks of ("non gad", "vor KM-Gabe", "Gadovist to follow"); a word for contrast
counts only outside them.
"""

import re
from unicodedata import normalize

from glioma_uq.texts import LONGEST_ELEMENT

T1_LIKE = r"(\bt1|\bmp ?rage|\bmemprage|\bf?spgr\b|\bbravo\b|\btfl\b|\bvibe\b)"
_START = r"(?:\b|(?<=\bt1)|(?<=\bt1w)|(?<=mprage))"  # also of "t1gd", "t1post"

# What is no contrast: "post op", "vor Bestrahlung", "without fat sat", "enhanced resolution".
_THERAPY = (
    r"(?! ?(op\b|oper|surg|chir|resec|resek|crani|biops|rt\b|xrt|crt|rad|bestr|strahl|chemo|chimio|"
    r"tx|treat|ther|trait|trt|tmz|srs|gk|gamma|ablat|lit|embo|shunt|implant|icta|stroke|traum|"
    r"part|опер|хир|луч|лт|хт|术|術|手术|手術|"
    r"\d+ ?(h|hrs?|hours?|d|days?|w|wks?|weeks?|mths?|months?|y|yrs?|years?|tage?|wochen?)\b))"
)
_NOT_POST = r"(?!er|ural|ict|proc| ?(?:processing|fossa|ant\b|edit|stim))"
_NO_AGENT = (
    r"(?! ?(fs|fat|sat|supp|fettsat|mt\b|magn|motion|mouv|bew|grappa|sense|flow|fc\b|angul|gap))"
)
_IMAGE = r"(?!\w* ?(res|detail|snr|edge|image|mr\b|quality|grad))"
_NO_IMAGE = r"(?<!edge )(?<!ai )(?<!dl )(?<!high )(?<!tissue )(?<!matter )(?<!gr[ae]y )(?<!white )"

_AGENT = (
    r"(?:gd(?:dota|dtpa|bopta|enh\w*|\d*)\b|gad(?!get)\w*|[ck]ontras\w*|[ck]ontr\b|(?:iv)?km\b|"
    r"ivks\b|kmgabe|mdc\b|pdc\b|gbca\b|inj\b|in[jy]e[ck]\w*|iniez\w*|dotarem\w*|dotagraf\w*|clariscan|magnevist|"
    r"magnograf|multihance|omniscan|optimark|prohance|vueway|elucirem|primovist|eovist|ablavar|"
    r"artirem|cyclolux|контр\w*|к ?у\b|кв\b|гд\b|гад\w*|σκιαγρ\w*|"
    r"造影剤?|增[强強]|増強|对比剂?|對比劑?|조영제?)"
)
_OBJECT = (  # what a phrase for none speaks of
    rf"(?: ?(?:{_AGENT}|(?:c|ce|cm|cont|gd|iv|i v|civ|ev|ci|any|the|an?|der|die|das|de|di|du|da|do|"
    r"del|of|la|le|el|il|l|d|m|mezzo|medio|meio|mezzi|agents?|medium|media|material|dye|produit|"
    r"gabe|admin\w*|appli\w*|bolus|dose|intraven\w*|mittel|enh\w*|введени\w*)\b))*"
)
_NONE_AFTER = (
    r"(?: (?:no|none|nil|not given|free|later|pending|negative|neg|kein\w*|0(?! \d)|"
    rf"(?:to|will) (?:follow|be given|come)|follows|non(?! )|once\w*|pre{_THERAPY})\b| -(?= |$)|"
    r" ?(?:前|전|なし|無し))"
)
_NO_PREPOSITION = (
    r"(?:without|w ?o|w ?out|ohne|sans|sin|senza|sem|sine|zonder|uden|utan|uten|bez|ilman|без|"
    r"χωρις)\b"
)
_BEFORE = (
    rf"(?:before|prior(?: to|(?= {_AGENT}))|vor|avant|antes|prima|voor|før|fore|przed|до|πριν)\b"
)
_AFTER = r"(?:after|nach|apres|dopo|despues|depois|apos|efter|etter|после)\b"

WITHOUT = (
    rf"(?:{_START}pre(?:{_THERAPY}(?! ?(sat|pulse|scan))\b| ?(?:con|kon|gd|gad|km|c\b|inj|enh))\w*"
    rf"{_OBJECT}|\b{_NO_PREPOSITION}{_NO_AGENT}{_OBJECT}|\b{_BEFORE}{_THERAPY}{_OBJECT}|"
    rf"\b(?:not?|non|none|never|declined|unable|nao|nicht|kein\w*|niet|geen|minus|zero|awaiting|s|не)"
    rf"(?= ?(?:(?:iv|i v|any|yet|the|post|given|to give) )?(?:{_AGENT}|enh|c\b|ce\b|con|post\b))"
    rf"(?: ?(?:yet|post|given|to give)\b)*{_OBJECT}|"
    rf"\bnon?(?:enh|con|gad)\w*{_OBJECT}|\bunenh\w*|\bungekon\w*|\bkontrasts[iı]z|\bivko\b|"
    r"\b(?:nativ\w*|нативн\w*|plain)\b(?! (space|res))|"
    r"-(?:c|ce|g|gd|km|mdc)\b|(?:\b|t1w?)(?:c|ce|gd|km|mdc)-|"
    rf"{_AGENT}{_NONE_AFTER}|平扫|平掃|単純|"
    r"[非未无無비] ?(?:造影|增[强強]|増強|对比剂?|對比劑?|조영))"
)
_WORD = (
    rf"(?:{_START}post{_NOT_POST}{_THERAPY}|\b{_AFTER}{_THERAPY}|\bpos\b(?! ?\d){_THERAPY}|"
    rf"{_NO_IMAGE}(?:{_START}{_AGENT}|\benh){_IMAGE}|"
    r"\bw(?:ith)? con|\b(?:w|with|avec|mit|con|com|met) (?:c|iv|civ|ev)\b|"
    rf"(?:(?<=\bt1)|(?<=\bt1w)|(?<=\bt1 )|(?<=\bt1w ))c\b(?!-)|{_START}ce\b|"
    r"(?:\+|\bplus) ?(?:[cс]|g|ce|cm|iv)\b|(?:\b|t1w?)[cс] ?\+)"
)
# The text up to its first word for contrast which is no part of a phrase for none.
CONTRAST = rf"^(?:{WITHOUT}|(?!{_WORD})(?s:.))*+{_WORD}"
# A contradiction, or a sign that may be a minus or a dash.
UNCLEAR = (
    rf"^(?=.*{WITHOUT}){CONTRAST}|\+-|\bt1w?-c\b|- c\b|(?:^| )-(?:gad|[ck]ontr)\w*|"
    rf"\b(?:with|w|mit|avec|con|com|met|с)(?: (?:and|or|und|oder|et|y|e|en|и))? {_NO_PREPOSITION}"
)

# A minus, unlike a hyphen, stands before or after a word for contrast and apart from others.
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_PLUS_MINUS = re.compile(r"±|\+ ?/ ?-|\+-(?=$|[^a-z]|c\b|g[da]|con|km)|- ?/ ?\+")
_SIGNS = re.compile(
    r"((?<![a-z0-9+*])-(?=(?:c|ce|g|gd|km|mdc|gad\w*|[ck]ontr\w*)(?![a-z0-9+]))|"
    r"(?<=\bt1)-(?=c(?![a-z0-9+-]))|(?<=\bt1w)-(?=c(?![a-z0-9+-]))|(?<=[a-z0-9] )-(?= c\b(?![+-]))|"
    r"(?<=[^a-z]c)-(?=t1|(?![a-z0-9+]))|(?<=^c)-(?=t1|(?![a-z0-9+]))|(?<=t1c)-(?![a-z0-9+])|"
    r"(?<=\b(?:gd|km|ce))-(?![a-z0-9+])|(?<=\bmdc)-(?![a-z0-9+])|(?<=\()-(?=\))|"
    r"(?<=[a-z0-9] )-$|\+-)|[^\w+*]|_"
)


def in_small_words(description):
    """Return a lower-case description without accents, with one space for signs but + and *.

    Letters of any script stay, those of other alphabets apart from Latin ones; so does a minus at a
    word for contrast. Only the first LONGEST_ELEMENT characters: patterns may take the square of
    the length.

    >>> [in_small_words(text) for text in ("t1_mprage-sag +C: X*", "AX T1 -C", "Après", "T1增强")]
    ['t1 mprage sag +c x*', 'ax t1 -c', 'apres', 't1 增强']
    """
    text = normalize("NFKD", description[:LONGEST_ELEMENT].lower())
    text = normalize("NFC", re.sub(r"[\u0300-\u036f]", "", text))[:LONGEST_ELEMENT]
    text = _PLUS_MINUS.sub(" +- ", _DASHES.sub("-", text))
    text = _SIGNS.sub(lambda found: found[1] or " ", text)
    return " ".join(re.sub(r"([^\x00-\u024f]+)", r" \1 ", text).split())
