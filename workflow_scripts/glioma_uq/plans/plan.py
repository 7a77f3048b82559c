"""What the plans of a cohort and of a study have in common."""

from glioma_uq.seeds import seed_for


class Plan:
    """Settings, seeds and groups of jobs.

    Args:
        config: the part of a checked config that is planned.
        seed: the seed from which those of all steps derive.
        on_cluster: whether jobs are submitted to other machines.
    """

    def __init__(self, config, seed, on_cluster=False):
        self.config, self.seed, self.on_cluster = config, seed, on_cluster

    def seed_for(self, *names):
        """Return the seed of one of the steps."""
        return seed_for(self.seed, *names)

    def group(self, name):
        """Return the group of jobs that a cluster runs as one; None on a single machine.

        Groups have no effect there, but a dry run checks them in time quadratic in the jobs.
        """
        return name if self.on_cluster else None
