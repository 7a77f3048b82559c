"""What a study's configuration must be; what is refused, in one sentence, before the first job."""
