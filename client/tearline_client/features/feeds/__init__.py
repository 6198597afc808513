"""Feeds: objects of packets for programs of the agency, which read as service accounts."""
