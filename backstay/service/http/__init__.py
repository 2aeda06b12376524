"""The web server on its own thread, and bounds on its HTTP connections."""
