"""Tests of `central.updates`."""
