"""The HTTP API, the event stream, the hook and the page: what the outside may ask."""
