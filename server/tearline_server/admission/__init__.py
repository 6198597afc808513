"""Admission: who may call, how much, and in which order."""
