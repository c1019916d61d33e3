"""Tests of `central.watching`."""
