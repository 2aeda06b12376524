"""The web server on its own thread, and how much of it one HTTP connection may take."""
