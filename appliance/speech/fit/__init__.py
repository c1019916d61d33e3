"""Fits the model of stress to recordings of acted emotions: never imported by the device."""
