"""Pages of recalls: their list, and the decision on one by a partner."""
