"""One life of the service: becoming the owner, starting in order, stopping in reverse."""
