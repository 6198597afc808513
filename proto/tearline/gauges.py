"""Gauges for both sides' metrics: of values that are not always there, and of the program itself.

A figure of 0 for what has no value would trip every alert that compares it with the time.
"""

import platform
from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# A second series for each counter, which tells when it was first shown.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it


class OptionalGauge(Collector):
    """A gauge without labels that is shown only while it has a value.

    Args:
        name: Its whole name.
        about: What it measures.
        registry: Where it is shown.
    """

    def __init__(self, name: str, about: str, registry: CollectorRegistry) -> None:
        self._name = name
        self._about = about
        self._value: float | None = None
        registry.register(self)

    def set(self, value: float | None) -> None:
        """Sets the value; None for none."""
        self._value = value

    def collect(self) -> Iterable[Metric]:
        """Returns the family, with a sample if there is a value."""
        yield GaugeMetricFamily(self._name, self._about, value=self._value)


def tell_build(prefix: str, registry: CollectorRegistry) -> None:
    """Shows which version of Tearline runs, under which Python.

    Args:
        prefix: What the names of the side begin with.
        registry: Where it is shown.
    """
    name, about = f"{prefix}build_info", "Always 1; the versions of Tearline and Python."
    gauge = Gauge(name, about, ("version", "python"), registry=registry)
    gauge.labels(version("tearline"), platform.python_version()).set(1)
