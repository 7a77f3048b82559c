"""Terms of the loss that a network adds in training, and their weights in each epoch."""

from dataclasses import dataclass

# Terms whose names end like this are only logged, not optimised.
LOGGED_ALONE = "_relative"


@dataclass(frozen=True)
class AuxiliaryWeights:
    """The weights (of the labels' loss, of the sum of the auxiliary terms) by epoch.

    They are `training.auxiliary` of a config, with the defaults of the small-tumour study: (0.5,
    0.5) to epoch 20, then (1, 0.05). A network may have others, `by_network` there, which the plan
    of the study puts in their place.
    """

    schedule: str = "step"
    until: int = 20
    share: float = 0.04
    before: tuple = (0.5, 0.5)
    after: tuple = (1.0, 0.05)

    def at(self, epoch, epochs):
        """Return the two weights in `epoch`, counted from 1, of at most `epochs`."""
        progress = {
            "step": float(epoch > self.until),
            "fraction": float(epoch > self.share * epochs),
            "ramp": min(1.0, (epoch - 1) / self.until),
            "constant": 1.0,
        }[self.schedule]
        return tuple(
            (1 - progress) * b + progress * a for b, a in zip(self.before, self.after, strict=True)
        )


def sum_of_terms(terms):
    """Return the sum of the auxiliary terms that are optimised; None if there is none."""
    optimised = [x.float() for name, x in terms.items() if not name.endswith(LOGGED_ALONE)]
    return sum(optimised) if optimised else None
