"""What Prometheus scrapes: the metrics of `docs/metrics.md`, in a registry of their own."""

from backstay.service.metrics.metrics import Metrics

__all__ = ["Metrics"]
