"""Who may come in: the private authority for devices, claims for new boxes, people and their sessions.

Everything lies in one folder (`store.open_access`), for the owner's eyes only: the database `access.sqlite`, the keys
and certificates of the authorities (`authority-1.key`, `authority-1.pem`), and the server's own (`server.pem`).
"""
