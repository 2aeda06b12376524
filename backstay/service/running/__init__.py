"""One life of the service: becoming the owner, starting in order, being watched, stopping in reverse."""
