"""How property tests run: without a deadline for one example, because the machine may be busy with other things."""

from hypothesis import settings

settings.register_profile("undertone", deadline=None)
settings.load_profile("undertone")
