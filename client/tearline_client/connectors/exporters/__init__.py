"""Exporters: write views as files for other programs."""
