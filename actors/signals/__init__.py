"""The actor that stores signals before they are answered, and carries them out in order."""
