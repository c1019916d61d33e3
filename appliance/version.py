"""The version of the firmware; every other place reads it from here."""

VERSION = "0.1.0"
