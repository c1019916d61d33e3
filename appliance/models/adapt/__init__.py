"""Fits and teaches the telephone front: training code with PyTorch (extra `adapt`), never imported by the device."""
