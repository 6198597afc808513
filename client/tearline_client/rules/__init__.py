"""Rules that the pipelines and the features share."""
