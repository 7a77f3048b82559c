"""The digital phantom: heads with gliomas whose labels, poses, fields and masks are known exactly."""
