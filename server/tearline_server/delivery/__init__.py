"""Delivery of committed items to the mailboxes of nodes."""
