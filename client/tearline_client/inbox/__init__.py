"""Inbox: deliveries are verified, put in order and dispatched."""
