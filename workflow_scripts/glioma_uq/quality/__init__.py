"""Quality control of each case: metrics, limits and quality sheets."""
