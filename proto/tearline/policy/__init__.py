"""Markings, forms, the decision ladder, masks, and Cedar behind `ReleasePolicy.decide`."""
