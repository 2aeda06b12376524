"""The HTTP API, the event stream and the page: what the outside may ask, and who may ask it."""
