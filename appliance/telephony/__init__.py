"""Telephony: what carries a line's audio and its signalling, from a wire or a file to samples with their positions.

| prefix | holds |
|---|---|
| `sip_`, `sdp`, `multipart`, `siprec_` | messages and sessions |
| `rtp`, `rtcp`, `srtp`, `dtmf` | packets |
| `jitter_` | when a packet is played, and what is missing |
| `rtp_` | its place in media time, its sound |
| `pcap`, `ethernet`, `ip_` | captured traffic |
| `tap` | calls that are overheard |
| `codecs`, `wav` | sound in bytes and files |
"""
