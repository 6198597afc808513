"""Namespaces of ``Node`` that combine several services: packets, keys and the audit."""
