"""Tests of the central server; a package, so that they can share `rig`."""
