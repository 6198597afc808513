"""Rendering of packets, documents and tables for people."""
