"""A local server that speaks the venues' protocols, and misbehaves on command."""
