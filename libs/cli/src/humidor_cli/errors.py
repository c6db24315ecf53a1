"""A command that cannot do what was asked."""


class CliError(Exception):
    """Its message is shown as it is, without a traceback."""
