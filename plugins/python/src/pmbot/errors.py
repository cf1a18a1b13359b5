"""Errors that a strategy raises on purpose."""


class StrategyError(Exception):
    """What a strategy cannot go on with, in one sentence for the operator.

    Raised in start or restore it ends the run with its text, as "fast 50 must be below slow 20".
    Any other exception is reported as a crash, with callback, file and line.
    """
