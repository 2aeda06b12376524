"""The actor that starts all others from what is durable, routes commands to them, and restarts them."""
