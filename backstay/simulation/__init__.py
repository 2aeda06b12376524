"""The simulator: the real actors in a seeded order, a world that fails, and a model of both."""
