"""The HTTP API, the event stream, the hook and the page."""
