"""What each tissue looks like on each modality."""

import numpy as np

# ASSUME: signal of each tissue relative to white matter on T1 = .85, typical of spin echo at 3 T.
CONTRAST = {
    "t1": dict(white=0.85, grey=0.60, csf=0.22, bone=0.10, fat=1.05, muscle=0.42, eye=0.25),
    "t1ce": dict(white=0.85, grey=0.63, csf=0.22, bone=0.10, fat=1.05, muscle=0.50, eye=0.27),
    "t2": dict(white=0.42, grey=0.56, csf=1.0, bone=0.08, fat=0.62, muscle=0.22, eye=1.0),
    "flair": dict(white=0.46, grey=0.62, csf=0.12, bone=0.08, fat=0.65, muscle=0.26, eye=0.2),
}
# Core on FLAIR follows the T2-FLAIR mismatch instead; `tints`: which of the lesion's shifts apply.
LESION_CONTRAST = {
    "t1": dict(core=0.45, oedema=0.55, necrosis=0.28, calcified=0.75, tints=(0, 1)),
    "t1ce": dict(core=0.47, oedema=0.57, necrosis=0.27, calcified=0.75, tints=(0, 1)),
    "t2": dict(core=0.84, oedema=0.76, necrosis=1.02, calcified=0.12, tints=(2, 3)),
    "flair": dict(core=None, oedema=0.92, necrosis=0.5, calcified=0.10, tints=(5, 4)),
}


def paint_brain(contrast, modality, t1, grey, white, brain):
    """Return the signal [N] of healthy brain; T1 contrasts take half of it from the template."""
    csf = np.clip(brain - grey - white, 0, 1)
    signal = contrast["white"] * white + contrast["grey"] * grey + contrast["csf"] * csf
    return (signal + t1) / 2 if modality in ("t1", "t1ce") else signal


def paint_shell(contrast, modality, layers):
    """Return the signal [N] of skull, scalp, CSF around the brain and muscle."""
    fat = contrast["fat"] * (1 + 0.12 * layers["texture"])
    muscle = contrast["muscle"] + 0.18 * np.maximum(layers["texture"], 0)
    signal = 0.9 * contrast["csf"] * layers["csf"]
    signal += layers["bone"] * (contrast["bone"] + 0.12 * layers["marrow"])
    signal += (layers["cover"] - layers["muscle"]) * fat + layers["muscle"] * muscle
    if modality == "t1ce":
        signal += 0.55 * layers["dura"]
    return signal


def paint_lesion(signal, lesion, parts, modality):
    """Return the signal [N] with the lesion's parts laid over it, from oedema to calcification."""
    contrast, grain = LESION_CONTRAST[modality], parts["grain"]
    core_tint, oedema_tint = (lesion.tint[i] for i in contrast["tints"])
    core = contrast["core"]
    if core is None:
        core = 0.95 - 0.62 * lesion.mismatch * (1 - parts["rim"])
    core = (core + core_tint) * (1 + 0.06 * grain + 0.10 * lesion.calcification * parts["spots"])
    signal = mix(signal, contrast["oedema"] + oedema_tint, 0.85 * parts["oedema"])
    signal = mix(signal, core, parts["core"])
    signal = mix(signal, contrast["necrosis"], parts["necrosis"])
    if modality == "t1ce":
        uptake = 0.85 * (0.6 + 0.4 * lesion.enhancement)
        signal = signal + uptake * parts["enhancing"] * (1 - parts["necrosis"])
    if modality == "t1":
        signal = signal + 0.08 * parts["enhancing"]
    return mix(signal, contrast["calcified"], 0.85 * parts["calcified"])


def mix(below, above, share):
    """Return `share` of `above` over what lies below."""
    return below * (1 - share) + above * share
