"""Memory that a process may still use."""

from pathlib import Path


def cgroup_limits(root="/sys/fs/cgroup", own="/proc/self/cgroup"):
    """Return the memory limits in bytes of this process's control groups (v2), as set by Slurm."""
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
    """Return the bytes still available, or None where the system does not report them."""
    try:
        lines = dict(line.split(":") for line in Path(meminfo).read_text().splitlines())
    except FileNotFoundError:
        return None
    free = 1024 * int(lines["MemAvailable"].split()[0])
    return min([free, *limits()])
