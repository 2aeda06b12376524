"""The actor that starts all others from what is durable, and gives those that fail a next life."""
