"""Worklist: the tasks that wait for a person of this agency."""
