"""Names that the settings and the command line share, apart from the settings' own libraries."""

PREFIX = "BACKSTAY_"
"""What each setting's environment variable begins with."""

DEFAULT = "default"
"""The source of a setting that nothing gives."""

TOML_NAME = "backstay.toml"
"""The file of settings in the working directory."""
