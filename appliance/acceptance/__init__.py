"""Whether a server, or another device, keeps `undertone.v1`: a probe, the table of conformance, a fleet of devices."""
