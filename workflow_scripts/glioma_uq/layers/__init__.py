"""What networks are built of: units, heads, and what their options have in common."""
