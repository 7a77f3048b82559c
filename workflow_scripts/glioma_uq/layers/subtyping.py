"""Heads that name a glioma's subtype from the feature maps of a segmentation network."""

import torch
from torch import nn

from glioma_uq.layers.options import known_tasks
from glioma_uq.tasks import TASKS


class SubtypingHeads(nn.Module):
    """Map feature maps to a dict of logits by task, as CSNet does.

    The global maximum of every channel passes dropout, one hidden layer for all tasks, ReLU,
    and one linear layer for each task. Without tasks there are no layers and no logits.

    Args:
        features: number of channels of all feature maps together.
        width: of the hidden layer.
        rate: probability of dropping one of the features.
        tasks: names of `TASKS`.
    """

    def __init__(self, features, width, rate, tasks):
        super().__init__()
        tasks = known_tasks(tasks)
        if tasks:
            self.hidden = nn.Sequential(nn.Dropout(rate), nn.Linear(features, width), nn.ReLU())
        self.tasks = nn.ModuleDict({task: nn.Linear(width, len(TASKS[task])) for task in tasks})

    def forward(self, maps):
        if not self.tasks:
            return {}
        hidden = self.hidden(torch.cat([x.amax(dim=(2, 3, 4)) for x in maps], dim=1))
        return {task: layer(hidden) for task, layer in self.tasks.items()}
