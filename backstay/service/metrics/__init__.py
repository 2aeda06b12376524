"""The metrics of `docs/metrics.md`, in a registry of their own, for Prometheus to scrape."""

from backstay.service.metrics.metrics import Metrics

__all__ = ["Metrics"]
