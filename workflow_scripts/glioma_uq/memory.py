"""How much memory a process may still take."""

from pathlib import Path


def cgroup_limits(root="/sys/fs/cgroup", own="/proc/self/cgroup"):
    """Return the limits in bytes of this process's control groups (v2), as Slurm sets them."""
    try:
        groups = Path(own).read_text().split("::")[-1].strip().lstrip("/")
    except FileNotFoundError:
        return []
    folder, limits = Path(root) / groups, []
    for place in (folder, *folder.parents):
        file = place / "memory.max"
        if file.is_file() and (limit := file.read_text().strip()) != "max":
            limits.append(int(limit))
    return limits


def available_memory(meminfo="/proc/meminfo", limits=cgroup_limits):
    """Return the bytes that may still be taken, or None where the system does not say."""
    try:
        lines = dict(line.split(":") for line in Path(meminfo).read_text().splitlines())
    except FileNotFoundError:
        return None
    free = 1024 * int(lines["MemAvailable"].split()[0])
    return min([free, *limits()])
