"""The running service: settings, start and stop, metrics, notifications, and the server of the web."""
