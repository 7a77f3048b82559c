"""Terms of the loss that a network adds while it trains, and what they weigh in each epoch."""

from dataclasses import dataclass

# Terms of such names are logged beside the others and not optimised.
LOGGED_ALONE = "_relative"


@dataclass(frozen=True)
class AuxiliaryWeights:
    """The weights (of the labels' loss, of the sum of the auxiliary terms) by epoch.

    The defaults are the small-tumour study's: (0.5, 0.5) to epoch 20, then (1, 0.05).

    Attributes:
        schedule: `step` goes from `before` to `after` behind epoch `until`, `fraction` behind
            that `share` of all epochs; `ramp` goes there in equal steps, from epoch 1 to the
            one behind `until`; `constant` is `after` all along.
        until: an epoch, counted from 1.
        share: of all epochs.
        before, after: pairs of weights.
    """

    schedule: str = "step"
    until: int = 20
    share: float = 0.04
    before: tuple = (0.5, 0.5)
    after: tuple = (1.0, 0.05)

    def at(self, epoch, epochs):
        """Return the two weights of `epoch`, counted from 1, of at most `epochs`."""
        gone = {
            "step": float(epoch > self.until),
            "fraction": float(epoch > self.share * epochs),
            "ramp": min(1.0, (epoch - 1) / self.until),
            "constant": 1.0,
        }[self.schedule]
        return tuple(
            (1 - gone) * b + gone * a for b, a in zip(self.before, self.after, strict=True)
        )


def sum_of_terms(terms):
    """Return the sum of those auxiliary terms that are optimised; None where there is none."""
    optimised = [x.float() for name, x in terms.items() if not name.endswith(LOGGED_ALONE)]
    return sum(optimised) if optimised else None
