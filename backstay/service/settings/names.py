"""Names that the settings and the command line share, apart from the settings' own libraries."""

PREFIX = "BACKSTAY_"
"""The prefix of each setting's environment variable."""

DEFAULT = "default"
"""The source of a setting that has its default."""

TOML_NAME = "backstay.toml"
"""The file of settings in the working directory."""
