"""Drawings of pages, as places of their parts: the templates write them as SVG."""
