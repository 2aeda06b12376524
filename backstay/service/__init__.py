"""The running service: settings, start and stop, metrics, notifications, the web's server."""
