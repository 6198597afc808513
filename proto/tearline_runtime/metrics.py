"""Gauges for both sides' metrics: optional values, and the program's version.

A figure of 0 for a missing value would trigger every alert that compares it with the time.
"""

import platform
from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# Each counter would have a second series, with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it


class OptionalGauge(Collector):
    """Gauge without labels, shown only while it has a value.

    Args:
        name: Its whole name.
        about: Its description.
        registry: The registry that shows it.
    """

    def __init__(self, name: str, about: str, registry: CollectorRegistry) -> None:
        self._name = name
        self._about = about
        self._value: float | None = None
        registry.register(self)

    def set(self, value: float | None) -> None:
        """Sets the value; None hides the gauge."""
        self._value = value

    def collect(self) -> Iterable[Metric]:
        """Returns the family, with a sample if there is a value."""
        yield GaugeMetricFamily(self._name, self._about, value=self._value)


def tell_build(prefix: str, registry: CollectorRegistry) -> None:
    """Shows the versions of Tearline and Python.

    Args:
        prefix: Prefix of the side's metric names.
        registry: The registry that shows it.
    """
    name, about = f"{prefix}build_info", "Always 1; the versions of Tearline and Python."
    gauge = Gauge(name, about, ("version", "python"), registry=registry)
    gauge.labels(version("tearline"), platform.python_version()).set(1)
