"""Forms that persons fill in, until they are sent."""
