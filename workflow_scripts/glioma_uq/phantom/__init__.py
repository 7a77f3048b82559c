"""The digital phantom: heads with gliomas whose labels, poses and masks are known exactly."""
