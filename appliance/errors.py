"""The one error that a user's input can cause."""


class BadInputError(Exception):
    """Something that a person gave the program cannot be used.

    The message says what is wrong and where; `mend` says what to do about it. The command line prints both on
    one line each, without a traceback, and ends with exit code 2.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what = what
        self.where = where
        self.mend = mend
        place = f"{where}: " if where else ""
        super().__init__(place + what)
